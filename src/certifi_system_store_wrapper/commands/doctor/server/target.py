"""Where `doctor HOST` connects to, and by which proxy of the environment. Opens no connection."""

from __future__ import annotations

import base64
import re
from ipaddress import ip_address, ip_network
from typing import NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ...output import WrongUsage

_PORTS = {
    "https": 443, "wss": 443, "tls": 443, "ssl": 443, "http": 443, "ldaps": 636, "imaps": 993,
    "pop3s": 995, "smtps": 465, "ftps": 990, "rediss": 6379, "amqps": 5671, "mqtts": 8883,
}  # fmt: skip
_PROXY_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_USAGE = "name HOST, HOST:PORT or an https:// URL"
_PROXY_USAGE = "name an http:// proxy in HTTPS_PROXY, or the host in NO_PROXY"


class Target(NamedTuple):
    """A host, as DNS and certificates spell it, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return HOST:PORT, with the brackets that IPv6 needs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Proxy(NamedTuple):
    """A proxy that knows CONNECT, spoken to over TLS or not."""

    at: Target
    is_tls: bool
    authorization: str = ""


class Refused(OSError):
    """There is no connection; the message says where it ended, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        """Remember what to do."""
        super().__init__(message)
        self.remedy = remedy or "check the name, the port, the network and the proxy variables"


def target(text: str) -> Target:
    """Return host and port of HOST, HOST:PORT or a URL; raises WrongUsage."""
    text = text.strip()
    if "://" not in text:
        is_ipv6 = ":" in text and _is_ip(text)
        text = f"https://[{text}]" if is_ipv6 else f"https://{text}"
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise WrongUsage(f"{scheme}:// does not begin with TLS; {_USAGE}")
    try:
        url = urlsplit(text)
        # urlsplit() leaves these out.
        if any(control in text for control in "\t\r\n"):
            raise _NoName("that is no host name")
        if "@" in url.netloc and _has_more_userinfo(url):
            raise _NoName("a special character of its password is not written as %XX")
        return Target(_host(url), _port(url, _PORTS[scheme]))
    except ValueError as error:
        # What urlsplit() says may quote a password.
        reason = f"{error}; " if isinstance(error, _NoName) else ""
        raise WrongUsage(f"{reason}{_USAGE}") from None


class _NoName(ValueError):
    pass


def _has_more_userinfo(url: SplitResult) -> bool:
    """Whether what looks like the host may be a password with ``/``, ``?`` or ``#`` in it."""
    return "@" in url.path + url.query + url.fragment


def _host(url: SplitResult) -> str:
    """Return the host name in ASCII (IDNA), or an IP address."""
    name = (url.hostname or "").rstrip(".")
    if not name:
        raise _NoName("there is no host name in it")
    if _is_ip(name):
        return name
    try:
        encoded = name.encode("idna").decode("ascii")
    except UnicodeError:
        encoded = ""
    if not _HOST_NAME.fullmatch(encoded) or len(encoded) > 253:
        raise _NoName("that is no host name")
    return encoded


def _port(url: SplitResult, default: int) -> int:
    port = default if url.port is None else url.port
    if not port:
        raise _NoName("there is no port 0")
    return port


def _is_ip(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def proxy_for(where: Target) -> Optional[Proxy]:
    """Return the proxy that the environment names for the target; raises Refused."""
    proxies = getproxies()
    named = proxies.get("https") or proxies.get("all")
    if not named or _is_excepted(where, proxies.get("no", "")):
        return None
    try:
        return _proxy(urlsplit(named if "://" in named else f"http://{named}"))
    except ValueError:
        # As above.
        message = "the variable of the proxy cannot be read: write it as http://HOST:PORT"
        message += ", special characters of a password as %XX"
        raise Refused(message, _PROXY_USAGE) from None


def _proxy(url: SplitResult) -> Proxy:
    if url.scheme not in _PROXY_PORTS:
        scheme = url.scheme if url.scheme.isalnum() else "?"
        message = f"the proxy is {scheme}://, and only http:// and https:// can be tried here"
        raise Refused(message, _PROXY_USAGE)
    if _has_more_userinfo(url):
        raise _NoName
    authorization = ""
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        authorization = base64.b64encode(pair).decode("ascii")
    at = Target(_host(url), _port(url, _PROXY_PORTS[url.scheme]))
    return Proxy(at, url.scheme == "https", authorization)


def _is_excepted(where: Target, no_proxy: str) -> bool:
    """Whether NO_PROXY says so, as urllib reads it and, for addresses, as requests does."""
    if proxy_bypass(f"{where.host}:{where.port}"):
        return True
    return any(_covers(item.strip(), where.host) for item in no_proxy.split(","))


def _covers(item: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(item.strip("[]"), strict=False)
    except ValueError:
        return False
