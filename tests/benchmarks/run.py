"""What does it cost? Every figure in one run, ours against bare and against the peers.

    python tests/benchmarks/run.py CACHE [--fast]

CACHE gets the environments, which are used again, and results.json (pyperf's) and report.json
beside the table that is printed. docs/benchmarks.md gets the tables between its two markers, unless
--fast says that there are too few rounds for that. On two quiet cores it takes some ten minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROUNDS, FAST = 20, 3


def main() -> int:
    """Run everything; return 0 unless something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--fast", action="store_true", help=f"{FAST} rounds instead of {ROUNDS}")
    options = parser.parse_args()
    cache = options.cache.resolve()
    if cache / "harness" / "made" != Path(sys.prefix) / "made":
        return _run_in_harness(cache)
    from comparing import compare
    from report import publish

    with tempfile.TemporaryDirectory() as tmp:
        found = compare(cache, Path(tmp), FAST if options.fast else ROUNDS)
    publish(found, cache, page=not options.fast)
    return 0


def _run_in_harness(cache: Path) -> int:
    """Run this in an environment that has what it needs itself."""
    harness = cache / "harness"
    python = harness / "bin" / "python"
    if not (harness / "made").exists():
        venv = [sys.executable, "-m", "venv", "--clear", str(harness)]
        subprocess.run(venv, check=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")]
        subprocess.run(install, check=True)
        (harness / "made").touch()
    return subprocess.run([str(python), *sys.argv], check=False).returncode


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(HERE))
    sys.exit(main())
