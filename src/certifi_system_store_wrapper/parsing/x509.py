"""Reads the parts of a certificate, and what they say of it.

Source: RFC 5280 section 4.1, and what OpenSSL does.
"""

from __future__ import annotations

from itertools import islice
from typing import Dict, FrozenSet, List, Optional, Tuple

from ..record import Record
from .asn1 import (
    BIT_STRING,
    BOOLEAN,
    CONTEXT_0,
    CONTEXT_3,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    TIMES,
    NotDer,
    Span,
    children,
    element,
    expect,
    expect_minimal,
)

OID_EKU, OID_BASIC_CONSTRAINTS, OID_KEY_USAGE = b"\x55\x1d\x25", b"\x55\x1d\x13", b"\x55\x1d\x0f"
OID_ANY_EKU, OID_SERVER_AUTH = b"\x55\x1d\x25\x00", b"\x2b\x06\x01\x05\x05\x07\x03\x01"
VERSION_3 = b"\xa0\x03\x02\x01\x02"
# A certificate of version 1 has no such field.
_VERSIONS = {b"\xa0\x03\x02\x01\x01": 2, VERSION_3: 3}
# The last day of each month.
_DAYS = {b"%02d" % month: b"31" for month in range(1, 13)}
_DAYS.update({b"02": b"29", b"04": b"30", b"06": b"30", b"09": b"30", b"11": b"30"})

# Tag and content of each.
Elements = List[Tuple[int, bytes]]
# By OID: whether it is critical, and its DER value.
Extensions = Dict[bytes, Tuple[bool, bytes]]

# In bytes.
_LONGEST_OID = 64
# In characters; real names have 300 at most.
_LONGEST_NAME = 1000
_ATTRIBUTES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x05": "serialNumber",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
}
_ENCODINGS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}


class Layout(Record):
    """Where the parts of a certificate lie in its DER, and its extensions."""

    version: int
    serial: Span
    issuer: Span
    validity: Span
    subject: Span
    key: Span
    extensions: Extensions


def layout(der: bytes) -> Layout:
    """Return the parts of a certificate; raise NotDer if `der` is not exactly one.

    The part around the signed one must be DER. OpenSSL encodes it anew, so that two encodings would
    be the same certificate to it. Of the signed part OpenSSL accepts more than GnuTLS and
    BoringSSL, which would drop the whole file: what they refuse raises NotDer, too.
    """
    _, start, end = expect_minimal(der, 0, len(der), SEQUENCE)
    if end != len(der):
        raise NotDer("something follows the certificate")
    _, position, tbs_end = expect(der, start, end, SEQUENCE)
    version = _VERSIONS.get(der[position : position + 5], 1)
    position += 0 if version == 1 else 5
    fields: List[Span] = []
    for tag in (INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE):
        fields.append(expect(der, position, tbs_end, tag))
        position = fields[-1][2]
    serial, algorithm, issuer, validity, subject, key = fields
    if _check_signature(der, tbs_end, end) != der[serial[2] : algorithm[2]]:
        raise NotDer("it names two algorithms for one signature")
    _check_names(der, issuer, subject)
    after_validity(der, issuer[2], tbs_end)
    _check_key(der, key)
    extensions: Extensions = {}
    for tag, inner, outer in children(der, position, tbs_end):
        if tag == CONTEXT_3:
            extensions = _extensions(members(der[inner:outer]))
    if extensions and version < 3:
        raise NotDer("its version allows no extensions")
    return Layout(version, serial, issuer, validity, subject, key, extensions)


