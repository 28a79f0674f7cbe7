"""TLS handshakes with one server; no request is sent, and no redirect followed."""

from __future__ import annotations

import socket
import ssl
import warnings
from contextlib import suppress
from typing import Callable, List, NamedTuple, Optional, Sequence, Type

from ..verdicts import PARTIAL_CHAIN, STRICT
from .route import Route, reason_of, seconds_until

# Bytes of a server's handshake; OpenSSL itself accepts 100 KB of certificates.
_MAX_BYTES = 1 << 20
# Seconds in which a server that wants a client certificate has to hang up.
_PATIENCE = 2.0
_MAX_CHAIN = 20
# RFC 8446 section 4.
_HANDSHAKE, _CERTIFICATE, _CERTIFICATE_REQUEST = 22, 11, 13
# OpenSSL's number; Python has a name for it since 3.12.
_LEGACY_SERVER_CONNECT = 0x4


class Outcome(NamedTuple):
    """How one handshake ended; `code` is OpenSSL's verify code, 0 for any other cause.

    `remedy` says what helps where that is known already. Who `refuses_proxy` does not trust the
    certificate of the proxy, so the server was not reached.
    """

    trusted: bool
    message: str = ""
    code: int = 0
    remedy: str = ""
    refuses_proxy: bool = False


class Presented(NamedTuple):
    """What a server shows to a client that checks nothing, and how the handshake ended.

    `chain` as DER; `version` of TLS and `cipher`, "" where `failure` says why there is none.
    """

    chain: List[bytes]
    version: str = ""
    cipher: str = ""
    failure: str = ""
    wants_certificate: bool = False


# What ends a handshake whatever is trusted; before Python 3.10 they are of different classes.
HANG_UPS = (ConnectionError, TimeoutError, socket.timeout)

# What a client says against a server with which the handshake has succeeded.
ByItself = Callable[[ssl.SSLObject, str], Optional[Outcome]]


def outcome(route: Route, context: ssl.SSLContext, by_itself: Optional[ByItself] = None) -> Outcome:
    """Return whether that context trusts the server, and a client `by_itself`.

    Raises NoConnection, and one of HANG_UPS.
    """
    watcher = _Watcher(context)
    with route.connected() as connection:
        try:
            tls = _shake_hands(connection, context, route).tls
        except HANG_UPS:
            raise
        except ssl.SSLCertVerificationError as error:
            return Outcome(trusted=False, message=error.verify_message, code=error.verify_code)
        except (OSError, ValueError) as error:
            return Outcome(trusted=False, message=reason_of(error))
        finally:
            route.shown.update(watcher.chain[:1])
    return (by_itself and by_itself(tls, route.where.host)) or Outcome(trusted=True)


def verifies(route: Route, blocks: Sequence[bytes], *, partial_chain: bool) -> bool:
    """Whether the server's chain verifies if these are trusted, whatever its name.

    With `partial_chain` it need not end in a root.
    """
    context = context_of(b"".join(blocks).decode("ascii"))
    context.check_hostname = False
    if partial_chain:
        context.verify_flags |= PARTIAL_CHAIN
    with suppress(OSError):
        return outcome(route, context).trusted
    return False


def presented(route: Route) -> Presented:
    """Return what the server presents, as far as this Python can show it; raises NoConnection.

    Also where the handshake fails later on: the certificates come early.
    """
    context = _lax_context()
    watcher = _Watcher(context)
    with route.connected() as connection:
        try:
            handshake = _shake_hands(connection, context, route)
        except (OSError, ValueError) as error:
            wants = watcher.asks_for_certificate
            return Presented(watcher.chain, "", "", reason_of(error), wants_certificate=wants)
        wants = watcher.asks_for_certificate and handshake.is_turned_away(connection, route)
    tls = handshake.tls
    chain = watcher.chain or list(filter(None, [tls.getpeercert(binary_form=True)]))
    cipher = (tls.cipher() or ("",))[0]
    return Presented(chain, tls.version() or "", cipher, wants_certificate=wants)


