"""Which roots of Windows were added, and which its vendor sent: the stores that ROOT is made of."""

from __future__ import annotations

from typing import Dict, Iterator, Set

from ...machine.windows_stores import ADDED, AUTH_ROOT, thumbprints
from ..findings import Findings


def added(findings: Findings) -> Dict[str, str]:
    """Return the SHA-1 (upper case) of each root that was added, and where, for people."""
    return {
        sha1: f"ROOT ({name})"
        for (hive, key), name in ADDED.items()
        for sha1 in _thumbprints(findings, hive, key)
    }


def vendors(findings: Findings) -> Set[str]:
    """Return the SHA-1 (upper case) of each root that Windows fetched from its vendor's list."""
    return set(_thumbprints(findings, *AUTH_ROOT))


def _thumbprints(findings: Findings, hive: str, key: str) -> Iterator[str]:
    try:
        # Also where it fails half-way.
        yield from thumbprints(hive, key)
    except (ImportError, OSError) as error:
        message = f"cannot be read ({error}), so what was added there is not known"
        findings.problem(f"{hive}\\{key}\\Certificates", f"{message}; let this user read it")
