"""Of certificates with one name OpenSSL takes the first: which one should that be? No I/O.

A root that was issued again must not be hidden by its predecessor, nor by its cross-signed twin,
nor by what may sign nothing, which vouches for itself alone, wherever it stands.
It is loaded only where there are such certificates.
"""

from __future__ import annotations

from typing import Sequence, Tuple

from . import rfc5280, x509
from .asn1 import OCTET_STRING
from .pem import der_of
from .x509 import Layout

# What decides, in this order.
REASONS = ("it may sign certificates", "self-signed", "it passes the strict checks", "issued later")
# Greater stands first.
Rank = Tuple[bool, bool, bool, bytes]


def in_order(blocks: Sequence[bytes]) -> Sequence[bytes]:
    """Return the certificates of one name, the best first; equally good ones keep their order."""
    return sorted(blocks, key=_rank, reverse=True)


def reason(first: bytes, second: bytes) -> str:
    """Return why the first of two twins stands before the other."""
    pairs = zip(REASONS, _rank(first), _rank(second))
    return next((why for why, one, other in pairs if one != other), "found first")


def _rank(block: bytes) -> Rank:
    der = der_of(block)
    try:
        places = x509.layout(der)
        facts = x509.facts(der, places)
        signs = facts.ca and x509.signs_certificates(places.extensions)
        own = facts.self_issued and _names_own_key(places)
    except ValueError:
        return False, False, False, b""
    conforms = not rfc5280.refusals(der, is_last=True)
    return signs, own, conforms, _year_first(facts.not_before)


def _names_own_key(places: Layout) -> bool:
    """Whether it does not say that another key than its own has signed it."""
    _, held = places.extensions.get(rfc5280.OID_SUBJECT_KEY, (False, b""))
    _, named = places.extensions.get(rfc5280.OID_AUTHORITY_KEY, (False, b""))
    signer = dict(x509.members(named)).get(rfc5280.KEY_ID) if named else None
    return not (held and signer) or x509.content(held, OCTET_STRING) == signer


def _year_first(time: bytes) -> bytes:
    """Return a UTCTime as a GeneralizedTime, which sorts (RFC 5280 section 4.1.2.5)."""
    if len(time) != 13:
        return time
    return (b"20" if time < b"50" else b"19") + time
