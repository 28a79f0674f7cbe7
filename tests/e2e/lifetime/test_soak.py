"""A short soak; the long one is its own command, see soak.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from support import Environment

pytestmark = pytest.mark.linux("it adopts orphans as Linux lets it")


@pytest.mark.slow
@pytest.mark.parametrize("mode", [(), ("--persistent",)])
def test_nobody_ever_misses_the_bundle(
    installed: Environment,
    mode: Tuple[str, ...],
    slow: bool,
) -> None:
    """Two rounds of twenty processes, forks, daemons and kills; with --slow ten."""
    rounds = 10 if slow else 2
    soak = str(Path(__file__).with_name("soak.py"))
    size = [f"--rounds={rounds}", "--processes=20"]
    command = [sys.executable, soak, str(installed.python), *size, *mode]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout and int(done.stdout.split(": ")[1].split()[0]) > 20 * rounds
