"""What `doctor` finds, one thing each, and the answer that all of them make."""

from __future__ import annotations

import sys
from typing import Any, Dict, List, NamedTuple

from .output import Report, row

STRICT_REMEDY = (
    "have that certificate issued again as RFC 5280 asks; until then clear ssl.VERIFY_X509_STRICT "
    "in the verify_flags of the context"
)
IS_STRICT = sys.version_info >= (3, 13)  # whether default contexts of this Python are


class Finding(NamedTuple):
    """One thing that was looked at: `level` is ok, note or problem."""

    level: str
    check: str
    message: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """Return it in one line."""
        return "; ".join(filter(None, [self.message, self.remedy]))

    def lines(self) -> List[str]:
        """Return it as text."""
        return [row(self.level, self.message), *([row("", self.remedy)] if self.remedy else [])]


def problem(check: str, message: str, remedy: str = "") -> Finding:
    """Return what somebody has to do something about."""
    return Finding("problem", check, message, remedy)


def note(check: str, message: str, remedy: str = "") -> Finding:
    """Return what somebody should know."""
    return Finding("note", check, message, remedy)


def strict(check: str, message: str) -> Finding:
    """Return a refusal by the strict checks, which matters as much as this Python has them on."""
    return Finding("problem" if IS_STRICT else "note", check, message, STRICT_REMEDY)


def report(findings: List[Finding], more: Dict[str, Any]) -> Report:
    """Return findings as an answer; unhealthy where one is a problem."""
    healthy = all(finding.level != "problem" for finding in findings)
    told = [finding._asdict() for finding in findings]
    data = {"command": "doctor", "healthy": healthy, "findings": told, **more}
    lines = [line for finding in findings for line in finding.lines()]
    return Report(data, lines, 0 if healthy else 1)
