"""What goes to the package index, before it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import run_here


def test_the_wheel_is_what_wheels_are(wheel: str) -> None:
    """Nothing in it that is empty, stands twice or lies at the wrong place."""
    assert "OK" in run_here("check_wheel_contents", wheel)


def test_the_index_would_take_both(wheel: str, sdist: str) -> None:
    """Their metadata hold, and their description can be shown."""
    assert run_here("twine", "check", "--strict", wheel, sdist).count("PASSED") == 2


def test_the_index_would_not_take_anything(tmp_path: Path) -> None:
    """The tool that finds nothing is able to find something."""
    (tmp_path / "x-1-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(AssertionError):
        run_here("twine", "check", "--strict", str(tmp_path / "x-1-py3-none-any.whl"))
