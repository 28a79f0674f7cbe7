"""Results of long runs, kept for each product, so that an interrupted run goes on where it was.

The product is the last commit that changed what is installed. A mend of a test makes the rows that
failed run again, and not all of them: each says of which commit its tests were.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List, NamedTuple, Sequence

from reach.everywhere.running import CHECKOUT, Row

BUT_TABLES = ("--", ".", ":!docs/tested.md")  # what these commands write themselves
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

    def __init__(self, folder: Path, tests: Sequence[str]) -> None:
        """Keep results in `folder`; those of a changed checkout are never used again."""
        self.product, self.tests = commit(INSTALLED), list(tests)
        self._folder = folder / slug(f"{self.product} {' '.join(tests)}")
        self._folder.mkdir(parents=True, exist_ok=True)
        if commit().endswith("-changed") or commit() == "unknown":
            for path in self._folder.iterdir():
                path.unlink()

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
                (self._folder / slug(task.name)).write_text(json.dumps(row._asdict()))
        return [self.row(task.name) for task in tasks]

    def row(self, name: str) -> Row:
        """Return what came of it."""
        try:
            return Row(**json.loads((self._folder / slug(name)).read_text()))
        except OSError:
            return not_run(name, "not yet, with this product")

    def tested(self) -> str:
        """Return what was run, in a sentence."""
        return f"The product of commit {self.product}, `pytest {' '.join(self.tests)}`."
