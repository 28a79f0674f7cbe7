"""How much of the product the tests pass through, in this process and in all that they start."""

from __future__ import annotations

from pathlib import Path

from support import CHECKOUT, run_here

FOLDERS = ("tests/unit", "tests/conformance", "tests/e2e")
# To measure is to be there: these look at all that a process imports, opens and leaves.
UNMEASURED = ("audit", "imported_modules", "interpreter_start", "packaging", "readme")


def test_coverage_stays_above_the_floor(tmp_path: Path, distributions: Path) -> None:
    """Lines and branches; the floor stands in pyproject.toml, and is what Linux alone reaches."""
    measured = tmp_path / "measured"
    left_out = [f"--ignore=tests/e2e/test_{name}.py" for name in UNMEASURED]
    options = ["-q", "-n", "2", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "tests")]
    options += ["--measure", str(measured), "--built", str(distributions), *left_out]
    run_here("pytest", *options, *FOLDERS, cwd=CHECKOUT)
    data = f"--data-file={measured / 'data'}"
    run_here("coverage", "combine", "--keep", data, str(measured), cwd=CHECKOUT)
    report = run_here("coverage", "report", data, cwd=CHECKOUT)
    assert report.count("commands") > 10
