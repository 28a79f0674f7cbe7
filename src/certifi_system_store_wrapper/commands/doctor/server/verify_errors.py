"""Why OpenSSL refuses a server's certificate: a cause and a remedy for each verify code."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Callable, Dict, Iterator, List, Tuple

from ....parsing.x509 import OID_KEY_USAGE
from ....reporting.findings import DISTRUSTS, REJECTED
from ....sources.system import unix
from ...output import Finding, note, problem, several
from ..verify_codes import NO_ISSUER, OTHER_KEY, SELF_SIGNED, STORE_REJECTS, TIMES, WRONG_NAME
from . import chain, missing
from .chain import Link, View
from .handshake import Outcome
from .target import OPERATOR, is_host, is_ip

_SELECT = "take the ! off its line there, and run update-ca-certificates as root"
_RENEW = f"{OPERATOR} has to have its certificates issued anew"
# Codes that need no look at the certificates: the check, what is wrong, and what to do.
_SIMPLE: Dict[int, Tuple[str, str, str]] = {
    13: ("time", "a certificate of this chain begins at no time that can be read", _RENEW),
    14: ("time", "a certificate of this chain ends at no time that can be read", _RENEW),
    22: ("path-length", "its chain has more certificates than OpenSSL follows", _RENEW),
    23: ("revoked", "its certificate is revoked", _RENEW),
    25: (
        "path-length",
        "a CA of this chain may not have so many CAs below it (path length)",
        _RENEW,
    ),
    STORE_REJECTS: (
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


def cause(view: View, outcome: Outcome) -> Finding:
    """Return why the server is refused, as a problem with its remedy."""
    if outcome.code in TIMES:
        return _wrong_time(view, TIMES[outcome.code])
    if outcome.code in WRONG_NAME:
        return wrong_name(view)
    distrusted = next(_distrusted(view), None)
    if distrusted:
        return distrusted
    if outcome.code in _EXPLAINED:
        return _EXPLAINED[outcome.code](view)
    unknown = (
        "other",
        f"OpenSSL refuses it: {outcome.message} ({outcome.code})",
        f"search for that sentence; {OPERATOR} may have to mend its certificates",
    )
    return problem(*_SIMPLE.get(outcome.code, unknown))


def _wrong_time(view: View, what: str) -> Finding:
    """Report which certificate is expired or not yet valid, and who has to renew it."""
    clock = f"this machine's clock says {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    for number, one in enumerate(view.path):
        # A root that the server presents, too, is the one that is trusted here.
        if what in one.marks and not (number and one.is_self_issued):
            who = "a CA of its chain" if number else "the server's own certificate"
            remedy = f"{OPERATOR} has to renew it, if the clock is right: {clock}"
            return problem(what, f"{who} is {what}: {one.subject}", remedy)
    for anchor, one in view.issuers():
        if what in one.marks:
            where = anchor.origins[0].path
            remedy = f"get its current certificate, and `add` it, if the clock is right: {clock}"
            message = f"the CA that is trusted here is {what}: {one.subject} of {where}"
            return problem(what, message, remedy)
    message = f"a certificate above the presented ones is {what}: the issuer of {view.issuer}"
    return problem(what, message, f"check the clock first: {clock}")


def next_causes(view: View, outcome: Outcome) -> List[Finding]:
    """Return what OpenSSL would refuse next if the issuer were trusted; it names one cause only."""
    if not view.path or outcome.code not in (SELF_SIGNED, *NO_ISSUER):
        return []
    own = view.path[0]
    found = [_wrong_time(view, what) for what in TIMES.values() if what in own.marks]
    names = chain.names(own)
    if names and not any(chain.is_for(view.where.host, name) for name in names):
        found.append(wrong_name(view))
    return [note(each.check, f"even then: {each.message}", each.remedy) for each in found]


def wrong_name(view: View) -> Finding:
    """Report that the certificate is for other names, and for which."""
    message = f"the certificate is for another name than {view.where.host}"
    names = chain.names(view.path[0]) if view.path else []
    if not names:
        why = "an address counts only there" if is_ip(view.where.host) else "another common name"
        message = f"{message}: it has no alternative names, and {why}"
        return problem("name", message, f"{OPERATOR} has to have it issued anew")
    message += _near_miss(view.where.host, names)
    usable = [name for name in names if is_host(name) and name != view.where.host]
    if usable:
        return problem("name", message, f"use one of its names: {several(usable, 10)}")
    message = f"{message}; it is for {several(names, 10)}"
    return problem("name", message, f"{OPERATOR} has to have it issued anew for {view.where.host}")


def _near_miss(host: str, names: List[str]) -> str:
    """Return why a name that looks right does not match, or ""."""
    if is_ip(host):
        counts = " (it stands there as a DNS name, and an address counts only as an IP address)"
        return counts if host in names else ""
    deeper = [n for n in names if n.startswith("*.") and host.endswith(n[1:].lower())]
    if not deeper:
        return ""
    is_one = host.count(".") == deeper[0].count(".")
    return f" ({deeper[0]} stands for one label{' without a _' if is_one else ' only'})"


def _distrusted(view: View) -> Iterator[Finding]:
    for out, one in view.excluded():
        if out.reason in DISTRUSTS:
            remedy = "ask your administrator; what you `add` yourself is trusted all the same"
            if out.reason == REJECTED:
                remedy = "remove that file, or the certificate in it, if you trust its CA"
            if out.detail == unix.DEBIAN_CONF:
                remedy = f"{_SELECT}; {remedy}"
            yield problem(
                "distrusted",
                f"its root is distrusted: {out.detail or out.places} says so of {one.subject}",
                remedy,
            )


def _signature(view: View) -> Finding:
    """Report which certificate of that name is the right one, if it is on this machine."""
    signature = problem(
        "signature",
        "a signature in this chain does not fit: that CA has another key by now, or it was changed",
        "get the current certificate of that CA, and `add` it",
    )
    looks = (missing.hidden, missing.found)
    return next((each for look in looks for each in look(view)), signature)


def _self_signed(view: View) -> Finding:
    certain = next((each for look in (missing.hidden, missing.found) for each in look(view)), None)
    if certain:
        return certain
    subject = view.path[0].subject if view.path else "unknown"
    return problem(
        "self-signed",
        f"the server presents a self-signed certificate: {subject}",
        "get that certificate in a trusted way, and `add` it; better: a CA's certificate",
    )


def _no_ca(view: View) -> Finding:
    above = [*view.path[1:], *(one for _, one in view.issuers())]
    guilty = next((one.subject for one in above if not one.is_ca), view.issuer)
    why = "basic constraints, key usage"
    message = f"a certificate that signs in this chain is no CA's ({why}): {guilty}"
    return problem("no-ca", message, "have the server's certificate issued by a CA")


def _purpose(view: View) -> Finding:
    guilty, own = _first(view, lambda one: not one.serves_tls), view.path[0]
    what, wanted = "extended key usage", "serverAuth"
    if not guilty and OID_KEY_USAGE in own.extensions:
        # OpenSSL asks it of the server's own certificate alone.
        guilty, what, wanted = own.subject, "key usage", "digitalSignature"
    why = f"the {what} of {guilty}" if guilty else "what one of them says of its use"
    message = f"a certificate of this chain may not be used for TLS servers: {why} is for others"
    return problem(
        "purpose", message, f"have it issued for TLS servers, with {wanted} in its {what}"
    )


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


_EXPLAINED: Dict[int, Callable[[View], Finding]] = {
    OTHER_KEY: _signature,
    SELF_SIGNED: _self_signed,
    # Before OpenSSL 3, 24 had another meaning.
    24: _no_ca,
    79: _no_ca,
    26: _purpose,
    47: _name_constraints,
    48: _name_constraints,
    34: _critical_extension,
    **dict.fromkeys(NO_ISSUER, missing.cause),
}
