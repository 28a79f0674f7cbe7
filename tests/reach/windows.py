"""Run the suite on Windows' own CPython under Wine, and print what came of it.

    python3 tests/reach/windows.py CACHE [--python VERSION]... [--part | TESTS...]

What that takes is put together in CACHE, see everywhere/windows_python.py. The status is 77 where
it cannot be had, and the reason is said; it is 1 if a test fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import List

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reach.everywhere import windows_python
from reach.everywhere.finding import FAILURES, windows
from reach.everywhere.results import slug
from reach.everywhere.running import Row, run
from support.tables import columns

CANNOT_BE_HAD = 77
# Start-up, the stores and their twins, the life of the bundle, commands: about 4 minutes.
PART = [
    "tests/e2e/test_windows.py",
    "tests/e2e/test_zero_code.py",
    "tests/e2e/test_interpreter_start.py",
    "tests/e2e/test_bundle.py",
]


def main() -> int:
    """Run the tests on each version; say what failed."""
    options = parser().parse_intermixed_args()
    cache: Path = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    status = 0
    for version in options.python or windows_python.VERSIONS:
        try:
            one = windows(cache, version)
        except FAILURES as error:
            print(f"NOT RUN: Windows CPython {version} (Wine): {error}")
            status = status or CANNOT_BE_HAD
            continue
        work = cache / "work" / slug(one.name)
        row = run(one, one, work, PART if options.part else options.tests)
        tell(row, work / "log")
        status = status if row.failed == "0" else 1
    return status


def tell(row: Row, log: Path) -> None:
    """Print a line for people, what failed, and what was skipped for which reason."""
    print(columns([row[:6]]), flush=True)
    failed: List[str] = sorted(name for name, outcome in row.cases.items() if outcome == "FAILED")
    for name in failed:
        print(f"    FAILED {name}")
    for reason, count in sorted(row.reasons.items()):
        print(f"    skipped {count}: {reason}")
    if row.failed != "0":
        print(f"    see {log}")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("tests", nargs="*", default=["tests"], help="what to run, as for pytest")
    parser.add_argument("--part", action="store_true", help="what takes about 4 minutes")
    parser.add_argument("--python", action="append", metavar="VERSION", help="3.11, say")
    return parser


if __name__ == "__main__":
    sys.exit(main())
