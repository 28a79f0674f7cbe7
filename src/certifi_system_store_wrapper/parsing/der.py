"""Certificates in DER: alone, in a PKCS#7, or with the trust settings of OpenSSL. No I/O.

Source: RFC 2315 section 9.1 (PKCS#7, whose lengths may be indefinite by X.690 section 8.1.3.6),
OpenSSL's x509_trust.c.
"""

from __future__ import annotations

import re
from itertools import islice

from . import asn1, lookalikes, x509
from .asn1 import NotDer, parts, whole
from .pem import OTHER_PURPOSE, PLAIN, REJECTED, UNKNOWN, Damage, Parsed, has_marker

# So many places with DER behind PEM are read: for each the lines before it are counted.
MAX_BETWEEN = 100
_PEM, _CUT_OFF = b"-----BEGIN ", "the certificate in DER is cut off: PEM begins within it"
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"


def read_body(der: bytes, line: int, parsed: Parsed, *, trusted: bool) -> None:
    """Add the certificates of one PEM body: one, one with trust settings, or a PKCS#7."""
    if _is_pkcs7(der):
        _read_pkcs7(der, line, parsed)
        return
    end = asn1.element(der, 0, len(der))[2]
    parsed.add(der[:end], _verdict(der[end:]) if trusted else PLAIN)


def read_file(data: bytes, parsed: Parsed, position: int = 0) -> int:
    """Read the DER that begins at `position`; return where it ends."""
    line = 1 + data.count(b"\n", 0, position)
    try:
        while data[position : position + 1] == b"\x30":
            if _is_pkcs7(data[position : position + 24]):
                position = _read_pkcs7(data, line, parsed, position)
            else:
                end = asn1.element(data, position, len(data))[2]
                if position <= data.find(_PEM, position, end + len(_PEM) - 1) < end:
                    parsed.report(Damage(line, _CUT_OFF, data[position:end]))
                    return position
                parsed.add(data[position:end])
                position = end
            while data[position : position + 1] in (b"\r", b"\n"):
                position += 1
    except NotDer as error:
        if position or not (has_marker(data) or lookalikes.name_of(data) != UNKNOWN):
            message = f"it is not a certificate in DER: {error}"
            parsed.report(Damage(line, message, data[position:]))
    return position


def cut_out(data: bytes, parsed: Parsed) -> bytes:
    """Read DER that begins behind a PEM block or behind blank lines; stop at the first damage.

    Return the data without it: what stands behind it begins a line.
    """
    found = re.finditer(rb"(?:\A[\s\xef\xbb\xbf]+|-----\s*)(?=0[\x80-\x84])", data)
    before, kept, end = len(parsed.damage), b"", 0
    for each in islice(found, MAX_BETWEEN):
        begin = each.end()
        # Some bytes of what has been read may look so.
        if begin < end:
            continue
        kept += data[end:begin]
        end = read_file(data, parsed, begin)
        kept += b"\n" * max(data.count(b"\n", begin, end), end > begin)
        if end == begin or len(parsed.damage) > before:
            return kept + data[end:]
    for each in islice(found, 1):
        message = f"DER stands at more than {MAX_BETWEEN} places: from here on it is not read"
        parsed.report(Damage(1 + data.count(b"\n", 0, each.end()), message))
    return kept + data[end:]


def _is_pkcs7(data: bytes) -> bool:
    return _SIGNED_DATA in data[:24]


def _read_pkcs7(data: bytes, line: int, parsed: Parsed, begin: int = 0) -> int:
    """Add the certificates of a PKCS#7 SignedData (RFC 2315 section 9.1); return where it ends."""
    outer = whole(data, begin)
    # ContentInfo: the OID and [0] SignedData.
    content = parts(data, outer)
    signed = parts(data, content[-1]) if len(content) == 2 else []
    for part in parts(data, signed[0]) if signed else ():
        if part.tag == asn1.CONTEXT_0:
            for member in parts(data, part):
                _read_member(data[member.begin : member.next], line, parsed)
            return outer.next
    raise NotDer("the PKCS#7 holds no certificate")


def _read_member(der: bytes, line: int, parsed: Parsed) -> None:
    try:
        parsed.add(der)
    except NotDer as error:
        message = f"a certificate in this PKCS#7 cannot be read: {error}"
        parsed.report(Damage(line, message, der))


def _verdict(aux: bytes) -> str:
    """Return what the trust settings behind the certificate say of TLS servers (x509_trust.c)."""
    if not aux:
        return PLAIN
    server = (x509.OID_SERVER_AUTH, x509.OID_ANY_EKU)
    lists = {
        tag: [oid for _, oid in x509.elements(oids)]
        for tag, oids in x509.members(aux)
        if tag in (asn1.SEQUENCE, asn1.CONTEXT_0)
    }
    if any(oid in server for oid in lists.get(asn1.CONTEXT_0, ())):
        return REJECTED
    trusted = lists.get(asn1.SEQUENCE)
    if trusted is None or any(oid in server for oid in trusted):
        return PLAIN
    return OTHER_PURPOSE
