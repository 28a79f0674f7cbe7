"""Run the whole suite on every Python there is, and print a table of what ran.

    python3 tests/interpreters.py CACHE [--only TEXT] [--again] [--markdown FILE] [TESTS…]

These are every CPython from 3.8 on that pyenv or PATH has, and as root on Debian and its
relatives: every CPython and PyPy of a newer suite, Debian's own with its patched certifi and pip,
one on OpenSSL 1.1.1 of an older suite (trees of them are made with mmdebstrap), a free-threaded
one (built), the newest of PATH and pyenv in the layouts of uv and conda, and, where there is npm,
Pyodide. CACHE gets all of it, the logs and the results: what has a result for the present commit
is not run again.

What cannot be run has a line in the table that says why, and makes the status 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence

from everywhere import pyodide
from everywhere.finding import Interpreter, find
from everywhere.running import CHECKOUT, Row, run
from everywhere.tables import columns, markdown, put_between

HEAD = ("interpreter", "OpenSSL", "passed", "failed", "skipped", "note")


class Task(NamedTuple):
    """What gives one line of the table."""

    name: str
    run: Callable[[], Row]


def main() -> int:
    """Run the suite everywhere; return 0 if all of it ran and passed."""
    options = parsed()
    cache: Path = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    results = Results(cache / "results", commit(), options.tests)
    tasks, rows = plan(cache, options.tests), []
    for task in tasks:
        wanted = options.only in task.name
        if wanted and (options.again or not results.has(task.name)):
            print(f"{task.name} …", file=sys.stderr, flush=True)
            results.keep(task.name, task.run())
        rows.append(results.row(task.name))
        if wanted:
            print(columns([rows[-1][:6]]), file=sys.stderr, flush=True)
    print(columns([HEAD, *(row[:6] for row in rows)]))
    if options.markdown:
        put_between(options.markdown, "interpreters", as_markdown(rows, results))
    return 0 if all(row.failed == "0" for row in rows) else 1


def parsed() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("tests", nargs="*", default=["tests"], help="what to run, as for pytest")
    parser.add_argument("--only", default="", help="run only what has this in its name")
    parser.add_argument("--again", action="store_true", help="also what has a result already")
    parser.add_argument("--markdown", type=Path, help="put the table into this file, too")
    return parser.parse_args()


def commit() -> str:
    """Return what is tested here."""
    git = ["git", "-C", str(CHECKOUT)]
    try:
        name = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], encoding="ascii")
        changes = subprocess.check_output([*git, "status", "--porcelain"])
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("-changed" if changes else "")


def plan(cache: Path, tests: Sequence[str]) -> List[Task]:
    """Return one task for each line of the table."""
    found, missing = find(cache)
    able = [each for each in found if each.runs_pytest]
    tasks = [task_of(each, driver_of(each, able), cache, tests) for each in found]
    tasks += [Task(name, lambda name=name, why=why: not_run(name, why)) for name, why in missing]
    return [*tasks, Task("Pyodide", lambda: pyodide.run(cache, CHECKOUT))]


def task_of(one: Interpreter, driver: Interpreter, cache: Path, tests: Sequence[str]) -> Task:
    """Return the task that runs the suite with that interpreter."""
    return Task(one.name, lambda: run(one, driver, cache / "work" / slug(one.name), tests))


def driver_of(one: Interpreter, able: Sequence[Interpreter]) -> Interpreter:
    """Return the CPython that drives it: of the same place, and not the very newest."""
    return max(able, key=lambda each: (each.prefix == one.prefix, each.version < [3, 14]))


def slug(name: str) -> str:
    """Return a name that a folder can have."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())


def not_run(name: str, why: str) -> Row:
    """Return the line of what cannot be run."""
    return Row(name, "", "", "", "", f"NOT RUN: {why}", {})


class Results:
    """What was run, kept for each commit: an interrupted run goes on where it was."""

    def __init__(self, folder: Path, commit: str, tests: Sequence[str]) -> None:
        """Keep results in `folder`; those of a changed checkout are never used again."""
        self.commit, self.tests = commit, list(tests)
        self._folder = folder / slug(f"{commit} {' '.join(tests)}")
        self._folder.mkdir(parents=True, exist_ok=True)
        if commit.endswith("-changed") or commit == "unknown":
            for path in self._folder.iterdir():
                path.unlink()

    def has(self, name: str) -> bool:
        """Whether it was run."""
        return self.row(name).ran

    def keep(self, name: str, row: Row) -> None:
        """Keep what came of it."""
        (self._folder / slug(name)).write_text(json.dumps(row._asdict()))

    def row(self, name: str) -> Row:
        """Return what came of it."""
        try:
            return Row(**json.loads((self._folder / slug(name)).read_text()))
        except OSError:
            return not_run(name, "not yet, with this commit")


def as_markdown(rows: Sequence[Row], results: Results) -> str:
    """Return the table, what was skipped and why, and of what."""
    reasons: Dict[str, List[str]] = {}
    for row in rows:
        for reason, count in row.reasons.items():
            reasons.setdefault(reason, []).append(f"{row.interpreter}: {count}")
    tested = f"Commit {results.commit}, `pytest {' '.join(results.tests)}`."
    table = markdown(HEAD, [row[:6] for row in rows])
    skipped = markdown(
        ("skipped because", "where"), [(r, ", ".join(w)) for r, w in reasons.items()]
    )
    return f"{tested}\n\n{table}" + (f"\n\n{skipped}" if reasons else "")


if __name__ == "__main__":
    sys.exit(main())
