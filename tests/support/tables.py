"""Tables in Markdown and on the terminal, which the runs of tests write."""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterable, List, Sequence, Tuple

from support import CHECKOUT, Environment

if TYPE_CHECKING:
    import pytest

DOCUMENT = CHECKOUT / "docs" / "tested.md"
NOT_RUN = "not run"
Cells = Sequence[str]


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


def columns(rows: Sequence[Cells]) -> str:
    """Return rows in columns, for people."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = (" | ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def markdown(head: Cells, rows: Iterable[Cells]) -> str:
    """Return rows as a table of Markdown."""
    lines: List[Cells] = [head, ["---"] * len(head), *rows]
    return "\n".join(line(map(_escaped, cells)) for cells in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def put_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the comments of that name; raises ValueError without them."""
    begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
    before, found, rest = path.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path} lacks the lines {begin.strip()} and {end}")
    path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", "utf-8")
