"""Run tests/reach/neighbours on the oldest and newest Pythons and two between, and print a table.

    python3 tests/reach/neighbours/table.py CACHE [--only TEXT] [--again] [--markdown FILE] [TESTS…]

The Pythons are this machine's, and for what it lacks those of a newer Debian, which is made in
CACHE (as root on Debian or a relative); results are kept as by tests/reach/interpreters.py. All
that the tests need is installed; the neighbours come from the package index.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reach.everywhere.finding import NEWER_DEBIAN, Found, Missing, find
from reach.everywhere.results import Results, Task, not_run
from reach.everywhere.running import Row, run
from reach.interpreters import parser
from support.tables import columns, markdown, put_between

VERSIONS = ([3, 8], [3, 11], [3, 13], [3, 15])


def main() -> int:
    """Run them; return 0 if all that can be installed works."""
    options = parser().parse_intermixed_args()
    tests = ["tests/reach/neighbours"] if options.tests == ["tests"] else options.tests
    cache: Path = options.cache.resolve()
    results = Results(cache, tests)
    rows = results.collect(plan(cache, tests), options.only, again=options.again)
    head, lines = ("neighbour", *(row.interpreter for row in rows)), by_neighbour(rows)
    print(columns([head, *lines]))
    if options.markdown:
        notes = [f"{row.interpreter}: {row.note}." for row in rows if not row.passed]
        notes += [f"The tests of commit {', '.join({row.commit for row in rows if row.passed})}."]
        text = "\n\n".join([results.tested(), markdown(head, lines), *notes])
        put_between(options.markdown, "neighbours", text)
    return 0 if all(row.failed == "0" for row in rows) else 1


def plan(cache: Path, tests: Sequence[str]) -> List[Task]:
    """Return one task for each of the versions, also for one that is not to be had."""
    found, missing = find(cache, beside=NEWER_DEBIAN)
    return [task_for(version, found, missing, cache, tests) for version in VERSIONS]


def task_for(
    version: Sequence[int], found: Found, missing: Missing, cache: Path, tests: Sequence[str]
) -> Task:
    """Return the task for the first plain CPython of that version."""
    able = (each for each in found if each.runs_pytest and each.version[:2] == version)
    one = next(able, None)
    if one:
        return Task(one.name, lambda: run(one, one, cache / "neighbours", tests))
    name = "CPython " + ".".join(map(str, version))
    why = "; ".join(f"{what}: {reason}" for what, reason in missing) or "there is none here"
    return Task(name, lambda: not_run(name, why))


def by_neighbour(rows: Sequence[Row]) -> List[List[str]]:
    """Return one line for each test, with what came of it in each interpreter."""
    names = list(dict.fromkeys(name for row in rows for name in row.cases))
    return [[readable(name), *(cell(row, name) for row in rows)] for name in sorted(names)]


def readable(name: str) -> str:
    """Return the name of a test in words."""
    test, _, parameters = name.partition("[")
    words = test[5:].replace("_", " ")
    return f"{words}: {parameters[:-1]}" if parameters else words


def cell(row: Row, name: str) -> str:
    """Return what came of it."""
    outcome = row.cases.get(name, "not run")
    return "works" if outcome == "passed" else outcome


if __name__ == "__main__":
    sys.exit(main())
