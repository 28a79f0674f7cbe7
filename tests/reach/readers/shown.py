"""What a run has shown: one line for each reader, with the roots that it verified."""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

import pytest


def tell(reporter: pytest.TerminalReporter) -> None:
    """Print the lines, where readers were asked."""
    rows: Dict[str, List[Tuple[str, bool]]] = {}
    versions: Dict[str, str] = {}
    for found, passed in _reports(reporter):
        reader = found["reader"]
        versions[reader] = found.get("version") or versions.get(reader, "NOT RUN")
        rows.setdefault(reader, []).append((found["root"], passed))
    if rows:
        reporter.section("roots verified, each refused by a bundle that lacks it")
        _print_row(reporter, "reader", "version", "roots verified")
    for reader, roots in sorted(rows.items()):
        missing = [root for root, passed in roots if not passed]
        verified = f"{len(roots) - len(missing)} of {len(roots)}"
        note = f"; not {', '.join(missing)}" if 0 < len(missing) < len(roots) else ""
        _print_row(reporter, reader, versions[reader], verified + note)


def _reports(reporter: pytest.TerminalReporter) -> Iterator[Tuple[Dict[str, str], bool]]:
    """Yield what each test of a reader recorded, and whether it passed."""
    for outcome in ("passed", "failed", "error"):
        for report in reporter.stats.get(outcome, ()):
            found = dict(getattr(report, "user_properties", ()))
            if "reader" in found:
                yield found, outcome == "passed"


def _print_row(reporter: pytest.TerminalReporter, *cells: str) -> None:
    """Print cells in columns."""
    reporter.write_line(" | ".join(c.ljust(w) for c, w in zip(cells, (14, 44, 0))).rstrip())
