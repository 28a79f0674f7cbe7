"""Is it certainly a certificate that every OpenSSL loads? Then OpenSSL need not be asked.

Says yes to plain DER without any doubt only. Source: ITU-T X.690, RFC 5280 section 4.1.
"""

from __future__ import annotations

from typing import Tuple

from .asn1 import (
    BIT_STRING,
    BOOLEAN,
    CONTEXT_3,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    TIMES,
    NotDer,
)

# What certificates of today consist of, as whole DER elements. Anything else is doubtful.
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
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
VERSIONS = {b"\xa0\x03\x02\x01\x01": 2, _VERSION_3: 3}  # version 1 is not written out
_DAYS = {b"%02d" % month: b"31" for month in range(1, 13)}  # the last of each month
_DAYS.update({b"02": b"29", b"04": b"30", b"06": b"30", b"09": b"30", b"11": b"30"})


def is_strict(der: bytes) -> bool:
    """Whether the certificate is certainly one that every OpenSSL loads.

    Says yes to plain DER without any doubt only, so that OpenSSL itself need not be asked
    (0.1 ms each); tests/fuzz/strict_everywhere.py compares it with OpenSSL 1.1.1 to 4.0.
    """
    try:
        return _is_strict_certificate(der)
    except (NotDer, IndexError, UnicodeDecodeError):
        return False


def _is_strict_certificate(der: bytes) -> bool:
    position, end = _strict(der, 0, SEQUENCE)
    position, tbs_end = _strict(der, position, SEQUENCE)
    algorithm = der[tbs_end : tbs_end + 2 + der[tbs_end + 1]]
    if end != len(der) or algorithm not in _SIGNATURE_ALGORITHMS:
        return False
    signature, signature_end = _strict(der, tbs_end + len(algorithm), BIT_STRING)
    if signature_end != end or der[signature] or end - signature < 2:
        return False
    version_3 = der.startswith(_VERSION_3, position)
    issuer = _after_serial(der, position + 5 if version_3 else position)
    if not der.startswith(algorithm, issuer):
        return False
    issuer += len(algorithm)
    validity = _after_name(der, issuer)
    subject = after_validity(der, validity)
    if der.startswith(der[issuer:validity], subject):  # self-issued: checked already
        key = subject + validity - issuer
    else:
        key = _after_name(der, subject)
    extensions = _after_key(der, key)
    if version_3 and extensions < tbs_end:
        return _are_strict_extensions(der, extensions, tbs_end)
    return extensions == tbs_end


def _strict(der: bytes, begin: int, tag: int) -> Tuple[int, int]:
    """Return where the content of the element at `begin` starts and ends; its length is minimal.

    The end may lie behind its parent's: callers compare where everything ends.
    """
    length = der[begin + 1]
    if der[begin] == tag:
        if length < 0x80:
            return begin + 2, begin + 2 + length
        if length == 0x81 and der[begin + 2] >= 0x80:
            return begin + 3, begin + 3 + der[begin + 2]
        if length == 0x82 and der[begin + 2]:
            return begin + 4, begin + 4 + (der[begin + 2] << 8 | der[begin + 3])
    raise NotDer("it is not strict DER")


def _after_serial(der: bytes, position: int) -> int:
    """Return where a positive INTEGER ends that is written in as few bytes as possible."""
    start, end = _strict(der, position, INTEGER)
    if (
        start == end
        or der[start] > 0x7F
        or (not der[start] and end - start > 1 > der[start + 1] >> 7)
    ):
        raise NotDer("it is not a minimal positive number")
    return end


def _after_name(der: bytes, position: int) -> int:
    """Return where a Name ends: one X.520 attribute per RDN, in ASCII or UTF-8."""
    position, end = _strict(der, position, SEQUENCE)
    while position < end:  # SET { SEQUENCE { OID, string } }, every length short
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


def after_validity(der: bytes, position: int) -> int:
    """Return where two times end; each is UTCTime or GeneralizedTime, in digits and Z."""
    position, end = _strict(der, position, SEQUENCE)
    for _ in TIMES:
        size = 13 if der[position] == TIMES[0] else 15
        start, position = _strict(der, position, TIMES[size == 15])
        digits = der[start : position - 1]
        if position - start != size or der[position - 1] != 0x5A or not _is_time(digits):
            raise NotDer("one of its times is none")
    if position != end:
        raise NotDer("something follows the times")
    return end


def _is_time(digits: bytes) -> bool:
    """Whether there is such a second: a year of two or four digits, month, day, and so on."""
    month, day = digits[-10:-8], digits[-8:-6]
    return (
        digits.isdigit()
        and b"01" <= day <= _DAYS.get(month, b"")
        and digits[-6:-4] < b"24"
        and digits[-4:-2] < b"60"
        and digits[-2:] < b"60"
        and (month + day != b"0229" or _is_leap(int(digits[:-10])))
    )


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _after_key(der: bytes, position: int) -> int:
    """Return where the public key ends: RSA, or a point on one of the NIST curves."""
    start, end = _strict(der, position, SEQUENCE)
    if der.startswith(_RSA_KEY, start):
        bits, bits_end = _strict(der, start + len(_RSA_KEY), BIT_STRING)
        numbers, numbers_end = _strict(der, bits + 1, SEQUENCE)
        exponent = _after_serial(der, numbers)
        whole = bits_end == numbers_end == end and not der[bits]
        if whole and der[exponent:end] in _RSA_EXPONENTS:
            return end
    elif der.startswith(_CURVE_KEYS.get(end - start, b"none"), start):
        return end
    raise NotDer("the key is unusual")


def _are_strict_extensions(der: bytes, position: int, end: int) -> bool:
    position, outer = _strict(der, position, CONTEXT_3)
    position, inner = _strict(der, position, SEQUENCE)
    seen, count = set(), 0
    while position < end:
        start, following = _strict(der, position, SEQUENCE)
        value = start + 2 + der[start + 1]
        oid = der[start:value]
        if oid[0] != OID or oid[-1] > 0x7F or not 4 < len(oid) < 20 or b"\x80" in oid:
            return False
        if der[value] == BOOLEAN:
            if der[value + 1 : value + 3] != b"\x01\xff":
                return False
            value += 3
        content, content_end = _strict(der, value, OCTET_STRING)
        if content_end != following or _strict(der, content, der[content])[1] != following:
            return False
        seen.add(oid)
        count += 1
        position = following
    return position == end == inner == outer and len(seen) == count > 0
