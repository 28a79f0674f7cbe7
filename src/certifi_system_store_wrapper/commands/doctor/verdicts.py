"""Asks the OpenSSL that is running what it says of a chain: in memory, without network or key.

A client of TLS 1.2 verifies the certificates as soon as they arrive, before the server has to
prove that it has the key. So we play the server up to that message.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import NamedTuple, Optional, Sequence

from ...parsing import pem, x509
from ...parsing.rfc5280 import OID_SUBJECT_KEY
from . import context_class

_OCTET_STRING = 0x04
# Python has a name for the second one since 3.10.
STRICT = ssl.VERIFY_X509_STRICT
PARTIAL_CHAIN = 0x80000
# RFC 5246 section 7.4.1.3: TLS 1.2, no session, ECDHE-ECDSA-AES128-GCM-SHA256, no compression, and
# secure renegotiation.
_SERVER_HELLO = b"\3\3" + bytes(32) + b"\0\xc0\x2b\0" + b"\0\5\xff\1\0\1\0"
_HELLO, _CERTIFICATE = 2, 11
_RECORD = 1 << 14
# How a handshake goes on whose certificates have passed: the client waits for the key exchange, or
# the key is not one of elliptic curves.
_PASSED = "WRONG_CERTIFICATE_TYPE"
# The signature algorithm (RFC 5280 section 4.1.1.2) for an issuer's key of that algorithm; for all
# others both have one OID.
_SIGNATURES = {
    bytes.fromhex("2a864886f70d010101"): bytes.fromhex("06092a864886f70d01010b0500"),
    # RSASSA-PSS with SHA-256, its mask too, and a salt of 32 bytes (RFC 4055).
    bytes.fromhex("2a864886f70d01010a"): bytes.fromhex(
        "06092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d0101083"
        "00d06096086480165030402010500a203020120"
    ),
    bytes.fromhex("2a8648ce3d0201"): bytes.fromhex("06082a8648ce3d040302"),
}
# RFC 5480: the public key whose private key is 1, on the curve P-256.
_KEY = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d81"
    "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_FROM_2000_TO_2049 = bytes.fromhex(
    "301e170d3030303130313030303030305a170d3439313233313030303030305a"
)
_NAME = bytes.fromhex("310d300b06035504030c0474657374")
_SAN = bytes.fromhex("300f0603551d1104083006820474657374")


class Verdict(NamedTuple):
    """What OpenSSL says of a chain: its verify code and its words; 0 and "" where it passes."""

    code: int
    message: str


def verdict(chain: Sequence[bytes], trusted: Sequence[bytes], flags: int = 0) -> Optional[Verdict]:
    """Return what OpenSSL says of the chain, the server's certificate first; None if it cannot say.

    Names are not checked. With STRICT and PARTIAL_CHAIN it checks as Python 3.13 does.
    """
    try:
        with context_class.own():
            context = _context(trusted, flags)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing)
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        incoming.write(_flight(chain))
        tls.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return Verdict(error.verify_code, error.verify_message)
    except ssl.SSLWantReadError:
        return Verdict(0, "")
    except (OSError, ValueError) as error:
        has_passed = isinstance(error, ssl.SSLError) and error.reason == _PASSED
        return Verdict(0, "") if has_passed else None
    return None


def _context(trusted: Sequence[bytes], flags: int) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    if trusted:
        blocks = b"".join(map(pem.block_of, trusted))
        context.load_verify_locations(cadata=blocks.decode("ascii"))
    context.verify_flags |= flags
    return context


def _flight(chain: Sequence[bytes]) -> bytes:
    """Return what a server says first, up to its certificates."""
    listed = b"".join(_sized(der, 3) for der in chain)
    messages = ((_HELLO, _SERVER_HELLO), (_CERTIFICATE, _sized(listed, 3)))
    flight = b"".join(bytes([kind]) + _sized(body, 3) for kind, body in messages)
    records = [flight[at : at + _RECORD] for at in range(0, len(flight), _RECORD)]
    return b"".join(b"\x16\3\3" + _sized(record, 2) for record in records)


def _sized(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


def stand_in(issuer: bytes) -> bytes:
    """Return a faultless certificate of a server as that CA would issue it, but for the signature.

    OpenSSL looks at the signatures last. Raises ValueError if the CA's certificate cannot be read.
    """
    places = x509.layout(issuer)
    (_, algorithm), *_ = x509.elements(issuer[slice(*places.key[1:])])
    (_, key_kind), *_ = x509.elements(algorithm)
    signature = _der(0x30, _SIGNATURES.get(key_kind) or _der(0x06, key_kind))
    named = places.extensions.get(OID_SUBJECT_KEY)
    key_id = x509.content(named[1], _OCTET_STRING) if named else bytes(20)
    of_issuer = _der(0x30, bytes.fromhex("0603551d23"), _der(0x04, _der(0x30, _der(0x80, key_id))))
    signed = _der(
        0x30,
        x509.VERSION_3 + b"\x02\x01\x01" + signature,
        _der(0x30, issuer[slice(*places.subject[1:])]),
        _FROM_2000_TO_2049 + _der(0x30, _NAME) + _KEY,
        _der(0xA3, _der(0x30, of_issuer, _SAN)),
    )
    return _der(0x30, signed, signature, _der(0x03, b"\0", bytes(64)))


def _der(tag: int, *parts: bytes) -> bytes:
    """Return one element of DER (X.690 section 8.1)."""
    content = b"".join(parts)
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, *([size] if size < 0x80 else [0x80 | len(length), *length])]) + content
