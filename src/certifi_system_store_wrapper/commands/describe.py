"""What a certificate says of itself, for people and JSON: names, times, marks. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Dict, List, Optional

from ..parsing import x509

SOON = timedelta(days=30)
# In bytes.
_LONGEST_OID = 64
# In characters; real names have 300 at most.
_LONGEST_NAME = 1000
_ATTRIBUTES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x05": "serialNumber",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
}
_ENCODINGS = {0x14: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
# UTCTime and GeneralizedTime, by their length.
_TIME_FORMATS = {13: "%y%m%d%H%M%SZ", 15: "%Y%m%d%H%M%SZ"}


def certificate(der: bytes) -> Dict[str, Any]:
    """Return subject, issuer, validity (ISO 8601, UTC) and marks, as far as they can be read."""
    told = {"sha256": sha256(der).hexdigest(), "subject": "", "issuer": ""}
    try:
        facts = x509.facts(der)
        told.update(subject=_name(facts.subject), issuer=_name(facts.issuer))
    except ValueError as error:
        return {**told, "marks": [f"cannot be read: {error}"]}
    begins, ends = _moment(facts.not_before), _moment(facts.not_after)
    return {
        **told,
        "ca": facts.ca,
        "not_before": _iso(begins),
        "not_after": _iso(ends),
        "marks": _marks(begins, ends, ca=facts.ca),
    }


def _marks(begins: Optional[datetime], ends: Optional[datetime], *, ca: bool) -> List[str]:
    """Return what the user should know before relying on the certificate."""
    now = datetime.now(timezone.utc)
    marks = {
        "not a CA": not ca,
        "not yet valid": begins and begins > now,
        "expired": ends and ends < now,
        "expires soon": ends and now <= ends < now + SOON,
    }
    return [mark for mark, applies in marks.items() if applies]


def _moment(content: bytes) -> Optional[datetime]:
    """Return a time of the Validity (RFC 5280 section 4.1.2.5), None if it is not one."""
    try:
        text = content.decode("ascii")
        found = datetime.strptime(text, _TIME_FORMATS[len(text)]).replace(tzinfo=timezone.utc)
    except (KeyError, ValueError):
        return None
    if len(text) == 13 and found.year >= 2050:
        found = found.replace(year=found.year - 100)
    return found


def _iso(when: Optional[datetime]) -> Optional[str]:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def _name(content: bytes) -> str:
    """Return the content of a Name as text, most specific part first (RFC 4514), not too long."""
    parts = [
        _attribute(attribute)
        for _, together in x509.elements(content)
        for _, attribute in x509.elements(together)
    ]
    text = ", ".join(reversed(parts))
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:_LONGEST_NAME]}... ({len(text) - _LONGEST_NAME} more)"


def _attribute(attribute: bytes) -> str:
    (_, oid), (tag, value) = x509.elements(attribute)[:2]
    text = value.decode(_ENCODINGS.get(tag, "utf-8"), "replace")
    return f"{_ATTRIBUTES.get(oid) or dotted(oid)}={text}"


def dotted(oid: bytes) -> str:
    """Return the content of an OBJECT IDENTIFIER in numbers (X.690 section 8.19)."""
    numbers, number = [], 0
    for byte in oid[:_LONGEST_OID]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if not numbers or len(oid) > _LONGEST_OID:
        return oid[:_LONGEST_OID].hex()
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
