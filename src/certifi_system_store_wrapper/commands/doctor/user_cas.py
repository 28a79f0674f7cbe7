"""The CAs that a person named: are they fit to be trusted, and which clients do not see them."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List

from ...bundle import Anchor, Bundle
from ...settings import USER, WARNING
from .. import describe, variables
from ..output import Finding, note, problem
from . import strict

# Where all is well, this many are told one by one.
_MANY = 20


def findings(built: Bundle) -> Iterator[Finding]:
    """Check each CA that a person named."""
    own = _users_own(built)
    told = [describe.certificate(anchor.der) for anchor in own]
    current = {each["subject"] for each in told if not _dated(each)}
    fine = 0
    for anchor, each in zip(own, told):
        path = next(o.path for o in anchor.origins if o.source == USER)
        for finding in _finding(anchor, path, each, current):
            fine += finding.level == "ok"
            if finding.level != "ok" or fine <= _MANY:
                yield finding
    if fine > _MANY:
        yield Finding("ok", "user", f"{fine - _MANY} more of yours are trusted")


def _finding(
    anchor: Anchor, path: str, told: Dict[str, Any], current: set[str]
) -> Iterator[Finding]:
    called = f"{path}: {told['subject'] or told['sha256']}"
    dated = _dated(told)
    refusals = strict.refusals(anchor.der, is_last=True) if told.get("ca") else []
    if dated:
        remedy = "get the current certificate from whoever runs that CA"
        # One of the same name may be valid.
        level = "note" if told["subject"] in current else "problem"
        yield Finding(level, "user", f"{called} is {dated[0]}", remedy)
    if refusals:
        message = f"{called}: Python 3.13 and later refuse it: {'; '.join(refusals)}"
        yield strict.finding("user", message)
    elif not told.get("ca"):
        message = f"{called} is not a CA's certificate: it vouches for one server at most"
        yield note("user", message, "get the certificate of the CA, if it was meant to be that")
    elif not dated:
        soon = " (expires soon)" if "expires soon" in told["marks"] else ""
        yield Finding("ok", "user", f"{called} is trusted{soon}")


def _dated(told: Dict[str, Any]) -> List[str]:
    return [mark for mark in told["marks"] if mark in ("expired", "not yet valid")]


def warnings(built: Bundle) -> List[Finding]:
    """Report warnings about files that a person named: the missing CA may be in one of them."""
    named = [str(each) for each in built.problems if each.level >= WARNING]
    if not named:
        return []
    more = f" (and {len(named) - 1} more)" if named[1:] else ""
    remedy = "`doctor` without a host tells all of it"
    return [note("user", f"the bundle has a warning: {named[0]}{more}", remedy)]


def _users_own(built: Bundle) -> List[Anchor]:
    """Return the anchors that only the user source has."""
    return [a for a in built.anchors if {o.source for o in a.origins} == {USER}]


def bypassing(built: Bundle) -> Iterator[Finding]:
    """Report variables and pip's settings that send clients to another file than the bundle."""
    own = _users_own(built)
    for each in variables.bypassing():
        name, value = each["variable"], os.environ[each["variable"]]
        said = f"{name}={each['value']}: {each['message']}"
        remedy = f"unset {name}, or set it to what `certifi-system-store-wrapper export` prints"
        lost = _lost(own, value)
        if variables.fault(name, value):
            yield problem("variable", said, remedy)
        elif lost:
            yield problem("variable", f"{said}; your CA {lost} is not in it", remedy)
        else:
            yield note("variable", said)
    if variables.key_log_problem():
        yield problem("variable", variables.key_log_problem(), "unset SSLKEYLOGFILE")
    for path, value in variables.pip_settings():
        said = f"{path}: pip reads {value} instead of what it would trust"
        wrong, lost = variables.fault("PIP_CERT", value), _lost(own, value)
        more = wrong or (f"your CA {lost} is not in it" if lost else "")
        remedy = "take `cert` out of it, or name what `certifi-system-store-wrapper export` prints"
        yield note("pip", f"{said}; {more}" if more else said, remedy if more else "")


def _lost(own: List[Anchor], path: str) -> str:
    """Return the first of the user's CAs that a file lacks, "" if none or it is no file."""
    if not own or not os.path.isfile(path):
        return ""
    held = variables.blocks(path)
    lost = (anchor for anchor in own if anchor.block not in held)
    return next((str(describe.certificate(anchor.der)["subject"]) for anchor in lost), "")
