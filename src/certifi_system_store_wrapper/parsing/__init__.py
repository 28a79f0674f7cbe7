"""Bytes in, certificates out: PEM, DER, PKCS#7 and OpenSSL's TRUSTED blocks. No I/O.

The content decides the format, not the name of the file. Where anything that people see stands
before a BEGIN on its line, or it is misspelt, it begins no block, as for OpenSSL: somebody may have
commented it out. Mangled PEM is read as long as nothing else can be meant: blanks and
byte-order marks, UTF-16, CR or no line ends, a BEGIN glued to an END, a missing END, the dashes of
a word processor. What cannot be read is reported with its line; the other certificates are used.
Source: RFC 7468, RFC 1421, OpenSSL's PEM_read_bio in pem_lib.c.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Match, Optional, Tuple

from . import der, lookalikes
from .asn1 import NotDer
from .lookalikes import KEY_STORES
from .pem import (
    ALPHABET,
    BEGIN,
    CR_ALONE,
    END,
    HEADER,
    LINE,
    MAX_DAMAGE,
    MISTYPED,
    NOT_ALONE,
    PASSED_OVER,
    PLAIN,
    WORD_PROCESSOR,
    Certificate,
    Damage,
    Known,
    Parsed,
    der_of,
    has_marker,
    is_canonical,
    is_whole,
)

__all__ = ["KEY_STORES", "Known", "Parsed", "parse"]

_LABELS = (
    b"CERTIFICATE",
    b"X509 CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"PKCS7",
    b"PKCS #7 SIGNED DATA",
    b"CMS",
)
_KNOWN = b"|".join(_LABELS)
# What people do not see before a marker: blanks, byte-order marks, line ends as JSON has them.
_WIDE = rb"\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f\xa0]|\xe3\x80\x80"  # in UTF-8
_UNSEEN = rb"(?:[\0-\t\x0b- \x7f\xc2\xa0\xef\xbb\xbf\xfe\xff]|%b|\\[rn]){0,99}" % _WIDE
# The dashes of word processors, in UTF-8 and windows-1252.
_DASH = rb"(?:\xe2\x80[\x90-\x95]|[\x96\x97])"
_DASHES = rb"(-----|-{0,4}%b(?:-|%b){0,5})" % (_DASH, _DASH)
_LABEL = rb"([A-Z0-9#][A-Z0-9 #]{0,63})"
# They are compiled when they are first needed, because that takes 0.4 ms.
_FIRST = rb"(?m)(?:^|(?<=[A-Z0-9]-----))" + _UNSEEN
_BEGIN = _FIRST + _DASHES + b"BEGIN " + _LABEL + _DASHES + b"(?!-)"
_END = _DASHES + b"END " + _LABEL + _DASHES
_BEGIN_OR_SO = rb"(?i:BEGIN) (?i:%b)-" % _KNOWN
_MISTYPED = rb"(?P<mistyped>(?:^|-)-{0,4}%b+[ \t]*$)" % _BEGIN_OR_SO
_STRAY_END = rb"%bEND (?:%b)%b" % (_DASHES, _KNOWN, _DASHES)
_STRAY = rb"%b(?:%b|%b)|(?P<passed_over>%b)" % (_FIRST, _STRAY_END, _MISTYPED, _BEGIN_OR_SO)
# Behind a marker or a line of base64; OpenSSL passes over a CR in front of CRLF.
_CR_ALONE = rb"(?:-----|[A-Za-z0-9+/]{%d})\r(?!\n)" % LINE
# By the names of the groups.
_NOTES = {"mistyped": MISTYPED, "passed_over": PASSED_OVER}

# Control characters and non-ASCII: people do not see them, OpenSSL ignores them at a line's end.
_BLANKS = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
_BEGIN_LINE = b"\n" + BEGIN
_ENCRYPTED = b"Proc-Type:4,ENCRYPTED"
# So many bytes may stand between two markers.
MAX_BODY = 8 << 20


def parse(data: bytes, known: Optional[Known] = None, *, proven: bool = False) -> Parsed:
    """Return what `data` holds.

    Blocks that `known` has are not examined again, and are not copied. With `proven` a block in its
    one form is not examined further.
    """
    parsed = Parsed(known or Known())
    # A text may begin with "0", too; what is shorter than 128 bytes is no certificate.
    is_der = data[:1] == b"\x30" and data[1:2] >= b"\x80"
    rest = data[der.read_file(data, parsed) :] if is_der else data
    # DER behind PEM always contains this byte, and ASCII text never does.
    if b"\x82" in rest:
        rest = der.cut_out(rest, parsed)
    in_one_form = _read_pem(_normalised(rest, parsed), parsed, proven=proven)
    parsed.is_plain = in_one_form == len(parsed.certificates) and not parsed.damage
    parsed.known.blocks.update([(block, block) for block, _ in parsed.certificates])
    holds_something = parsed.certificates or parsed.damage or parsed.private_keys
    if not holds_something and MISTYPED not in parsed.notes:
        parsed.instead = lookalikes.name_of(data)
    return parsed


def _normalised(data: bytes, parsed: Parsed) -> bytes:
    """Remove the NULs of UTF-16, which hide blocks from OpenSSL, and make all line ends LF."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        lone = re.search(_CR_ALONE, data)
        data = data.replace(b"\r", b"\n")
        if lone:
            parsed.notes[CR_ALONE] = 1 + data.count(b"\n", 0, lone.start())
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
    if text.startswith(BEGIN, start) and not start:
        return start
    found = text.find(_BEGIN_LINE, start)
    return len(text) if found < 0 else found + 1


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
    """Reads the parts of a file that are not regular PEM, in their order, block by block."""

    def __init__(self, data: bytes, parsed: Parsed) -> None:
        """Start at the first line."""
        self.data = data
        self.parsed = parsed
        # Line ends are counted up to here. Counting from the start each time would be quadratic.
        self.counted, self.lines = 0, 1

    def read(self, start: int, end: int) -> None:
        """Read from start to end: whole blocks, or the rest of the file."""
        begins = list(re.compile(_BEGIN).finditer(self.data, start, end))
        stops = [*[begin.start() for begin in begins], end]
        self._stray(start, stops[0])
        for begin, stop in zip(begins, stops[1:]):
            if len(self.parsed.damage) > MAX_DAMAGE:
                return
            self._block(begin, stop)

    def _block(self, begin: Match[bytes], stop: int) -> None:
        """Read what stands between a BEGIN and the next one."""
        closing = re.compile(_END).search(self.data, begin.end(), stop)
        label, end = begin[2], closing.start() if closing else stop
        if label in _LABELS:
            self._note_oddities(begin)
            self._body(label, begin.end(), end, closing and closing[2])
        elif label.endswith(b"PRIVATE KEY"):
            self.parsed.private_keys.append(self._line(begin.end()))
        if closing:
            if label in _LABELS:
                self._note_oddities(closing)
            self._stray(closing.end(), stop)

    def _stray(self, start: int, end: int) -> None:
        """Report the markers that stand outside of blocks."""
        note = None
        for marker in re.compile(_STRAY).finditer(self.data, start, end):
            is_told, note = note, _NOTES.get(marker.lastgroup or "")
            if note:
                self._note(marker, note)
            elif not is_told:
                self._damage(marker.start(), "END without its BEGIN")

    def _note_oddities(self, marker: Match[bytes]) -> None:
        """Note why OpenSSL would not see this marker, if so."""
        before = self.data[max(marker.start(1) - 1, 0) : marker.start(1)].strip(b"\n")
        behind = self.data[marker.end() : marker.end() + LINE].partition(b"\n")[0].strip(_BLANKS)
        if before or behind:
            self._note(marker, NOT_ALONE)
        if not marker[1] == marker[3] == b"-----":
            self._note(marker, WORD_PROCESSOR)

    def _note(self, marker: Match[bytes], message: str) -> None:
        self.parsed.notes.setdefault(message, self._line(marker.start()))

    def _line(self, position: int) -> int:
        self.lines += self.data.count(b"\n", self.counted, position)
        self.counted = position
        return self.lines

    def _damage(self, position: int, message: str, data: bytes = b"") -> None:
        self.parsed.report(Damage(self._line(position), message, data))

    def _body(self, label: bytes, start: int, end: int, closing: Optional[bytes]) -> None:
        """Read the text between two markers as the certificate that the first label promises."""
        text = self.data[start:end].strip(b"-\xe2\x80\x93\x94")
        if closing is None and _is_prose(text):
            return
        try:
            body, is_whole = _decode(text)
            trusted = label == b"TRUSTED CERTIFICATE"
            der.read_body(body, self._line(start), self.parsed, trusted=trusted)
        except NotDer as error:
            message = f"the certificate that begins here cannot be read: {error}"
            self._damage(start, message, text)
            return
        fault = "" if is_whole else "something else stands behind this certificate"
        if closing is None:
            fault = "the END line of this certificate is missing"
        elif closing != label:
            fault = f"this certificate ends with END {closing.decode('ascii')}"
        if fault:
            self._damage(start, f"{fault}; it is used all the same")
        elif b":" in text:
            self.parsed.notes.setdefault(HEADER, self._line(start))


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
    """Remove the headers of RFC 1421: lines with a colon, up to a blank line, or raise NotDer."""
    text = text.translate(None, b" \t")
    if _ENCRYPTED in text:
        raise NotDer("a header says that it is encrypted")
    blank = text.find(b"\n\n", text.find(b":"))
    is_header = b":" in text[text.rfind(b"\n", 0, max(blank, 0)) + 1 : blank]
    return text[blank:] if is_header else text


def _leading_base64(text: bytes) -> bytes:
    """Return the base64 at the beginning, without blanks, up to its padding or a foreign byte."""
    compact = text.translate(None, _BLANKS)
    foreign = compact.translate(None, ALPHABET)[:1]
    return compact[: compact.index(foreign)] if foreign else compact
