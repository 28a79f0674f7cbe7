"""Whether Python 3.13's strict checks refuse a certificate, and why. Pure.

Source: RFC 5280 sections 4.1 and 4.2, as far as OpenSSL checks it under X509_V_FLAG_X509_STRICT
(check_extensions() in crypto/x509/x509_vfy.c), which ssl.create_default_context() sets from 3.13.
"""

from __future__ import annotations

import sys
from typing import List, Optional, Tuple

from ...parsing import x509
from ...parsing.x509 import Extensions
from ..output import Finding

# Whether the default contexts of this Python are strict.
IS_ON = sys.version_info >= (3, 13)
_REMEDY = (
    "have that certificate issued again as RFC 5280 asks; until then clear ssl.VERIFY_X509_STRICT "
    "in the verify_flags of the context"
)

_BASIC_CONSTRAINTS, _KEY_USAGE = x509.OID_BASIC_CONSTRAINTS, x509.OID_KEY_USAGE
OID_SUBJECT_KEY, OID_AUTHORITY_KEY = b"\x55\x1d\x0e", b"\x55\x1d\x23"
OID_SAN = b"\x55\x1d\x11"
_BOOLEAN, _INTEGER = 0x01, 0x02


def finding(check: str, message: str) -> Finding:
    """Return a refusal by the strict checks, which matters as much as this Python has them on."""
    return Finding("problem" if IS_ON else "note", check, message, _REMEDY)


def refusals(der: bytes, *, is_last: bool = False) -> List[str]:
    """Return what the strict checks have against a certificate; it may be any bytes.

    `is_last`: it is the last of its chain, which needs no authority key identifier.
    """
    try:
        return _refusals(der, is_last=is_last)
    except ValueError as error:
        return [f"it cannot be read: {error}"]


def _refusals(der: bytes, *, is_last: bool) -> List[str]:
    places = x509.layout(der)
    found = places.extensions
    is_ca, path_length = _basic_constraints(found)
    reasons = _of_constraints(found, is_ca=is_ca, path_length=path_length)
    reasons += _of_names(places, found, is_ca=is_ca)
    if places.version < 3:
        return [*reasons, *(["version 1 or 2 with extensions"] if found else [])]
    return reasons + _of_identifiers(found, is_ca=is_ca, is_last=is_last)


def _basic_constraints(found: Extensions) -> Tuple[bool, Optional[bytes]]:
    """Return whether it is a CA, and its path length constraint."""
    _, value = found.get(_BASIC_CONSTRAINTS, (False, b"\x30\x00"))
    fields = dict(x509.members(value))
    return fields.get(_BOOLEAN, b"\0") != b"\0", fields.get(_INTEGER)


def _of_constraints(found: Extensions, *, is_ca: bool, path_length: Optional[bytes]) -> List[str]:
    reasons = []
    signs = x509.signs_certificates(found)
    if is_ca and not found[_BASIC_CONSTRAINTS][0]:
        reasons.append("its basic constraints are not critical")
    if is_ca and _KEY_USAGE not in found:
        reasons.append("it has no key usage")
    if path_length is not None and not is_ca:
        reasons.append("it is no CA, but has a path length")
    elif path_length is not None and not signs:
        reasons.append("it has a path length, but its key usage lacks keyCertSign")
    if not is_ca and _KEY_USAGE in found and signs:
        reasons.append("it is no CA, but its key usage has keyCertSign")
    return reasons


def _of_names(places: x509.Layout, found: Extensions, *, is_ca: bool) -> List[str]:
    reasons = []
    if places.issuer[1] == places.issuer[2]:
        reasons.append("its issuer is empty")
    if places.subject[1] == places.subject[2]:
        if is_ca or OID_SAN not in found:
            reasons.append("its subject is empty")
        elif not found[OID_SAN][0]:
            reasons.append("its subject is empty, and its alternative names are not critical")
    return reasons


def _of_identifiers(found: Extensions, *, is_ca: bool, is_last: bool) -> List[str]:
    reasons = []
    if is_ca and OID_SUBJECT_KEY not in found:
        reasons.append("it has no subject key identifier")
    if not is_last and not _names_key(found.get(OID_AUTHORITY_KEY)):
        reasons.append("it has no authority key identifier")
    for oid, called in ((OID_SUBJECT_KEY, "subject"), (OID_AUTHORITY_KEY, "authority")):
        if found.get(oid, (False, b""))[0]:
            reasons.append(f"its {called} key identifier is critical")
    return reasons


def _names_key(extension: Optional[Tuple[bool, bytes]]) -> bool:
    if extension is None:
        return False
    return any(tag == 0x80 for tag, _ in x509.members(extension[1]))
