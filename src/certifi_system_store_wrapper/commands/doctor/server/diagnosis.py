"""Why a server is trusted here or not, and what else the user should know about it.

This module compares the handshakes, and explains those that fail although no certificate is at
fault; `verify_errors` explains why OpenSSL refuses a certificate.
"""

from __future__ import annotations

from typing import Iterator, List

from ....settings import CERTIFI, WARNING
from ... import describe, variables, whose
from ...output import Finding, note, problem
from ...status import why_plain
from ...trusts import BUNDLE, DEFAULTS, Root
from ...trusts import CERTIFI as CERTIFI_ALONE
from .. import clients, strict
from ..verify_codes import NO_ISSUER, OTHER_KEY, SELF_SIGNED
from . import chain, common_name, differing, missing, reasons, trusts, verify_errors
from .chain import CONTEXTS, STRICT, Link, View
from .handshake import context_of
from .target import OPERATOR, is_ip

_OLD = ("TLSv1", "TLSv1.1", "SSLv3")
_STRICT = "the strict checks of Python 3.13 and later"
_OWNER = f"{OPERATOR} has to"


def diagnose(view: View) -> List[Finding]:
    """Return the causes, each with its remedy, and whether certifi has removed the root.

    Where there is a problem, or the way of a client was not tried, nothing is said to be ok.
    """
    untried = list(differing.findings(view))
    stored = variables.stored(view.settings, view.built)
    found = [*stored, *variables.breaking(), *_causes(view), *_removed(view), *untried]
    found += clients.not_tried() if view.outcomes else []
    if _is_told(found) and view.route and len(view.route.shown) > 1:
        message = "the server presents different certificates in turn: each may be told above"
        found.append(note("server", message, f"{_OWNER} look at each machine behind that name"))
    is_bad = bool(untried) or _is_told(found)
    return [each for each in found if each.level != "ok" or not is_bad]


def _removed(view: View) -> Iterator[Finding]:
    """Report that the chain ends in a root that certifi has removed.

    If certifi alone trusts the server, it knows another end, or has that root still.
    """
    ends = [*view.path[-1:], *[one for _, one in view.issuers()][:1]]
    elsewhere = bool(view.outcomes) and view.outcomes[CERTIFI_ALONE].trusted
    own = {a.der for a in view.built.anchors if any(o.source == CERTIFI for o in a.origins)}
    for der in dict.fromkeys(one.der for one in ends if one.der in own or not elsewhere):
        told = describe.certificate(der)
        removed = whose.removal(told["sha256"])
        if removed:
            message = f"its chain ends in a root {whose.removal_sentence(removed)}"
            why = f"see {removed['advisory']['url']}; " if removed["advisory"] else ""
            remedy = f"{why}PYTHON_CERTIFI_SOURCES=certifi,local,user leaves such roots out"
            yield note("removed", f"{message}: {told['subject']}", remedy)


def _causes(view: View) -> List[Finding]:
    if not view.outcomes:
        return [_failure(view, view.presented.failure)]
    outcome = view.outcomes[STRICT if strict.IS_ON else BUNDLE]
    decisive = outcome.trusted
    causes = _acceptance(view) if decisive else _refusal(view)
    used = trusts.by_clients(view.tried)
    if not decisive and used and all(each.outcome.trusted for each in used):
        causes = list(_trusted_elsewhere(causes))
    told = outcome if _is_told(causes) else None
    found = [*causes, *trusts.findings(view.tried, view.built, told)]
    return found if _is_told(found) else [*found, *trusts.refusals(view.tried)]


def _is_told(found: List[Finding]) -> bool:
    """Whether it is told why somebody is refused."""
    return any(each.level == "problem" for each in found)


def _trusted_elsewhere(causes: List[Finding]) -> Iterator[Finding]:
    """Say that every client here has been led to other roots, so the bundle is asked by none."""
    yield Finding("ok", "server", "every client here that was tried trusts this server")
    for each in causes:
        yield note(each.check, f"the bundle, which none of them asks: {each.message}", each.remedy)


def _acceptance(view: View) -> List[Finding]:
    """Return what there is to say of a server that the bundle trusts."""
    replaced = list(_replaced(view))
    return [*([] if _is_told(replaced) else [_trusted(view)]), *replaced, *_notes(view)]


def _refusal(view: View) -> List[Finding]:
    """Return why the bundle refuses the server."""
    plain = view.outcomes[BUNDLE]
    if plain.trusted:
        return list(_strictness(view))
    if plain.remedy:
        return [problem("connection", plain.message, plain.remedy)]
    if plain.code:
        cause = verify_errors.cause(view, plain)
        if plain.code in (OTHER_KEY, SELF_SIGNED, *NO_ISSUER):
            cause = _with_warnings(view, cause)
        return [cause, *verify_errors.next_causes(view, plain)]
    return [_handshake_cause(view, plain.message)]


def _failure(view: View, reason: str) -> Finding:
    """Return why the handshake fails even for a client that checks nothing."""
    if view.presented.wants_certificate:
        return _client_certificate(view)
    if reason in reasons.PLAIN:
        return problem(
            "connection",
            f"{view.where} does not speak TLS: {reason}",
            "try its TLS port, if it speaks HTTP or begins in plain text (SMTP, PostgreSQL)",
        )
    unknown = (
        f"the TLS handshake with {view.where} fails: {reason}",
        reasons.UNKNOWN,
    )
    return problem("handshake", *reasons.KNOWN.get(reason, unknown))


def _client_certificate(view: View) -> Finding:
    return problem(
        "client-certificate",
        f"{view.where} wants a certificate of the client, so it is not the CAs that are missing",
        "give your client its certificate and key (requests: cert=(FILE, KEY))",
    )


