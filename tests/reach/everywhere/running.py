"""Runs the suite with one interpreter, and counts."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence
from xml.etree import ElementTree as ET

from reach.everywhere.finding import Interpreter

CHECKOUT = Path(__file__).resolve().parents[3]
DRIVEN = ("tests/e2e",)  # they test processes, of any interpreter
WORKERS = "3"  # for 2 cores: a third of the time, a test waits


class Row(NamedTuple):
    """One line of the table, what was skipped why, what came of each test, and whose tests."""

    interpreter: str
    openssl: str
    passed: str
    failed: str
    skipped: str
    note: str
    reasons: Dict[str, int]
    cases: Dict[str, str]
    commit: str = ""


def run(one: Interpreter, driver: Interpreter, work: Path, tests: Sequence[str]) -> Row:
    """Run the suite with one interpreter, driven by another where pytest's needs are not met."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    litter = shutil.ignore_patterns("__pycache__", ".git", ".venv", ".*_cache", "dist", "build")
    shutil.copytree(CHECKOUT, work / "checkout", ignore=litter)
    runner = one if one.runs_pytest else driver
    unfinished = _test(one, runner, work, tests)
    report = work / "report.xml"
    if not report.exists():
        return Row(one.name, one.openssl, "", "", "", f"NOT RUN: {unfinished}", {}, {})
    return _row(one, runner, report)


def _test(one: Interpreter, runner: Interpreter, work: Path, tests: Sequence[str]) -> str:
    """Return which step failed, if any."""
    python = str(work / "venv" / ("Scripts/python.exe" if runner.is_windows else "bin/python"))
    pip = [python, "-m", "pip", "install", "-q"]
    steps = [
        *_new_environment(runner, str(work / "venv"), python),
        [*pip, "-U", "pip"],
        [*pip, *_requirements(tests), "."],
        [python, "-m", "pytest", "-n", WORKERS, *_selected(one, tests), *_options(one, work)],
    ]
    with (work / "log").open("w") as log:
        for step in steps:
            command = [*runner.prefix, *step]
            nothing = subprocess.DEVNULL
            done = subprocess.run(
                command, cwd=work / "checkout", stdin=nothing, stdout=log, stderr=log, check=False
            )
            if done.returncode:
                return f"{' '.join(step[1:5])} failed"
    return ""


def _new_environment(runner: Interpreter, venv: str, python: str) -> List[List[str]]:
    """Return the commands that make an environment with pip."""
    if not runner.is_windows:
        return [[runner.path, "-m", "venv", venv]]
    into = ["-m", "pip", "--python", python, "install", "-q", "pip"]  # it may have no ensurepip
    return [[runner.path, "-m", "venv", "--without-pip", venv], [runner.path, *into]]


def _requirements(tests: Sequence[str]) -> List[str]:
    """Return the options for what the tests need, and their folders beside that."""
    folders = {each for test in tests for each in (Path(test), *Path(test).parents)}
    files = [folder / "requirements.txt" for folder in sorted({Path("tests"), *folders})]
    return [each for file in files if (CHECKOUT / file).exists() for each in ("-r", str(file))]


def _selected(one: Interpreter, tests: Sequence[str]) -> List[str]:
    """Return what to run; not all tests run another interpreter than pytest's."""
    return list(tests) if one.runs_pytest or list(tests) != ["tests"] else list(DRIVEN)


def _options(one: Interpreter, work: Path) -> List[str]:
    options = [f"--junitxml={work / 'report.xml'}"]
    if not one.runs_pytest:
        options.append(f"--interpreter={one.path}")
    if one.is_debians:
        options.append("--system-site-packages")
    return options


def _row(one: Interpreter, runner: Interpreter, report: Path) -> Row:
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    names = (("tests",), ("failures", "errors"), ("skipped",))
    total, failed, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites for name in group) for group in names
    )
    note = "" if one is runner else f"{' and '.join(DRIVEN)}, driven by {runner.name}"
    numbers = str(total - failed - skipped), str(failed), str(skipped)
    reasons = Counter(_reason(each) for suite in suites for each in suite.iter("skipped"))
    cases = {each.get("name", ""): _outcome(each) for s in suites for each in s.iter("testcase")}
    return Row(one.name, one.openssl, *numbers, note, dict(reasons), cases)


def _outcome(case: ET.Element) -> str:
    """Return "passed", "FAILED", or why it was skipped."""
    skipped = case.find("skipped")
    if skipped is not None:
        return _reason(skipped)
    return "passed" if len(case) == len(case.findall("properties")) else "FAILED"


def _reason(skipped: ET.Element) -> str:
    message: Optional[str] = skipped.get("message")
    return message or "no reason given"
