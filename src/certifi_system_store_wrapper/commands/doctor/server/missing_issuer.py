"""Why no issuer is found for what a server presents, as far as that can be told."""

from __future__ import annotations

import re
from typing import Optional

from ....activation import hook
from ....settings import SOURCES
from ...output import Finding, problem
from . import chain
from .chain import View, issuers

_INSPECTORS = re.compile(
    r"\b(zscaler|netskope|palo alto|fortinet|fortigate|blue ?coat|cisco umbrella|sophos|forcepoint"
    r"|mcafee|skyhigh|check point|kaspersky|avast|avg|eset|bitdefender|cloudflare gateway|mitmproxy"
    r"|charles proxy|fiddler|do_not_trust|watchguard|barracuda|cato networks|iboss"
    r"|menlo security|squid|burp|portswigger|sonicwall|lightspeed|securly|goguardian)\b",
    re.IGNORECASE,
)


def cause(view: View) -> Finding:
    """Return why no issuer is found for what the server presents."""
    for look in (_only_below, _other_key, _left_out, _other_source, _inspection):
        found = look(view)
        if found:
            return found
    if view.path and view.path[-1].is_self_issued:
        return problem("root", f"its root is not trusted here: {view.issuer}", _add(view))
    if _is_incomplete(view):
        message = f"the server does not send the intermediate certificate: {view.issuer}"
        remedy = "whoever runs the server has to send the whole chain; until then `add` that one"
        return problem("intermediate", message, remedy)
    sent = "" if len(view.path) > 1 else ", or the server does not send an intermediate certificate"
    message = f"its issuer is not trusted here: {view.issuer} (the root is missing{sent})"
    return problem("root", message, _add(view))


def inspects(view: View) -> bool:
    """Whether an issuer has the name of a product that looks into TLS."""
    return any(_INSPECTORS.search(one.issuer) for one in view.path)


def _only_below(view: View) -> Optional[Finding]:
    """Report that a certificate below the root is trusted, which counts from Python 3.13 on."""
    anchors = {anchor.der for anchor in view.built.anchors}
    above = (one for _, one in view.issuers() if chain.is_key(one, view.path[-1]))
    below = [one for one in (*view.path, *above) if not one.is_self_issued]
    trusted = [one for one in below if one.der in anchors]
    if not trusted:
        return None
    what = "its CA's" if trusted[-1].is_ca else "the server's own"
    message = f"{what} certificate is trusted here, but it is no root: {trusted[-1].subject}"
    remedy = f"`add` its issuer's, {trusted[-1].issuer}; Python 3.13 and later need not have it"
    return problem("no-root", message, remedy)


def _other_key(view: View) -> Optional[Finding]:
    same_name = view.issuers()
    if not same_name or any(chain.is_key(one, view.path[-1]) for _, one in same_name):
        return None
    origin = same_name[0][0].origins[0]
    message = f"a CA of that name is trusted here, but with another key: {view.issuer}"
    remedy = f"get its current certificate, and `add` it (the other one is of {origin.path})"
    return problem("other-key", message, remedy)


def _left_out(view: View) -> Optional[Finding]:
    for out, one in view.excluded():
        message = f"its issuer is here, but left out: {one.subject} of {out.places}"
        return problem("left-out", f"{message}: {out.reason}", "name that file itself, or `add` it")
    return None


def _other_source(view: View) -> Optional[Finding]:
    """Report that PYTHON_CERTIFI_SOURCES leaves out the source that has the issuer."""
    if view.settings.sources == SOURCES:
        return None
    everything = hook.current().build(view.settings._replace(sources=SOURCES))
    for anchor, _ in issuers(everything, view.path):
        source = anchor.origins[0].source
        message = f"its issuer is in the {source} source, which PYTHON_CERTIFI_SOURCES leaves out"
        return problem("sources", f"{message}: {view.issuer}", f"add {source} to that variable")
    return None


def _inspection(view: View) -> Optional[Finding]:
    if not inspects(view):
        return None
    message = f"a TLS-inspecting proxy stands between, and nobody here trusts it: {view.issuer}"
    return problem(
        "inspection", message, "get its CA's certificate from whoever runs it, and `add` it"
    )


def _add(view: View) -> str:
    """Return the remedy for a missing root, and whose it may be."""
    who = "a private CA, or a TLS-inspecting proxy"
    if view.proxy:
        who = f"a private CA, or the proxy {view.proxy.at} if it is a TLS-inspecting one"
    return f"get that certificate from whoever runs the CA ({who}), and `add` it"


def _is_incomplete(view: View) -> bool:
    """Whether the missing issuer is likely an intermediate.

    Then the certificate tells where to fetch it, or an anchor of the same organisation is trusted.
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
