from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

import opt_in

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep what needs requirements.txt of this folder out, unless this folder is named."""
    return opt_in.ignore(HERE, collection_path, config)
