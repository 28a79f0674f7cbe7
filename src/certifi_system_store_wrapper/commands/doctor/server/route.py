"""Connections to one server, by a proxy's CONNECT if need be; bounded in time and bytes."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any, List, Optional, Tuple, Union

from .target import Proxy, Refused, Target

STEP = 10.0  # seconds for one step: a connection, a tunnel, a handshake
TOTAL = 60.0  # seconds for everything; the resolver alone may take longer
_MAX_ANSWER = 16 << 10  # bytes of a proxy's answer
_MAX_ADDRESSES = 8

Address = Tuple[int, Tuple[Any, ...]]
Connection = Union[socket.socket, ssl.SSLSocket]


class Deadline:
    """The time by which a step has to end, within the time for all of them."""

    def __init__(self, seconds: float, within: Optional[Deadline] = None) -> None:
        """End in that many seconds, or when `within` ends."""
        end = time.monotonic() + seconds
        self.end: float = min(end, within.end) if within else end

    def left(self) -> float:
        """Return how many seconds are left; raises TimeoutError where none are."""
        left = self.end - time.monotonic()
        if left <= 0:
            # In the words of a socket.
            raise TimeoutError("timed out")
        return left


class Route:
    """The way to one server: always to the address that answered first."""

    def __init__(self, where: Target, proxy: Optional[Proxy], trust: ssl.SSLContext) -> None:
        """Prepare; `trust` is for a proxy that is itself spoken to over TLS."""
        self.where, self.proxy, self._trust = where, proxy, trust
        self.deadline = Deadline(TOTAL)
        self._addresses: List[Address] = []

    def connected(self) -> Connection:
        """Return a connection whose next byte is the server's own; raises Refused."""
        if self.proxy is None:
            return self._reached(self.where, "")
        connection: Connection = self._reached(self.proxy.at, "the proxy ")
        try:
            if self.proxy.is_tls:
                connection = self._secured(connection, self.proxy.at)
            _tunnel(connection, self.where, self.proxy, Deadline(STEP, self.deadline))
        except BaseException:
            connection.close()
            raise
        return connection

    def _reached(self, first: Target, called: str) -> socket.socket:
        error: OSError = OSError("it has no address")
        for address in self._addresses or _resolved(first, called):
            try:
                connection = _connection(address, Deadline(STEP, self.deadline))
            except OSError as failure:
                error = failure
            else:
                self._addresses = [address]
                return connection
        raise Refused(f"{called}{first} cannot be reached: {error.strerror or error}") from error

    def _secured(self, connection: socket.socket, at: Target) -> ssl.SSLSocket:
        try:
            connection.settimeout(Deadline(STEP, self.deadline).left())
            return self._trust.wrap_socket(connection, server_hostname=at.host)
        except (OSError, ValueError) as error:
            reason = reason_of(error)
            if isinstance(error, ssl.SSLCertVerificationError):
                reason = error.verify_message
            message = f"the proxy https://{at} cannot be spoken to over TLS: {reason}"
            remedy = "name it as http:// if it speaks no TLS; `add` its CA if nobody trusts that"
            raise Refused(message, remedy) from error


def _resolved(first: Target, called: str) -> List[Address]:
    """Return the addresses of a name; the resolver's own time limit holds."""
    try:
        found = socket.getaddrinfo(first.host, first.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        message = f"{called}{first.host} has no address: {reason or error}"
        raise Refused(message, "check the name, and whether DNS works here") from error
    return [(each[0], each[4]) for each in found[:_MAX_ADDRESSES]]


def _connection(address: Address, deadline: Deadline) -> socket.socket:
    """Return a connection to one address; raises OSError, also where there is no IPv6."""
    connection = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        connection.settimeout(deadline.left())
        connection.connect(address[1])
    except BaseException:
        connection.close()
        raise
    return connection


def _tunnel(connection: Connection, where: Target, proxy: Proxy, deadline: Deadline) -> None:
    """Have the proxy connect us to the target; raises Refused."""
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: Basic {proxy.authorization}")
    try:
        connection.settimeout(deadline.left())
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        status = _answer(connection, deadline)
    except OSError as error:
        raise Refused(f"the proxy {proxy.at} does not answer: {error}") from error
    code = status.split(" ")[1:2]
    if code == ["407"]:
        remedy = "put USER:PASSWORD@ before the host in its variable, special characters as %XX"
        message = f"the proxy {proxy.at} wants another user and password: {status[:200]}"
        raise Refused(message, remedy)
    if code != ["200"]:
        remedy = "ask whoever runs it, or put the host into NO_PROXY if it is reached without"
        raise Refused(f"the proxy {proxy.at} refused: {status[:200] or 'no answer'}", remedy)


def _answer(connection: Connection, deadline: Deadline) -> str:
    """Return the first line of a proxy's answer, read to its end and not a byte further."""
    answer = b""
    while not answer.endswith((b"\r\n\r\n", b"\n\n")):
        if len(answer) == _MAX_ANSWER:
            raise OSError("its answer has no end")
        connection.settimeout(deadline.left())
        # One at a time: what follows is TLS.
        byte = connection.recv(1)
        if not byte:
            break
        answer += byte
    return answer.split(b"\n", 1)[0].decode("latin-1").rstrip("\r")


def reason_of(error: Exception) -> str:
    """Return OpenSSL's name for what went wrong, or the system's sentence."""
    return getattr(error, "reason", None) or str(error) or type(error).__name__
