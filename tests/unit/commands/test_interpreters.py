"""Which interpreter runs a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable, Union

import distlib
import pytest
from distlib.scripts import ScriptMaker

from certifi_system_store_wrapper.commands import environment
from support import write

LAUNCHER = Path(distlib.__file__).with_name("t64.exe").read_bytes()


def by_pip(_: Path, python: str) -> str:
    """Return a program that an installer has made for this environment."""
    return os.path.join(os.path.dirname(python), "pip.exe" if os.name == "nt" else "pip")


def by_distlib(folder: Path, python: str) -> str:
    """Return a launcher of Windows, as pip and poetry make it: with the program behind it."""
    maker = ScriptMaker(None, str(folder))
    maker.executable = f'"{python}"' if " " in python else python
    maker._is_nt = True
    # On other systems it has the launcher, and no method that reads it.
    maker._get_launcher = lambda _kind: LAUNCHER
    maker.variants = {""}
    (made,) = maker.make("poetry = json.tool:main")
    return str(made)


def by_conda(folder: Path, python: str) -> str:
    """Return a launcher as conda and setuptools make it: with the program beside it."""
    (folder / "conda-script.py").write_text(f"#!{python}\nimport conda\n")
    return str(written(folder / "conda.exe", LAUNCHER))


def by_shell(folder: Path, python: str) -> str:
    """Return a script of a shell that starts the interpreter."""
    return str(written(folder / "az", f'#!/usr/bin/env bash\n{python} -sm azure.cli "$@"\n'))


def by_batch(folder: Path, python: str) -> str:
    """Return a batch file that looks for an interpreter near it, and has another."""
    text = '@IF EXIST "%~dp0\\..\\python.exe" (\r\n  "%~dp0\\..\\python.exe" -IBm azure.cli %*\r\n'
    return str(
        written(folder / "az.cmd", f'{text}) ELSE (\r\n  "{python}" -m azure.cli %*\r\n)\r\n')
    )


def by_batch_of_conda(folder: Path, python: str) -> str:
    """Return the batch file that stands before conda's launcher."""
    text = '@IF NOT DEFINED _CE_CONDA (\r\n  @SET "CONDA_EXE=%~dp0..\\Scripts\\conda.exe"\r\n)\r\n'
    for name in ("Scripts", "condabin"):
        (folder / name).mkdir()
    by_conda(folder / "Scripts", python)
    return str(written(folder / "condabin" / "conda.bat", text))


def written(path: Path, content: Union[str, bytes]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


WINDOWS = pytest.mark.windows("only cmd runs it")


@pytest.mark.parametrize(
    "made_by",
    [
        by_pip,
        by_distlib,
        by_conda,
        pytest.param(by_shell, marks=pytest.mark.posix("no shell has such paths there")),
        pytest.param(by_batch, marks=WINDOWS),
        pytest.param(by_batch_of_conda, marks=WINDOWS),
    ],
)
def test_the_interpreter_that_runs_a_program(
    tmp_path: Path, made_by: Callable[[Path, str], str]
) -> None:
    """It is read from the file, however that was made; a program that says nothing has none."""
    python = os.path.abspath(sys.executable)
    there = environment.read(made_by(tmp_path, python))
    assert there.identity == environment.read(python).identity
    with pytest.raises(FileNotFoundError, match="is no Python"):
        environment.read(str(written(tmp_path / "uv.exe", b"MZ\0#!\0/no/such/python")))


@pytest.mark.posix("no shell has such paths there")
@pytest.mark.parametrize(
    ("script", "is_told"),
    [
        ("'''exec' \"{here}/python3\" \"$0\" \"$@\"\n' '''", True),
        ("# not {other}\nX='a b' exec '{here}/python3' -m x", True),
        ("PYTHON='{here}/python3'\nexec \"$PYTHON\" -m x", True),
        ('HERE="$(dirname "$(readlink -f "$0")")"\nexec "${{HERE}}/python3" -m x', True),
        ('X=`cd "$(dirname "$BASH_SOURCE[0]")" && pwd`\nY=Z "$X"/../bin/python3 -m x', True),
        ('HERE="$(cd "$(dirname "$0")/.." && pwd)"\nexec "$HERE/python3" -m x', False),
        ('exec "$HERE{other}" -m x', False),
        ('exec "$HERE"{other} -m x', False),
        ("exec /no/my\\ folder{other} -m x", False),
        ("exec {other} -m x || exec '{here}/python3' -m x", False),
    ],
)
def test_a_script_of_a_shell(tmp_path: Path, script: str, *, is_told: bool) -> None:
    """Its words are read as a shell reads them; where that is not certain, it names nothing."""
    python = write(tmp_path / "my env" / "bin" / "python3", b"")
    text = script.format(here=python.parent, other=os.path.abspath(sys.executable))
    path = written(python.parent / "tool", f"#!/bin/sh\n{text}\n")
    if is_told:
        assert environment.read(str(path)).python == str(python)
    else:
        with pytest.raises(FileNotFoundError, match="is no Python"):
            environment.read(str(path))
