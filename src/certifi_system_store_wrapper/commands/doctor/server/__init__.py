"""`doctor HOST`: who trusts that server here, what it presents, and why it is refused."""

from __future__ import annotations

import os
import ssl
from typing import Any, Dict, List, NamedTuple

from ....activation import hook
from ....bundle import Bundle
from ....settings import CERTIFI, from_environment
from ... import describe, variables
from ...output import Finding, note, problem, row
from ...status import why_plain
from .. import strict, user_cas
from . import chain, handshake, handshake_errors, missing_issuer, verify_errors
from .chain import BUNDLE, CERTIFI_ALONE, DEFAULTS, STRICT, View
from .route import Route
from .target import Refused, proxy_for, target

# OpenSSL before 3.0 has few of the strict checks, and says nothing of a later Python's.
LENIENT = ssl.OPENSSL_VERSION_INFO < (3,) and not strict.IS_ON


class Seen(NamedTuple):
    """What there is to say of a server: judged, for JSON, and as text."""

    findings: List[Finding]
    data: Dict[str, Any]
    lines: List[str]


def examine(text: str) -> Seen:
    """Return who trusts that server and why not; raises WrongUsage for a wrong name."""
    where = target(text)
    told: Dict[str, Any] = {"host": where.host, "port": where.port}
    told.update(proxy=None, outcomes={}, chain=[])
    try:
        proxy = proxy_for(where)
        told.update(proxy=str(proxy.at) if proxy else None)
        settings = from_environment()
        built = hook.current().build(settings)
        route = Route(where, proxy, handshake.context_of(built.body.decode("ascii")))
        seen = handshake.presented(route)
        told.update(chain=[describe.certificate(der) for der in seen.chain])
        outcomes = _outcomes(route, built) if seen.chain else {}
    except OSError as error:
        remedy = error.remedy if isinstance(error, Refused) else ""
        return Seen([problem("connection", str(error), remedy)], told, _lines(told))
    told.update(outcomes={name: outcome._asdict() for name, outcome in outcomes.items()})
    links = [chain.link(der) for der in seen.chain]
    view = View(where, proxy, outcomes, seen, links, chain.path(links), built, settings)
    return Seen(_diagnosis(view), told, _lines(told))


def _outcomes(route: Route, built: Bundle) -> Dict[str, handshake.Outcome]:
    own = [a.block for a in built.anchors if any(o.source == CERTIFI for o in a.origins)]
    whole = built.body.decode("ascii")
    contexts = {
        CERTIFI_ALONE: handshake.context_of(b"".join(own).decode("ascii")),
        BUNDLE: handshake.context_of(whole),
        STRICT: handshake.context_of(whole, strict=True),
        DEFAULTS: _defaults(),
    }
    return {name: handshake.outcome(route, context) for name, context in contexts.items()}


def _defaults() -> ssl.SSLContext:
    """Return what create_default_context() does, but never writes to SSLKEYLOGFILE nor waits."""
    context = handshake.context_of("", strict=strict.IS_ON)
    if not variables.waits(os.environ.get("SSL_CERT_FILE", "")):
        context.load_default_certs()
    return context


def _lines(told: Dict[str, Any]) -> List[str]:
    host = f"[{told['host']}]" if ":" in told["host"] else told["host"]
    via = f" by the proxy {told['proxy']}" if told["proxy"] else ""
    lines = [row("server", f"{host}:{told['port']}{via}")]
    for number, each in enumerate(told["chain"]):
        marks = [mark for mark in each["marks"] if number or mark != "not a CA"]
        noted = f" [{', '.join(marks)}]" if marks else ""
        name = each["subject"] or f"SHA-256 {each['sha256']}"
        lines.append(row(f"chain {number}", f"{name}{noted}"))
        if each["issuer"]:
            lines.append(row("", f"issued by {each['issuer']}, until {each.get('not_after')}"))
    for name, outcome in told["outcomes"].items():
        code = f" ({outcome['code']})" if outcome["code"] else ""
        result = "trusted" if outcome["trusted"] else f"refused: {outcome['message']}{code}"
        lines.append(f"{name:20}{result}")
    return lines


