"""Bytes in, certificates out: PEM, DER, PKCS#7 and OpenSSL's TRUSTED blocks. No I/O.

The content decides the format, not the name of the file. Mangled PEM is read as long as only one
certificate can be meant: byte-order marks, UTF-16, CR or no line ends, text around, glued markers,
a missing END. What cannot be read is reported with its line; the other certificates are used.
Source: RFC 7468, RFC 1421.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Optional, Tuple

from . import der
from .asn1 import NotDer
from .pem import (
    ALPHABET,
    BEGIN,
    END,
    MAX_DAMAGE,
    PLAIN,
    Certificate,
    Damage,
    Known,
    Parsed,
    der_of,
    has_marker,
    is_canonical,
    is_whole,
)

__all__ = ["Known", "Parsed", "parse"]

_LABELS = (
    b"CERTIFICATE",
    b"X509 CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"PKCS7",
    b"PKCS #7 SIGNED DATA",
    b"CMS",
)
# A marker as people mangle it: any case, fewer dashes or those of a word processor, blanks, glued
# to its neighbour. Repeats are bounded: a megabyte of blanks would take forever otherwise. It is
# compiled when it is first needed, because that takes 0.4 ms.
_MARKER = (
    rb"(?<=--|\x80[\x93\x94]|[\x93\x94]-)[ \t]{0,8}(BEGIN|END)[ \t]{1,8}"
    rb"([A-Z0-9#][A-Z0-9 #]{0,63}?)[ \t]{0,8}(?=--|\xe2\x80[\x93\x94])"
)

# Control characters and non-ASCII: people do not see them, OpenSSL ignores them at a line's end.
_BLANKS = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
# So many bytes may stand between two markers.
MAX_BODY = 8 << 20


def parse(data: bytes, known: Optional[Known] = None, *, proven: bool = False) -> Parsed:
    """Return what `data` holds.

    Blocks that `known` has are not examined again, and are not copied. With `proven` a block in its
    one form is not examined further.
    """
    parsed = Parsed(known or Known())
    rest = data[der.read_file(data, parsed) :] if data[:1] == b"\x30" else data
    in_one_form = _read_pem(_normalised(rest), parsed, proven=proven)
    # DER behind PEM always contains this byte, and ASCII text never does.
    if b"\x82" in rest:
        der.read_between(rest, parsed)
    parsed.is_plain = in_one_form == len(parsed.certificates) and not parsed.damage
    parsed.known.blocks.update([(block, block) for block, _ in parsed.certificates])
    if not (parsed.certificates or parsed.damage or parsed.private_keys):
        parsed.instead = der.name_of(data)
    return parsed


def _normalised(data: bytes) -> bytes:
    """Remove the NULs of UTF-16, which hide blocks from OpenSSL, and make all line ends LF."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _read_pem(text: bytes, parsed: Parsed, *, proven: bool) -> int:
    """Read regular blocks the fast way, and everything between them as mangled PEM.

    Return how many are regular.
    """
    blocks, count = parsed.known.blocks, 0
    mangled = _Mangled(text, parsed)
    stop = _find_begin(text, 0)
    if has_marker(text[:stop]):
        mangled.read(0, stop)
    while stop < len(text):
        start, stop = stop, _find_begin(text, stop + len(BEGIN))
        end = text.find(END, start, stop) + len(END)
        # One copy of each block is kept: copying costs most of the time in a large file.
        block = text[start:end]
        found = end > start + len(BEGIN)
        regular = found and (end == stop or not has_marker(text[end:stop]))
        if regular and (block in blocks or _is_sound(block, parsed.known, proven=proven)):
            parsed.certificates.append(Certificate._make((blocks.get(block, block), PLAIN)))
            count += 1
        else:
            mangled.read(start, stop)
    return count


def _find_begin(text: bytes, start: int) -> int:
    """Return where the next BEGIN line is, else where the text ends."""
    found = text.find(BEGIN, start)
    return len(text) if found < 0 else found


def _is_sound(block: bytes, known: Known, *, proven: bool) -> bool:
    """Whether a block with regular markers is canonical and holds exactly one certificate.

    If it is `proven`, its outer length is enough.
    """
    if not is_canonical(block):
        return False
    if proven:
        return is_whole(block)
    try:
        known.examine(der_of(block), block)
    except NotDer:
        return False
    return True


