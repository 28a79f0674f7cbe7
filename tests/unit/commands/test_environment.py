"""What is known of an environment by its files."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path
from typing import Dict

import pytest

from certifi_system_store_wrapper.commands import environment
from support import write


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


@pytest.mark.links
@pytest.mark.parametrize(
    ("links", "taken"),
    [
        ({"python": "python2.7", "python3": "python3.11"}, "python3"),
        ({"python": "python3.11", "python3": "python3.11"}, "python"),
        ({"python": "/no/such", "python3": "python3.11"}, "python3"),
        ({"python": "python2.7"}, "python"),
    ],
)
@pytest.mark.posix("on Windows there is one name")
def test_which_interpreter_of_a_folder(tmp_path: Path, links: Dict[str, str], taken: str) -> None:
    """The one of Python 3, whatever `python` is there."""
    for name in ("python2.7", "python3.11"):
        write(tmp_path / "bin" / name, b"")
    for name, to in links.items():
        (tmp_path / "bin" / name).symlink_to(to)
    assert environment.read(str(tmp_path)).python == str(tmp_path / "bin" / taken)
