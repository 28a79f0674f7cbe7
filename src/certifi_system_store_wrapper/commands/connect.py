"""TLS handshakes with one server, and nothing else: no request, no redirect, no other address.

Through the proxy of the environment by CONNECT. Bounded in time, and in what is read of a proxy.
"""

from __future__ import annotations

import base64
import socket
import ssl
import time
from typing import List, NamedTuple, Optional, Tuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

TIMEOUT = 10.0  # seconds for each step
_MAX_ANSWER = 16 << 10  # bytes of a proxy's answer
_MAX_CHAIN = 20


class Target(NamedTuple):
    """Where to connect to."""

    host: str
    port: int


class Proxy(NamedTuple):
    """How to get there."""

    host: str
    port: int
    authorization: str = ""


class Refused(OSError):
    """The connection failed before TLS; the message says where."""


class Outcome(NamedTuple):
    """How one handshake ended: `code` is OpenSSL's verify code, 0 where it succeeded."""

    trusted: bool
    message: str = ""
    code: int = 0


def target(text: str) -> Target:
    """Return host and port of HOST, HOST:PORT or a URL; raises ValueError."""
    url = urlsplit(text if "://" in text else f"https://{text}")
    if url.scheme not in ("https", "wss", "tls", "ssl", "http"):
        raise ValueError(f"{url.scheme}:// is not TLS; name HOST, HOST:PORT or an https:// URL")
    if not url.hostname:
        raise ValueError("there is no host name in it; name HOST, HOST:PORT or an https:// URL")
    return Target(url.hostname, url.port or 443)


def proxy_for(where: Target) -> Optional[Proxy]:
    """Return the proxy that the environment names for the target; raises ValueError."""
    named = getproxies().get("https") or getproxies().get("all")
    if not named or proxy_bypass(f"{where.host}:{where.port}"):
        return None
    url = urlsplit(named if "://" in named else f"http://{named}")
    if url.scheme != "http" or not url.hostname:
        raise ValueError(f"the proxy is {url.scheme}://, and only http:// can be tried here")
    authorization = ""
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
        authorization = base64.b64encode(pair).decode("ascii")
    return Proxy(url.hostname, url.port or 80, authorization)


def connected(where: Target, proxy: Optional[Proxy]) -> socket.socket:
    """Return a connection to the target, by the proxy if there is one; raises Refused."""
    first = proxy or where
    try:
        connection = socket.create_connection((first.host, first.port), timeout=TIMEOUT)
    except (OSError, UnicodeError) as error:
        via = "the proxy " if proxy else ""
        raise Refused(f"{via}{first.host}:{first.port} cannot be reached: {error}") from error
    if proxy is None:
        return connection
    try:
        _tunnel(connection, where, proxy)
    except BaseException:
        connection.close()
        raise
    return connection


def _tunnel(connection: socket.socket, where: Target, proxy: Proxy) -> None:
    host = f"[{where.host}]" if ":" in where.host else where.host
    lines = [f"CONNECT {host}:{where.port} HTTP/1.1", f"Host: {host}:{where.port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: Basic {proxy.authorization}")
    try:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        answer, end = b"", time.monotonic() + TIMEOUT
        while b"\r\n\r\n" not in answer and len(answer) < _MAX_ANSWER:
            if time.monotonic() > end:
                raise TimeoutError("its answer takes too long")
            byte = connection.recv(1)  # one at a time: what follows is TLS
            if not byte:
                break
            answer += byte
    except (OSError, UnicodeError) as error:
        raise Refused(f"the proxy {proxy.host}:{proxy.port} does not answer: {error}") from error
    status = answer.split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ")[1:2] != ["200"]:
        raise Refused(f"the proxy {proxy.host}:{proxy.port} refused: {status or 'no answer'}")


def handshake(where: Target, proxy: Optional[Proxy], context: ssl.SSLContext) -> Outcome:
    """Return whether that context trusts the server; raises Refused."""
    with connected(where, proxy) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=where.host):
                return Outcome(trusted=True)
        except ssl.SSLCertVerificationError as error:
            return Outcome(trusted=False, message=error.verify_message, code=error.verify_code)
        except (OSError, ValueError) as error:
            raise Refused(_no_tls(where, error)) from error


def _no_tls(where: Target, error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error)
    plain = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE")
    if reason in plain:
        return f"{where.host}:{where.port} does not speak TLS (plain HTTP?): {reason}"
    return f"{where.host}:{where.port} breaks the handshake off: {reason}"


def presented(where: Target, proxy: Optional[Proxy]) -> List[bytes]:
    """Return the chain as DER that the server presents, as far as this Python can show it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # to look, not to trust
    with connected(where, proxy) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=where.host) as secured:
                return _chain(secured)
        except (OSError, ValueError) as error:
            raise Refused(_no_tls(where, error)) from error


def _chain(secured: ssl.SSLSocket) -> List[bytes]:
    """Python 3.13 tells the chain, from 3.10 its C part does, before that only the leaf."""
    if hasattr(secured, "get_unverified_chain"):
        return list(secured.get_unverified_chain())[:_MAX_CHAIN]
    inner = getattr(secured, "_sslobj", None)
    if hasattr(inner, "get_unverified_chain"):
        import _ssl

        chain = inner.get_unverified_chain() or []  # type: ignore[union-attr]
        return [each.public_bytes(_ssl.ENCODING_DER) for each in chain[:_MAX_CHAIN]]
    leaf = secured.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def context_of(pem: Optional[str], *, strict: bool = False) -> ssl.SSLContext:
    """Return a client's context that trusts `pem`, or OpenSSL's defaults for None.

    With `strict` it has the checks that Python 3.13 switched on in default contexts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if pem is None:
        context.load_default_certs()
    elif pem:
        context.load_verify_locations(cadata=pem)
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT | _partial_chain()
    return context


def _partial_chain() -> int:
    return int(getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000))


def addresses(san: bytes) -> Tuple[str, ...]:
    """Return the DNS names and IP addresses of a subject alternative name extension's value."""
    from .. import asn1

    _, start, end = asn1.expect(san, 0, len(san), asn1.SEQUENCE)
    found = []
    for tag, a, b in asn1.children(san, start, end):
        if tag == 0x82:
            found.append(san[a:b].decode("ascii", "backslashreplace"))
        elif tag == 0x87:
            family = socket.AF_INET if b - a == 4 else socket.AF_INET6
            found.append(socket.inet_ntop(family, san[a:b]) if b - a in (4, 16) else "?")
    return tuple(found)
