"""Every release line of certifi and wrapt that may meet us."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from reach.neighbours.living import assert_served
from support import Sandbox

CERTIFI = ("2022.5.18.1", "2022.12.7", "2023.11.17", "2024.12.14", "2025.11.12", "newest")
WRAPT = ("1.15", "1.16", "1.17", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "newest")


@pytest.mark.parametrize("version", CERTIFI)
def test_certifi(live_with: Callable[..., Sandbox], version: str, url: str, ca_file: Path) -> None:
    """certifi from 2022 on."""
    sandbox = live_with("certifi" if version == "newest" else f"certifi=={version}")
    assert_served(sandbox, url, ca_file)


@pytest.mark.parametrize("version", WRAPT)
def test_wrapt(live_with: Callable[..., Sandbox], version: str, url: str, ca_file: Path) -> None:
    """wrapt from the oldest that we ask for."""
    sandbox = live_with("wrapt" if version == "newest" else f"wrapt=={version}.*")
    assert_served(sandbox, url, ca_file)


@pytest.mark.parametrize("wrapt", ["1.15", "newest"])
def test_oldest_certifi_and_wrapt(
    live_with: Callable[..., Sandbox], wrapt: str, url: str, ca_file: Path
) -> None:
    """The corners of the table."""
    version = "wrapt" if wrapt == "newest" else f"wrapt=={wrapt}.*"
    assert_served(live_with("certifi==2022.5.18.1", version), url, ca_file)
