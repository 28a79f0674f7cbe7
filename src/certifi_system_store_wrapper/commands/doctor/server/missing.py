"""Why OpenSSL finds no issuer for what a server presents, and what to do about it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Iterator, List

from .... import api
from ....bundle import Anchor
from ....machine import user_drop_folder
from ....reporting.findings import MALFORMED, NO_SERVER_AUTH
from ....settings import CERTIFI, SOURCES
from ... import whose
from ...output import Finding, problem
from .. import strict, usable
from . import chain, search
from .chain import Link, View
from .target import OPERATOR

_INSPECTORS = re.compile(
    r"\b(zscaler|netskope|palo alto|fortinet|fortigate|blue ?coat|cisco umbrella|sophos|forcepoint"
    r"|mcafee|skyhigh|check point|kaspersky|avast|avg|eset|bitdefender|cloudflare gateway|mitmproxy"
    r"|charles proxy|fiddler|do_not_trust|watchguard|barracuda|cato networks|iboss"
    r"|menlo security|squid|burp|portswigger|sonicwall|lightspeed|securly|goguardian)\b",
    re.IGNORECASE,
)
# So many certificates of one name are tried.
_MAX_TWINS = 5
# New roots that are trusted by few lists yet, and the older one that has signed each as well:
# https://letsencrypt.org/certificates/
_CROSS_SIGNED = {
    "CN=Root YE, O=ISRG, C=US": "CN=ISRG Root X2, O=Internet Security Research Group, C=US",
    "CN=Root YR, O=ISRG, C=US": "CN=ISRG Root X1, O=Internet Security Research Group, C=US",
}


def inspects(view: View) -> bool:
    """Whether an issuer has the name of a product that inspects TLS."""
    return any(_INSPECTORS.search(one.issuer) for one in view.path)


def cause(view: View) -> Finding:
    """Return why no issuer is found; what is certain first, then what is likely."""
    looks = (
        *(hidden, _only_below, _left_out, _other_source, found, _other_key),
        *(_not_trusted_root, _cross_signed, _removed),
    )
    certain = next((each for look in looks for each in look(view)), None)
    return certain or _unknown(view)


def hidden(view: View) -> Iterator[Finding]:
    """Report that the issuer is trusted, but another one of its name is asked."""
    same_name = [anchor for anchor, _ in view.issuers()][:_MAX_TWINS]
    for right in same_name if same_name[1:] else ():
        others = [each for each in same_name if each is not right]
        if view.verifies([a.block for a in view.built.anchors if a not in others]):
            wrong = others[0]
            what = "it" if view.path[-1].is_self_issued else "its issuer"
            message = (
                f"{what} is trusted here ({right.origins[0].path}), but OpenSSL asks another "
                f"one of that name before it: {view.issuer} of {wrong.origins[0].path}"
            )
            yield problem("other-key", message, _taken_out(wrong))
            return


def _taken_out(anchor: Anchor) -> str:
    """Say how to stop trusting a certificate."""
    digest, path = sha256(anchor.der).hexdigest(), anchor.origins[0].path
    if path.startswith(user_drop_folder() or "\0"):
        return f"certifi-system-store-wrapper remove {digest}"
    return f"take the certificate with the SHA-256 {digest} out of {path}"


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


def _left_out(view: View) -> Iterator[Finding]:
    for out, one in view.excluded():
        message = f"its issuer is here, but left out: {one.subject} of {out.places}: {out.reason}"
        # That a person names the file overrules a store, but not OpenSSL.
        is_usable = out.reason not in (NO_SERVER_AUTH, MALFORMED)
        remedy = "name that file itself, or `add` it" if is_usable else usable.REMEDY
        yield problem("left-out", message, remedy)


def _other_source(view: View) -> Iterator[Finding]:
    """Report that PYTHON_CERTIFI_SOURCES leaves out the source that has the issuer."""
    if view.settings.sources == SOURCES:
        return
    # Where all of them are misspelt, to add one would leave the others out.
    misspelt = [e for e in view.settings.problems if e.startswith("PYTHON_CERTIFI_SOURCES=")]
    everything = api.build(view.settings._replace(sources=SOURCES))
    for anchor, _ in view._replace(built=everything).issuers():
        source = anchor.origins[0].source
        message = f"its issuer is in the {source} source, which PYTHON_CERTIFI_SOURCES leaves out"
        remedy = "; ".join([*misspelt, f"name {source} in that variable, too"])
        yield problem("sources", f"{message}: {view.issuer}", remedy)


def found(view: View) -> Iterator[Finding]:
    """Report where on this machine the issuer's certificate lies."""
    for each in search.find(view):
        check = "root" if each.issuer.is_self_issued else "intermediate"
        what = "root" if each.issuer.is_self_issued else "intermediate certificate"
        if view.path[0].is_self_issued:
            check, what = "self-signed", "self-signed certificate"
        message = f"its {what} is not trusted here, but it lies in {each.path}"
        remedy = each.remedy + _still_refused(view, each.issuer)
        yield problem(check, f"{message}: {each.issuer.subject}", remedy)