def _check_signature(der: bytes, start: int, end: int) -> bytes:
    """Return the AlgorithmIdentifier; only a BIT STRING of whole bytes may follow it."""
    _, position, algorithm_end = expect_minimal(der, start, end, SEQUENCE)
    _, _, position = expect_minimal(der, position, algorithm_end, OID)
    # The parameters.
    if position < algorithm_end:
        tag, _, _ = expect(der, position, algorithm_end, NULL, SEQUENCE, OID)
        _, content, position = expect_minimal(der, position, algorithm_end, tag)
        if tag == NULL and content != position:
            raise NotDer("a NULL has a content")
    _, bits, bits_end = expect_minimal(der, algorithm_end, end, BIT_STRING)
    if position != algorithm_end or bits_end != end or der[bits : bits + 1] != b"\0":
        raise NotDer("something follows the signature or its algorithm")
    return der[start:algorithm_end]


def _check_names(der: bytes, *names: Span) -> None:
    """Raise NotDer if a part of a name is empty."""
    for name in names:
        if any(tag != SET or a == b for tag, a, b in children(der, *name[1:])):
            raise NotDer("a part of a name in it is empty")


def after_validity(der: bytes, position: int, limit: int) -> int:
    """Return where the validity ends: two UTCTimes or GeneralizedTimes, of digits and Z."""
    _, position, end = expect_minimal(der, position, limit, SEQUENCE)
    for _ in TIMES:
        size = 13 if der[position] == TIMES[0] else 15
        _, start, position = expect_minimal(der, position, end, TIMES[size == 15])
        digits = der[start : position - 1]
        if position - start != size or der[position - 1] != 0x5A or not _is_time(digits):
            raise NotDer("one of its times is none")
    if position != end:
        raise NotDer("something follows the times")
    return end


def _is_time(digits: bytes) -> bool:
    """Whether such a second exists: a year of two or four digits, month, day, and so on."""
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


def _check_key(der: bytes, key: Span) -> None:
    """Raise NotDer unless the key is an algorithm and a BIT STRING of whole bytes."""
    _, _, position = expect(der, key[1], key[2], SEQUENCE)
    _, bits, bits_end = expect(der, position, key[2], BIT_STRING)
    if bits_end != key[2] or der[bits : bits + 1] != b"\0":
        raise NotDer("its public key is not DER")


def _extensions(sequence: Elements) -> Extensions:
    """Return the extensions by their OIDs; raise NotDer if one is incomplete or occurs twice."""
    found: Extensions = {}
    for _, extension in sequence:
        fields = elements(extension)
        if len(fields) < 2 or fields[-1][0] != OCTET_STRING:
            raise NotDer("an extension is incomplete")
        (_, oid), *critical, (_, value) = fields
        if oid in found:
            raise NotDer("it has an extension twice")
        found[oid] = bool(critical), value
    return found


class Facts(Record):
    """What a certificate says of itself. Names and times are undecoded DER content."""

    version: int
    issuer: bytes
    subject: bytes
    not_before: bytes
    not_after: bytes
    ca: bool
    # The contents of the OIDs; None if the extension is absent.
    ekus: Optional[FrozenSet[bytes]]

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    @property
    def serves_tls(self) -> bool:
        """Whether the extended key usage allows TLS servers (RFC 5280 section 4.2.1.12)."""
        return self.ekus is None or not self.ekus.isdisjoint((OID_SERVER_AUTH, OID_ANY_EKU))


def facts(der: bytes, places: Optional[Layout] = None) -> Facts:
    """Return what the certificate in `der` says of itself; raise NotDer, a ValueError.

    `places` is its layout, if the caller has it already.
    """
    parts = places or layout(der)
    not_before, not_after = children(der, *parts.validity[1:])
    issuer, subject = der[slice(*parts.issuer[1:])], der[slice(*parts.subject[1:])]
    found = parts.extensions
    return Facts(
        version=parts.version,
        issuer=issuer,
        subject=subject,
        not_before=der[slice(*not_before[1:])],
        not_after=der[slice(*not_after[1:])],
        ca=_is_ca(found, is_old_root=parts.version == 1 and issuer == subject),
        ekus=frozenset(oid for _, oid in members(found[OID_EKU][1])) if OID_EKU in found else None,
    )


