"""Folders that are run by their name alone, and the tables that their runs write."""

from __future__ import annotations

import os
import re
from importlib.metadata import distributions
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import pytest

from support import CHECKOUT, Environment

DOCUMENT = CHECKOUT / ".github" / "REACH.md"
NOT_RUN = "not run"


def is_named(folder: Path, config: pytest.Config) -> bool:
    """Whether the command line names this folder or something in it."""
    started_in = config.invocation_params.dir
    named = [Path(os.path.abspath(started_in / each.split("::")[0])) for each in config.args]
    return any(folder in (path, *path.parents) for path in named)


def ignore(folder: Path, collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of a folder that it does not name."""
    return True if collection_path.parent == folder and not is_named(folder, config) else None


def tell(
    reporter: pytest.TerminalReporter,
    config: pytest.Config,
    table: str,
    head: Sequence[str],
    names: Iterable[str],
) -> None:
    """Print the rows of this run, and keep them where that is asked for."""
    found = rows(reporter, table)
    for row in found.values():
        reporter.write_line(row)
    if found and config.getoption("--write-table"):
        write_table(DOCUMENT, table, head, names, found)


def rows(reporter: pytest.TerminalReporter, table: str) -> Dict[str, str]:
    """Return the lines for a table that the tests of this run recorded, by their first cell."""
    found = {}
    for outcome in ("passed", "failed", "error"):
        for report in reporter.stats.get(outcome, ()):
            for name, cells in getattr(report, "user_properties", ()):  # none where not collected
                if name == table:
                    found[cells[0]] = line(cells if outcome == "passed" else [cells[0], "failed"])
    return found


def line(cells: Iterable[object]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def write_table(
    document: Path, table: str, head: Sequence[str], names: Iterable[str], new: Dict[str, str]
) -> None:
    """Write the rows of this run between the table's marks; others stay what they were."""
    text = document.read_text("utf-8")
    before, old, after = split(text, table)
    known = dict(re.findall(r"^(?=\| (.+?) \|)(.*)$", old, re.MULTILINE))
    lines: List[str] = [line(head), "|" + "---|" * len(head)]
    lines += [new.get(name) or known.get(name) or line([name, NOT_RUN]) for name in names]
    document.write_text(before + "\n".join(["", *lines, ""]) + after, "utf-8")


def split(text: str, table: str) -> Tuple[str, str, str]:
    """Return what is before, between and behind the marks of a table."""
    begin, end = f"<!-- begin {table} -->", f"<!-- end {table} -->"
    before, rest = text.split(begin)
    between, after = rest.split(end)
    return before + begin, between, end + after


def version_of(environment: Environment, distribution: str) -> str:
    """Return the version of a distribution in an environment."""
    path = [str(environment.site_packages)]
    return next(each.version for each in distributions(name=distribution, path=path))
