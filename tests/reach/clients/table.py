"""docs/clients.md: written from what a run has measured, and read again."""

from __future__ import annotations

from typing import Dict, List, NamedTuple

import pytest

from reach.clients.rows import ROWS
from support import CHECKOUT, tables

PAGE = CHECKOUT / "docs" / "clients.md"
TABLE = "clients"
WAYS = ("by installing", "`SSL_DEFAULTS`", "`shellenv` alone")
HEAD = ("client", "version", *WAYS, "why not")


class Line(NamedTuple):
    """What was measured of one client: yes or no for each of the ways."""

    label: str
    version: str
    installing: str
    ssl_defaults: str
    shellenv: str
    why: str

    @property
    def verdicts(self) -> List[str]:
        """What it says of the ways."""
        return [self.installing, self.ssl_defaults, self.shellenv]


def read() -> Dict[str, Line]:
    """Return what the page says; a row that failed or was not run lacks cells, and says so."""
    _, text, _ = tables.split(PAGE.read_text(encoding="utf-8"), TABLE)
    rows = [row[1:-1].split("|") for row in text.strip().splitlines()[2:]]
    cells = [[cell.strip() for cell in row] + [""] * len(HEAD) for row in rows]
    return {each[0]: Line(*each[: len(HEAD)]) for each in cells}


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured, and write it where that was asked for."""
    measured = tables.rows(reporter, TABLE)
    if not measured:
        return
    reporter.section("clients")
    reporter.write_line("\n".join([tables.line(HEAD), *measured.values()]))
    if config.getoption("--write-table"):
        tables.write_table(PAGE, TABLE, HEAD, [row.label for row in ROWS], measured)
