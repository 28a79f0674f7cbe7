"""Where environments lie: what a folder's name, or a file of somebody else's, must not break."""

from __future__ import annotations

import json
import os
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


def test_a_variable_that_has_several_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jupyter and conda take a list, as of PATH; a folder whose name has a colon is one folder."""
    folders = [tmp_path / name for name in ("a", "b")]
    for variable, below in (("JUPYTER_PATH", "kernels/k"), ("CONDA_ENVS_DIRS", "env")):
        monkeypatch.setenv(variable, os.pathsep.join(str(each / variable) for each in folders))
        for folder in folders:
            here = folder / variable / below
            here.mkdir(parents=True)
            kernel = {"argv": [str(here / "python")]}
            (here / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = [Path(path) for path, _ in Places().found()]
    for folder in folders:
        assert folder / "JUPYTER_PATH" / "kernels" / "k" / "python" in found
        assert folder / "CONDA_ENVS_DIRS" / "env" in found
