"""What is known of an environment by its files."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Union

import distlib
import pytest
from distlib.scripts import ScriptMaker

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
        ({"python": "python2.7"}, "python3.11"),
        ({"python": "python3.9", "python3": "python3.9"}, "python3.11"),
        ({}, "python3.11"),
    ],
)
@pytest.mark.posix("on Windows there is one name")
def test_which_interpreter_of_a_folder(tmp_path: Path, links: Dict[str, str], taken: str) -> None:
    """One of Python 3 that has this package, whatever `python` is there, and also without it."""
    for name in ("python2.7", "python3.9", "python3.11"):
        write(tmp_path / "bin" / name, b"")
    library = tmp_path / "lib" / "python3.11" / "site-packages"
    (library / "certifi_system_store_wrapper-1.dist-info").mkdir(parents=True)
    for name, to in links.items():
        (tmp_path / "bin" / name).symlink_to(to)
    assert environment.read(str(tmp_path)).python == str(tmp_path / "bin" / taken)


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


@pytest.mark.linux("its sh runs by any name")
@pytest.mark.parametrize(
    ("shell", "first"),
    [
        ("sh", "X='c d' '/a b/python' -c"),
        ("pwsh", "$env:X='c d'; & '/a b/python' -c"),
        ("cmd", "set \"X=c d\" && '/a b/python' -c"),
    ],
)
def test_a_command_is_typed_as_the_shell_that_started_us_takes_it(
    tmp_path: Path, shell: str, first: str
) -> None:
    """Each has its own way to set a variable, and to PowerShell a path in quotes is a text."""
    (tmp_path / shell).symlink_to(shutil.which("sh") or "/bin/sh")
    code = "from certifi_system_store_wrapper.commands.environment import typed; "
    code += "print(typed('/a b/python', '-c', variables=[('X', 'c d')]), typed('/a/python', 'x'))"
    # Something to do after it, or the shell becomes that program.
    script = '"$1" -c "$2"; exit 0'
    told = subprocess.check_output(
        [str(tmp_path / shell), "-c", script, "sh", sys.executable, code], text=True
    )
    assert told == f"{first} /a/python x\n"


@pytest.mark.posix("its sh")
def test_sh_gives_a_program_the_variables() -> None:
    """Whatever is in them."""
    code, value = "import os; print(os.environ['X'])", "a 'b' $c;d&e"
    command = environment.typed(sys.executable, "-c", code, variables=[("X", value)])
    assert subprocess.check_output(["sh", "-c", command], text=True) == f"{value}\n"


@pytest.mark.windows("its cmd")
@pytest.mark.parametrize("folder", ["plain", "a b", "a&b", "a(b), c;d"])
def test_cmd_runs_what_is_advised(tmp_path: Path, folder: str) -> None:
    """Whatever is in the path; started by cmd it has no call operator."""
    program = written(tmp_path / folder / "python.bat", "@echo %~1 %X%\r\n")
    code = "import sys; from certifi_system_store_wrapper.commands.environment import typed; "
    code += "print('@' + typed(*sys.argv[1:], variables=[('X', 'a(b),c;d')]))"
    batch = f'@"{sys.executable}" -c "{code}" "{program}" "x y" > "{tmp_path}\\typed.cmd"\r\n'
    batch += f'@call "{tmp_path}\\typed.cmd"\r\n'
    path = written(tmp_path / "asking.cmd", batch)
    assert subprocess.check_output(["cmd", "/c", str(path)], text=True).strip() == "x y a(b),c;d"
