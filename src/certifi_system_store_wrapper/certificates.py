"""Bytes in, certificates out: PEM, DER, PKCS#7 and OpenSSL's TRUSTED blocks. No I/O.

The content tells the format. What people really produce is read as far as it means one
certificate without doubt (byte-order marks, UTF-16, CR or no line ends, text around, glued
markers, a missing END); what cannot be read is reported with its line and costs nothing else.
A certificate leaves here as a *block*, the one canonical PEM text of its DER:
``-----BEGIN CERTIFICATE-----``, 64 columns, LF. Source of the formats: RFC 7468, RFC 2315.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import Dict, FrozenSet, List, Optional, Tuple

from . import asn1, formats
from .asn1 import NotDer
from .record import Record

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
LINE = 64

# What OpenSSL's TRUSTED block says of the purpose "TLS server".
PLAIN, REJECTED, OTHER_PURPOSE = "plain", "rejected", "other purpose"

_CERTIFICATE_LABELS = (
    b"CERTIFICATE",
    b"X509 CERTIFICATE",
    b"TRUSTED CERTIFICATE",
    b"PKCS7",
    b"PKCS #7 SIGNED DATA",
    b"CMS",
)
# A marker as people mangle it: any case, fewer dashes, blanks, glued to its neighbour. Bounded
# repeats, or a megabyte of blanks would take for ever. Compiled on first need: that takes 0.4 ms.
_MARKER = (
    rb"(?<=--)[ \t]{0,8}(BEGIN|END)[ \t]{1,8}([A-Z0-9#][A-Z0-9 #]{0,63}?)[ \t]{0,8}(?=--)",
    re.IGNORECASE,
)

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST = (_ALPHABET, b"AEIMQUYcgkosw048", b"AQgw")  # before 0, 1, 2 "=": no stray bits
# What OpenSSL passes over at the end of a line, and people do not see: controls and non-ASCII.
_BLANKS = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
MAX_BODY = 8 << 20  # bytes between two markers
MAX_DAMAGE = 1000  # pieces in one file, until only what is intact is looked for


class Certificate(Record):
    """One certificate: its block, and the verdict of a TRUSTED block on TLS servers."""

    block: bytes
    verdict: str = PLAIN


class Damage(Record):
    """Something meant to be a certificate, its line (from 1), and what is wrong with it.

    `data` is what stands there, unless it could be used all the same.
    """

    line: int
    message: str
    data: bytes = b""


class Parsed(Record):
    """What a file holds: certificates in its order, damage, and the lines of private keys."""

    certificates: List[Certificate]
    damage: List[Damage]
    private_keys: List[int]
    strict: Dict[bytes, bool]  # blocks that every OpenSSL loads: whether they name key usages
    instead: List[str]  # what the file seems to be, where it is nothing of all this


class Facts(Record):
    """What a certificate says of itself. Names and times are undecoded DER content."""

    version: int
    issuer: bytes
    subject: bytes
    not_before: bytes
    not_after: bytes
    ca: bool
    ekus: Optional[FrozenSet[bytes]]  # OID bodies; None where the extension is absent

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    @property
    def serves_tls(self) -> bool:
        """Whether the extended key usage allows TLS servers (RFC 5280 section 4.2.1.12)."""
        return self.ekus is None or not self.ekus.isdisjoint(
            (asn1.OID_SERVER_AUTH, asn1.OID_ANY_EKU)
        )


def block_of(der: bytes) -> bytes:
    """Return the canonical PEM of one certificate's DER."""
    text = b2a_base64(der, newline=False)
    lines = [text[i : i + LINE] for i in range(0, len(text), LINE)]
    return b"%b%b\n%b" % (BEGIN, b"\n".join(lines), END)


def der_of(block: bytes) -> bytes:
    """Return the DER of a canonical PEM block."""
    return a2b_base64(block[len(BEGIN) : -len(END)])


def parse(
    data: bytes, known: Optional[Dict[bytes, bytes]] = None, *, proven: bool = False
) -> Parsed:
    """Return what `data` holds.

    For speed, blocks in `known` are taken from there, unchecked: one copy of each is enough.
    With `proven` all blocks are taken as they are.
    """
    known = known or {}
    parsed = Parsed([], [], [], {}, [])
    whole = data
    if data[:1] == b"\x30":
        data = data[_parse_der(data, parsed) :]
    if b"\0" in data:  # UTF-16, and NULs that would hide the next block from OpenSSL
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    pieces = data.split(BEGIN)
    text = _Text(data, parsed)
    position = len(pieces[0])
    if _has_marker(pieces[0]):
        text.read(0, position)
    for piece in pieces[1:]:
        end = position + len(BEGIN) + len(piece)
        body, marker, rest = piece.partition(END)
        block = BEGIN + body + END
        regular = marker and (proven or not (rest and _has_marker(rest)))
        if regular and (proven or block in known or _is_sound(block, parsed.strict)):
            parsed.certificates.append(Certificate._make((known.get(block, block), PLAIN)))
        else:
            text.read(position, end)
        position = end
    if not (parsed.certificates or parsed.damage or parsed.private_keys):
        parsed.instead.append(formats.name_of(whole))
    return parsed


