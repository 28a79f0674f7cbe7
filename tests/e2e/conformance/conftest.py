from __future__ import annotations

from pathlib import Path

import pytest

from conformance.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a machine with nothing but certifi's own list."""
    return World(tmp_path, monkeypatch)
