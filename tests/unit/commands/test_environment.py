"""What is known of an environment by its files."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import pytest

from certifi_system_store_wrapper.commands import environment


def test_an_interpreter_that_runs_by_an_alias(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Microsoft Store's: nothing lies beside its path, and Python itself knows its folders."""
    alias = tmp_path / "WindowsApps" / "Store" / ("python.exe" if os.name == "nt" else "python")
    own = tmp_path / "LocalCache" / "site-packages"
    (own / "certifi_system_store_wrapper-9.dist-info").mkdir(parents=True)
    alias.parent.mkdir(parents=True)
    alias.touch()
    before = environment.read(str(alias))
    assert environment.NAME not in before.packages
    monkeypatch.setattr(sys, "executable", str(alias))
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(site, "getusersitepackages", lambda: str(own))
    there = environment.read(str(alias))
    assert (there.prefix, there.version) == (sys.prefix, sys.version.split()[0])
    assert there.packages[environment.NAME] == "9" and "pytest" in there.packages
