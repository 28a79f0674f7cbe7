from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Without this option test_readers.py is not collected."""
    parser.addoption(
        "--readers",
        metavar="TREES",
        help="ask real programs under tests/readers; TREES is a folder for trees of other suites",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what needs programs that a developer need not have."""
    wanted = config.getoption("--readers", None) or collection_path.name != "test_readers.py"
    return None if wanted else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was shown, one line for each reader."""
    rows: Dict[str, List[Tuple[str, bool]]] = {}
    versions: Dict[str, str] = {}
    for found, passed in _reports(terminalreporter):
        reader = found["reader"]
        versions[reader] = found.get("version") or versions.get(reader, "NOT RUN")
        rows.setdefault(reader, []).append((found["root"], passed))
    if rows:
        terminalreporter.section("roots verified, each refused by a bundle that lacks it")
        _print_row(terminalreporter, "reader", "version", "roots verified")
    for reader, roots in sorted(rows.items()):
        missing = [root for root, passed in roots if not passed]
        verified = f"{len(roots) - len(missing)} of {len(roots)}"
        note = f"; not {', '.join(missing)}" if 0 < len(missing) < len(roots) else ""
        _print_row(terminalreporter, reader, versions[reader], verified + note)


def _reports(reporter: pytest.TerminalReporter) -> Iterator[Tuple[Dict[str, str], bool]]:
    """Yield what each test of a reader recorded, and whether it passed."""
    for outcome in ("passed", "failed", "error"):
        for report in reporter.stats.get(outcome, ()):
            found = dict(report.user_properties)
            if "reader" in found:
                yield found, outcome == "passed"


def _print_row(reporter: pytest.TerminalReporter, *cells: str) -> None:
    """Print cells in columns."""
    reporter.write_line(" | ".join(c.ljust(w) for c, w in zip(cells, (14, 44, 0))).rstrip())
