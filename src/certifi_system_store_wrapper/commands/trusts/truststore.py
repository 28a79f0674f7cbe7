"""What truststore trusts on a system whose store is a file: OpenSSL's defaults, or another file."""

from __future__ import annotations

import os
import ssl
import sys
from typing import List, Optional, Tuple

from ...machine.files import names
from ...sources.files import is_hashed_name
from .trust import DEFAULTS, FILE, FOLDER, OWN_TLS, Root

# Where truststore and httpcore2 look if OpenSSL's own places are empty.
_OTHER_FILES = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)


def roots() -> Tuple[Root, ...]:
    """Return what a context of truststore trusts.

    On macOS and Windows the system itself decides; OpenSSL's defaults are what comes closest.
    """
    paths = ssl.get_default_verify_paths()
    if sys.platform in ("win32", "darwin") or paths.cafile or hashed(paths.capath):
        return (Root(DEFAULTS),)
    return _first_other(FILE)


def compiled_in() -> Tuple[Root, ...]:
    """Return OpenSSL's own file and folder, whatever the variables say, as httpcore2 does."""
    paths = ssl.get_default_verify_paths()
    file, folder = paths.openssl_cafile, paths.openssl_capath
    found = [Root(FILE, file)] if os.path.isfile(file) else []
    if os.path.isdir(folder) and (found or hashed(folder)):
        found.append(Root(FOLDER, folder))
    return tuple(found) or _first_other(FILE)


def own_file() -> Tuple[Root, ...]:
    """Return the file of OpenSSL's defaults as a TLS of its own reads it, () if there is none."""
    path = ssl.get_default_verify_paths().cafile
    return (Root(OWN_TLS, path),) if path else ()


def systems_file() -> Tuple[Root, ...]:
    """Return the file of the system's store as a TLS of its own reads it, () if there is none."""
    return _first_other(OWN_TLS)


def _first_other(kind: str) -> Tuple[Root, ...]:
    return tuple([Root(kind, path) for path in _OTHER_FILES if os.path.isfile(path)][:1])


def hashed(folder: Optional[str]) -> List[str]:
    """Return the paths in the folder that OpenSSL finds by their names, which may be no files."""
    hashes = filter(is_hashed_name, names(folder or ""))
    return list(filter(os.path.exists, (os.path.join(folder or "", name) for name in hashes)))