def _has_marker(text: bytes) -> bool:
    return b"-----" in text or b"begin" in text.lower()


def _is_sound(block: bytes, strict: Dict[bytes, bool]) -> bool:
    """Whether a block with regular markers is canonical and a certificate, nothing more."""
    if not _is_canonical(block):
        return False
    der = der_of(block)
    if asn1.is_strict(der):
        strict[block] = asn1.OID_EKU in der
        return True
    try:
        asn1.layout(der)
    except NotDer:
        return False
    return True


def _is_canonical(block: bytes) -> bool:
    """Whether decoding the block and encoding it again would give the same; in 2 microseconds."""
    body = block[len(BEGIN) : -len(END)]
    full, more = divmod(len(body), LINE + 1)
    newlines = full + bool(more)
    left = body.translate(None, _ALPHABET)
    padding = len(left) - newlines
    return (
        more != 1
        and 0 <= padding <= 2
        and (len(body) - newlines) % 4 == 0
        and left == b"\n" * (newlines - 1) + b"=" * padding + b"\n"
        and body[LINE :: LINE + 1] == b"\n" * full
        and body.endswith(b"=" * padding + b"\n")
        and body[-padding - 2] in _LAST[padding]
    )


class _Text:
    """PEM as people mangle it, read forgivingly marker by marker; always forwards."""

    def __init__(self, data: bytes, parsed: Parsed) -> None:
        self.data = data
        self.parsed = parsed
        self.counted, self.lines = 0, 1  # counting from the start each time would be quadratic

    def read(self, start: int, end: int) -> None:
        """Read the part from start to end, which holds whole blocks or the rest of the file."""
        label, body = b"", 0
        for marker in re.compile(*_MARKER).finditer(self.data, start, end):
            if len(self.parsed.damage) > MAX_DAMAGE:
                return
            is_begin, name = marker[1].upper() == b"BEGIN", marker[2].upper()
            if label:
                self._body(label, body, marker.start(), unterminated=is_begin)
            elif not is_begin and name in _CERTIFICATE_LABELS:
                self._damage(marker.start(), "END without its BEGIN")
            label, body = (name, marker.end()) if is_begin else (b"", 0)
        if label:
            self._body(label, body, end, unterminated=True)

    def _line(self, position: int) -> int:
        self.lines += self.data.count(b"\n", self.counted, position)
        self.counted = position
        return self.lines

    def _damage(self, position: int, message: str, data: bytes = b"") -> None:
        _report(self.parsed, Damage(self._line(position), message, data))

    def _body(self, label: bytes, start: int, end: int, *, unterminated: bool) -> None:
        """Read what stands between two markers as the certificate that the label promises."""
        if label.endswith(b"PRIVATE KEY"):
            self.parsed.private_keys.append(self._line(start))
        if label not in _CERTIFICATE_LABELS:
            return
        text = self.data[start:end].strip(b"-")
        if unterminated and _is_prose(text):
            return
        try:
            der, is_whole = _decode(text)
            trusted = label == b"TRUSTED CERTIFICATE"
            _read_certificates(der, self._line(start), self.parsed, trusted=trusted)
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


def _report(parsed: Parsed, damage: Damage) -> None:
    """Keep the damage; give up on a file that is damaged all over."""
    if len(parsed.damage) < MAX_DAMAGE:
        parsed.damage.append(damage)
    elif len(parsed.damage) == MAX_DAMAGE:
        message = "there is too much damage: from here on only intact certificates are used"
        parsed.damage.append(Damage(damage.line, message))


def _is_prose(text: bytes) -> bool:
    """Whether a BEGIN without END is a sentence about the marker; DER in base64 starts with M."""
    return text.partition(b"\n")[0].strip(_BLANKS)[:1] not in (b"", b"M")


def _decode(text: bytes) -> Tuple[bytes, bool]:
    """Return the bytes of a base64 body, and whether it is nothing but that; else raise NotDer."""
    if len(text) > MAX_BODY:
        raise NotDer(f"it is longer than {MAX_BODY >> 20} MiB")
    if b"\\" in text:  # a line end or a slash as JSON and shells write it
        text = text.replace(b"\\r", b"").replace(b"\\n", b"\n").replace(b"\\/", b"/")
    if b":" in text:
        text = _without_headers(text)
    encoded, is_whole = text.translate(None, _BLANKS), True
    core, _, tail = encoded.partition(b"=")
    if tail.strip(b"=") or core.translate(None, _ALPHABET):
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
    foreign = compact.translate(None, _ALPHABET)[:1]
    return compact[: compact.index(foreign)] if foreign else compact