def _diagnosis(view: View) -> List[Finding]:
    """Return cause and remedy, in one sentence each."""
    if not view.outcomes:
        return [handshake_errors.unreadable(view.where, view.presented)]
    plain, strict_one = view.outcomes[BUNDLE], view.outcomes[STRICT]
    decisive = strict_one if strict.IS_ON else plain
    if decisive.trusted:
        return [*_trusted(view), *_notes(view)]
    if plain.trusted:
        return [_strictness(view)]
    if plain.code:
        found = [verify_errors.cause(view, plain), *verify_errors.next_causes(view, plain)]
        return [*found, *user_cas.warnings(view.built)]
    if any(not one.named for one in view.links):
        return [handshake_errors.UNREADABLE_CERTIFICATE]
    return [handshake_errors.cause(view.where, view.presented, plain.message)]


def _trusted(view: View) -> List[Finding]:
    if view.presented.wants_certificate:
        return [handshake_errors.client_certificate(view.where)]
    if view.path and not chain.names(view.path[0]):
        return [verify_errors.wrong_name(view)]
    what, _, remedy = why_plain(view.settings, view.built).partition(": ")
    if what and not view.outcomes[CERTIFI_ALONE].trusted:
        message = f"the bundle trusts this server, but certifi does not answer from it: {what}"
        return [problem("active", message, remedy)]
    return [Finding("ok", "server", "certifi's clients trust this server here")]


def _notes(view: View) -> List[Finding]:
    findings = []
    if not view.outcomes[CERTIFI_ALONE].trusted:
        findings.append(_who_helps(view))
    if not view.outcomes[STRICT].trusted or (LENIENT and _refusals(view)):
        findings.append(_strictness(view))
    if not view.outcomes[BUNDLE].trusted:
        message = "only Python 3.13 and later take what is trusted here: it is not the root"
        above = [one.issuer for _, one in view.issuers()] or [view.issuer]
        findings.append(note("no-root", message, f"better `add` its issuer's, {above[0]}"))
    if not view.outcomes[DEFAULTS].trusted:
        message = "clients that never ask certifi and use OpenSSL's defaults refuse it"
        remedy = "for those: PYTHON_CERTIFI_SSL_DEFAULTS=1, or the variables of shellenv"
        findings.append(note("defaults", message, remedy))
    past = ", ".join(each["variable"] for each in variables.bypassing())
    if past:
        message = f"these variables lead clients past the bundle: {past}"
        findings.append(note("variable", message, "`doctor` without a host looks into them"))
    return findings


def _who_helps(view: View) -> Finding:
    """Tell where the issuer of the last certificate was found."""
    helper = "this package helps"
    for anchor, _ in view.issuers():
        origin = anchor.origins[0]
        helper = f"its issuer is trusted by the {origin.source} source ({origin.path})"
        break
    who = "a TLS-inspecting proxy, by its name" if missing_issuer.inspects(view) else ""
    who = who or "a private CA, or a TLS-inspecting proxy"
    message = f"certifi's own list alone refuses it; {helper}: {view.issuer} ({who})"
    return note("helped", message)


def _strictness(view: View) -> Finding:
    why = "; ".join(_refusals(view)) or view.outcomes[STRICT].message
    return strict.finding("strict", f"the strict checks of Python 3.13 and later refuse it: {why}")


def _refusals(view: View) -> List[str]:
    above = [one for anchor, one in view.issuers() if one not in view.path][:1]
    links = [*view.path, *above]
    reasons = []
    for number, one in enumerate(links):
        found = strict.refusals(one.der, is_last=number == len(links) - 1)
        reasons += [f"{one.subject}: {reason}" for reason in found]
    return list(dict.fromkeys(reasons))
