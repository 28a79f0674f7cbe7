from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what builds whole programs, unless this folder is named."""
    return True if collection_path.parent == HERE and not is_named(config) else None


def is_named(config: pytest.Config) -> bool:
    """Whether the command line names this folder or something in it."""
    started_in = config.invocation_params.dir
    named = [Path(os.path.abspath(started_in / each.split("::")[0])) for each in config.args]
    return any(HERE in (path, *path.parents) for path in named)
