from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Callable, Optional, Tuple

import pytest

import opt_in
from neighbours.living import installed_with
from support import Sandbox, new_environment

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what installs half of PyPI, unless this folder is named."""
    return opt_in.ignore(HERE, collection_path, config)


@pytest.fixture(scope="session")
def python_version(interpreter: str) -> Tuple[int, int]:
    """Return the version of the interpreter under test."""
    code = "import sys; print(*sys.version_info[:2])"
    major, minor = subprocess.check_output([interpreter, "-c", code], encoding="ascii").split()
    return int(major), int(minor)


@pytest.fixture
def live_with(tmp_path: Path, interpreter: str, wheel: str) -> Callable[..., Sandbox]:
    """Return what makes a sandbox with us, requests and these neighbours."""

    def make(*requirements: str) -> Sandbox:
        environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
        return Sandbox(tmp_path, installed_with(environment, wheel, "requests", *requirements))

    return make
