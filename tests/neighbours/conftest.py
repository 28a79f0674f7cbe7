from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Optional

import pytest

from neighbours.living import installed_with
from support import Sandbox, new_environment

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what installs half of PyPI, unless this folder is named."""
    return True if collection_path.parent == HERE and not is_named(config) else None


def is_named(config: pytest.Config) -> bool:
    """Whether the command line names this folder or something in it."""
    started_in = config.invocation_params.dir
    named = [Path(os.path.abspath(started_in / each.split("::")[0])) for each in config.args]
    return any(HERE in (path, *path.parents) for path in named)


@pytest.fixture
def live_with(tmp_path: Path, interpreter: str, wheel: str) -> Callable[..., Sandbox]:
    """Return what makes a sandbox with us, requests and these neighbours."""

    def make(*requirements: str) -> Sandbox:
        environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
        return Sandbox(tmp_path, installed_with(environment, wheel, "requests", *requirements))

    return make
