"""Why OpenSSL refuses a server's certificate: its verify codes, in words that help."""

from __future__ import annotations

from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Callable, Dict, List, Optional, Tuple

from ....reporting.findings import DISTRUSTED
from ...output import Finding, note, problem
from . import chain, missing_issuer
from .chain import Link, View
from .handshake import Outcome

_WHO = "whoever runs the server"


def cause(view: View, outcome: Outcome) -> Finding:
    """Return why the server is refused, as a problem with its remedy."""
    if outcome.code in _TIMES:
        return _wrong_time(view, _TIMES[outcome.code])
    if outcome.code in _WRONG_NAME:
        return wrong_name(view)
    distrusted = _distrusted(view)
    if distrusted:
        return distrusted
    for codes, explain in _EXPLAINED:
        if outcome.code in codes:
            return explain(view)
    if outcome.code in _SIMPLE:
        check, message, remedy = _SIMPLE[outcome.code]
        return problem(check, message, remedy)
    remedy = f"search for that sentence; {_WHO} may have to mend its certificates"
    return problem("other", f"OpenSSL refuses it: {outcome.message} ({outcome.code})", remedy)


def _wrong_time(view: View, what: str) -> Finding:
    """Report which certificate is expired or not yet valid, and who has to act."""
    clock = f"this machine's clock says {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    for number, one in enumerate(view.path):
        if what in one.marks:
            who = "a CA of its chain" if number else "the server's own certificate"
            remedy = f"{_WHO} has to renew it, if the clock is right: {clock}"
            return problem(what, f"{who} is {what}: {one.subject}", remedy)
    for anchor, one in view.issuers():
        if what in one.marks:
            message = f"the CA that is trusted here is {what}: {one.subject} of "
            remedy = f"get its current certificate, and `add` it, if the clock is right: {clock}"
            return problem(what, message + anchor.origins[0].path, remedy)
    message = f"a certificate above the presented ones is {what}: the issuer of {view.issuer}"
    return problem(what, message, f"check the clock first: {clock}")


def next_causes(view: View, outcome: Outcome) -> List[Finding]:
    """Return what else OpenSSL would refuse if the issuer were trusted: it names one cause only."""
    if not view.path or outcome.code not in (18, *_NO_ISSUER):
        return []
    own = view.path[0]
    found = [_wrong_time(view, what) for what in _TIMES.values() if what in own.marks]
    names = chain.names(own)
    if names and not any(chain.is_for(view.where.host, name) for name in names):
        found.append(wrong_name(view))
    return [note(each.check, f"even then: {each.message}", each.remedy) for each in found]


def wrong_name(view: View) -> Finding:
    """Report that the certificate is for other names, and for which."""
    message = f"the certificate is for another name than {view.where.host}"
    names = chain.names(view.path[0]) if view.path else []
    if not names:
        remedy = "it has no alternative names, and nobody reads its common name any more"
        return problem("name", message, f"{remedy}: {_WHO} has to have it issued anew")
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return problem(
        "name", message + _near_miss(view.where.host, names), f"use one of its names: "
        f"{', '.join(names[:10])}{more}",
    )  # fmt: skip


def _near_miss(host: str, names: List[str]) -> str:
    """Return why a name that looks right does not count."""
    try:
        ip_address(host)
    except ValueError:
        deeper = [n for n in names if n.startswith("*.") and host.endswith(n[1:].lower())]
        return f" ({deeper[0]} stands for one label only)" if deeper else ""
    return " (an address counts only where it stands as an IP address)" if host in names else ""


def _distrusted(view: View) -> Optional[Finding]:
    for out, one in view.excluded():
        if out.reason == DISTRUSTED:
            says = out.detail or out.places
            message = f"its root is distrusted: {says} says so of {one.subject}"
            remedy = "ask your administrator; what you `add` yourself is trusted all the same"
            return problem("distrusted", message, remedy)
    return None