class _Mangled:
    """Reads the parts of a file that are not regular PEM, in their order, marker by marker."""

    def __init__(self, data: bytes, parsed: Parsed) -> None:
        """Start at the first line."""
        self.data = data
        self.parsed = parsed
        # Line ends are counted up to here. Counting from the start each time would be quadratic.
        self.counted, self.lines = 0, 1

    def read(self, start: int, end: int) -> None:
        """Read from start to end: whole blocks, or the rest of the file."""
        label, body = b"", 0
        for marker in re.compile(_MARKER, re.IGNORECASE).finditer(self.data, start, end):
            if len(self.parsed.damage) > MAX_DAMAGE:
                return
            is_begin, name = marker[1].upper() == b"BEGIN", marker[2].upper()
            if label:
                self._body(label, body, marker.start(), unterminated=is_begin)
            elif not is_begin and name in _LABELS:
                self._damage(marker.start(), "END without its BEGIN")
            label, body = (name, marker.end()) if is_begin else (b"", 0)
        if label:
            self._body(label, body, end, unterminated=True)

    def _line(self, position: int) -> int:
        self.lines += self.data.count(b"\n", self.counted, position)
        self.counted = position
        return self.lines

    def _damage(self, position: int, message: str, data: bytes = b"") -> None:
        self.parsed.report(Damage(self._line(position), message, data))

    def _body(self, label: bytes, start: int, end: int, *, unterminated: bool) -> None:
        """Read the text between two markers as the certificate that the label promises."""
        if label.endswith(b"PRIVATE KEY"):
            self.parsed.private_keys.append(self._line(start))
        if label not in _LABELS:
            return
        text = self.data[start:end].strip(b"-\xe2\x80\x93\x94")
        if unterminated and _is_prose(text):
            return
        try:
            body, is_whole = _decode(text)
            trusted = label == b"TRUSTED CERTIFICATE"
            der.read_body(body, self._line(start), self.parsed, trusted=trusted)
        except NotDer as error:
            message = f"the certificate that begins here cannot be read: {error}"
            self._damage(start, message, text)
            return
        if unterminated or not is_whole:
            missing = "the END line of this certificate is missing"
            what = missing if unterminated else "something else stands behind this certificate"
            self._damage(start, f"{what}; it is used all the same")


def _is_prose(text: bytes) -> bool:
    """Whether a BEGIN without END is part of a sentence: a certificate in base64 starts with M."""
    return text.partition(b"\n")[0].strip(_BLANKS)[:1] not in (b"", b"M")


def _decode(text: bytes) -> Tuple[bytes, bool]:
    """Decode a base64 body; return it and whether nothing else stood there, or raise NotDer."""
    if len(text) > MAX_BODY:
        raise NotDer(f"it is longer than {MAX_BODY >> 20} MiB")
    # JSON and shells write line ends and slashes in this way.
    if b"\\" in text:
        text = text.replace(b"\\r", b"").replace(b"\\n", b"\n").replace(b"\\/", b"/")
    if b":" in text:
        text = _without_headers(text)
    encoded, is_whole = text.translate(None, _BLANKS), True
    core, _, tail = encoded.partition(b"=")
    if tail.strip(b"=") or core.translate(None, ALPHABET):
        core, is_whole = _leading_base64(text), False
    if not core:
        raise NotDer("it is not base64" if encoded else "it is empty")
    if len(core) % 4 == 1:
        core = core[:-1]
    return a2b_base64(core + b"=="), is_whole


def _without_headers(text: bytes) -> bytes:
    """Remove the headers of RFC 1421: lines with a colon, up to a blank line."""
    text = text.translate(None, b" \t")
    blank = text.find(b"\n\n", text.find(b":"))
    is_header = b":" in text[text.rfind(b"\n", 0, max(blank, 0)) + 1 : blank]
    return text[blank:] if is_header else text


def _leading_base64(text: bytes) -> bytes:
    """Return the base64 at the beginning, without blanks, up to its padding or a foreign byte."""
    compact = text.translate(None, _BLANKS)
    foreign = compact.translate(None, ALPHABET)[:1]
    return compact[: compact.index(foreign)] if foreign else compact
