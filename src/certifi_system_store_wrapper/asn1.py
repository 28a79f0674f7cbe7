"""The part of DER that certificates need: where one element ends and the next begins.

Source: ITU-T X.690 (encoding), RFC 5280 section 4.1 (the certificate).
"""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple

Span = Tuple[int, int, int]  # tag, start of the content, end of the content (exclusive)

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
SEQUENCE, SET, CONTEXT_0, CONTEXT_3 = 0x30, 0x31, 0xA0, 0xA3
TIMES = (0x17, 0x18)  # UTCTime, GeneralizedTime
DEPTH = 32  # of nested indefinite lengths: no real file has more than six

OID_EKU, OID_BASIC_CONSTRAINTS, OID_KEY_USAGE = b"\x55\x1d\x25", b"\x55\x1d\x13", b"\x55\x1d\x0f"
OID_ANY_EKU, OID_SERVER_AUTH = b"\x55\x1d\x25\x00", b"\x2b\x06\x01\x05\x05\x07\x03\x01"


class NotDer(ValueError):
    """The bytes are not the element that was expected; the message says what is wrong."""


def element(data: bytes, start: int, end: int) -> Span:
    """Return tag and content of the definite-length element at `start`, else raise NotDer."""
    if start + 2 > end:
        raise NotDer("it ends in the middle of an element")
    length, content = data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or content + size > end:
            raise NotDer("the length of an element is not readable")
        length = int.from_bytes(data[content : content + size], "big")
        content += size
    if content + length > end:
        raise NotDer("it is cut off")
    return data[start], content, content + length


def children(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Yield the elements that fill start to end exactly, else raise NotDer."""
    while start < end:
        span = element(data, start, end)
        yield span
        start = span[2]


def expect(data: bytes, start: int, end: int, *tags: int) -> Span:
    """Return the element at `start`, which must have one of the tags."""
    span = element(data, start, end)
    if span[0] not in tags:
        raise NotDer(f"tag 0x{span[0]:02x} where 0x{tags[0]:02x} belongs")
    return span


class Part(NamedTuple):
    """One BER element: tag, where it begins, its content, and where the next one begins."""

    tag: int
    begin: int
    start: int
    end: int
    next: int


def whole(data: bytes, begin: int, depth: int = DEPTH) -> Part:
    """Return the element at `begin`; it may have an indefinite length (X.690 section 8.1.3.6)."""
    if data[begin + 1 : begin + 2] != b"\x80":
        tag, start, end = element(data, begin, len(data))
        return Part(tag, begin, start, end, end)
    if not depth:
        raise NotDer("it is nested too deeply")
    position = begin + 2
    while data[position : position + 2] != b"\0\0":
        position = whole(data, position, depth - 1).next
    return Part(data[begin], begin, begin + 2, position, position + 2)


def parts(data: bytes, outer: Part) -> List[Part]:
    """Return the elements inside `outer`."""
    found, position = [], outer.start
    while position < outer.end:
        found.append(whole(data, position))
        position = found[-1].next
    return found


class Layout(NamedTuple):
    """Where the parts of a certificate lie in its DER."""

    version: int
    serial: Span
    issuer: Span
    validity: Span
    subject: Span
    key: Span
    extensions: Span  # empty where there are none


def layout(der: bytes) -> Layout:
    """Return the parts of the certificate that `der` is, exactly; raise NotDer if it is none."""
    _, start, end = expect(der, 0, len(der), SEQUENCE)
    if end != len(der):
        raise NotDer("something follows the certificate")
    _, position, tbs_end = expect(der, start, end, SEQUENCE)
    algorithm = expect(der, tbs_end, end, SEQUENCE)
    signature = expect(der, algorithm[2], end, BIT_STRING)
    if signature[2] != end:
        raise NotDer("something follows the signature")
    version = 1
    if der[position : position + 1] == b"\xa0":
        _, inner, position = element(der, position, tbs_end)
        number = expect(der, inner, position, INTEGER)
        version = 1 + int.from_bytes(der[number[1] : number[2]], "big")
    fields: List[Span] = []
    for tag in (INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE):
        fields.append(expect(der, position, tbs_end, tag))
        position = fields[-1][2]
    serial, _, issuer, validity, subject, key = fields
    extensions = (SEQUENCE, position, position)
    for tag, inner, outer in children(der, position, tbs_end):
        if tag == CONTEXT_3:
            extensions = expect(der, inner, outer, SEQUENCE)
    return Layout(version, serial, issuer, validity, subject, key, extensions)


def extension(der: bytes, wanted: bytes, places: Layout) -> Optional[bytes]:
    """Return the DER value of the extension with that OID, None where it is absent."""
    for _, start, end in children(der, *places.extensions[1:]):
        fields = list(children(der, start, end))
        if len(fields) < 2:
            raise NotDer("an extension is incomplete")
        if der[fields[0][1] : fields[0][2]] == wanted:
            return der[fields[-1][1] : fields[-1][2]]
    return None


def is_strict(der: bytes) -> bool:
    """Whether the certificate is certainly one that every OpenSSL loads."""
    return False
