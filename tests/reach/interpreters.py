"""Run the whole suite on every Python there is, and print a table of what ran.

    python3 tests/reach/interpreters.py CACHE [--only TEXT] [--again] [--markdown FILE] [TESTS…]

These are every CPython from 3.8 on that pyenv or PATH has, and as root on Debian and its
relatives: every CPython and PyPy of a newer suite, Debian's own with its patched certifi and pip,
one on OpenSSL 1.1.1 of an older suite (trees of them are made with mmdebstrap), a free-threaded
one (built), the newest of PATH and pyenv in the layouts of uv and conda, Windows' own under Wine
(alone: windows.py) and, where there is npm, Pyodide. CACHE gets all of it, and the logs. What has a
result for the present product in tests/reach/results is not run again.

What cannot be run has a line in the table that says why, and makes the status 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Dict, List, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reach.everywhere import pyodide
from reach.everywhere.finding import Interpreter, find
from reach.everywhere.results import Results, Task, not_run, slug
from reach.everywhere.running import CHECKOUT, Row, run
from support.tables import columns, markdown, put_between

HEAD = ("interpreter", "OpenSSL", "passed", "failed", "skipped", "note", "tests of")


def main() -> int:
    """Run the suite everywhere; return 0 if all of it ran and passed."""
    options = parser().parse_intermixed_args()
    cache: Path = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    results = Results(cache, options.tests)
    rows = results.collect(plan(cache, options.tests), options.only, again=options.again)
    print(columns([HEAD, *map(line, rows)]))
    if options.markdown:
        put_between(options.markdown, "interpreters", as_markdown(rows, results))
    return 0 if all(row.failed == "0" for row in rows) else 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("tests", nargs="*", default=["tests"], help="what to run, as for pytest")
    parser.add_argument("--only", default="", help="run only what has this in its name")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--markdown", type=Path, help="put the table into this file, too")
    return parser


def plan(cache: Path, tests: Sequence[str]) -> List[Task]:
    """Return one task for each line of the table."""
    found, missing = find(cache)
    able = [each for each in found if each.runs_pytest]
    tasks = [task_of(each, driver_of(each, able), cache, tests) for each in found]
    tasks += [Task(name, lambda name=name, why=why: not_run(name, why)) for name, why in missing]
    return [*tasks, Task("Pyodide", lambda: pyodide.run(cache, CHECKOUT))]


def task_of(one: Interpreter, driver: Interpreter, cache: Path, tests: Sequence[str]) -> Task:
    """Return the task that runs the suite with that interpreter."""
    work = cache / "work" / slug(one.name)
    return Task(one.name, lambda: but_the_passed(run(one, driver, work, tests)))


def but_the_passed(row: Row) -> Row:
    """Return it with the names of the tests that failed alone: thousands pass."""
    return row._replace(cases=dict.fromkeys(failures(row), "FAILED"))


def driver_of(one: Interpreter, able: Sequence[Interpreter]) -> Interpreter:
    """Return the CPython that drives it: of the same place, and not the very newest."""
    return max(
        able, key=lambda each: (each.prefix == one.prefix, each.version < [3, 14], each.version)
    )


def as_markdown(rows: Sequence[Row], results: Results) -> str:
    """Return the table, what failed, and what was skipped for which reason."""
    reasons: Dict[str, List[str]] = {}
    failed = [f"- {row.interpreter}: `{name}`" for row in rows for name in failures(row)]
    for row in rows:
        for reason, count in row.reasons.items():
            reasons.setdefault(reason, []).append(f"{row.interpreter}: {count}")
    why = [(reason, ", ".join(where)) for reason, where in sorted(reasons.items())]
    parts = [results.tested(), markdown(HEAD, list(map(line, rows)))]
    parts += ["Failed:\n\n" + "\n".join(failed)] if failed else []
    parts += [markdown(("skipped because", "where"), why)] if why else []
    return "\n\n".join(parts)


def line(row: Row) -> Sequence[str]:
    """Return its line of the table."""
    return [*row[:6], row.commit]


def failures(row: Row) -> List[str]:
    """Return the names of the tests that failed."""
    return sorted(name for name, outcome in row.cases.items() if outcome == "FAILED")


if __name__ == "__main__":
    sys.exit(main())
