"""docs/clients.md and the doctor's list: written from what a run has measured, and read again."""

from __future__ import annotations

import json
from typing import Dict, List, NamedTuple, Set

import pytest

from certifi_system_store_wrapper.commands.doctor import clients as told
from reach.clients.rows import ROWS
from support import CHECKOUT, tables

PAGE = CHECKOUT / "docs" / "clients.md"
# The kind of each distribution, for the doctor.
KINDS = CHECKOUT / "src/certifi_system_store_wrapper/commands/doctor/clients.json"
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

    @property
    def kind(self) -> str:
        """Which kind of client the doctor takes it for."""
        ways = (told.ASKS, told.DEFAULTS, told.VARIABLES)
        return next((kind for kind, yes in zip(ways, self.verdicts) if yes == "yes"), told.OWN)


def read() -> Dict[str, Line]:
    """Return what the page says; a row that failed or was not run lacks cells, and says so."""
    _, text, _ = tables.split(PAGE.read_text(encoding="utf-8"), TABLE)
    rows = [row[1:-1].split("|") for row in text.strip().splitlines()[2:]]
    cells = [[cell.strip() for cell in row] + [""] * len(HEAD) for row in rows]
    return {each[0]: Line(*each[: len(HEAD)]) for each in cells}


def kinds() -> Dict[str, List[str]]:
    """Return the distributions of each kind, used as they come."""
    lines = read()
    found: Dict[str, Set[str]] = {kind: set() for kind in told.HELP}
    for row in ROWS:
        if row.is_plain and row.label in lines:
            found[lines[row.label].kind].add(row.distribution.lower().replace("_", "-"))
    return {kind: sorted(names) for kind, names in found.items()}


def write_kinds() -> None:
    """Write them for the doctor."""
    KINDS.write_text(json.dumps(kinds(), indent=1) + "\n", "utf-8")


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured, and write it where that was asked for."""
    measured = tables.rows(reporter, TABLE)
    if not measured:
        return
    reporter.section("clients")
    reporter.write_line("\n".join([tables.line(HEAD), *measured.values()]))
    if config.getoption("--write-table"):
        tables.write_table(PAGE, TABLE, HEAD, [row.label for row in ROWS], measured)
        write_kinds()
