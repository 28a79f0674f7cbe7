"""Bytes in, certificates out: PEM, DER, PKCS#7 and OpenSSL's TRUSTED blocks. No I/O.

The content tells the format. What people really produce is read as far as it means one
certificate without doubt (byte-order marks, UTF-16, CR or no line ends, text around, glued
markers, a missing END); what cannot be read is reported with its line and costs nothing else.
Source: RFC 7468, RFC 1421.
"""

from __future__ import annotations

from typing import Optional

from . import der
from .asn1 import NotDer
from .mangled import Mangled
from .pem import BEGIN, END, PLAIN, Certificate, Known, Parsed, der_of, has_marker, is_canonical

__all__ = ["Known", "Parsed", "parse"]


def parse(data: bytes, known: Optional[Known] = None, *, proven: bool = False) -> Parsed:
    """Return what `data` holds.

    What `known` knows already is not examined again, and one copy of each block is enough.
    With `proven` all blocks are taken as they are, unexamined.
    """
    parsed = Parsed(known or Known())
    rest = data[der.read_file(data, parsed) :] if data[:1] == b"\x30" else data
    _read_pem(_normalised(rest), parsed, proven=proven)
    # A quick look first: text in ASCII has no such byte, all DER behind PEM has.
    if b"\x82" in rest:
        der.read_between(rest, parsed)
    parsed.known.blocks.update([(block, block) for block, _ in parsed.certificates])
    if not (parsed.certificates or parsed.damage or parsed.private_keys):
        parsed.instead = der.name_of(data)
    return parsed


def _normalised(data: bytes) -> bytes:
    """Return text without UTF-16's NULs, which hide blocks from OpenSSL, and with LF alone."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _read_pem(text: bytes, parsed: Parsed, *, proven: bool) -> None:
    """Read regular blocks quickly, and whatever stands between two of them as mangled PEM."""
    blocks = parsed.known.blocks
    mangled = Mangled(text, parsed)
    stop = _find_begin(text, 0)
    if has_marker(text[:stop]):
        mangled.read(0, stop)
    while stop < len(text):
        start, stop = stop, _find_begin(text, stop + len(BEGIN))
        end = text.find(END, start, stop) + len(END)
        # One copy of each: copies are most of what a large file costs.
        block = text[start:end]
        found = end > start + len(BEGIN)
        regular = found and (proven or end == stop or not has_marker(text[end:stop]))
        if regular and (proven or block in blocks or _is_sound(block, parsed.known)):
            parsed.certificates.append(Certificate._make((blocks.get(block, block), PLAIN)))
        else:
            mangled.read(start, stop)


def _find_begin(text: bytes, start: int) -> int:
    """Return where the next BEGIN line is, else where the text ends."""
    found = text.find(BEGIN, start)
    return len(text) if found < 0 else found


def _is_sound(block: bytes, known: Known) -> bool:
    """Whether a block with regular markers is canonical and a certificate, nothing more."""
    if not is_canonical(block):
        return False
    try:
        known.examine(der_of(block), block)
    except NotDer:
        return False
    return True