def _self_signed(view: View) -> Finding:
    subject = view.path[0].subject if view.path else "unknown"
    message = f"the server presents a self-signed certificate: {subject}"
    remedy = "get that certificate on a trusted way, and `add` it; better: a CA's certificate"
    return problem("self-signed", message, remedy)


def _no_ca(view: View) -> Finding:
    above = [*view.path[1:], *(one for _, one in view.issuers())]
    guilty = next((one.subject for one in above if not one.is_ca), "")
    message = f"a certificate that signs in this chain is no CA's: {guilty}"
    if not guilty:
        message = f"a CA of this chain may not sign certificates (key usage): {view.issuer}"
    return problem("no-ca", message, "have the server's certificate issued by a CA")


def _purpose(view: View) -> Finding:
    guilty = _first(view, chain.lacks_server_auth)
    why = f"the extended key usage of {guilty}" if guilty else "a key usage"
    message = f"a certificate of this chain may not be used for TLS servers: {why} is for others"
    return problem("purpose", message, "have it issued for TLS servers (serverAuth)")


def _name_constraints(view: View) -> Finding:
    guilty = _first(view, lambda one: chain.NAME_CONSTRAINTS in one.extensions) or "a CA"
    message = f"its name is outside of what the name constraints of {guilty} permit"
    return problem("name-constraints", message, "that CA may not issue for this name: use another")


def _critical_extension(view: View) -> Finding:
    found = [f"{oid} of {one.subject}" for one in _all(view) for oid in chain.unhandled(one)]
    message = f"OpenSSL does not know a critical extension: {', '.join(found) or 'unknown which'}"
    return problem("critical-extension", message, "have the certificate issued without it")


def _all(view: View) -> List[Link]:
    return [*view.path, *(one for _, one in view.issuers())]


def _first(view: View, is_guilty: Callable[[Link], bool]) -> str:
    return next((one.subject for one in _all(view) if is_guilty(one)), "")


# OpenSSL's verify codes (x509_vfy.h); 24 meant another thing before OpenSSL 3.
_TIMES = {9: "not yet valid", 10: "expired"}
_WRONG_NAME = (62, 64)
_NO_ISSUER = (2, 19, 20, 21, 27)
_EXPLAINED: Tuple[Tuple[Tuple[int, ...], Callable[[View], Finding]], ...] = (
    ((18,), _self_signed),
    ((24, 79), _no_ca),
    ((26,), _purpose),
    ((47, 48), _name_constraints),
    ((34,), _critical_extension),
    (_NO_ISSUER, missing_issuer.cause),
)
_RENEW = f"{_WHO} has to have its certificates issued anew"
_SIMPLE: Dict[int, Tuple[str, str, str]] = {
    7: (
        "signature",
        "a signature in this chain does not fit: that CA has another key by now, or it was changed",
        "get the current certificate of that CA, and `add` it",
    ),
    13: ("time", "a certificate of this chain begins at no time that can be read", _RENEW),
    14: ("time", "a certificate of this chain ends at no time that can be read", _RENEW),
    22: ("path-length", "its chain has more certificates than OpenSSL follows", _RENEW),
    23: ("revoked", "its certificate is revoked", _RENEW),
    25: (
        "path-length",
        "a CA of this chain may not have so many CAs below it (path length)",
        _RENEW,
    ),
    28: (
        "distrusted",
        "the store rejects a certificate of this chain for TLS servers",
        "ask your administrator",
    ),
    30: ("other-key", "the issuer's key is not the one that the certificate names", _RENEW),
    32: ("no-ca", "a CA of this chain may not sign certificates (key usage)", _RENEW),
    66: ("weak", "the key of the server's certificate is too short", _RENEW),
    67: ("weak", "the key of a CA of this chain is too short", _RENEW),
    68: ("weak", "a signature in this chain uses a hash that is too weak, as SHA-1", _RENEW),
    76: ("weak", "a signature in this chain is of a kind that OpenSSL does not know", _RENEW),
}
