"""Where environments lie: what a folder's name, or a file of somebody else's, must not break."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from certifi_system_store_wrapper.commands.places import Places


@pytest.mark.parametrize("name", ["venv", "x{a", "x}a", "x{}a", "x[a]"])
def test_the_kernels_of_this_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever it is called; a kernel that is no JSON, or nested too deep, is passed over."""
    prefix = tmp_path / name
    python = str(tmp_path / "python")
    for kernel, text in (("good", json.dumps({"argv": [python]})), ("deep", "[" * 100_000)):
        folder = prefix / "share" / "jupyter" / "kernels" / kernel
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.chdir(tmp_path)
    found = [where for path, where in Places().found() if path == python]
    assert found == ["Jupyter kernel good"]
