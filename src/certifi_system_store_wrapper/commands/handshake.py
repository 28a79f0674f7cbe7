"""TLS handshakes with one server, and nothing else: no request, no redirect, no other address."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import List, NamedTuple

from .looking import Watched, lax_context
from .route import STEP, Connection, Deadline, Route

_MAX_BYTES = 1 << 20  # of a server's handshake; OpenSSL itself takes 100 KB of certificates
_PATIENCE = 2.0  # seconds that a server has to say that it wants a certificate of the client


class Outcome(NamedTuple):
    """How one handshake ended: `code` is OpenSSL's verify code, 0 where that is not the cause."""

    trusted: bool
    message: str = ""
    code: int = 0


class Presented(NamedTuple):
    """What a server shows to a client that checks nothing, and how that ended.

    `chain` as DER; `version` of TLS and `cipher`, "" where `failure` says why there is none.
    """

    chain: List[bytes]
    version: str = ""
    cipher: str = ""
    failure: str = ""
    wants_certificate: bool = False


def outcome(route: Route, context: ssl.SSLContext) -> Outcome:
    """Return whether that context trusts the server; raises Refused."""
    with route.connected() as connection:
        try:
            _shaken(connection, context, route)
        except ssl.SSLCertVerificationError as error:
            return Outcome(trusted=False, message=error.verify_message, code=error.verify_code)
        except (OSError, ValueError) as error:
            return Outcome(trusted=False, message=reason_of(error))
    return Outcome(trusted=True)


def presented(route: Route) -> Presented:
    """Return what the server presents, as far as this Python can show it; raises Refused.

    Also where the handshake fails later on: the certificates come early.
    """
    context = lax_context()
    watched = Watched(context)
    with route.connected() as connection:
        try:
            shaken = _shaken(connection, context, route)
        except (OSError, ValueError) as error:
            failure, wants = reason_of(error), watched.asks_for_certificate
            return Presented(watched.chain, failure=failure, wants_certificate=wants)
        wants = watched.asks_for_certificate and shaken.is_turned_away(connection)
        tls, cipher = shaken.tls, (shaken.tls.cipher() or ("",))[0]
        chain = watched.chain or _leaf(tls)
        return Presented(chain, tls.version() or "", cipher, wants_certificate=wants)


def reason_of(error: Exception) -> str:
    """Return OpenSSL's name for what went wrong, or the system's sentence."""
    return getattr(error, "reason", None) or str(error) or type(error).__name__


class _Shaken(NamedTuple):
    """A TLS connection over memory, so that every byte and second is counted."""

    tls: ssl.SSLObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO

    def is_done(self) -> bool:
        """Take the next step; raises OSError or ValueError where the handshake fails."""
        try:
            self.tls.do_handshake()
        except OSError as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # of Watched, which hides it
                raise error.__context__ from None
            if isinstance(error, ssl.SSLWantReadError):
                return False
            raise
        return True

    def feed(self, connection: Connection, deadline: Deadline) -> int:
        """Carry what is to be sent, and some of what comes; return how much came."""
        connection.settimeout(deadline.left())
        connection.sendall(self.outgoing.read())
        data = connection.recv(16 << 10)
        if not data:
            raise ConnectionResetError("the server hangs up")
        self.incoming.write(data)
        return len(data)

    def is_turned_away(self, connection: Connection) -> bool:
        """Whether the server hangs up on us; in TLS 1.3 that comes after the handshake."""
        deadline = Deadline(_PATIENCE)
        while True:
            try:
                self.tls.read(1)
            except ssl.SSLWantReadError:
                try:
                    self.feed(connection, deadline)
                except (TimeoutError, socket.timeout):
                    return False
                except OSError:
                    return True
            except OSError:
                return True
            else:
                return False


def _shaken(connection: Connection, context: ssl.SSLContext, route: Route) -> _Shaken:
    """Shake hands; raises OSError or ValueError."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    name = route.where.host.partition("%")[0]  # the zone of an IPv6 address is this machine's
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    shaken, deadline, count = _Shaken(tls, incoming, outgoing), Deadline(STEP, route.deadline), 0
    try:
        while count < _MAX_BYTES:
            if shaken.is_done():
                return shaken
            count += shaken.feed(connection, deadline)
        raise OSError("its handshake is longer than any")
    finally:
        with suppress(OSError):  # the last of ours: finished, or an alert
            connection.sendall(outgoing.read())


def _leaf(tls: ssl.SSLObject) -> List[bytes]:
    der = tls.getpeercert(binary_form=True)
    return [der] if der else []


def context_of(pem: str, *, strict: bool = False) -> ssl.SSLContext:
    """Return a client's context that trusts `pem`.

    With `strict` it has the checks that Python 3.13 switched on in default contexts.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if pem:
        context.load_verify_locations(cadata=pem)
    if strict:
        partial_chain = getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | partial_chain
    return context
