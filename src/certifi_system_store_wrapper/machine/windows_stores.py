"""Where Windows keeps its roots, and what shows that one of them has changed. Nothing is judged.

The stores are keys of the registry, each with a subkey for a certificate, whose name is its SHA-1.
Source: "System Store Locations" in Microsoft's reference of CertOpenStore().
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Dict, Iterator, List, Tuple

ROOT, DISALLOWED = "ROOT", "Disallowed"
_MACHINE, _USER = "HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"
# What administrators and users add to, and what it is called.
ADDED = {
    (_MACHINE, r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root"): "group policy",
    (_USER, r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root"): "group policy of the user",
    (_MACHINE, r"SOFTWARE\Microsoft\EnterpriseCertificates\Root"): "enterprise",
    (_USER, r"SOFTWARE\Microsoft\SystemCertificates\Root"): "current user",
}
# What Windows itself fills with the roots of others. Its maker's own roots lie in the machine's
# ROOT, where administrators add theirs, too: nothing tells these apart.
AUTH_ROOT = (_MACHINE, r"SOFTWARE\Microsoft\SystemCertificates\AuthRoot")


def thumbprints(hive: str, key: str) -> Iterator[str]:
    """Yield the SHA-1 (upper case) of each certificate of a store; raises OSError."""
    # Its names exist for type checkers on Windows only.
    winreg: Dict[str, Any] = vars(import_module("winreg"))
    try:
        with winreg["OpenKey"](winreg[hive], rf"{key}\Certificates") as opened:
            for index in range(winreg["QueryInfoKey"](opened)[0]):
                yield winreg["EnumKey"](opened, index).upper()
    except FileNotFoundError:
        # Nothing was ever put there.
        return


def state() -> str:
    """Return a hash of what the stores hold, for which purposes, and where it was added."""
    from hashlib import sha256

    digest = sha256()
    try:
        for store in (ROOT, DISALLOWED):
            for entry in sorted(_described(store)):
                digest.update(entry)
        found = [sorted(thumbprints(*place)) for place in (*ADDED, AUTH_ROOT)]
    except (OSError, ValueError):
        # Nobody knows, so that nothing which was made before is up to date.
        return os.urandom(8).hex()
    digest.update(repr(found).encode("ascii"))
    return digest.hexdigest()


def entries(store: str) -> List[Tuple[bytes, str, Any]]:
    """Return of each entry the DER, its encoding, and its purposes, True for all; raises OSError.

    An encoding that has no name is a number.
    """
    # What `ssl` has of it is the same, and comes with all of `ssl`.
    import _ssl

    found: List[Tuple[bytes, str, Any]] = vars(_ssl)["enum_certificates"](store)
    return found


def _described(store: str) -> List[bytes]:
    found = []
    for der, encoding, usage in entries(store):
        purposes = "all" if usage is True else ",".join(sorted(usage))
        found.append(f"{store} {encoding} {purposes} ".encode("ascii") + der)
    return found
