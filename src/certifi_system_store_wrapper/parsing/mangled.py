"""PEM as people mangle it, read as far as it means one certificate without doubt.

Source: RFC 7468, RFC 1421.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Tuple

from .asn1 import NotDer
from .der import read_body
from .pem import ALPHABET, MAX_DAMAGE, Damage, Parsed

_LABELS = (
    b"CERTIFICATE",
    b"X509 CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"PKCS7",
    b"PKCS #7 SIGNED DATA",
    b"CMS",
)
# A marker as people mangle it: any case, fewer dashes or a word processor's, blanks, glued to its
# neighbour. Bounded repeats, or a megabyte of blanks would take for ever. Compiled on first need:
# that takes 0.4 ms.
_MARKER = (
    rb"(?<=--|\x80[\x93\x94]|[\x93\x94]-)[ \t]{0,8}(BEGIN|END)[ \t]{1,8}"
    rb"([A-Z0-9#][A-Z0-9 #]{0,63}?)[ \t]{0,8}(?=--|\xe2\x80[\x93\x94])"
)

# What OpenSSL passes over at the end of a line, and people do not see: controls and non-ASCII.
_BLANKS = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
MAX_BODY = 8 << 20  # bytes between two markers


class Mangled:
    """Reads the parts of a file that are no regular PEM, marker by marker, from its start on."""

    def __init__(self, data: bytes, parsed: Parsed) -> None:
        """Start at the first line."""
        self.data = data
        self.parsed = parsed
        # Line ends are counted on from here: from the start each time would be quadratic.
        self.counted, self.lines = 0, 1

    def read(self, start: int, end: int) -> None:
        """Read the part from start to end, which holds whole blocks or the rest of the file."""
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
        """Read what stands between two markers as the certificate that the label promises."""
        if label.endswith(b"PRIVATE KEY"):
            self.parsed.private_keys.append(self._line(start))
        if label not in _LABELS:
            return
        text = self.data[start:end].strip(b"-\xe2\x80\x93\x94")
        if unterminated and _is_prose(text):
            return
        try:
            der, is_whole = _decode(text)
            trusted = label == b"TRUSTED CERTIFICATE"
            read_body(der, self._line(start), self.parsed, trusted=trusted)
        except NotDer as error:
            message = f"the certificate that begins here cannot be read: {error}"
            self._damage(start, message, text)
            return
        if unterminated:
            message = "the END line of this certificate is missing; it is used all the same"
            self._damage(start, message)
        elif not is_whole:
            message = "something else stands behind this certificate; it is used all the same"
            self._damage(start, message)


def _is_prose(text: bytes) -> bool:
    """Whether a BEGIN without END is a sentence about the marker; DER in base64 starts with M."""
    return text.partition(b"\n")[0].strip(_BLANKS)[:1] not in (b"", b"M")


def _decode(text: bytes) -> Tuple[bytes, bool]:
    """Return the bytes of a base64 body, and whether it is nothing but that; else raise NotDer."""
    if len(text) > MAX_BODY:
        raise NotDer(f"it is longer than {MAX_BODY >> 20} MiB")
    # Line ends and slashes as JSON and shells write them.
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
    """Return what follows the headers of RFC 1421: lines with a colon, up to a blank line."""
    text = text.translate(None, b" \t")
    blank = text.find(b"\n\n", text.find(b":"))
    is_header = b":" in text[text.rfind(b"\n", 0, max(blank, 0)) + 1 : blank]
    return text[blank:] if is_header else text


def _leading_base64(text: bytes) -> bytes:
    """Return the base64 at the beginning, without blanks, up to its padding or anything else."""
    compact = text.translate(None, _BLANKS)
    foreign = compact.translate(None, ALPHABET)[:1]
    return compact[: compact.index(foreign)] if foreign else compact
