"""Bytes in, certificates out: PEM, DER, PKCS#7 and OpenSSL's TRUSTED blocks. No I/O.

The content tells the format. What people really produce is read as far as it means one
certificate without doubt (byte-order marks, UTF-16, CR or no line ends, text around, glued
markers, a missing END); what cannot be read is reported with its line and costs nothing else.
A certificate leaves here as a *block*, the one canonical PEM text of its DER:
``-----BEGIN CERTIFICATE-----``, 64 columns, LF. Source of the formats: RFC 7468, RFC 2315.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Container, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from . import asn1
from .asn1 import NotDer

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
# A marker as people mangle it: any case, fewer dashes, blanks, glued to its neighbour.
_MARKER = re.compile(rb"-{2,}[ \t]*(BEGIN|END)[ \t]+([A-Z0-9 #]+?)[ \t]*(?=-{2,})", re.I)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_SIGNED_DATA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_MAX_BER = 1 << 20  # bytes of PKCS#7 with indefinite lengths: reading those is quadratic


class Certificate(NamedTuple):
    """One certificate: its block, and the verdict of a TRUSTED block on TLS servers."""

    block: bytes
    verdict: str = PLAIN


class Damage(NamedTuple):
    """Something meant to be a certificate that is none: its line, from 1, and what is wrong."""

    line: int
    message: str
    data: bytes = b""


class Parsed(NamedTuple):
    """What a file holds: certificates in its order, damage, and whether a private key."""

    certificates: List[Certificate]
    damage: List[Damage]
    private_keys: List[int]


class Facts(NamedTuple):
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


def parse(data: bytes, known: Container[bytes] = frozenset()) -> Parsed:
    """Return what `data` holds. Blocks in `known` are taken as they are, unchecked (speed)."""
    parsed = Parsed([], [], [])
    if data[:1] == b"\x30" and _parse_der(data, parsed):
        return parsed
    if b"\0" in data:  # UTF-16, and NULs that would hide the next block from OpenSSL
        data = data.replace(b"\0", b"")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    pieces = data.split(BEGIN)
    if _has_marker(pieces[0]):
        _parse_irregular(data, 0, len(pieces[0]), parsed)
    position = len(pieces[0])
    for piece in pieces[1:]:
        end = position + len(BEGIN) + len(piece)
        block, rest = _regular(piece)
        if block and not _has_marker(rest) and (block in known or _is_certificate(block)):
            parsed.certificates.append(Certificate(block))
        else:
            _parse_irregular(data, position, end, parsed)
        position = end
    return parsed


def _regular(piece: bytes) -> Tuple[bytes, bytes]:
    """Split what follows a BEGIN line into block and the text behind it, if it looks regular."""
    body, end, rest = piece.partition(END)
    return (BEGIN + body + END, rest) if end else (b"", piece)


def _has_marker(text: bytes) -> bool:
    return b"-----" in text or b"begin " in text.lower()


def _is_certificate(block: bytes) -> bool:
    """Whether a block with regular markers is canonical and a certificate, nothing more."""
    try:
        der = der_of(block)
        asn1.layout(der)
    except (NotDer, Base64Error):
        return False
    return block_of(der) == block


def _parse_irregular(data: bytes, start: int, end: int, parsed: Parsed) -> None:
    """Read the part of `data` from start to end marker by marker, forgivingly."""
    label, body = b"", 0
    for marker in _MARKER.finditer(data, start, end):
        is_begin, name = marker[1].upper() == b"BEGIN", marker[2].upper()
        if label:
            _parse_body(data, label, body, marker.start(), is_begin, parsed)
        elif not is_begin and name in _CERTIFICATE_LABELS:
            parsed.damage.append(Damage(_line(data, marker.start()), "END without its BEGIN"))
        label, body = (name, marker.end()) if is_begin else (b"", 0)
    if label:
        _parse_body(data, label, body, end, True, parsed)


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _parse_body(
    data: bytes, label: bytes, start: int, end: int, unterminated: bool, parsed: Parsed
) -> None:
    """Read what stands between two markers as the certificate that the label promises."""
    text = data[start:end].lstrip(b"-")
    if label.endswith(b"PRIVATE KEY"):
        parsed.private_keys.append(_line(data, start))
    if label not in _CERTIFICATE_LABELS or (unterminated and _is_prose(text)):
        return
    try:
        der = _decode(text, unterminated)
        parsed.certificates.extend(_certificates(der, label == b"TRUSTED CERTIFICATE"))
        message = "the END line of this certificate is missing; it is used all the same"
    except NotDer as error:
        unterminated = True
        message = f"the certificate that begins here cannot be read: {error}"
    if unterminated:
        parsed.damage.append(Damage(_line(data, start), message, text))


def _is_prose(text: bytes) -> bool:
    """Whether a BEGIN without END is a sentence about the marker; DER in base64 starts with M."""
    return text.partition(b"\n")[0].strip()[:1] not in (b"", b"M")


def _decode(text: bytes, unterminated: bool) -> bytes:
    """Return the bytes of a base64 body, else raise NotDer."""
    lines = text.replace(b"\\r", b"").replace(b"\\n", b"\n").split(b"\n")
    blanks = [number for number, line in enumerate(lines) if not line.strip()]
    if any(b":" in line for line in lines):  # headers as in RFC 1421, up to a blank line
        header_end = next((n for n in blanks if n and b":" in lines[n - 1]), 0)
        lines = lines[header_end:]
    words = [word for line in lines for word in line.split()]
    if unterminated:
        words = list(_leading_base64(words))
    joined = b"".join(words)
    if not joined:
        raise NotDer("it is empty")
    if not _BASE64.fullmatch(joined) or (len(joined.rstrip(b"=")) % 4) == 1:
        raise NotDer("it is not base64")
    return a2b_base64(joined.rstrip(b"=") + b"==")


def _leading_base64(words: List[bytes]) -> Iterator[bytes]:
    for word in words:
        if not _BASE64.fullmatch(word):
            return
        yield word


def _certificates(der: bytes, trusted: bool) -> List[Certificate]:
    """Return the certificates of one PEM body: one, one with trust settings, or a PKCS#7."""
    if _is_pkcs7(der):
        return _pkcs7(der)
    end = asn1.element(der, 0, len(der))[2]
    asn1.layout(der[:end])
    return [Certificate(block_of(der[:end]), _verdict(der[end:]) if trusted else PLAIN)]


