"""Why OpenSSL refuses a server's certificate: a cause and a remedy for each verify code."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Callable, Dict, Iterator, List, Tuple

from ....activation import hook
from ....reporting.findings import DISTRUSTED
from ....settings import SOURCES
from ...output import Finding, note, problem
from . import chain
from .chain import Link, View
from .handshake import Outcome
from .route import is_ip

_WHO = "whoever runs the server"
_RENEW = f"{_WHO} has to have its certificates issued anew"
# OpenSSL's verify codes (x509_vfy.h).
_TIMES = {9: "not yet valid", 10: "expired"}
_SELF_SIGNED = 18
_NO_ISSUER = (2, 19, 20, 21, 27)
# Codes that need no look at the certificates: the check, what is wrong, and what to do.
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
_INSPECTORS = re.compile(
    r"\b(zscaler|netskope|palo alto|fortinet|fortigate|blue ?coat|cisco umbrella|sophos|forcepoint"
    r"|mcafee|skyhigh|check point|kaspersky|avast|avg|eset|bitdefender|cloudflare gateway|mitmproxy"
    r"|charles proxy|fiddler|do_not_trust|watchguard|barracuda|cato networks|iboss"
    r"|menlo security|squid|burp|portswigger|sonicwall|lightspeed|securly|goguardian)\b",
    re.IGNORECASE,
)


def cause(view: View, outcome: Outcome) -> Finding:
    """Return why the server is refused, as a problem with its remedy."""
    if outcome.code in _TIMES:
        return _wrong_time(view, _TIMES[outcome.code])
    if outcome.code in (62, 64):
        return wrong_name(view)
    distrusted = next(_distrusted(view), None)
    if distrusted:
        return distrusted
    if outcome.code in _EXPLAINED:
        return _EXPLAINED[outcome.code](view)
    unknown = (
        "other",
        f"OpenSSL refuses it: {outcome.message} ({outcome.code})",
        f"search for that sentence; {_WHO} may have to mend its certificates",
    )
    return problem(*_SIMPLE.get(outcome.code, unknown))


def _wrong_time(view: View, what: str) -> Finding:
    """Report which certificate is expired or not yet valid, and who has to renew it."""
    clock = f"this machine's clock says {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    for number, one in enumerate(view.path):
        if what in one.marks:
            who = "a CA of its chain" if number else "the server's own certificate"
            remedy = f"{_WHO} has to renew it, if the clock is right: {clock}"
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
    if not view.path or outcome.code not in (_SELF_SIGNED, *_NO_ISSUER):
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
    remedy = f"use one of its names: {', '.join(names[:10])}{more}"
    return problem("name", message + _near_miss(view.where.host, names), remedy)


def _near_miss(host: str, names: List[str]) -> str:
    """Return why a name that looks right does not match, or ""."""
    if is_ip(host):
        counts = " (an address counts only where it stands as an IP address)"
        return counts if host in names else ""
    deeper = [n for n in names if n.startswith("*.") and host.endswith(n[1:].lower())]
    return f" ({deeper[0]} stands for one label only)" if deeper else ""


def _distrusted(view: View) -> Iterator[Finding]:
    for out, one in view.excluded():
        if out.reason == DISTRUSTED:
            yield problem(
                "distrusted",
                f"its root is distrusted: {out.detail or out.places} says so of {one.subject}",
                "ask your administrator; what you `add` yourself is trusted all the same",
            )


def _self_signed(view: View) -> Finding:
    subject = view.path[0].subject if view.path else "unknown"
    return problem(
        "self-signed",
        f"the server presents a self-signed certificate: {subject}",
        "get that certificate in a trusted way, and `add` it; better: a CA's certificate",
    )


def _no_ca(view: View) -> Finding:
    above = [*view.path[1:], *(one for _, one in view.issuers())]
    guilty = [one.subject for one in above if not one.is_ca]
    message = f"a CA of this chain may not sign certificates (key usage): {view.issuer}"
    if guilty:
        message = f"a certificate that signs in this chain is no CA's: {guilty[0]}"
    return problem("no-ca", message, "have the server's certificate issued by a CA")


def _purpose(view: View) -> Finding:
    guilty = _first(view, lambda one: not one.serves_tls)
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


def _no_issuer(view: View) -> Finding:
    """Report why no issuer is found for what the server presents."""
    looks = (_only_below, _other_key, _left_out, _other_source)
    found = next((each for look in looks for each in look(view)), None)
    if found:
        return found
    who = "a private CA, or a TLS-inspecting proxy"
    if view.proxy:
        who = f"a private CA, or the proxy {view.proxy.at} if it is a TLS-inspecting one"
    remedy = f"get that certificate from whoever runs the CA ({who}), and `add` it"
    if inspects(view):
        return problem(
            "inspection",
            f"a TLS-inspecting proxy stands between, and nobody here trusts it: {view.issuer}",
            "get its CA's certificate from whoever runs it, and `add` it",
        )
    if view.path and view.path[-1].is_self_issued:
        return problem("root", f"its root is not trusted here: {view.issuer}", remedy)
    if _is_incomplete(view):
        return problem(
            "intermediate",
            f"the server does not send the intermediate certificate: {view.issuer}",
            f"{_WHO} has to send the whole chain; until then `add` that one",
        )
    sent = "" if len(view.path) > 1 else ", or the server does not send an intermediate certificate"
    message = f"its issuer is not trusted here: {view.issuer} (the root is missing{sent})"
    return problem("root", message, remedy)


def inspects(view: View) -> bool:
    """Whether an issuer has the name of a product that inspects TLS."""
    return any(_INSPECTORS.search(one.issuer) for one in view.path)


def _only_below(view: View) -> Iterator[Finding]:
    """Report a trusted certificate below the root; that is enough since Python 3.13 only."""
    anchors = {anchor.der for anchor in view.built.anchors}
    above = (one for _, one in view.issuers() if chain.is_key(one, view.path[-1]))
    below = [one for one in (*view.path, *above) if not one.is_self_issued]
    for one in reversed([one for one in below if one.der in anchors]):
        what = "its CA's" if one.is_ca else "the server's own"
        yield problem(
            "no-root",
            f"{what} certificate is trusted here, but it is no root: {one.subject}",
            f"`add` its issuer's, {one.issuer}; Python 3.13 and later need not have it",
        )


def _other_key(view: View) -> Iterator[Finding]:
    same_name = view.issuers()
    if same_name and not any(chain.is_key(one, view.path[-1]) for _, one in same_name):
        where = same_name[0][0].origins[0].path
        yield problem(
            "other-key",
            f"a CA of that name is trusted here, but with another key: {view.issuer}",
            f"get its current certificate, and `add` it (the other one is of {where})",
        )


def _left_out(view: View) -> Iterator[Finding]:
    for out, one in view.excluded():
        message = f"its issuer is here, but left out: {one.subject} of {out.places}: {out.reason}"
        yield problem("left-out", message, "name that file itself, or `add` it")


def _other_source(view: View) -> Iterator[Finding]:
    """Report that PYTHON_CERTIFI_SOURCES leaves out the source that has the issuer."""
    if view.settings.sources == SOURCES:
        return
    everything = hook.current().build(view.settings._replace(sources=SOURCES))
    for anchor, _ in view._replace(built=everything).issuers():
        source = anchor.origins[0].source
        message = f"its issuer is in the {source} source, which PYTHON_CERTIFI_SOURCES leaves out"
        yield problem("sources", f"{message}: {view.issuer}", f"add {source} to that variable")


def _is_incomplete(view: View) -> bool:
    """Whether the missing issuer is likely an intermediate.

    If it is, the certificate says where to fetch it, or the bundle has an anchor of its
    organisation.
    """
    if len(view.path) != 1 or re.search(r"\broot\b", view.issuer, re.IGNORECASE):
        return False
    if chain.AUTHORITY_INFO in view.path[0].extensions:
        return True
    organisation = _organisation(view.issuer)
    trusted = (chain.link(anchor.der).subject for anchor in view.built.anchors)
    return bool(organisation) and organisation in map(_organisation, trusted)


def _organisation(name: str) -> str:
    return next((part[2:] for part in name.split(", ") if part.startswith("O=")), "")


_EXPLAINED: Dict[int, Callable[[View], Finding]] = {
    _SELF_SIGNED: _self_signed,
    # Before OpenSSL 3, 24 had another meaning.
    24: _no_ca,
    79: _no_ca,
    26: _purpose,
    47: _name_constraints,
    48: _name_constraints,
    34: _critical_extension,
    **dict.fromkeys(_NO_ISSUER, _no_issuer),
}
