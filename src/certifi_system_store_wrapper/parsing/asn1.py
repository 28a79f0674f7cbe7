"""The part of DER that certificates need: where one element ends and the next begins.

Source: ITU-T X.690.
"""

from __future__ import annotations

from typing import Iterator, Tuple

Span = Tuple[int, int, int]  # tag, start of the content, end of the content (exclusive)

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET, CONTEXT_0, CONTEXT_3 = 0x30, 0x31, 0xA0, 0xA3
TIMES = (0x17, 0x18)  # UTCTime, GeneralizedTime


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


def expect_minimal(data: bytes, start: int, end: int, *tags: int) -> Span:
    """Return the element at `start`, whose length must be written as short as can be."""
    span = expect(data, start, end, *tags)
    size = span[2] - span[1]
    if span[1] - start != (2 if size < 0x80 else 2 + (size.bit_length() + 7) // 8):
        raise NotDer("it is BER, not DER")
    return span
