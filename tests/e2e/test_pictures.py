"""The pictures of the README are what the programs say, and differ in nothing."""

from __future__ import annotations

import os
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import pictures

CAN_DRAW = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare")


def test_the_badges_are_those_of_the_project() -> None:
    """They say what pyproject.toml says."""
    for name, text in pictures.badges().items():
        assert (pictures.FOLDER / f"{name}.svg").read_text("utf-8") == text


@pytest.mark.skipif(not CAN_DRAW, reason="it needs root on Linux, and namespaces")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="there the defaults are strict, too")
def test_the_terminal_is_drawn_again(wheelhouse: str, wheel: str, tmp_path: Path) -> None:
    """Of what pip, requests and doctor say today; the file is well-formed."""
    wheels = shutil.copytree(wheelhouse, tmp_path / "wheels")
    shutil.copy(wheel, wheels)
    found = pictures.drawn(wheels, tmp_path)
    told = {path.name: path.read_text("utf-8") for path in pictures.FOLDER.iterdir()}
    assert found == told, "run `python tests/pictures.py`"
    assert "<Response [200]>" in "".join(ET.fromstring(found["terminal.svg"]).itertext())
