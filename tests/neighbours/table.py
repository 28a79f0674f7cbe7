"""Run tests/neighbours on the oldest and newest Pythons and two between, and print a table.

    python3 tests/neighbours/table.py CACHE [--only TEXT] [--again] [--markdown FILE] [TESTS…]

CACHE is that of tests/interpreters.py, which says what it needs; results are kept there in the
same way. The neighbours come from the package index.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Dict, List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from everywhere.finding import Found, find
from everywhere.results import Results, slug
from everywhere.running import Row
from everywhere.tables import columns, markdown, put_between
from interpreters import parser, task_of

VERSIONS = ([3, 8], [3, 11], [3, 13], [3, 15])


def main() -> int:
    """Run them; return 0 if all that can be installed works."""
    options = parser().parse_intermixed_args()
    tests = ["tests/neighbours"] if options.tests == ["tests"] else options.tests
    cache: Path = options.cache.resolve()
    results = Results(cache / "results", tests)
    tasks = [task_of(one, one, cache / "neighbours", tests) for one in chosen(find(cache)[0])]
    rows = results.collect(tasks, options.only, again=options.again)
    head, lines = ("neighbour", *(row.interpreter for row in rows)), by_neighbour(rows)
    print(columns([head, *lines]))
    if options.markdown:
        notes = [f"{row.interpreter}: {row.note}." for row in rows if not row.passed]
        text = "\n\n".join([results.tested(), markdown(head, lines), *notes])
        put_between(options.markdown, "neighbours", text)
    return 0 if all(row.failed == "0" for row in rows) else 1


def chosen(found: Found) -> Found:
    """Return the first plain CPython of each of the versions."""
    able = [each for each in found if each.runs_pytest and "OPENSSLDIR" not in each.where]
    firsts: Dict[str, object] = {slug(str(each.version[:2])): each for each in reversed(able)}
    return [firsts[slug(str(v))] for v in VERSIONS if slug(str(v)) in firsts]  # type: ignore[misc]


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
