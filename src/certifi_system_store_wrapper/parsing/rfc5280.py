"""Whether the strict checks of Python 3.13 refuse a certificate, and why. No I/O.

(What pem.Known calls strict is another thing: that OpenSSL loads it for certain.)

Source: RFC 5280 sections 4.1 and 4.2, as far as OpenSSL checks it under X509_V_FLAG_X509_STRICT
(check_extensions() in crypto/x509/x509_vfy.c), which ssl.create_default_context() sets from 3.13.
"""

from __future__ import annotations

from typing import List

from . import x509
from .x509 import Extensions

_BASIC_CONSTRAINTS, _KEY_USAGE = x509.OID_BASIC_CONSTRAINTS, x509.OID_KEY_USAGE
OID_SUBJECT_KEY, OID_AUTHORITY_KEY = b"\x55\x1d\x0e", b"\x55\x1d\x23"
OID_SAN = b"\x55\x1d\x11"
# The tag of the key's identifier in the extension that names the issuer's key.
KEY_ID = 0x80


def refusals(der: bytes, *, is_last: bool = False) -> List[str]:
    """Return why the strict checks refuse a certificate; `der` may be any bytes.

    The last certificate of a chain (`is_last`) needs no authority key identifier.
    """
    try:
        return _refusals(der, is_last=is_last)
    except ValueError as error:
        return [f"it cannot be read: {error}"]


def _refusals(der: bytes, *, is_last: bool) -> List[str]:
    places = x509.layout(der)
    found = places.extensions
    has_issuer, has_subject = (span[1] < span[2] for span in (places.issuer, places.subject))
    is_ca, path_length = x509.basic_constraints(found)
    signs, has_usage = x509.signs_certificates(found), _KEY_USAGE in found
    is_critical = {oid for oid, (critical, _) in found.items() if critical}
    lacks_name = not has_subject and (is_ca or OID_SAN not in found)
    is_new = places.version >= 3
    reasons = {
        "its basic constraints are not critical": is_ca and _BASIC_CONSTRAINTS not in is_critical,
        "it has no key usage": is_ca and not has_usage,
        "it is no CA, but has a path length": path_length is not None and not is_ca,
        "it has a path length, but its key usage lacks keyCertSign": (
            path_length is not None and is_ca and not signs
        ),
        "it is no CA, but its key usage has keyCertSign": has_usage and signs and not is_ca,
        "its issuer is empty": not has_issuer,
        "its subject is empty": lacks_name,
        "its subject is empty, and its alternative names are not critical": (
            not has_subject and not lacks_name and OID_SAN not in is_critical
        ),
        "it has no subject key identifier": is_new and is_ca and OID_SUBJECT_KEY not in found,
        "it has no authority key identifier": is_new and not is_last and not _names_key(found),
        "its subject key identifier is critical": is_new and OID_SUBJECT_KEY in is_critical,
        "its authority key identifier is critical": is_new and OID_AUTHORITY_KEY in is_critical,
    }
    return [reason for reason, applies in reasons.items() if applies]


def _names_key(found: Extensions) -> bool:
    """Whether the authority key identifier names a key."""
    _, value = found.get(OID_AUTHORITY_KEY, (False, b"\x30\x00"))
    return any(tag == KEY_ID for tag, _ in x509.members(value))
