"""A bundle is built to be published, and people are told of it."""

from __future__ import annotations

from typing import Dict, List

from .. import bundle, reporting
from ..bundle import Bundle
from ..machine.hashing import sha256
from ..parsing import x509
from ..reporting import findings
from ..settings import DEBUG, USER, Settings
from ..sources.findings import Findings

# So many of a SHA-256, as in the names of what `add` stores.
_DIGITS = 16


def to_publish(settings: Settings, certifi_file: str, more: List[Findings]) -> Bundle:
    """Build a bundle, and keep its problems for the log.

    Raises LookupError if it is empty, or certifi's own list is missing.
    """
    built = bundle.build(settings, certifi_file, more)
    if built.failure:
        raise LookupError(built.failure)
    if not built.anchors:
        raise LookupError("no source of PYTHON_CERTIFI_SOURCES has a certificate: unset it")
    reporting.later(findings.report, built.problems, built.excluded)
    reporting.later(reporting.failure_of, _tell, built)
    return built


def _tell(built: Bundle) -> None:
    """Log what is in the bundle: the count of each source and file, and the user's own CAs."""
    if not reporting.listens(DEBUG):
        return
    counts: Dict[str, int] = {}
    for anchor in built.anchors:
        origins = anchor.origins
        of_source = {f"the source {each.source}" for each in origins}
        for place in of_source | {f"{each.source}: {each.path}" for each in origins}:
            counts[place] = counts.get(place, 0) + 1
    for place, count in sorted(counts.items()):
        reporting.emit(DEBUG, f"{place} has {count} certificates")
    for source, path, anchor in [(*o, a) for a in built.anchors for o in a.origins]:
        if source == USER:
            reporting.emit(DEBUG, f"{source}: {path} has {_named(anchor.der)}")
    reporting.emit(DEBUG, f"the bundle has {len(built.anchors)} certificates")


def _named(der: bytes) -> str:
    """Return the subject of a certificate, and how its SHA-256 begins."""
    try:
        subject = x509.name_of(x509.facts(der).subject)
    except ValueError:
        # OpenSSL loads it all the same.
        subject = "something unreadable"
    return f"{subject}, SHA-256 {sha256(der)[:_DIGITS]}"