def _read_certificates(der: bytes, line: int, parsed: Parsed, *, trusted: bool) -> None:
    """Add the certificates of one PEM body: one, one with trust settings, or a PKCS#7."""
    if _is_pkcs7(der):
        _read_pkcs7(der, line, parsed)
        return
    end = asn1.element(der, 0, len(der))[2]
    asn1.layout(der[:end])
    verdict = _verdict(der[end:]) if trusted else PLAIN
    parsed.certificates.append(Certificate(block_of(der[:end]), verdict))


def _parse_der(data: bytes, parsed: Parsed) -> int:
    """Read the start of a file that begins like DER; return how far it is DER."""
    position = 0
    try:
        if _is_pkcs7(data):
            return _read_pkcs7(data, 1, parsed)
        while data[position : position + 1] == b"\x30":
            end = asn1.element(data, position, len(data))[2]
            asn1.layout(data[position:end])
            parsed.certificates.append(Certificate(block_of(data[position:end])))
            position = end
    except NotDer as error:
        is_other = not parsed.certificates and formats.name_of(data) != formats.UNKNOWN
        if not is_other and (parsed.certificates or not _has_marker(data)):
            message = f"it is not a certificate in DER: {error}"
            _report(parsed, Damage(1, message, data[position:]))
    return position


def _is_pkcs7(data: bytes) -> bool:
    return _SIGNED_DATA in data[:24]


def _read_pkcs7(data: bytes, line: int, parsed: Parsed) -> int:
    """Add the certificates of a PKCS#7 SignedData (RFC 2315 section 9.1); return where it ends."""
    outer = asn1.whole(data, 0)
    content = asn1.parts(data, outer)  # ContentInfo: the OID and [0] SignedData
    signed = asn1.parts(data, content[-1]) if len(content) == 2 else []
    for part in asn1.parts(data, signed[0]) if signed else ():
        if part.tag == asn1.CONTEXT_0:
            for member in asn1.parts(data, part):
                _read_member(data[member.begin : member.next], line, parsed)
            return outer.next
    raise NotDer("the PKCS#7 holds no certificate")


def _read_member(der: bytes, line: int, parsed: Parsed) -> None:
    try:
        asn1.layout(der)
    except NotDer as error:
        message = f"a certificate in this PKCS#7 cannot be read: {error}"
        _report(parsed, Damage(line, message, der))
    else:
        parsed.certificates.append(Certificate(block_of(der)))


def _verdict(aux: bytes) -> str:
    """Return what OpenSSL's trailer of trust settings says of TLS servers (x509_trust.c)."""
    if not aux:
        return PLAIN
    server = (asn1.OID_SERVER_AUTH, asn1.OID_ANY_EKU)
    _, start, end = asn1.expect(aux, 0, len(aux), asn1.SEQUENCE)
    lists = {
        tag: [aux[a:b] for _, a, b in asn1.children(aux, inner, outer)]
        for tag, inner, outer in asn1.children(aux, start, end)
        if tag in (asn1.SEQUENCE, asn1.CONTEXT_0)
    }
    if any(oid in server for oid in lists.get(asn1.CONTEXT_0, ())):
        return REJECTED
    trusted = lists.get(asn1.SEQUENCE)
    if trusted is None or any(oid in server for oid in trusted):
        return PLAIN
    return OTHER_PURPOSE


def facts(der: bytes) -> Facts:
    """Return what the certificate in `der` says of itself; raise NotDer, a ValueError."""
    parts = asn1.layout(der)
    not_before, not_after = asn1.children(der, *parts.validity[1:])
    issuer, subject = der[slice(*parts.issuer[1:])], der[slice(*parts.subject[1:])]
    ekus = asn1.extension(der, asn1.OID_EKU, parts)
    return Facts(
        version=parts.version,
        issuer=issuer,
        subject=subject,
        not_before=der[slice(*not_before[1:])],
        not_after=der[slice(*not_after[1:])],
        ca=_is_ca(der, parts, self_issued=issuer == subject),
        ekus=None if ekus is None else frozenset(_members(ekus)),
    )


def is_ca(block: bytes) -> bool:
    """Whether the certificate of a block is a CA's; not where it cannot be told."""
    try:
        return facts(der_of(block)).ca
    except ValueError:  # OpenSSL may load it all the same
        return False


def _members(sequence: bytes) -> List[bytes]:
    """Return the contents of the members of one SEQUENCE."""
    _, start, end = asn1.expect(sequence, 0, len(sequence), asn1.SEQUENCE)
    return [sequence[a:b] for _, a, b in asn1.children(sequence, start, end)]


def _is_ca(der: bytes, parts: asn1.Layout, *, self_issued: bool) -> bool:
    """Whether OpenSSL would take it for a CA (check_ca in v3_purp.c)."""
    constraints = asn1.extension(der, asn1.OID_BASIC_CONSTRAINTS, parts)
    if constraints is not None:
        return _members(constraints)[:1] not in ([], [b"\0"])
    usage = asn1.extension(der, asn1.OID_KEY_USAGE, parts)
    if usage is not None:
        return len(usage) > 3 and bool(usage[3] & 0x04)  # keyCertSign
    return parts.version == 1 and self_issued
