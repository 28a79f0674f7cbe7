"""Tells which certificates every OpenSSL loads for certain, so that OpenSSL need not be asked.

Source: ITU-T X.690, RFC 5280 section 4.1.
"""

from __future__ import annotations

from .asn1 import (
    BIT_STRING,
    BOOLEAN,
    CONTEXT_3,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    NotDer,
    expect_minimal,
)
from .x509 import VERSION_3, after_validity

# The whole DER elements of which usual certificates consist. Any other element is doubtful.
_RSA = "300d06092a864886f70d0101{}0500"
_SIGNATURE_ALGORITHMS = frozenset(
    bytes.fromhex(text)
    for text in (
        _RSA.format("0b"),  # sha256WithRSAEncryption
        _RSA.format("0c"),  # sha384
        _RSA.format("0d"),  # sha512
        _RSA.format("05"),  # sha1
        "300a06082a8648ce3d040302",  # ecdsa-with-SHA256
        "300a06082a8648ce3d040303",  # sha384
        "300a06082a8648ce3d040304",  # sha512
        "300506032b6570",  # Ed25519
    )
)
_RSA_KEY = bytes.fromhex(_RSA.format("01"))
_RSA_EXPONENTS = (b"\x02\x03\x01\x00\x01", b"\x02\x01\x03")  # 65537, 3
_CURVE_KEYS = {  # size of the key's content: how it begins
    89: bytes.fromhex("301306072a8648ce3d020106082a8648ce3d03010703420004"),  # P-256
    118: bytes.fromhex("301006072a8648ce3d020106052b8104002203620004"),  # P-384
    155: bytes.fromhex("301006072a8648ce3d020106052b810400230381860004"),  # P-521
}
_NAME_TYPES = b"\x55\x04"  # attributes of X.520: country, organization, common name ...
_UTF8, _ASCII_STRINGS = 0x0C, (0x13, 0x14, 0x16)  # Printable, T61, IA5
# So many bytes of content a certificate may have.
_LONGEST = 0xFFFF


def is_strict(der: bytes) -> bool:
    """Whether the certificate is certainly one that every OpenSSL loads.

    It says yes only to usual certificates in plain DER. Asking OpenSSL takes 0.1 ms for each.
    tests/quality/fuzz/strict_everywhere.py compares the answers with OpenSSL 1.1.1 to 4.0.
    """
    try:
        return _is_strict_certificate(der)
    except (NotDer, IndexError, UnicodeDecodeError):
        return False


def _is_strict_certificate(der: bytes) -> bool:
    _, position, end = expect_minimal(der, 0, len(der), SEQUENCE)
    if end != len(der) or end - position > _LONGEST:
        return False
    _, position, tbs_end = expect_minimal(der, position, end, SEQUENCE)
    algorithm = der[tbs_end : tbs_end + 2 + der[tbs_end + 1]]
    if algorithm not in _SIGNATURE_ALGORITHMS:
        return False
    _, signature, signature_end = expect_minimal(der, tbs_end + len(algorithm), end, BIT_STRING)
    if signature_end != end or der[signature] or end - signature < 2:
        return False
    version_3 = der.startswith(VERSION_3, position)
    issuer = _after_serial(der, position + 5 if version_3 else position, tbs_end)
    if not der.startswith(algorithm, issuer):
        return False
    issuer += len(algorithm)
    validity = _after_name(der, issuer, tbs_end)
    subject = after_validity(der, validity, tbs_end)
    # The subject of a self-issued certificate is the issuer, which has been checked.
    if der.startswith(der[issuer:validity], subject):
        key = subject + validity - issuer
    else:
        key = _after_name(der, subject, tbs_end)
    extensions = _after_key(der, key, tbs_end)
    if version_3 and extensions < tbs_end:
        return _are_strict_extensions(der, extensions, tbs_end)
    return extensions == tbs_end


def _after_serial(der: bytes, position: int, limit: int) -> int:
    """Return where the INTEGER ends; it must be positive and as short as possible."""
    _, start, end = expect_minimal(der, position, limit, INTEGER)
    if (
        start == end
        or der[start] > 0x7F
        or (not der[start] and end - start > 1 > der[start + 1] >> 7)
    ):
        raise NotDer("it is not a minimal positive number")
    return end


def _after_name(der: bytes, position: int, limit: int) -> int:
    """Return where a Name ends: one X.520 attribute per RDN, in ASCII or UTF-8."""
    _, position, end = expect_minimal(der, position, limit, SEQUENCE)
    # SET { SEQUENCE { OID, string } }, and every length takes one byte.
    while position < end:
        size = der[position + 1]
        if (
            not 10 <= size < 0x80
            or der[position] != SET
            or der[position + 2] != SEQUENCE
            or der[position + 3] != size - 2
            or der[position + 4] != OID
            or der[position + 5] != 3
            or der[position + 6 : position + 8] != _NAME_TYPES
            or der[position + 8] > 0x7F
            or der[position + 10] != size - 9
        ):
            raise NotDer("a part of the name is unusual")
        following = position + 2 + size
        _check_string(der[position + 9], der[position + 11 : following])
        position = following
    if position != end:
        raise NotDer("the name is cut off")
    return end


def _check_string(tag: int, content: bytes) -> None:
    if tag == _UTF8:
        content.decode("utf-8")
    elif tag not in _ASCII_STRINGS or not content.isascii():
        raise NotDer("a text is of an unusual kind")


def _after_key(der: bytes, position: int, limit: int) -> int:
    """Return where the public key ends: RSA, or a point on one of the NIST curves."""
    _, start, end = expect_minimal(der, position, limit, SEQUENCE)
    if der.startswith(_RSA_KEY, start):
        _, bits, bits_end = expect_minimal(der, start + len(_RSA_KEY), end, BIT_STRING)
        _, numbers, numbers_end = expect_minimal(der, bits + 1, end, SEQUENCE)
        exponent = _after_serial(der, numbers, end)
        whole = bits_end == numbers_end == end and not der[bits]
        if whole and der[exponent:end] in _RSA_EXPONENTS:
            return end
    elif der.startswith(_CURVE_KEYS.get(end - start, b"none"), start):
        return end
    raise NotDer("the key is unusual")


def _are_strict_extensions(der: bytes, position: int, end: int) -> bool:
    _, position, outer = expect_minimal(der, position, end, CONTEXT_3)
    _, position, inner = expect_minimal(der, position, end, SEQUENCE)
    seen, count = set(), 0
    while position < end:
        _, start, following = expect_minimal(der, position, end, SEQUENCE)
        value = start + 2 + der[start + 1]
        oid = der[start:value]
        if oid[0] != OID or oid[-1] > 0x7F or not 4 < len(oid) < 20 or b"\x80" in oid:
            return False
        if der[value] == BOOLEAN:
            if der[value + 1 : value + 3] != b"\x01\xff":
                return False
            value += 3
        _, content, content_end = expect_minimal(der, value, following, OCTET_STRING)
        inside = expect_minimal(der, content, content_end, der[content])
        if not following == content_end == inside[2]:
            return False
        seen.add(oid)
        count += 1
        position = following
    return position == end == inner == outer and len(seen) == count > 0
