"""What people are told of a certificate that Python 3.13's strict checks refuse."""

from __future__ import annotations

import sys

from ...parsing.rfc5280 import OID_AUTHORITY_KEY, OID_SAN, OID_SUBJECT_KEY, refusals
from ..output import Finding

__all__ = [
    "IS_ON",
    "OID_AUTHORITY_KEY",
    "OID_SAN",
    "OID_SUBJECT_KEY",
    "finding",
    "refusals",
]

# Whether the default contexts of this Python are strict.
IS_ON = sys.version_info >= (3, 13)
_REMEDY = (
    "have that certificate issued again as RFC 5280 asks; until then clear ssl.VERIFY_X509_STRICT "
    "in the verify_flags of the context"
)


def finding(check: str, message: str) -> Finding:
    """Return a refusal by the strict checks: a problem if this Python has them on, else a note."""
    return Finding("problem" if IS_ON else "note", check, message, _REMEDY)
