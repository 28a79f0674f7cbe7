"""What is known of an environment by its files."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
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


@pytest.mark.links("it is about symbolic links")
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
    program = write(tmp_path / folder / "python.bat", b"@echo %~1 %X%\r\n")
    code = "import sys; from certifi_system_store_wrapper.commands.environment import typed; "
    code += "print('@' + typed(*sys.argv[1:], variables=[('X', 'a(b),c;d')]))"
    batch = f'@"{sys.executable}" -c "{code}" "{program}" "x y" > "{tmp_path}\\typed.cmd"\r\n'
    batch += f'@call "{tmp_path}\\typed.cmd"\r\n'
    path = write(tmp_path / "asking.cmd", batch.encode())
    assert subprocess.check_output(["cmd", "/c", str(path)], text=True).strip() == "x y a(b),c;d"
