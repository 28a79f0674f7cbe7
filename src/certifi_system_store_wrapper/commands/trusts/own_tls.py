"""The rules of clients that take no context of Python's, or not its roots.

PYTHON_CERTIFI_SSL_DEFAULTS adds nothing to what they load, not even to the system's file.
"""

from __future__ import annotations

import os
from typing import List, Optional

from . import truststore
from . import uv as settings_of_uv
from .environment import variable
from .here import Here
from .ini import NotUnderstood
from .trust import (
    BUNDLE,
    BY_BORINGSSL,
    BY_WEBPKI,
    CERTIFI,
    DEFAULTS,
    FOLDER,
    OWN_TLS,
    READ_PAST_SSL,
    Checks,
    Root,
    Trust,
)

_NOT_BY_PYTHON = Checks(own_tls=True)
# Their own roots are Mozilla's list, as certifi's are.
_OWN = Trust((Root(CERTIFI),), _NOT_BY_PYTHON)
# Of TLS 1.2 rustls and gRPC know these alone.
_MODERN = "ECDHE+AESGCM:ECDHE+CHACHA20"
_BORINGSSL = _NOT_BY_PYTHON._replace(by_itself=BY_BORINGSSL)
_AS_GRPC = _BORINGSSL._replace(ciphers=_MODERN)
_AS_WEBPKI = _AS_GRPC._replace(common_name=False, by_itself=BY_WEBPKI)


def curl_cffi(here: Here) -> Trust:
    """Return the trust of curl_cffi."""
    return _roots_of_curl_cffi(here)._replace(checks=_BORINGSSL)


def _roots_of_curl_cffi(here: Here) -> Trust:
    """Return what it trusts; before 0.15 it passed over OpenSSL's own file."""
    named = _named(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    if named or here.version("curl-cffi") < (0, 15):
        return named or Trust((Root(BUNDLE),))
    if os.path.isfile(here.environ.get("SSL_CERT_FILE", "")):
        named = _named(here, "SSL_CERT_FILE")
    return named or Trust(truststore.own_file() or (Root(BUNDLE),))


def grpcio(here: Here) -> Trust:
    """Return the trust of gRPC."""
    trust = _named(here, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH") or _OWN
    return trust._replace(checks=_AS_GRPC)


def niquests(here: Here) -> Trust:
    """Return the trust of niquests, which reads the system's store into Python's contexts."""
    named = _named(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return (named or _of_the_system())._replace(checks=Checks(common_name=False))


def treq(here: Here) -> Trust:
    """Return the trust of Twisted, which treq uses: that of pyOpenSSL."""
    named = _named(here, "SSL_CERT_FILE", "SSL_CERT_DIR")
    checks = _NOT_BY_PYTHON._replace(common_name=False)
    return (named or _of_the_system())._replace(checks=checks)


def uv(here: Here) -> Trust:
    """Return the trust of uv."""
    return _of_uv(here, in_project=True)


def of_uv_tool(here: Here) -> List[Trust]:
    """Return the trust of uvx and `uv tool`, which read no project's settings, if another."""
    found = _of_uv(here, in_project=False)
    if not here.has("uv") or found == uv(here):
        return []
    return [found._replace(clients=(here.called("uv"),), only="with uvx and uv tool")]


def unchecked_by_uv(here: Here) -> List[Trust]:
    """Return the trust of each host whose certificate uv does not check."""
    clients = (here.called("uv"),) if here.has("uv") else ()
    return [
        Trust((), clients=clients, settings=(setting,), checks_nothing=True, host=_host(name))
        for setting in settings_of_uv.insecure_hosts(here)
        for name in setting.value.split()
        # Where that is named, uv checks https all the same.
        if not name.startswith("http://")
    ]


def _host(named: str) -> str:
    """Return the host, with its port if there is one, "" if all are meant; uv minds capitals."""
    return "" if named == "*" else named.rpartition("://")[2].partition("/")[0]


def _of_uv(here: Here, *, in_project: bool) -> Trust:
    try:
        is_told = settings_of_uv.trusts_the_systems(here, in_project=in_project)
    except NotUnderstood as error:
        return error.trust("system-certs", "uv reads it instead of its own roots")
    given = (variable(here, "SSL_CERT_FILE"), variable(here, "SSL_CERT_DIR"))
    roots = [Root(k, each.value) for k, each in zip(READ_PAST_SSL, given) if each]
    if roots:
        # Beside a file folders only add to it, so that nothing is to be missed in them.
        return Trust(tuple(roots), _AS_WEBPKI, settings=tuple(filter(None, given))[:1])
    return (_of_the_system() if is_told else _OWN)._replace(checks=_AS_WEBPKI)


def _named(here: Here, *names: str) -> Optional[Trust]:
    """Return the trust in what the first of these variables names that is set."""
    setting = variable(here, *names)
    if setting is None:
        return None
    kind = FOLDER if os.path.isdir(setting.value) else OWN_TLS
    return Trust((Root(kind, setting.value),), _NOT_BY_PYTHON, settings=(setting,))


def _of_the_system() -> Trust:
    """Return the trust in the system's file; OpenSSL's defaults come closest without one."""
    return Trust(truststore.systems_file() or (Root(DEFAULTS),), _NOT_BY_PYTHON)
