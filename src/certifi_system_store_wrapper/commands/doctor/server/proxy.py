"""`doctor HOST`: which proxy the variables name for a host, and which hosts they except."""

from __future__ import annotations

import base64
from ipaddress import ip_address, ip_network
from typing import NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .target import NoName, Refused, Target, at, has_more_userinfo

_PORTS = {"http": 80, "https": 443}
_USAGE = "name an http:// proxy in HTTPS_PROXY, or the host in NO_PROXY"


class Proxy(NamedTuple):
    """An HTTP proxy; `is_tls` says whether we speak TLS with the proxy itself."""

    at: Target
    is_tls: bool
    authorization: str


def proxy_for(where: Target) -> Optional[Proxy]:
    """Return the proxy that the environment names for the target; raises Refused."""
    proxies = getproxies()
    named = proxies.get("https") or proxies.get("all")
    if not named or _is_excepted(where, proxies.get("no", "")):
        return None
    return read(named, "the variable of the proxy")


def read(named: str, what: str) -> Proxy:
    """Return the proxy of that name; raises Refused."""
    try:
        return _proxy(urlsplit(named if "://" in named else f"http://{named}"))
    except ValueError:
        # What urlsplit() says may quote a password.
        raise Refused(
            f"{what} cannot be read: write it as http://HOST:PORT, "
            "special characters of a password as %XX",
            _USAGE,
        ) from None


def _proxy(url: SplitResult) -> Proxy:
    if url.scheme not in _PORTS:
        scheme = url.scheme if url.scheme.isalnum() else "?"
        message = f"the proxy is {scheme}://, and only http:// and https:// can be tried here"
        raise Refused(message, _USAGE)
    if has_more_userinfo(url):
        raise NoName
    authorization = ""
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        authorization = base64.b64encode(pair).decode("ascii")
    return Proxy(at(url, _PORTS[url.scheme]), url.scheme == "https", authorization)


def _is_excepted(where: Target, no_proxy: str) -> bool:
    """Whether NO_PROXY has the target, by urllib's rules and requests' rules for addresses."""
    return _is_in_network(where, no_proxy) or bool(proxy_bypass(f"{where.host}:{where.port}"))


def is_past_for_some(where: Target) -> bool:
    """Whether only a network in NO_PROXY excepts the target from a proxy: not all read that."""
    proxies = getproxies()
    is_named = bool(proxies.get("https") or proxies.get("all"))
    by_name = proxy_bypass(f"{where.host}:{where.port}")
    return is_named and not by_name and _is_in_network(where, proxies.get("no", ""))


def _is_in_network(where: Target, no_proxy: str) -> bool:
    return any(_covers(item.strip(), where.host) for item in no_proxy.split(","))


def _covers(item: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(item.strip("[]"), strict=False)
    except ValueError:
        return False