def _parse_der(data: bytes, parsed: Parsed) -> bool:
    """Read a file that starts like DER; return False where it is something else."""
    try:
        if _is_pkcs7(data):
            parsed.certificates.extend(_pkcs7(data))
            return True
        while data[:1] == b"\x30":
            end = asn1.element(data, 0, len(data))[2]
            asn1.layout(data[:end])
            parsed.certificates.append(Certificate(block_of(data[:end])))
            data = data[end:]
    except NotDer as error:
        if not parsed.certificates and _MARKER.search(data):
            return False
        parsed.damage.append(Damage(1, f"it is not a certificate in DER: {error}", data))
    return True


def _is_pkcs7(data: bytes) -> bool:
    return b"\x06\x09" + _SIGNED_DATA in data[:24]


def _pkcs7(data: bytes) -> List[Certificate]:
    """Return the certificates of a PKCS#7 SignedData (RFC 2315 section 9.1), BER included."""
    data = data[:_MAX_BER]
    content = asn1.parts(data, asn1.whole(data, 0))
    signed = asn1.parts(data, content[-1])  # ContentInfo: the OID and [0] SignedData
    for part in asn1.parts(data, signed[0]) if signed else ():
        if part.tag == asn1.CONTEXT_0:
            ders = [data[member.begin : member.next] for member in asn1.parts(data, part)]
            return [_plain(der) for der in ders]
    raise NotDer("the PKCS#7 holds no certificate")


def _plain(der: bytes) -> Certificate:
    asn1.layout(der)
    return Certificate(block_of(der))


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
    times = [der[start:end] for _, start, end in asn1.children(der, *parts.validity[1:])]
    if len(times) != 2:
        raise NotDer("its validity is not two times")
    issuer, subject = der[slice(*parts.issuer[1:])], der[slice(*parts.subject[1:])]
    ekus = asn1.extension(der, asn1.OID_EKU, parts)
    return Facts(
        version=parts.version,
        issuer=issuer,
        subject=subject,
        not_before=times[0],
        not_after=times[1],
        ca=_is_ca(der, parts, issuer == subject),
        ekus=None if ekus is None else frozenset(_members(ekus)),
    )


def _members(sequence: bytes) -> List[bytes]:
    """Return the contents of the members of one SEQUENCE."""
    _, start, end = asn1.expect(sequence, 0, len(sequence), asn1.SEQUENCE)
    return [sequence[a:b] for _, a, b in asn1.children(sequence, start, end)]


def _is_ca(der: bytes, parts: asn1.Layout, self_issued: bool) -> bool:
    """Whether OpenSSL would take it for a CA (check_ca in v3_purp.c)."""
    constraints = asn1.extension(der, asn1.OID_BASIC_CONSTRAINTS, parts)
    if constraints is not None:
        return _members(constraints)[:1] not in ([], [b"\0"])
    usage = asn1.extension(der, asn1.OID_KEY_USAGE, parts)
    if usage is not None:
        return len(usage) > 3 and bool(usage[3] & 0x04)  # keyCertSign
    return parts.version == 1 and self_issued
