"""`doctor HOST`: who trusts that server here, what it presents, and why it is refused."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from .. import asn1, hook
from ..bundle import Anchor, Bundle
from ..certificates import der_of, facts, is_ca
from ..findings import CERTIFI, DISTRUSTED, Exclusion
from ..settings import from_environment
from . import connect, describe, strict
from .connect import Outcome, Proxy, Target
from .doctor import STRICT_REMEDY, Finding, report, strict_level
from .output import Report, row

# OpenSSL's verify codes (x509_vfy.h).
_SELF_SIGNED, _SELF_SIGNED_IN_CHAIN = 18, 19
_NO_ISSUER = (2, 20, 21, 27)
_NOT_YET, _EXPIRED = 9, 10
_NO_CA = (24, 79)
_PURPOSE = (26, 28)
_WRONG_NAME = (62, 64)
_INSPECTORS = (
    "zscaler", "netskope", "palo alto", "fortinet", "fortigate", "blue coat", "bluecoat",
    "umbrella", "sophos", "forcepoint", "mcafee", "skyhigh", "check point", "kaspersky", "avast",
    "eset", "bitdefender", "cloudflare gateway", "mitmproxy", "charles", "fiddler", "watchguard",
    "barracuda", "cato networks", "iboss", "menlo", "squid",
)  # fmt: skip
_AUTHORITY_INFO = b"\x2b\x06\x01\x05\x05\x07\x01\x01"


class View(NamedTuple):
    """All that was seen: how each context ended, the chain, and what this environment trusts."""

    where: Target
    outcomes: Dict[str, Outcome]
    chain: List[bytes]
    built: Bundle


def doctor(text: str) -> Report:
    """Return who trusts that server and why not; raises ValueError for a wrong name."""
    where = connect.target(text)
    try:
        proxy = connect.proxy_for(where)
        view = _look(where, proxy)
    except (connect.Refused, ValueError) as error:
        remedy = "check the name, the port, the network and the proxy variables"
        finding = Finding("problem", "connection", str(error), remedy)
        return report([finding], {"host": where.host, "port": where.port})
    return _told(view, proxy)


def _look(where: Target, proxy: Optional[Proxy]) -> View:
    built = hook.current().build(from_environment())
    chain = connect.presented(where, proxy)
    own = b"".join(a.block for a in built.anchors if any(o.source == CERTIFI for o in a.origins))
    whole = built.body.decode("ascii")
    contexts = {
        "certifi alone": connect.context_of(own.decode("ascii")),
        "the bundle": connect.context_of(whole),
        "the bundle, strict": connect.context_of(whole, strict=True),
        "ssl defaults": connect.context_of(None),
    }
    outcomes = {name: connect.handshake(where, proxy, each) for name, each in contexts.items()}
    return View(where, outcomes, chain, built)


def _told(view: View, proxy: Optional[Proxy]) -> Report:
    findings = _diagnosis(view)
    chain = [describe.certificate(der) for der in view.chain]
    more: Dict[str, Any] = {
        "host": view.where.host,
        "port": view.where.port,
        "proxy": f"{proxy.host}:{proxy.port}" if proxy else None,
        "outcomes": {name: outcome._asdict() for name, outcome in view.outcomes.items()},
        "chain": chain,
    }
    answer = report(findings, more)
    return Report(answer.data, _lines(more, proxy) + answer.lines, answer.status)


def _lines(more: Dict[str, Any], proxy: Optional[Proxy]) -> List[str]:
    via = f" by the proxy {proxy.host}:{proxy.port}" if proxy else ""
    lines = [row("server", f"{more['host']}:{more['port']}{via}")]
    for number, each in enumerate(more["chain"]):
        marks = [mark for mark in each["marks"] if number or mark != "not a CA"]
        noted = f" [{', '.join(marks)}]" if marks else ""
        lines.append(row(f"chain {number}", f"{each['subject']}{noted}"))
        lines.append(row("", f"issued by {each['issuer']}, until {each.get('not_after')}"))
    for name, outcome in more["outcomes"].items():
        why = f"refused: {outcome['message']} ({outcome['code']})"
        result = "trusted" if outcome["trusted"] else why
        lines.append(f"{name:20}{result}")
    return lines


def _diagnosis(view: View) -> List[Finding]:
    """Return cause and remedy, in one sentence each."""
    bundle = view.outcomes["the bundle"]
    if not bundle.trusted:
        return [_cause(view, bundle)]
    findings = [Finding("ok", "server", "certifi's clients trust this server here")]
    if not view.outcomes["certifi alone"].trusted:
        findings.append(_who_helps(view))
    if not view.outcomes["the bundle, strict"].trusted:
        findings.append(_strictness(view))
    if not view.outcomes["ssl defaults"].trusted:
        message = "clients that never ask certifi and use OpenSSL's defaults refuse it"
        remedy = "for those: PYTHON_CERTIFI_SSL_DEFAULTS=1, or the variables of shellenv"
        findings.append(Finding("note", "defaults", message, remedy))
    return findings


def _who_helps(view: View) -> Finding:
    issuer = _issuer(view)
    who = f" (a TLS-inspecting proxy, by its name: {issuer})" if _inspects(issuer) else ""
    message = f"certifi's own list alone refuses it; {_origin(view) or 'this package helps'}{who}"
    return Finding("note", "helped", message)


def _origin(view: View) -> str:
    """Return where the issuer of the last certificate was found."""
    for anchor in _issuers(view):
        origin = anchor.origins[0]
        return f"its issuer is trusted by the {origin.source} source ({origin.path})"
    return ""


def _issuers(view: View) -> List[Anchor]:
    """Return the anchors that the presented chain may end in."""
    name = facts(view.chain[-1]).issuer if view.chain else b""
    anchors = (anchor for anchor in view.built.anchors if is_ca(anchor.block))
    return [anchor for anchor in anchors if facts(anchor.der).subject == name]


def _strictness(view: View) -> Finding:
    outcome = view.outcomes["the bundle, strict"]
    reasons = []
    above = [anchor.der for anchor in _issuers(view) if anchor.der not in view.chain][:1]
    ders = [*view.chain, *above]
    for number, der in enumerate(ders):
        found = strict.refusals(der, is_last=number == len(ders) - 1)
        reasons += [f"{describe.certificate(der)['subject']}: {reason}" for reason in found]
    why = "; ".join(dict.fromkeys(reasons)) or outcome.message
    message = f"the strict checks of Python 3.13 and later refuse it: {why}"
    return Finding(strict_level(), "strict", message, STRICT_REMEDY)


def _cause(view: View, outcome: Outcome) -> Finding:
    """Return why the bundle refuses the server."""
    code = outcome.code
    if code in (_EXPIRED, _NOT_YET):
        return _wrong_time(view, "expired" if code == _EXPIRED else "not yet valid")
    if code in _WRONG_NAME:
        return _wrong_name(view)
    distrusted = _distrusted(view)
    if distrusted is not None:
        message = f"its root is distrusted: {distrusted.detail or distrusted.origin.path} says so"
        remedy = "ask your administrator; what you `add` yourself is trusted all the same"
        return Finding("problem", "distrusted", message, remedy)
    if code == _SELF_SIGNED:
        message = f"the server presents a self-signed certificate: {_subject(view.chain[0])}"
        remedy = "get that certificate on a trusted way, and `add` it; better: a CA's certificate"
        return Finding("problem", "self-signed", message, remedy)
    if code in _NO_CA:
        message = f"a certificate that signs in this chain is no CA's: {_issuer(view)}"
        return Finding("problem", "no-ca", message, "have the server's certificate issued by a CA")
    if code in _PURPOSE:
        message = "a certificate of this chain may not be used for TLS servers"
        return Finding("problem", "purpose", message, "have it issued for TLS servers")
    if code == _SELF_SIGNED_IN_CHAIN or code in _NO_ISSUER:
        return _unknown_issuer(view)
    return Finding("problem", "other", f"OpenSSL refuses it: {outcome.message} ({code})")


def _wrong_time(view: View, what: str) -> Finding:
    told = [describe.certificate(der) for der in view.chain]
    guilty = [number for number, each in enumerate(told) if what in each["marks"]]
    called = told[guilty[0]]["subject"] if guilty else "a certificate above the presented ones"
    who = "the server's own certificate" if guilty[:1] == [0] else "a CA of its chain"
    remedy = "check this machine's clock; else whoever runs the server has to renew it"
    return Finding("problem", what, f"{who} is {what}: {called}", remedy)


def _wrong_name(view: View) -> Finding:
    found = strict.extensions(view.chain[0], asn1.layout(view.chain[0]))
    names = connect.addresses(found[strict.OID_SAN][1]) if strict.OID_SAN in found else ()
    message = f"the certificate is for another name than {view.where.host}"
    remedy = f"use one of its names: {', '.join(names[:10])}" if names else "it has no names at all"
    return Finding("problem", "name", message, remedy)


def _unknown_issuer(view: View) -> Finding:
    issuer = _issuer(view)
    add = "get that CA's certificate from whoever runs it, and give it to the command `add`"
    if _inspects(issuer):
        message = f"a TLS-inspecting proxy stands between, and nobody here trusts it: {issuer}"
        return Finding("problem", "inspection", message, add)
    last = view.chain[-1]
    if facts(last).self_issued:
        return Finding("problem", "root", f"its root is not trusted here: {issuer}", add)
    if _is_incomplete(view, last):
        message = f"the server does not send the intermediate certificate: {issuer}"
        remedy = "whoever runs the server has to send the whole chain; until then `add` that one"
        return Finding("problem", "intermediate", message, remedy)
    message = f"its issuer is not trusted here: {issuer} (the root is missing"
    if len(view.chain) == 1:
        message += ", or the server does not send an intermediate certificate"
    return Finding("problem", "root", message + ")", add)


def _is_incomplete(view: View, last: bytes) -> bool:
    """Whether the missing issuer is likely an intermediate.

    Then the certificate tells where to fetch it, or an anchor of the same organisation is trusted.
    """
    if len(view.chain) > 1:
        return False
    if _AUTHORITY_INFO in strict.extensions(last, asn1.layout(last)):
        return True
    organisation = _organisation(describe.name(facts(last).issuer))
    anchors = (describe.certificate(a.der).get("subject", "") for a in view.built.anchors)
    return bool(organisation) and organisation in map(_organisation, anchors)


def _organisation(name: str) -> str:
    return next((part[2:] for part in name.split(", ") if part.startswith("O=")), "")


def _distrusted(view: View) -> Optional[Exclusion]:
    """Return the distrusted certificate that the chain ends in or names as its issuer."""
    names = {facts(der).issuer for der in view.chain}
    for out in view.built.excluded:
        if out.reason == DISTRUSTED:
            der = der_of(out.block)
            if der in view.chain or facts(der).subject in names:
                return out
    return None


def _inspects(issuer: str) -> bool:
    return any(name in issuer.lower() for name in _INSPECTORS)


def _subject(der: bytes) -> str:
    return describe.name(facts(der).subject)


def _issuer(view: View) -> str:
    return describe.name(facts(view.chain[-1]).issuer) if view.chain else "unknown"
