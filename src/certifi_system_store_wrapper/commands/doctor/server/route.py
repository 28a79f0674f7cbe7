"""How `doctor HOST` reaches the host: its name and port, the proxy, the connection.

Every step has a limit on time and bytes; only the resolver may take longer.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import time
from ipaddress import ip_address, ip_network
from typing import Any, List, NamedTuple, Optional, Tuple
from unicodedata import normalize
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ....sources import files
from ...output import WrongUsage

# Seconds for one step (a connection, a tunnel, a handshake), and for all of them.
_STEP, _TOTAL = 10.0, 60.0
# Bytes of a proxy's answer, and addresses that are tried.
_MAX_ANSWER, _MAX_ADDRESSES = 16 << 10, 8
_PORTS = {
    "https": 443, "wss": 443, "tls": 443, "ssl": 443, "http": 443, "ldaps": 636, "imaps": 993,
    "pop3s": 995, "smtps": 465, "ftps": 990, "rediss": 6379, "amqps": 5671, "mqtts": 8883,
}  # fmt: skip
_PROXY_PORTS = {"http": 80, "https": 443}
_KEPT_SINCE_2008 = set("\u00df\u03c2\u200c\u200d")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
# Who has to mend what is wrong with a server.
OPERATOR = "whoever runs the server"
_USAGE = "name HOST, HOST:PORT or an https:// URL"
_CHECK = "check the name, the port, the network and the proxy variables"
_PROXY_USAGE = "name an http:// proxy in HTTPS_PROXY, or the host in NO_PROXY"

Address = Tuple[int, Tuple[Any, ...]]


class Target(NamedTuple):
    """A host, spelled as in DNS and certificates, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return HOST:PORT, with the brackets that IPv6 needs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Proxy(NamedTuple):
    """An HTTP proxy; `is_tls` says whether we speak TLS with the proxy itself."""

    at: Target
    is_tls: bool
    authorization: str


class Refused(OSError):
    """There is no connection: the message says where it ended, and `remedy` what to do."""

    def __init__(self, message: str, remedy: str = _CHECK) -> None:
        """Remember what to do."""
        super().__init__(message)
        self.remedy = remedy


def target(text: str) -> Target:
    """Return host and port of HOST, HOST:PORT or a URL; raises WrongUsage."""
    text = text.strip()
    if "://" not in text:
        text = f"https://[{text}]" if ":" in text and is_ip(text) else f"https://{text}"
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise WrongUsage(f"{scheme}:// does not begin with TLS; {_USAGE}")
    try:
        url = urlsplit(text)
        # urlsplit() removes these silently.
        if any(control in text for control in "\t\r\n"):
            raise _NoName("that is no host name")
        if "@" in url.netloc and _has_more_userinfo(url):
            raise _NoName("a special character of its password is not written as %XX")
        return _at(url, _PORTS[scheme])
    except ValueError as error:
        # What urlsplit() says may quote a password.
        reason = f"{error}; " if isinstance(error, _NoName) else ""
        raise WrongUsage(f"{reason}{_USAGE}") from None


class _NoName(ValueError):
    pass


def _has_more_userinfo(url: SplitResult) -> bool:
    """Whether a ``/``, ``?`` or ``#`` in a password may have ended the host too early."""
    return "@" in url.path + url.query + url.fragment


def _at(url: SplitResult, default_port: int) -> Target:
    host, port = _host(url), _port(url)
    return Target(host, default_port if port is None else port)


def _port(url: SplitResult) -> Optional[int]:
    """Return the port, None if there is none in it; it is digits and no password then."""
    try:
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        # What stands behind the last colon may be a password, if it is no number.
        digits = url.netloc.rpartition(":")[2]
        which = f"port {digits}" if digits.isdigit() else "port that is no number"
        raise _NoName(f"there is no {which}: ports are 1 to 65535")
    return port


def _host(url: SplitResult) -> str:
    """Return the host name in ASCII (IDNA), or an IP address."""
    name = (url.hostname or "").rstrip(".")
    if not name:
        raise _NoName("there is no host name in it")
    if is_ip(name):
        return name
    try:
        encoded = ".".join(map(_in_ascii, name.split(".")))
    except UnicodeError:
        encoded = ""
    if not _HOST_NAME.fullmatch(encoded) or len(encoded) > 253:
        raise _NoName("that is no host name")
    return encoded


def _in_ascii(label: str) -> str:
    """Return a part of a name as requests and httpx ask for it: by IDNA of 2008.

    Python's codec is of 2003, and replaces these characters: that may be somebody else's host.
    """
    if _KEPT_SINCE_2008.isdisjoint(label):
        return label.encode("idna").decode("ascii")
    return "xn--" + normalize("NFC", label).encode("punycode").decode("ascii")


def is_ip(text: str) -> bool:
    """Whether it is an IP address; one of IPv6 may have a zone."""
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
    return _read(named, "the variable of the proxy")


