"""What the doctor says of clients, and what was measured of them, are the same."""

from __future__ import annotations

from typing import Dict

from certifi_system_store_wrapper.commands.doctor import clients as told
from reach.clients import table
from reach.clients.rows import ROWS

# They ride on requests, which is: neither comes as a distribution that is quickly installed.
NOT_RUN = ("azure-cli-core", "conda")


def kind_of(line: table.Line) -> str:
    """Return the kind of a client that was measured so."""
    ways = [told.ASKS, told.DEFAULTS, told.VARIABLES]
    return next((kind for kind, yes in zip(ways, line.verdicts) if yes == "yes"), told.OWN)


def test_the_table_has_every_row_and_each_was_run() -> None:
    """No row is left out, none says "not run", and where one says no, it says why."""
    lines = table.read()
    assert list(lines) == [row.label for row in ROWS]
    for label, line in lines.items():
        assert set(line.verdicts) <= {"yes", "no"}, label
        assert ("no" in line.verdicts) == bool(line.why), label


def test_the_doctor_agrees_with_the_table() -> None:
    """Each distribution, used as its users do without thinking of certificates, is of its kind."""
    measured: Dict[str, str] = {}
    for row, line in zip(ROWS, table.read().values()):
        if row.is_plain:
            name = row.distribution.lower().replace("_", "-")
            assert measured.setdefault(name, kind_of(line)) == kind_of(line), row.label
    known = told.known()
    assert measured == {name: kind for name, kind in known.items() if name not in NOT_RUN}


def test_what_installing_does_not_reach_variables_do() -> None:
    """As the doctor advises for those that use OpenSSL's defaults."""
    for label, line in table.read().items():
        if kind_of(line) == told.DEFAULTS:
            assert line.shellenv == "yes", label
