"""Results of long runs, kept for each product, so that an interrupted run goes on where it was.

The product is the last commit that changed what is installed. A mend of a test makes the rows that
failed run again, and not all of them: each says of which commit its tests were. The results are
committed, because all rows together take hours, and another machine may run the rest.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence

from reach.everywhere.running import CHECKOUT, Row

FOLDER = CHECKOUT / "tests/reach/results"
# What these commands write themselves is left out.
BUT_TABLES = ("--", ".", ":!docs/tested.md", f":!{FOLDER.relative_to(CHECKOUT).as_posix()}")
INSTALLED = ("--", "src", "pyproject.toml", "*.pth", "*.start")


class Task(NamedTuple):
    """What gives one result."""

    name: str
    run: Callable[[], Row]


def slug(name: str) -> str:
    """Return a name that a folder can have."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name).split())


def commit(paths: Sequence[str] = BUT_TABLES) -> str:
    """Return the last commit that changed these paths, and whether they have changed since."""
    git = ["git", "-C", str(CHECKOUT)]
    log = ["log", "-1", "--abbrev=12", "--format=%h"]
    try:
        name = subprocess.check_output([*git, *log, *paths], encoding="ascii")
        changes = subprocess.check_output([*git, "status", "--porcelain", *paths])
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.strip() + ("-changed" if changes else "")


def not_run(name: str, why: str) -> Row:
    """Return the result of what cannot be run."""
    return Row(name, "", "", "", "", f"NOT RUN: {why}", {}, {}, "")


class Results:
    """The results for one product and selection of tests."""

    def __init__(self, cache: Path, tests: Sequence[str]) -> None:
        """Keep results; those of a changed checkout in `cache`, and for this run alone."""
        self.product, self.tests = commit(INSTALLED), list(tests)
        is_known = not commit().endswith("-changed") and commit() != "unknown"
        parent = FOLDER if is_known else cache / "results"
        self._folder = parent / slug(f"{self.product} {' '.join(tests)}")
        # Those of an older product are of no use, and those of a changed one are not told apart.
        older = [each for each in FOLDER.glob("*") if not each.name.startswith(self.product)]
        for old in older if is_known else [self._folder]:
            shutil.rmtree(old, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)

    def collect(self, tasks: Sequence[Task], only: str, *, again: bool) -> List[Row]:
        """Run what has no result yet and `only` in its name; return the result of every task."""
        for task in tasks:
            if only in task.name and (again or not self.row(task.name).passed):
                print(f"{task.name} …", file=sys.stderr, flush=True)
                began = time.monotonic()
                of = commit()
                row = task.run()._replace(commit=of)
                took = f"{(time.monotonic() - began) / 60:.1f} minutes"
                print(" | ".join([*row[:6], took]), file=sys.stderr, flush=True)
                self._path(task.name).write_text(json.dumps(row._asdict(), indent=1) + "\n")
        return [self.row(task.name) for task in tasks]

    def row(self, name: str) -> Row:
        """Return what came of it."""
        try:
            return Row(**json.loads(self._path(name).read_text()))
        except OSError:
            return not_run(name, "not yet, with this product")

    def _path(self, name: str) -> Path:
        return self._folder / f"{slug(name)}.json"

    def tested(self) -> str:
        """Return what was run, in a sentence."""
        return f"The product of commit {self.product}, `pytest {' '.join(self.tests)}`."
