"""The four sources: each fills its findings, and collect() sees to it that none raises."""

from __future__ import annotations

from typing import List

from ..settings import CERTIFI, SSL, SYSTEM, Settings
from . import certifi, ssl_defaults, system, user
from .findings import Findings
from .reader import Reader


def collect(settings: Settings, reader: Reader, certifi_file: str) -> List[Findings]:
    """Return the findings of the sources asked for, in the order of the bundle."""
    everything = [Findings(name, reader) for name in settings.sources]
    for findings in everything:
        _collect_one(findings, settings, certifi_file)
    return everything


def _collect_one(findings: Findings, settings: Settings, certifi_file: str) -> None:
    try:
        if findings.source == CERTIFI:
            certifi.collect(findings, certifi_file)
        elif findings.source == SYSTEM:
            system.collect(findings)
        elif findings.source == SSL:
            ssl_defaults.collect(findings)
        else:
            user.collect(findings, settings)
    except (RecursionError, MemoryError):
        # This is our caller's doing: we are asked again.
        raise
    except Exception as error:  # noqa: BLE001 - one source must not cost the others
        message = f"the {findings.source} source failed and is incomplete: {error!r}"
        findings.problem("", message)
