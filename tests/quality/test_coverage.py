"""How much of the product the tests pass through, in this process and in all that they start.

It runs most tests a second time, which takes 6 minutes: only where COVERAGE=1 asks for it, as the
job `quality` of the workflow does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import CHECKOUT, run_here

FOLDERS = ("tests/unit", "tests/e2e")
# To measure is to be there: these look at all that a process imports, opens and leaves.
UNMEASURED = (
    "test_audit.py",
    "test_imported_modules.py",
    "test_interpreter_start.py",
    "test_memory.py",
    "test_packaging.py",
    "test_readme.py",
    # These measure little that is not measured elsewhere, and take long.
    "test_deployment.py",
    "test_doctor_matrix.py",
    "test_first_steps.py",
    "test_pictures.py",
    "test_troubleshooting.py",
    "lifetime",
)


@pytest.mark.skipif("COVERAGE" not in os.environ, reason="COVERAGE=1 runs the tests once more")
def test_coverage_stays_above_the_floor(tmp_path: Path, distributions: Path) -> None:
    """Lines and branches; the floor stands in pyproject.toml, and is what Linux alone reaches.

    Whether these tests pass is for the run without measuring to say, which they were written for.
    """
    measured = tmp_path / "measured"
    left_out = [f"--ignore=tests/e2e/{name}" for name in UNMEASURED]
    options = ["-q", "-n", "2", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "tests")]
    options += ["--measure", str(measured), "--built", str(distributions), *left_out]
    command = [sys.executable, "-m", "pytest", *options, *FOLDERS]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, check=False)
    assert done.returncode in (0, 1), done.stdout.decode()  # 1: some of them failed
    data = f"--data-file={measured / 'data'}"
    run_here("coverage", "combine", "--keep", data, str(measured), cwd=CHECKOUT)
    report = run_here("coverage", "report", data, cwd=CHECKOUT)
    assert report.count("commands") > 10
