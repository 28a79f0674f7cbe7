"""Looks at what a server presents, and trusts nothing: a context for it, and its messages."""

from __future__ import annotations

import ssl
import warnings
from contextlib import suppress
from typing import List

_MAX_CHAIN = 20
_HANDSHAKE, _CERTIFICATE, _CERTIFICATE_REQUEST = 22, 11, 13  # RFC 8446, section 4
_LEGACY_SERVER_CONNECT = 0x4


def lax_context() -> ssl.SSLContext:
    """Return a context that looks and trusts nothing: old versions and weak keys, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.options |= _LEGACY_SERVER_CONNECT
    with warnings.catch_warnings(), suppress(ssl.SSLError, ValueError):
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


class Watched:
    """What the server's handshake messages said, as they came."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Watch all handshakes with that context, where Python lets us (CPython does)."""
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
    rest = message[4:]  # its type and length
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
