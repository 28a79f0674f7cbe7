"""p11-kit's own objects: what each distrusts. No I/O.

Source: update-ca-trust(8).
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, Tuple

from ..record import Record
from . import parse

_OBJECT = b"[p11-kit-object-v1]"
_VALUE = rb'^\s*(issuer|serial-number|value)\s*:\s*"(.*)"'


class Distrust(Record):
    """What one object distrusts: the certificates that it holds, or one that it tells.

    `issuer_and_serial` is as in ``x509.issuer_and_serial``, b"" where the object does not have it.
    """

    blocks: Tuple[bytes, ...]
    issuer_and_serial: bytes


def distrusts(data: bytes) -> Iterator[Distrust]:
    """Yield what each object of a file distrusts, if it distrusts anything."""
    for each in data.split(_OBJECT)[1:]:
        if _is_distrusted(each):
            yield _distrust_of(each)


def _is_distrusted(p11_kit_object: bytes) -> bool:
    """Whether one of its lines says so; blanks mean nothing in them."""
    return b"x-distrusted" in p11_kit_object and any(
        b"".join(line.split()) == b"x-distrusted:true" for line in p11_kit_object.split(b"\n")
    )


def _distrust_of(p11_kit_object: bytes) -> Distrust:
    """Return what it holds as PEM or DER, or what issuer and serial number tell without it."""
    values = _values(p11_kit_object)
    held = (p11_kit_object, values.get(b"value", b""))
    blocks = tuple([found.block for data in held for found in parse(data).certificates])
    has_number = b"issuer" in values and b"serial-number" in values
    return Distrust(blocks, values[b"issuer"] + values[b"serial-number"] if has_number else b"")


def _values(p11_kit_object: bytes) -> Dict[bytes, bytes]:
    """Return the DER of issuer, serial number and certificate, which is percent-encoded there."""
    found = re.findall(_VALUE, p11_kit_object, re.MULTILINE)
    return {name: re.sub(rb"%([\dA-Fa-f]{2})", _byte, value) for name, value in found}


def _byte(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode("ascii"))
