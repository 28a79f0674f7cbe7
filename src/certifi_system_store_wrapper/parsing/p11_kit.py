"""Reads what the objects of p11-kit, in its own format, trust and distrust. No I/O.

Source: update-ca-trust(8).
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Tuple

from . import parse

_OBJECT = b"[p11-kit-object-v1]"
# The OID of the extended key usage, in an object of the class x-certificate-extension.
_PURPOSES = b"2.5.29.37"
_VALUE = rb'^[ \t]*(issuer|serial-number|value)\s*:\s*"(.*)"'


def distrusted(data: bytes) -> Iterator[Tuple[List[bytes], bytes]]:
    """Yield for each object that distrusts: the blocks in it, and its issuer and serial number.

    The latter have the form of ``x509.issuer_and_serial``, or are b"" if the object lacks them.
    """
    for each in data.split(_OBJECT)[1:]:
        if _says(each, b"x-distrusted"):
            yield _held_and_told(each)


def has_objects(data: bytes) -> bool:
    """Whether a file holds such objects, and not certificates alone."""
    return _OBJECT in data


def trusted(data: bytes) -> List[bytes]:
    """Return the blocks in the objects that trust, as ``trust anchor`` writes them.

    Further objects may narrow the purposes. No certificate of such a file is returned.
    """
    if _PURPOSES in data:
        return []
    trusting = [each for each in data.split(_OBJECT)[1:] if _says(each, b"trusted")]
    objects = [each for each in trusting if not _says(each, b"x-distrusted")]
    return [block for each in objects for block in _held_and_told(each)[0]]


def _says(p11_kit_object: bytes, name: bytes) -> bool:
    """Whether a line says ``NAME: true``; blanks in it mean nothing."""
    return name in p11_kit_object and any(
        b"".join(line.split()) == name + b":true" for line in p11_kit_object.split(b"\n")
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