class _Handshake(NamedTuple):
    """A TLS connection over memory, which lets us count every byte and second."""

    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO

    def feed(self, connection: socket.socket, deadline: float) -> int:
        """Send what is pending, receive once, and return how many bytes came."""
        connection.settimeout(seconds_until(deadline))
        connection.sendall(self.outgoing.read())
        data = connection.recv(16 << 10)
        if not data:
            raise ConnectionResetError("the server hangs up")
        self.incoming.write(data)
        return len(data)

    def is_turned_away(self, connection: socket.socket, route: Route) -> bool:
        """Whether the server hangs up on us; in TLS 1.3 it does so after the handshake."""
        deadline = route.deadline(_PATIENCE)
        try:
            while True:
                with suppress(ssl.SSLWantReadError):
                    self.tls.read(1)
                    return False
                self.feed(connection, deadline)
        except (TimeoutError, socket.timeout):
            return False
        except OSError:
            return True


def _shake_hands(connection: socket.socket, context: ssl.SSLContext, route: Route) -> _Handshake:
    """Shake hands; raises OSError or ValueError."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    # The zone of an IPv6 address means something on this machine only.
    name = route.where.host.partition("%")[0]
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    handshake, deadline = _Handshake(tls, incoming, outgoing), route.deadline()
    count = 0
    try:
        while count < _MAX_BYTES:
            with suppress(ssl.SSLWantReadError):
                tls.do_handshake()
                return handshake
            count += handshake.feed(connection, deadline)
        raise OSError("its handshake is longer than any")
    finally:
        # Our last message is "finished", or an alert.
        with suppress(OSError):
            connection.sendall(outgoing.read())


def context_of(
    pem: str, made: Optional[Type[ssl.SSLContext]] = None, *, strict: bool = False
) -> ssl.SSLContext:
    """Return a client's context that trusts `pem`, of Python's class or one that replaced it.

    With `strict` it has the checks that Python 3.13 switched on in default contexts.
    """
    context = (made or ssl.SSLContext)(ssl.PROTOCOL_TLS_CLIENT)
    if pem:
        context.load_verify_locations(cadata=pem)
    if strict:
        context.verify_flags |= STRICT | PARTIAL_CHAIN
    return context


def _lax_context() -> ssl.SSLContext:
    """Return a context that checks nothing, and accepts old versions and weak keys."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.options |= _LEGACY_SERVER_CONNECT
    with warnings.catch_warnings(), suppress(ssl.SSLError, ValueError):
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def sees_chain() -> bool:
    """Whether more is seen than the server's own certificate; only CPython supports that."""
    return hasattr(ssl.SSLContext, "_msg_callback")


class _Watcher:
    """Records what the server's handshake messages say."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Watch all handshakes with that context."""
        self.chain: List[bytes] = []
        self.asks_for_certificate = False
        if hasattr(context, "_msg_callback"):
            context._msg_callback = self._see  # noqa: SLF001 - since 3.8; public: from 3.13 on

    def _see(
        self, _tls: object, direction: str, version: int, content: int, kind: int, data: bytes
    ) -> None:
        if direction != "read" or content != _HANDSHAKE:
            return
        if kind == _CERTIFICATE and not self.chain:
            self.chain = _certificates(data, has_extensions=version == ssl.TLSVersion.TLSv1_3)
        elif kind == _CERTIFICATE_REQUEST:
            self.asks_for_certificate = True


def _certificates(message: bytes, *, has_extensions: bool) -> List[bytes]:
    """Return the certificates of a Certificate message (RFC 5246 7.4.2, RFC 8446 4.4.2)."""
    # The message begins with its type and its length.
    rest = message[4:]
    if has_extensions:
        rest = rest[1 + rest[0] :] if rest else b""
    rest = rest[3:]
    found: List[bytes] = []
    while rest and len(found) < _MAX_CHAIN:
        size = 3 + int.from_bytes(rest[:3], "big")
        found.append(rest[3:size])
        rest = rest[size:]
        if has_extensions:
            rest = rest[2 + int.from_bytes(rest[:2], "big") :]
    return found