def _still_refused(view: View, issuer: Link) -> str:
    """Return what the strict checks will say then, as the end of a sentence, or ""."""
    if not strict.IS_ON:
        return ""
    path = view.path if issuer in view.path else [*view.path, issuer]
    said = strict.faults([one.der for one in path])
    why = "; ".join(f"{path[number].subject}: {words}" for number, words in said)
    return f"; even then the strict checks of this Python refuse it: {why}" if why else ""


def _other_key(view: View) -> Iterator[Finding]:
    same_name = view.issuers()
    if same_name and not any(chain.is_key(one, view.path[-1]) for _, one in same_name):
        where = same_name[0][0].origins[0].path
        yield problem(
            "other-key",
            f"a CA of that name is trusted here, but with another key: {view.issuer}",
            f"get its current certificate, and `add` it (the other one is of {where})",
        )


def _not_trusted_root(view: View) -> Iterator[Finding]:
    """Report a root that the server presents itself, or that inspects TLS."""
    if inspects(view):
        yield problem(
            "inspection",
            f"a TLS-inspecting proxy stands between, and nobody here trusts it: {view.issuer}",
            "get its CA's certificate from whoever runs it, and `add` it",
        )
    elif view.path and view.path[-1].is_self_issued:
        yield problem("root", f"its root is not trusted here: {view.issuer}", _get_it(view))


def _get_it(view: View) -> str:
    who = "a private CA, or a TLS-inspecting proxy"
    if view.proxy:
        who = f"a private CA, or the proxy {view.proxy.at} if it is a TLS-inspecting one"
    return f"get that certificate from whoever runs the CA ({who}), and `add` it"


def _cross_signed(view: View) -> Iterator[Finding]:
    older = _CROSS_SIGNED.get(view.issuer, "")
    if older and any(one.subject == older for one in _anchors(view)):
        yield problem(
            "intermediate",
            f"its root {view.issuer} is new, and trusted here only by way of {older}, which has "
            "signed it as well; the server does not send that certificate",
            f"{OPERATOR} has to send the whole chain, as the CA's instructions have it",
        )


def _removed(view: View) -> Iterator[Finding]:
    """Report that the root is one that certifi has removed; here only its name is known."""
    removed = whose.removal_by_name(view.issuer) if view.path else None
    if removed:
        yield problem(
            "root",
            f"its root is not trusted here: {view.issuer} was {whose.removal_sentence(removed)}",
            f"{OPERATOR} has to have its certificate issued by a CA that is trusted",
        )


def _unknown(view: View) -> Finding:
    """Report what nobody can tell from here: whether the issuer is a root."""
    if not view.path:
        return problem("issuer", "its issuer is not trusted here", _get_it(view))
    says_where = chain.AUTHORITY_INFO in view.path[-1].extensions
    if (says_where or _is_of_a_trusted(view)) and not re.search(r"(?i)\broot\b", view.issuer):
        return problem(
            "intermediate",
            "the server probably does not send the intermediate certificate of its issuer, which "
            f"is not trusted here: {view.issuer}",
            f"{OPERATOR} has to send the whole chain; until then `add` that one",
        )
    message = (
        f"its issuer is not trusted here: {view.issuer} (that is a root, or an intermediate "
        "certificate that the server has to send)"
    )
    return problem("issuer", message, _get_it(view))


def _anchors(view: View) -> List[Link]:
    return [chain.link(anchor.der) for anchor in view.built.anchors]


def _is_of_a_trusted(view: View) -> bool:
    """Whether certifi's own list has an anchor of the issuer's organisation.

    A private CA of that organisation says nothing: its next root has that name, too.
    """
    organisation = _organisation(view.issuer)
    public = api.build(view.settings._replace(sources=(CERTIFI,)))
    subjects = (chain.link(anchor.der).subject for anchor in public.anchors)
    return bool(organisation) and organisation in map(_organisation, subjects)


def _organisation(name: str) -> str:
    return next((part[2:] for part in name.split(", ") if part.startswith("O=")), "")
