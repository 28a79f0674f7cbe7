"""What a certificate says of itself, for people and JSON: names, times, marks. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Dict, List, Optional, Sequence

from ..parsing import x509
from . import output

SOON = timedelta(days=30)
# UTCTime and GeneralizedTime, by their length.
_TIME_FORMATS = {13: "%y%m%d%H%M%SZ", 15: "%Y%m%d%H%M%SZ"}


def certificate(der: bytes) -> Dict[str, Any]:
    """Return subject, issuer, validity (ISO 8601, UTC) and marks, as far as they can be read."""
    told = {"sha256": sha256(der).hexdigest(), "subject": "", "issuer": ""}
    try:
        facts = x509.facts(der)
        told.update(subject=x509.name_of(facts.subject), issuer=x509.name_of(facts.issuer))
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


def several(ders: Sequence[bytes]) -> str:
    """Return what the first of these certificates is called, and how many more there are."""
    told = map(certificate, ders)
    return output.several([each["subject"] or each["sha256"] for each in told])


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