def _handshake_cause(view: View, reason: str) -> Finding:
    """Return why Python's defaults fail where a context that accepts anything succeeds."""
    seen, remedy = view.presented, f"{_OWNER} update it"
    if any(not one.subject_der for one in view.links):
        message = "the server presents a certificate that is none"
        return problem("unreadable", message, f"{_OWNER} mend it")
    if seen.failure or seen.wants_certificate or reason in reasons.KNOWN:
        return _failure(view, reason)
    if seen.version in _OLD:
        message = f"{view.where} speaks nothing newer than {seen.version}, and Python asks for"
        return problem("tls-version", f"{message} TLS 1.2 ({reason})", remedy)
    if seen.cipher in [each["name"] for each in context_of("").get_ciphers()]:
        return _failure(view, reason)
    message = f"{view.where} agrees to {seen.cipher} at best, which Python does not offer by itself"
    return problem("cipher", f"{message} ({reason})", remedy)


def _trusted(view: View) -> Finding:
    if view.presented.wants_certificate:
        return _client_certificate(view)
    if view.path and not (is_ip(view.where.host) or chain.names(view.path[0], chain.DNS)):
        return common_name.read_by_some(view)
    why = why_plain(view.settings, view.built)
    if why and not view.outcomes[CERTIFI_ALONE].trusted:
        message = f"the bundle trusts this server, but certifi does not answer from it: {why.what}"
        return problem("active", message, why.remedy)
    return Finding("ok", "server", "certifi's clients trust this server here")


def _replaced(view: View) -> Iterator[Finding]:
    """Report that ssl has another class of contexts than Python's own, and what that one says."""
    for name in (each for each in view.outcomes if each not in CONTEXTS):
        who, said = name.partition(", ")[2], view.outcomes[name].message
        message = f"ssl.SSLContext is not Python's own, but made {who}"
        if view.outcomes[name].trusted:
            yield note("context", f"{message}; it trusts this server, too")
        else:
            remedy = "uninstall that, or add the CA to the system's store"
            yield problem("context", f"{message}, which refuses the server: {said}", remedy)


def _notes(view: View) -> Iterator[Finding]:
    if not view.outcomes[CERTIFI_ALONE].trusted:
        yield _who_helps(view)
    if not view.outcomes[STRICT].trusted:
        yield from _strictness(view)
    if not view.outcomes[BUNDLE].trusted:
        above = [one.issuer for _, one in view.issuers()] or [view.issuer]
        yield note(
            "no-root",
            "only Python 3.13 and later take what is trusted here: it is not the root",
            f"better `add` its issuer's, {above[0]}",
        )
    if not view.outcomes[DEFAULTS].trusted and not _is_refused_by_defaults(view):
        yield note(
            "defaults",
            "clients that never ask certifi and use OpenSSL's defaults refuse it",
            trusts.for_defaults(),
        )


def _is_refused_by_defaults(view: View) -> bool:
    """Whether a client here that uses OpenSSL's defaults is refused: that is told as a problem."""
    refused = (e for e in trusts.by_clients(view.tried) if not e.outcome.trusted)
    return any(Root(DEFAULTS) in each.trust.roots for each in refused)


def _who_helps(view: View) -> Finding:
    """Report which source has the issuer of the last certificate, or that it is the proxy."""
    refusal = view.outcomes[CERTIFI_ALONE]
    if refusal.refuses_proxy:
        return note("helped", f"certifi's own list alone is not enough: {refusal.message}")
    helper, issuers = "this package helps", view.issuers()
    if issuers:
        origin = issuers[0][0].origins[0]
        helper = f"its issuer is trusted by the {origin.source} source ({origin.path})"
    who = "a private CA, or a TLS-inspecting proxy"
    if missing.inspects(view):
        who = "a TLS-inspecting proxy, by its name"
    message = f"certifi's own list alone refuses it; {helper}: {view.issuer} ({who})"
    return note("helped", message)


def _strictness(view: View) -> Iterator[Finding]:
    """Report who has to issue what anew, and what can be done until then."""
    refusal = view.outcomes[STRICT]
    if refusal.refuses_proxy:
        yield strict.finding("strict", f"with {_STRICT} {refusal.message}", refusal.remedy)
        return
    path, faults, who = _verified_path(view), [], []
    for number, said in strict.faults([one.der for one in path]):
        faults.append(f"{path[number].subject}: {said}")
        who.append(f"whoever runs the CA {path[number].subject}" if number else OPERATOR)
    why = "; ".join(faults) or refusal.message
    remedy = f"{' and '.join(who or [OPERATOR])} has to have that certificate issued anew"
    yield strict.finding("strict", f"{_STRICT} refuse it: {why}", remedy)
    yield from strict.meanwhile(by_proxy=view.proxy is not None)


def _verified_path(view: View) -> List[Link]:
    """Return the certificates that OpenSSL looks at, up to the first that is trusted."""
    anchors = {anchor.der for anchor in view.built.anchors}
    above = [one for _, one in view.issuers() if chain.is_key(one, view.path[-1])]
    whole = [*view.path, *[one for one in above if one not in view.path][:1]]
    end = next((at for at, one in enumerate(whole) if one.der in anchors), len(whole))
    return whole[: end + 1]


def _with_warnings(view: View, cause: Finding) -> Finding:
    """Return the cause with what is wrong with files that the user named: one may hold the CA."""
    named = [str(each) for each in view.built.problems if each.level >= WARNING]
    if not named:
        return cause
    more = f" (and {len(named) - 1} more, see `doctor` without a host)" if named[1:] else ""
    return cause._replace(
        message=f"the bundle has a warning: {named[0]}{more}; and {cause.message}",
        remedy=f"put that right, and ask again; if it is refused still: {cause.remedy}",
    )