def subject(der: bytes) -> bytes:
    """Return the content of the subject, where `der` may end behind it; raise NotDer.

    This is faster than facts(): the first where() asks it of every certificate.
    """
    if not der[1] == der[5] == 0x82:
        _, start, end = _first_fields(der)[4]
        return der[start:end]
    # Past the two outer headers and the version, then serial, algorithm, issuer, validity.
    position = 13 if der[8] == CONTEXT_0 else 8
    for _ in range(4):
        length = der[position + 1]
        position += 2 + length
        if length > 0x7F:
            _, _, position = element(der, position - 2 - length, len(der))
    _, start, end = element(der, position, len(der))
    return der[start:end]


def issuer_and_serial(der: bytes) -> bytes:
    """Return the DER of the issuer's name, followed by that of the serial number."""
    serial, algorithm, issuer, _, _ = _first_fields(der)
    return der[algorithm[2] : issuer[2]] + der[serial[1] - 2 : serial[2]]


def _first_fields(der: bytes) -> List[Span]:
    _, start, _ = element(der, 0, len(der))
    _, start, end = element(der, start, len(der))
    fields = list(islice(children(der, start, end), 6))
    return fields[fields[0][0] == CONTEXT_0 :][:5]


def _is_ca(found: Extensions, *, is_old_root: bool) -> bool:
    """Whether OpenSSL treats it as a CA certificate (check_ca in v3_purp.c)."""
    if not signs_certificates(found):
        return False
    if OID_BASIC_CONSTRAINTS in found:
        return basic_constraints(found)[0]
    return OID_KEY_USAGE in found or is_old_root


def basic_constraints(found: Extensions) -> Tuple[bool, Optional[bytes]]:
    """Return whether the basic constraints say that it is a CA, and the path length."""
    _, value = found.get(OID_BASIC_CONSTRAINTS, (False, b"\x30\x00"))
    fields = dict(members(value))
    return fields.get(BOOLEAN, b"\0") != b"\0", fields.get(INTEGER)


def signs_certificates(found: Extensions) -> bool:
    """Whether the key usage, if there is one, allows it (keyCertSign)."""
    _, usage = found.get(OID_KEY_USAGE, (False, b"\x03\x02\x00\xff"))
    return len(usage) > 3 and bool(usage[3] & 0x04)


def content(value: bytes, tag: int) -> bytes:
    """Return the content of the first element; raise NotDer unless it has this tag."""
    _, start, end = expect(value, 0, len(value), tag)
    return value[start:end]


def elements(data: bytes) -> Elements:
    """Return the elements of which `data` consists; raise NotDer if it does not."""
    return [(tag, data[start:end]) for tag, start, end in children(data, 0, len(data))]


def members(value: bytes) -> Elements:
    """Return the elements of the SEQUENCE at the beginning; raise NotDer if it is none."""
    return elements(content(value, SEQUENCE))


def name_of(content: bytes) -> str:
    """Return the content of a Name as text, most specific part first (RFC 4514), not too long."""
    parts = [
        _attribute(attribute)
        for _, together in elements(content)
        for _, attribute in elements(together)
    ]
    text = ", ".join(reversed(parts))
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:_LONGEST_NAME]}... ({len(text) - _LONGEST_NAME} more)"


def _attribute(attribute: bytes) -> str:
    (_, oid), (tag, value) = elements(attribute)[:2]
    text = value.decode(_ENCODINGS.get(tag, "utf-8"), "replace")
    return f"{_ATTRIBUTES.get(oid) or dotted(oid)}={text}"


def dotted(oid: bytes) -> str:
    """Return the content of an OBJECT IDENTIFIER in numbers (X.690 section 8.19)."""
    numbers, number = [], 0
    for byte in oid[:_LONGEST_OID]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if not numbers or len(oid) > _LONGEST_OID:
        return oid[:_LONGEST_OID].hex()
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
