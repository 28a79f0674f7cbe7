"""Check the CAs that the user named."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterator, List, Sequence, Set

from ...bundle import Anchor, Bundle
from ...parsing.pem import der_of
from ...publishing import lasting
from ...settings import USER, WARNING, Settings
from ...sources.files import certificate_files, misnamed_files
from ...sources.findings import Findings
from .. import describe
from ..output import Finding, note, problem
from ..shellenv import named
from . import strict, usable

# At most this many CAs without a fault are listed one by one.
_MANY = 20
_KEEP_IT = "where FILE holds it, `certifi-system-store-wrapper add FILE` makes it count everywhere"


def findings(built: Bundle) -> Iterator[Finding]:
    """Check each CA that the user named."""
    told = [(anchor, describe.certificate(anchor.der)) for anchor in users_own(built)]
    valid = {each["subject"] for _, each in told if not _dated(each)}
    trusted = [anchor.der for anchor in built.anchors]
    found = [finding for anchor, each in told for finding in _finding(anchor, each, valid, trusted)]
    fine = [finding for finding in found if finding.level == "ok"]
    yield from (each for each in found if each not in fine[_MANY:])
    if fine[_MANY:]:
        yield Finding("ok", "user", f"{len(fine) - _MANY} more of yours are trusted")


def users_own(built: Bundle) -> List[Anchor]:
    """Return the anchors that only the user source has."""
    return [a for a in built.anchors if {o.source for o in a.origins} == {USER}]


def _dated(told: Dict[str, Any]) -> List[str]:
    return [mark for mark in told["marks"] if mark in ("expired", "not yet valid")]


def _finding(
    anchor: Anchor, told: Dict[str, Any], valid: Set[str], trusted: Sequence[bytes]
) -> Iterator[Finding]:
    """Check one CA; `valid` has the names of the user's CAs that are valid today."""
    called = f"{anchor.origins[0].path}: {told['subject'] or told['sha256']}"
    dated, is_ca = _dated(told), told.get("ca")
    refusal = strict.fault(anchor.der) if is_ca else ""
    unusable = usable.refusal(anchor.der, trusted) if is_ca and not dated else ""
    if dated:
        yield Finding(
            # A valid CA of the same name takes its place.
            "note" if told["subject"] in valid else "problem",
            "user",
            f"{called} is {dated[0]}",
            "get the current certificate from whoever runs that CA",
        )
    if unusable:
        yield problem("user", f"{called}: {usable.NOBODY}: {unusable}", usable.REMEDY)
    elif refusal:
        yield strict.finding("user", f"{called}: {strict.REFUSED}: {refusal}", strict.REISSUE)
    elif not is_ca:
        message = f"{called} is not a CA's certificate: it vouches for one server at most"
        yield note("user", message, "get the certificate of the CA, if it was meant to be that")
    elif not dated:
        soon = " (expires soon)" if "expires soon" in told["marks"] else ""
        yield Finding("ok", "user", f"{called} is trusted{soon}")


def appended(settings: Settings, built: Bundle) -> Iterator[Finding]:
    """Name the bundles of this environment with CAs that a person appended, where they are lost."""
    trusted = {anchor.block for anchor in built.anchors}
    for bundle in lasting.found(settings, named()):
        # What was appended to the own one counts, or another finding says why not.
        if bundle.prefix == sys.prefix and not bundle.is_own:
            lost = [der_of(block) for block in sorted(bundle.kept - trusted)]
            if lost:
                what = f"{bundle.path}: {describe.several(lost)} was appended to it"
                why = "it was made with other settings, and certifi answers without that here"
                yield note("user", f"{what}; {why}", _KEEP_IT)


def misnamed(settings: Settings) -> Iterator[Finding]:
    """Report the files in named folders that hold a certificate and are not read."""
    for folder in filter(os.path.isdir, settings.cert_files):
        found = Findings(USER)
        others: List[str] = []
        # Only the end of the walk tells all others.
        list(certificate_files(found, folder, others))
        for path, why in misnamed_files(found, folder, others):
            yield note("user", f"{path}: {why}")
        # What cannot be read is in the bundle's own problems.
        yield from (note("user", str(each)) for each in found.problems if each.level < WARNING)
