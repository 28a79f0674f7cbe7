"""`doctor HOST`: which proxy the variables name for a host, and which hosts they except."""

from __future__ import annotations

import base64
from ipaddress import ip_address, ip_network
from typing import NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .target import NoConnection, NoName, Target, at, has_more_userinfo, is_ip

_PORTS = {"http": 80, "https": 443}
_USAGE = "name an http:// proxy in HTTPS_PROXY, or the host in NO_PROXY"


class Proxy(NamedTuple):
    """An HTTP proxy; `is_tls` says whether we speak TLS with the proxy itself.

    `has_odd_login` says that clients write its `authorization` in different ways.
    """

    at: Target
    is_tls: bool
    authorization: str
    has_odd_login: bool = False


def proxy_for(where: Target) -> Optional[Proxy]:
    """Return the proxy that the environment names for the target; raises NoConnection."""
    if not named() or _is_excepted(where, getproxies().get("no", "")):
        return None
    return read(named(), "the variable of the proxy")


def named() -> str:
    """Return what the variables name as the proxy for https, "" if nothing."""
    proxies = getproxies()
    return proxies.get("https") or proxies.get("all") or ""


def read(text: str, what: str) -> Proxy:
    """Return the proxy of that name; raises NoConnection."""
    try:
        return _proxy(urlsplit(text if "://" in text else f"http://{text}"))
    except ValueError:
        # What urlsplit() says may quote a password.
        raise NoConnection(
            f"{what} cannot be read: write it as http://HOST:PORT, "
            "special characters of a password as %XX",
            _USAGE,
        ) from None


def _proxy(url: SplitResult) -> Proxy:
    if url.scheme not in _PORTS:
        scheme = url.scheme if url.scheme.isalnum() else "?"
        message = f"the proxy is {scheme}://, and only http:// and https:// can be tried here"
        raise NoConnection(message, _USAGE)
    if has_more_userinfo(url):
        raise NoName
    authorization, is_odd = "", False
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        is_odd = not (url.password and pair.isascii())
        authorization = base64.b64encode(pair.encode()).decode("ascii")
    return Proxy(at(url, _PORTS[url.scheme]), url.scheme == "https", authorization, is_odd)


def _is_excepted(where: Target, no_proxy: str) -> bool:
    """Whether NO_PROXY has the target, by urllib's rules and requests' rules for addresses."""
    return _is_in_network(where, no_proxy) or bool(proxy_bypass(f"{where.host}:{where.port}"))


def is_in_doubt(where: Target) -> bool:
    """Whether some clients find the target in NO_PROXY, and others do not."""
    proxies = getproxies()
    items = [item.strip().lower() for item in proxies.get("no", "").split(",")]
    found = [_is_meant(item, where) for item in items if item]
    return bool(named()) and proxies.get("no") != "*" and None in found and True not in found


def _is_meant(item: str, where: Target) -> Optional[bool]:
    """Whether an item of NO_PROXY excepts the target; None if that depends on the client.

    Sources: proxy_bypass_environment() of urllib, should_bypass_proxies() of requests (to 2.32
    "host" means "localhost", too), and get_environment_proxies() of httpx.
    """
    host, whole = where.host.lower(), str(where).lower()
    domain, end = item if item.startswith(".") else f".{item}", item.lstrip(".*")
    # A URL need not name the port 443; urllib compares IPv6 in its brackets.
    names = [] if ":" in host else [host]
    names += [] if is_ip(host) or where.port == 443 else [whole]
    is_below = item != "localhost" and not is_ip(host) and any(n.endswith(domain) for n in names)
    if item in names or is_below:
        return True
    may_be = item == "*" or "://" in item or not item.isascii() or _covers(item, where.host)
    return None if may_be or host.endswith(end) or whole.endswith(end) else False


def _is_in_network(where: Target, no_proxy: str) -> bool:
    return any(_covers(item.strip(), where.host) for item in no_proxy.split(","))


def _covers(item: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(item.strip("[]"), strict=False)
    except ValueError:
        return False
