"""Why a server is trusted here or not, and what else somebody should know about it."""

from __future__ import annotations

import ssl
from typing import List

from ... import variables
from ...output import Finding, note, problem
from ...status import why_plain
from .. import strict, user_cas
from . import chain, handshake_errors, missing_issuer, verify_errors
from .chain import BUNDLE, CERTIFI_ALONE, DEFAULTS, STRICT, View

# OpenSSL before 3.0 has few of the strict checks, and says nothing of a later Python's.
_IS_LENIENT = ssl.OPENSSL_VERSION_INFO < (3,) and not strict.IS_ON


def diagnose(view: View) -> List[Finding]:
    """Return causes and remedies, in one sentence each."""
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
    if any(not one.subject_der for one in view.links):
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
    if not view.outcomes[STRICT].trusted or (_IS_LENIENT and _refusals(view)):
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
    helper, issuers = "this package helps", view.issuers()
    if issuers:
        origin = issuers[0][0].origins[0]
        helper = f"its issuer is trusted by the {origin.source} source ({origin.path})"
    who = "a private CA, or a TLS-inspecting proxy"
    if missing_issuer.inspects(view):
        who = "a TLS-inspecting proxy, by its name"
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
