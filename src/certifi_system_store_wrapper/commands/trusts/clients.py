"""The rule of each client in the version that is installed: its roots, and how it checks.

Each rule says what the source of the client does. The tests run the clients beside it.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Callable, Dict, List, Optional

from . import aws, own_tls, pip, proxies, requests, truststore, urllib3
from .environment import READERS, place, variable
from .here import Here
from .trust import BUNDLE, DEFAULTS, FILE, FOLDER, Checks, Root, Setting, Trust

_ASKS_CERTIFI, _DEFAULTS = (Root(BUNDLE),), (Root(DEFAULTS),)
# These connect as ssl.create_default_context() does, unless a program says otherwise.
_BY_DEFAULTS = (
    "aiosmtplib", "geventhttpclient", "redis", "tornado", "websockets",
)  # fmt: skip

# These connect by themselves, whatever HTTPS_PROXY says, unless a program says otherwise.
_PAST_PROXIES = (
    "aiohttp", "aiosmtplib", "geventhttpclient", "paho-mqtt", "pymongo", "redis", "tornado", "treq",
)  # fmt: skip
# These read HTTPS_PROXY alone.
_NOT_BY_ALL_PROXY = ("botocore", "grpcio", "httplib2", "websocket-client", "websockets")
# What urllib3 takes for the scheme of a URL.
_LIKE_A_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+-]*:")


def trusts(here: Here) -> List[Trust]:
    """Return the trust of each installed client that is known."""
    found = [(name, rule) for name, rule in RULES.items() if here.has(name)]
    return [rule(here)._replace(clients=(here.called(name),)) for name, rule in found]


def past_proxies(here: Here) -> List[str]:
    """Return the installed clients that pass over the variables of proxies."""
    past = list(_PAST_PROXIES)
    past += [] if here.has("pysocks") else ["httplib2"]
    past += [] if here.version("websockets") >= (15,) else ["websockets"]
    named = {name.lower() for name, value in here.environ.items() if value}
    by_all_alone = "all_proxy" in named and "https_proxy" not in named
    past += _NOT_BY_ALL_PROXY if by_all_alone else []
    return [here.called(name) for name in past if here.has(name)]


def not_as_written(here: Here, named: str) -> List[str]:
    """Return the installed clients that do not understand a proxy which others do.

    websockets wants a scheme. Without one, requests and pip take a host whose name has no dot for
    it. botocore knows schemes in small letters alone.
    """
    scheme, mark, _ = named.partition("://")
    found = [] if mark else ["websockets"]
    found += ["pip", "requests"] if not mark and _LIKE_A_SCHEME.match(named) else []
    found += ["botocore"] if mark and not scheme.islower() else []
    return [here.called(name) for name in found if here.has(name)]


def not_by_tls(here: Here) -> List[str]:
    """Return the installed clients that speak no TLS to a proxy of https://, in that version."""
    found = ["websocket-client"]
    found += ["httpx"] if () < here.version("httpcore") < (0, 18) else []
    found += ["requests"] if () < here.version("urllib3") < (1, 26) else []
    return [here.called(name) for name in found if here.has(name)]


def by_own_rules(here: Here) -> List[str]:
    """Return the installed clients that read the variables of proxies by rules of their own.

    Of those that are set: uv takes the name in capitals before the other, gRPC takes none in
    capitals, and some know no port, blank or capital in NO_PROXY.
    """
    given = {name: each for name, each in here.environ.items() if name.lower().endswith("_proxy")}
    small = {name.lower() for name, each in given.items() if each} - {"no_proxy"}
    if not small:
        return []
    differ = any(given.get(name.upper(), each) != each for name, each in given.items())
    excepted = given.get("no_proxy") or given.get("NO_PROXY") or ""
    has_port = bool(re.search(r"[^:,]:\d+(,|\s|$)", excepted))
    is_odd = has_port or bool(re.search(r"[A-Z\s]", excepted))
    found = {
        "uv": differ or has_port,
        "grpcio": "grpc_proxy" in small or "https_proxy" not in given,
        "httplib2": is_odd,
        "websocket-client": is_odd,
        "websockets": bool(small & {"wss_proxy", "socks_proxy"}),
    }
    return [here.called(name) for name, differs in found.items() if differs and here.has(name)]


def by_default(here: Here) -> Trust:
    """Return the trust of what ssl.create_default_context() makes, as for urllib."""
    return Trust(_DEFAULTS, Checks(strict=here.python >= (3, 13)))


def _by_own_context(_here: Here) -> Trust:
    """Return the trust of a plain context with OpenSSL's defaults, which Python keeps lenient."""
    return Trust(_DEFAULTS)


