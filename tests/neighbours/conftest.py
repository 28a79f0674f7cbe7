from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

import pytest

import opt_in
from neighbours.living import installed_with
from support import Sandbox, new_environment

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what installs half of PyPI, unless this folder is named."""
    return opt_in.ignore(HERE, collection_path, config)


@pytest.fixture
def live_with(tmp_path: Path, interpreter: str, wheel: str) -> Callable[..., Sandbox]:
    """Return what makes a sandbox with us, requests and these neighbours."""

    def make(*requirements: str) -> Sandbox:
        environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
        return Sandbox(tmp_path, installed_with(environment, wheel, "requests", *requirements))

    return make
