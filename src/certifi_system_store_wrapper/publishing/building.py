"""A bundle is built to be published, and people are told of it."""

from __future__ import annotations

from typing import Dict, List

from .. import bundle, reporting
from ..bundle import Bundle
from ..reporting import findings
from ..settings import DEBUG, Settings
from ..sources.findings import Findings


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
    """Log what is in the bundle: each source and each file with its count, and all together."""
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
    reporting.emit(DEBUG, f"the bundle has {len(built.anchors)} certificates")
