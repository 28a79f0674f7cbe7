"""Reads what the objects of p11-kit, in its own format, distrust. No I/O.

Source: update-ca-trust(8).
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Tuple

from . import parse

_OBJECT = b"[p11-kit-object-v1]"
_VALUE = rb'^\s*(issuer|serial-number|value)\s*:\s*"(.*)"'


def distrusted(data: bytes) -> Iterator[Tuple[List[bytes], bytes]]:
    """Yield for each object that distrusts: the blocks in it, and its issuer and serial number.

    The latter have the form of ``x509.issuer_and_serial``, or are b"" if the object lacks them.
    """
    for each in data.split(_OBJECT)[1:]:
        if _is_distrusted(each):
            yield _held_and_told(each)


def _is_distrusted(p11_kit_object: bytes) -> bool:
    """Whether a line says ``x-distrusted: true``; blanks in it mean nothing."""
    return b"x-distrusted" in p11_kit_object and any(
        b"".join(line.split()) == b"x-distrusted:true" for line in p11_kit_object.split(b"\n")
    )


def _held_and_told(p11_kit_object: bytes) -> Tuple[List[bytes], bytes]:
    """Return the certificates in it, from PEM and DER, and its issuer and serial number."""
    values = _values(p11_kit_object)
    held = (p11_kit_object, values.get(b"value", b""))
    blocks = [found.block for data in held for found in parse(data).certificates]
    is_told = b"issuer" in values and b"serial-number" in values
    return blocks, values[b"issuer"] + values[b"serial-number"] if is_told else b""


def _values(p11_kit_object: bytes) -> Dict[bytes, bytes]:
    """Return the DER of issuer, serial number and certificate, which the object percent-encodes."""
    found = re.findall(_VALUE, p11_kit_object, re.MULTILINE)
    return {name: re.sub(rb"%([\dA-Fa-f]{2})", _byte, value) for name, value in found}


def _byte(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode("ascii"))
