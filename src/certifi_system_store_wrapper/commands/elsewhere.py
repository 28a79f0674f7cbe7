"""`--python PATH`: another environment answers, or it is said why it cannot."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from typing import Any, Dict, List, Sequence

from . import environment, scripts
from .environment import NAME, Environment
from .output import Finding, Report, problem, row

# Seconds: `doctor HOST` needs a minute, and the resolver what it likes.
_PATIENCE = 180
# As -m does it, but without the working directory, where a runpy.py or json.py may lie; and in one
# encoding, whatever a pipe has there.
_CODE = """\
import sys
if sys.path[:1] == [""]: del sys.path[0]
for each in (sys.stdout, sys.stderr): each.reconfigure(encoding="utf-8", errors="backslashreplace")
import runpy
runpy.run_module("certifi_system_store_wrapper", run_name="__main__", alter_sys=True)
"""


def report(python: str, command: str, arguments: Sequence[str], *, as_json: bool) -> Report:
    """Return what the command says there, and what its programs get; raises OSError."""
    there = environment.read(python)
    findings = list(scripts.findings(there))
    if NAME in there.packages:
        return _asked(there, [command, *arguments], findings, as_json=as_json)
    reason = environment.why_inactive(there)
    install = environment.install_command(there)
    remedy = f"install it: {install}" if install else "take a later Python"
    findings.insert(0, problem("start", reason, remedy))
    told = {
        "command": command,
        "active": False,
        "healthy": False,
        "inactive_because": f"{reason}; {remedy}",
        "python": there.python,
    }
    lines = [row("python", f"{there.python} ({there.called})"), row("in", there.prefix)]
    return _with_findings(told, lines, findings, 1)


def _asked(
    there: Environment, arguments: List[str], findings: List[Finding], *, as_json: bool
) -> Report:
    """Run the command with that interpreter; the version of this package may be another there."""
    command = [there.python, "-c", _CODE, *(["--json"] if as_json else []), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - the user has named the program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OSError(0, f"{there.python} did not answer within {_PATIENCE} seconds") from None
    except OSError as error:
        raise OSError(0, f"{there.python} cannot be run: {error.strerror}") from error
    told: Dict[str, Any] = {}
    lines = [] if as_json else done.stdout.splitlines()
    if as_json:
        with suppress(ValueError):
            told = json.loads(done.stdout)
    if not told and not lines:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise OSError(0, f"{there.python} failed: {last}")
    errors = [line.partition(f"{NAME}: ")[2] or line for line in done.stderr.splitlines()]
    return _with_findings(told, lines, findings, done.returncode)._replace(errors=errors)


def _with_findings(
    told: Dict[str, Any], lines: List[str], findings: List[Finding], status: int
) -> Report:
    # What its own doctor has told already is not told again.
    known = told.get("findings", [])
    said = {*lines, *(each["message"] for each in known)}
    findings = [each for each in findings if not said & {each.message, each.lines()[0]}]
    told = {**told, "findings": [*known, *(each._asdict() for each in findings)]}
    is_bad = any(each.level == "problem" for each in findings)
    if is_bad and "healthy" in told:
        told["healthy"] = False
    lines = lines + [line for each in findings for line in each.lines()]
    return Report(told, lines, status or int(is_bad))
