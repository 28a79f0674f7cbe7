"""The rules of clients that take no context of Python's: what they read, else their own roots.

PYTHON_CERTIFI_SSL_DEFAULTS adds nothing to what they load, not even to the system's file.
"""

from __future__ import annotations

import os
import re
from typing import Iterator, Optional

from ..environment import text
from . import truststore
from .environment import variable
from .here import Here
from .trust import BUNDLE, BY_WEBPKI, CERTIFI, DEFAULTS, FOLDER, OWN_TLS, Checks, Root, Trust

# Their own roots are Mozilla's list, as certifi's are.
_OWN = Trust((Root(CERTIFI),))
_SYSTEM_CERTS = re.compile(r"(?m)^\s*(?:system-certs|native-tls)\s*=\s*true\b")
_UV_TABLE = re.compile(r"(?ms)^\[tool\.uv\]\s*$(.*?)(?=^\[|\Z)")
_YES = ("1", "true", "t", "yes", "y", "on")


def curl_cffi(here: Here) -> Trust:
    """Return the trust of curl_cffi, which passed over OpenSSL's own file before 0.15."""
    named = _named(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    if named or here.version("curl-cffi") < (0, 15):
        return named or Trust((Root(BUNDLE),))
    if os.path.isfile(here.environ.get("SSL_CERT_FILE", "")):
        named = _named(here, "SSL_CERT_FILE")
    return named or Trust(truststore.own_file() or (Root(BUNDLE),))


def grpcio(here: Here) -> Trust:
    """Return the trust of gRPC."""
    return _named(here, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH") or _OWN


def niquests(here: Here) -> Trust:
    """Return the trust of niquests, which reads the system's store by itself."""
    named = _named(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return (named or _of_the_system())._replace(checks=Checks(common_name=False))


def treq(here: Here) -> Trust:
    """Return the trust of Twisted, which treq uses: that of pyOpenSSL."""
    named = _named(here, "SSL_CERT_FILE", "SSL_CERT_DIR")
    return (named or _of_the_system())._replace(checks=Checks(common_name=False))


def uv(here: Here) -> Trust:
    """Return the trust of uv."""
    named = _named(here, "SSL_CERT_FILE", "SSL_CERT_DIR")
    found = named or (_of_the_system() if _uses_the_systems(here) else _OWN)
    return found._replace(checks=Checks(common_name=False, by_itself=BY_WEBPKI))


def _named(here: Here, *names: str) -> Optional[Trust]:
    """Return the trust in what the first of these variables names that is set."""
    setting = variable(here, *names)
    if setting is None:
        return None
    kind = FOLDER if os.path.isdir(setting.value) else OWN_TLS
    return Trust((Root(kind, setting.value),), settings=(setting,))


def _of_the_system() -> Trust:
    """Return the trust in the system's file; OpenSSL's defaults come closest without one."""
    return Trust(truststore.systems_file() or (Root(DEFAULTS),))


def _uses_the_systems(here: Here) -> bool:
    """Whether uv is told to, by a variable or a file of its settings."""
    given = [here.environ.get(name) for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")]
    said = next(filter(None, given), "")
    return said.lower() in _YES if said else any(map(_SYSTEM_CERTS.search, _settings_of_uv(here)))


def _settings_of_uv(here: Here) -> Iterator[str]:
    """Yield the texts in which uv may find that setting."""
    config = here.environ.get("XDG_CONFIG_HOME") or os.path.join("~", ".config")
    for path in ("uv.toml", os.path.join(config, "uv", "uv.toml"), "/etc/uv/uv.toml"):
        yield text(os.path.expanduser(path))
    yield from _UV_TABLE.findall(text("pyproject.toml"))
