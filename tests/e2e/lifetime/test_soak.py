"""A short soak; the long one is its own command, see soak.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from support import Environment

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="it adopts orphans as Linux lets it"
)


@pytest.mark.parametrize("mode", [(), ("--persistent",)])
def test_nobody_ever_misses_the_bundle(installed: Environment, mode: Tuple[str, ...]) -> None:
    """Ten rounds of twenty processes, forks, daemons and kills."""
    soak = str(Path(__file__).with_name("soak.py"))
    command = [sys.executable, soak, str(installed.python), "--rounds=10", "--processes=20", *mode]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout and int(done.stdout.split(": ")[1].split()[0]) > 200
