"""How `doctor HOST` reaches the host: the connection to it, or to its proxy and through that.

Every step has a limit on time and bytes; only the resolver may take longer.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from copy import copy
from typing import Any, List, Optional, Set, Tuple

from ....sources import files
from ..verify_codes import NO_ISSUER, SELF_SIGNED, STORE_REJECTS, TIMES, WRONG_NAME
from .proxy import Proxy, read
from .target import NoConnection, Target, UntrustedProxy

# Seconds for one step (a connection, a tunnel, a handshake), and for all of them.
_STEP, _TOTAL = 10.0, 60.0
# Bytes of a proxy's answer, and addresses that are tried.
_MAX_ANSWER, _MAX_ADDRESSES = 16 << 10, 8

# What helps against OpenSSL's verdict on the certificate of a proxy.
_HELP = {
    **dict.fromkeys(NO_ISSUER, "`add` its CA"),
    SELF_SIGNED: "`add` its certificate",
    STORE_REJECTS: "ask your administrator",
    **dict.fromkeys(WRONG_NAME, "name the proxy as its certificate does"),
}

Address = Tuple[int, Tuple[Any, ...]]


class Route:
    """The way to one server; every connection goes to the address that answered first."""

    def __init__(self, where: Target, proxy: Optional[Proxy]) -> None:
        """Prepare; until trusting() says whom to trust, no proxy that speaks TLS itself is."""
        self.where, self.proxy = where, proxy
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = "HTTP/1.1"
        # Each certificate that was shown as the server's own.
        self.shown: Set[bytes] = set()
        self._end = time.monotonic() + _TOTAL
        self._addresses: List[Address] = []

    def by(self, proxy: str) -> Route:
        """Return the way by a proxy that a client has of its own; raises NoConnection."""
        return Route(self.where, read(proxy, "its own proxy"))

    @property
    def is_by_tls(self) -> bool:
        """Whether the proxy itself is spoken to over TLS."""
        return self.proxy is not None and self.proxy.is_tls

    def trusting(self, trust: ssl.SSLContext) -> Route:
        """Return the same way, on which that context verifies the proxy."""
        same = copy(self)
        same.trust = trust
        return same

    def by_http_1_0(self) -> Route:
        """Return the same way, asking the proxy as http.client did before Python 3.12."""
        same = copy(self)
        same.http = "HTTP/1.0"
        return same

    def deadline(self, seconds: float = _STEP) -> float:
        """Return the time at which a step that begins now has to end."""
        return min(time.monotonic() + seconds, self._end)

    def connected(self) -> socket.socket:
        """Return a connection whose next byte is the server's own; raises NoConnection."""
        if self.proxy is None:
            return self._reached(self.where, "")
        connection = self._reached(self.proxy.at, "the proxy ")
        try:
            if self.proxy.is_tls:
                connection = self._secured(connection, self.proxy.at)
            _tunnel(connection, self.where, self.proxy, self.deadline(), self.http)
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
        raise NoConnection(
            f"{called}{first} cannot be reached: {error.strerror or error}"
        ) from error

    def _secured(self, connection: socket.socket, at: Target) -> ssl.SSLSocket:
        try:
            connection.settimeout(seconds_until(self.deadline()))
            return self.trust.wrap_socket(connection, server_hostname=at.host)
        except (OSError, ValueError) as error:
            message = f"the proxy https://{at} cannot be spoken to over TLS"
            if isinstance(error, ssl.SSLCertVerificationError):
                remedy = _what_helps(error.verify_code)
                raise UntrustedProxy(f"{message}: {error.verify_message}", remedy) from error
            remedy = "name it as http:// if it speaks no TLS"
            raise NoConnection(f"{message}: {reason_of(error)}", remedy) from error


def _what_helps(code: int) -> str:
    """Return what helps against that verdict on the certificate of a proxy."""
    anew = "whoever runs the proxy has to have its certificate, or that of its CA, issued anew"
    if code in TIMES:
        return f"check this machine's clock; if it is right, {anew}"
    return _HELP.get(code, anew if code > 0 else f"`add` its CA if nobody trusts that; else {anew}")


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
        raise NoConnection(
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


def _tunnel(
    connection: socket.socket, where: Target, proxy: Proxy, deadline: float, http: str
) -> None:
    """Ask the proxy to connect us to the target; raises NoConnection."""
    lines = [f"CONNECT {where} {http}", *([f"Host: {where}"] if http == "HTTP/1.1" else [])]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: Basic {proxy.authorization}")
    try:
        connection.settimeout(seconds_until(deadline))
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        status, *headers = _answer(connection, deadline)
    except OSError as error:
        raise NoConnection(f"the proxy {proxy.at} does not answer: {error}") from error
    code = status.split(" ")[1:2]
    if code == ["407"]:
        raise _login_refused(proxy, status, headers)
    if code != ["200"] or not status.startswith("HTTP/"):
        raise NoConnection(
            f"the proxy {proxy.at} refused: {status[:200] or 'no answer'}",
            "ask whoever runs it, or put the host into NO_PROXY if it is reached without",
        )


def _login_refused(proxy: Proxy, status: str, headers: List[str]) -> NoConnection:
    """Return what helps; clients of Python know only how to give a user and a password (Basic)."""
    ways = [re.fullmatch(r"(?i)proxy-authenticate:\s*(\S+).*", line) for line in headers]
    offered = [way[1] for way in ways if way]
    if offered and not any("basic" in line.lower() for line in headers):
        return NoConnection(
            f"the proxy {proxy.at} takes no user and password, but {', '.join(offered)[:200]}",
            "name a helper on this machine as the proxy that logs in there for you, as px or cntlm",
        )
    return NoConnection(
        f"the proxy {proxy.at} wants another user and password: {status[:200]}",
        "put USER:PASSWORD@ before the host in its variable, special characters as %XX",
    )


def _answer(connection: socket.socket, deadline: float) -> List[str]:
    """Return the lines of a proxy's answer; read all of the answer and nothing more."""
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
    return [line.rstrip("\r") for line in answer.decode("latin-1").split("\n")]


def reason_of(error: Exception) -> str:
    """Return OpenSSL's name for the error, or the message of the operating system."""
    if isinstance(error, ssl.SSLError):
        # Python does not know each name, but OpenSSL's sentence is made of it.
        said = re.sub(r"^\[SSL.*?\] | \(_ssl\.c:\d+\)$", "", str(error))
        return error.reason or said.upper().replace(" ", "_")
    return str(error) or type(error).__name__