def _read(named: str, what: str) -> Proxy:
    """Return the proxy of that name; raises Refused."""
    try:
        return _proxy(urlsplit(named if "://" in named else f"http://{named}"))
    except ValueError:
        # What urlsplit() says may quote a password.
        raise Refused(
            f"{what} cannot be read: write it as http://HOST:PORT, "
            "special characters of a password as %XX",
            _PROXY_USAGE,
        ) from None


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
    return Proxy(_at(url, _PROXY_PORTS[url.scheme]), url.scheme == "https", authorization)


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


class Route:
    """The way to one server; every connection goes to the address that answered first."""

    def __init__(self, where: Target, proxy: Optional[Proxy], trust: ssl.SSLContext) -> None:
        """Prepare; `trust` is the context for a proxy that speaks TLS itself."""
        self.where, self.proxy, self._trust = where, proxy, trust
        self._end = time.monotonic() + _TOTAL
        self._addresses: List[Address] = []

    def by(self, proxy: str) -> Route:
        """Return the way by a proxy that a client has of its own; raises Refused."""
        return Route(self.where, _read(proxy, "its own proxy"), self._trust)

    def deadline(self, seconds: float = _STEP) -> float:
        """Return the time at which a step that begins now has to end."""
        return min(time.monotonic() + seconds, self._end)

    def connected(self) -> socket.socket:
        """Return a connection whose next byte is the server's own; raises Refused."""
        if self.proxy is None:
            return self._reached(self.where, "")
        connection = self._reached(self.proxy.at, "the proxy ")
        try:
            if self.proxy.is_tls:
                connection = self._secured(connection, self.proxy.at)
            _tunnel(connection, self.where, self.proxy, self.deadline())
        except BaseException:
            connection.close()
            raise
        return connection

    def _reached(self, first: Target, called: str) -> socket.socket:
        error = OSError("it has no address")
        for address in self._addresses or _resolved(first, called):
            try:
                connection = _connection(address, self.deadline())
            except OSError as failure:
                error = failure
            else:
                self._addresses = [address]
                return connection
        raise Refused(f"{called}{first} cannot be reached: {error.strerror or error}") from error

    def _secured(self, connection: socket.socket, at: Target) -> ssl.SSLSocket:
        try:
            connection.settimeout(seconds_until(self.deadline()))
            return self._trust.wrap_socket(connection, server_hostname=at.host)
        except (OSError, ValueError) as error:
            reason = reason_of(error)
            if isinstance(error, ssl.SSLCertVerificationError):
                reason = error.verify_message
            raise Refused(
                f"the proxy https://{at} cannot be spoken to over TLS: {reason}",
                "name it as http:// if it speaks no TLS; `add` its CA if nobody trusts that",
            ) from error


def seconds_until(deadline: float) -> float:
    """Return how many seconds are left; raises TimeoutError, as a socket does, where none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _resolved(first: Target, called: str) -> List[Address]:
    """Return the addresses of a name; only the resolver limits the time."""
    try:
        found = socket.getaddrinfo(first.host, first.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise Refused(
            f"{called}{first.host} has no address: {files.reason_of(error)}",
            "check the name, and whether DNS works here",
        ) from error
    return [(each[0], each[4]) for each in found[:_MAX_ADDRESSES]]


def _connection(address: Address, deadline: float) -> socket.socket:
    """Return a connection to one address; raises OSError, also on a machine without IPv6."""
    connection = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds_until(deadline))
        connection.connect(address[1])
    except BaseException:
        connection.close()
        raise
    return connection


def _tunnel(connection: socket.socket, where: Target, proxy: Proxy, deadline: float) -> None:
    """Ask the proxy to connect us to the target; raises Refused."""
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: Basic {proxy.authorization}")
    try:
        connection.settimeout(seconds_until(deadline))
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        status = _answer(connection, deadline)
    except OSError as error:
        raise Refused(f"the proxy {proxy.at} does not answer: {error}") from error
    code = status.split(" ")[1:2]
    if code == ["407"]:
        raise Refused(
            f"the proxy {proxy.at} wants another user and password: {status[:200]}",
            "put USER:PASSWORD@ before the host in its variable, special characters as %XX",
        )
    if code != ["200"]:
        raise Refused(
            f"the proxy {proxy.at} refused: {status[:200] or 'no answer'}",
            "ask whoever runs it, or put the host into NO_PROXY if it is reached without",
        )


def _answer(connection: socket.socket, deadline: float) -> str:
    """Return the first line of a proxy's answer; read all of the answer and nothing more."""
    answer = b""
    while not answer.endswith((b"\r\n\r\n", b"\n\n")):
        if len(answer) == _MAX_ANSWER:
            raise OSError("its answer has no end")
        connection.settimeout(seconds_until(deadline))
        # One byte at a time, because TLS follows the answer.
        byte = connection.recv(1)
        if not byte:
            break
        answer += byte
    return answer.split(b"\n", 1)[0].decode("latin-1").rstrip("\r")


def reason_of(error: Exception) -> str:
    """Return OpenSSL's name for the error, or the message of the operating system."""
    reason = error.reason if isinstance(error, ssl.SSLError) else ""
    return reason or str(error) or type(error).__name__
