"""Finds where one element of ASN.1 ends and the next begins, as far as certificates need it.

Source: ITU-T X.690.
"""

from __future__ import annotations

from typing import Iterator, List, Tuple

from ..record import Record

# Tag, start of the content, end of the content (exclusive).
Span = Tuple[int, int, int]

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET, CONTEXT_0, CONTEXT_3 = 0x30, 0x31, 0xA0, 0xA3
# UTCTime, GeneralizedTime
TIMES = (0x17, 0x18)

# Bounds of BER: levels of indefinite lengths, bytes, and parts of one element. Everything inside an
# indefinite length is read to find its end, at every level. Real files have six levels at most.
DEPTH = 32
MAX_BER = 1 << 19
MAX_PARTS = 20_000


class NotDer(ValueError):
    """The bytes are not the expected element. The message says what is wrong."""


def element(data: bytes, start: int, end: int) -> Span:
    """Return the element with a definite length at `start`, or raise NotDer."""
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
    """Yield the elements that fill start to end exactly, or raise NotDer."""
    while start < end:
        span = element(data, start, end)
        yield span
        start = span[2]


def expect(data: bytes, start: int, end: int, *tags: int) -> Span:
    """Return the element at `start`; raise NotDer unless it has one of the tags."""
    span = element(data, start, end)
    if span[0] not in tags:
        raise NotDer(f"tag 0x{span[0]:02x} where 0x{tags[0]:02x} belongs")
    return span


def expect_minimal(data: bytes, start: int, end: int, tag: int) -> Span:
    """Return the element at `start`; raise NotDer unless its length is as short as possible."""
    # A fast way for lengths of one byte and three. Without it is_strict() takes a third longer.
    if start + 4 <= end and data[start] == tag:
        size, content = data[start + 1], start + 2
        if size == 0x82 and data[content]:
            size, content = data[content] << 8 | data[content + 1], start + 4
        if content + size <= end and (size < 0x80 or content == start + 4):
            return tag, content, content + size
    _, content, after = span = expect(data, start, end, tag)
    if content - start > 2 and (after - content < 0x80 or not data[start + 2]):
        raise NotDer("it is BER, not DER")
    return span


class Part(Record):
    """An element of BER: its tag, its begin, its content, and the begin of the next one."""

    tag: int
    begin: int
    start: int
    end: int
    next: int


def whole(data: bytes, begin: int, depth: int = DEPTH) -> Part:
    """Return the element at `begin`. Its length may be indefinite (X.690 section 8.1.3.6)."""
    if data[begin + 1 : begin + 2] != b"\x80":
        tag, start, end = element(data, begin, len(data))
        return Part(tag, begin, start, end, end)
    if not depth or len(data) > MAX_BER:
        raise NotDer("it is nested too deeply, or too long for indefinite lengths")
    position = begin + 2
    while data[position : position + 2] != b"\0\0":
        position = whole(data, position, depth - 1).next
    return Part(data[begin], begin, begin + 2, position, position + 2)


def parts(data: bytes, outer: Part) -> List[Part]:
    """Return the elements inside `outer`."""
    found: List[Part] = []
    position = outer.start
    while position < outer.end:
        if len(found) == MAX_PARTS:
            raise NotDer("it has too many parts")
        found.append(whole(data, position))
        position = found[-1].next
    return found