def _by_urllib3(here: Here) -> Trust:
    """Return the trust of urllib3, where a client gives it nothing."""
    return Trust(_DEFAULTS, urllib3.checks(here, here.version("urllib3")))


def _aiohttp(here: Here) -> Trust:
    trust = by_default(here)
    return _by_http1(trust) if here.version("aiohttp") >= (3, 11, 11) else trust


def _by_http1(trust: Trust) -> Trust:
    """Return the trust of a client that offers HTTP/1.1; with http2=True httpx offers both."""
    return trust._replace(checks=trust.checks._replace(offers_http1=True))


def _httpx(here: Here) -> Trust:
    """Return the trust of httpx; for a proxy it makes a context of its own (httpcore)."""
    if here.version("httpx") < (0, 28):
        trust = _old_httpx(here)
    else:
        named = _by_openssls_variables(here)
        trust = named or Trust(_ASKS_CERTIFI, by_default(here).checks)
    return trust._replace(proxy_roots=(*_DEFAULTS, *_ASKS_CERTIFI))


def _by_openssls_variables(here: Here) -> Optional[Trust]:
    """Return what ssl.create_default_context() makes of a file or a folder of these variables."""
    setting = variable(here, "SSL_CERT_FILE", "SSL_CERT_DIR")
    if setting is None:
        return None
    kind = FILE if setting.name == "SSL_CERT_FILE" else FOLDER
    return Trust((Root(kind, setting.value),), by_default(here).checks, settings=(setting,))


def _old_httpx(here: Here) -> Trust:
    """Return the trust of httpx before 0.28, which passes over a path that is not there."""
    checks = Checks(common_name=False, ciphers=urllib3.CIPHERS, from_1_2=urllib3.is_lax(here))
    file, folder = variable(here, "SSL_CERT_FILE"), variable(here, "SSL_CERT_DIR")
    if file and os.path.isfile(file.value):
        return Trust((Root(FILE, file.value),), checks, settings=(file,))
    if folder and os.path.isdir(folder.value):
        return Trust((Root(FOLDER, folder.value),), checks, settings=(folder,))
    return Trust(_ASKS_CERTIFI, checks)


def _httpx2(here: Here) -> Trust:
    named = _by_openssls_variables(here)
    if named:
        return named
    version = here.version("httpx2")
    if version < (2, 3):
        return Trust(_ASKS_CERTIFI, by_default(here).checks)
    is_by_truststore = version < (2, 15, 1) or sys.platform in ("win32", "darwin")
    own = truststore.roots() if is_by_truststore else truststore.compiled_in()
    # What activation/httpcore2 adds.
    return Trust((*own, Root(BUNDLE)))


def _httplib2(here: Here) -> Trust:
    value = here.environ.get("HTTPLIB2_CA_CERTS")
    if value is None:
        return Trust(_ASKS_CERTIFI)
    setting = Setting("HTTPLIB2_CA_CERTS", value, readers=READERS["HTTPLIB2_CA_CERTS"])
    fault = "" if os.path.isfile(value) else "httplib2 cannot be imported: that is no file"
    return Trust((Root(FILE, value),), settings=(setting,), fault=fault)


def _websocket_client(here: Here) -> Trust:
    setting = variable(here, "WEBSOCKET_CLIENT_CA_BUNDLE")
    if setting and os.path.exists(setting.value):
        return Trust((place(setting.value),), settings=(setting,))
    return Trust(_DEFAULTS)


RULES: Dict[str, Callable[[Here], Trust]] = {
    "requests": requests.trust,
    "aiohttp": _aiohttp,
    "httpx": lambda here: proxies.refused(here, _by_http1(_httpx(here)), reads_ipv6=False),
    "httpx2": lambda here: proxies.refused(here, _by_http1(_httpx2(here)), reads_ipv6=True),
    "botocore": aws.trust,
    "pip": pip.trust,
    "httplib2": _httplib2,
    "websocket-client": _websocket_client,
    "curl-cffi": own_tls.curl_cffi,
    "grpcio": own_tls.grpcio,
    "niquests": own_tls.niquests,
    "treq": own_tls.treq,
    "twine": lambda here: requests.trust(here, "TWINE_CERT"),
    "uv": own_tls.uv,
    "paho-mqtt": _by_own_context,
    "pymongo": _by_own_context,
    "clickhouse-connect": _by_urllib3,
    "kubernetes": _by_urllib3,
    **dict.fromkeys(_BY_DEFAULTS, by_default),
}
