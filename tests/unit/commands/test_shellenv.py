"""shellenv's quoting: every shell reads back exactly the path that it was told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper.commands import SHELLS, parent_shell, shellenv
from certifi_system_store_wrapper.commands.shellenv import assignment, comment, printf

SPECIAL = " '\"$()`%!\\&|;<>*?[]{}~#^\t\u2019\u201b"
paths = st.text(
    st.sampled_from(SPECIAL)
    | st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"),
    max_size=30,
)
PRINTING = {
    "sh": ["sh", "-c"],
    "bash": ["bash", "-c"],
    "zsh": ["zsh", "-fc"],
    "fish": ["fish", "--no-config", "-c"],
    "pwsh": ["pwsh", "-NoProfile", "-Command"],
}
POSIX_PRINT = 'printf %s "$WHERE"'
PRINT = {"fish": "printf %s $WHERE", "pwsh": "[Console]::Out.Write($env:WHERE)"}
DIALECT = {"fish": "fish", "pwsh": "powershell"}
here = pytest.mark.parametrize("shell", [s for s in PRINTING if shutil.which(s)])


def printed(shell: str, script: str) -> str:
    """Return what a shell prints that runs the script."""
    done = subprocess.run([*PRINTING[shell], script], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


@here
@given(path=paths)
@settings(max_examples=60, deadline=None)
def test_the_real_shell_reads_it_back(shell: str, path: str) -> None:
    """Any path without a line break, by each shell that is here."""
    line = assignment(DIALECT.get(shell, "sh"), "WHERE", path)
    assert printed(shell, f"{line}\n{PRINT.get(shell, POSIX_PRINT)}") == path


@here
@given(path=paths)
@settings(max_examples=60, deadline=None)
def test_the_real_shell_reads_it_back_in_ascii(shell: str, path: str) -> None:
    """As on Windows, where Git Bash does not have the code page of Python."""
    command = printf(path)
    assert command.isascii()
    if shell != "pwsh":
        assert printed(shell, command) == path


@here
def test_the_comment_does_nothing(shell: str) -> None:
    """Also where `eval $(...)` without quotes has made one line of all."""
    dialect = DIALECT.get(shell, "sh")
    lines = [comment(dialect, f"for {dialect}"), assignment(dialect, "WHERE", "C:\\a b")]
    together = " ".join(lines) if dialect in ("sh", "powershell") else "\n".join(lines)
    assert printed(shell, f"{together}\n{PRINT.get(shell, POSIX_PRINT)}") == "C:\\a b"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("path", ["a\nb", "a\rb", "a\0b"])
def test_a_line_break_is_refused(shell: str, path: str) -> None:
    """As is a NUL: no shell can be told them on one line."""
    with pytest.raises(OSError, match="line break"):
        assignment(shell, "WHERE", path)


def test_cmd_by_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a batch file % is doubled; for what a code page may lack, a variable stands."""
    assert assignment("cmd", "X", r"C:\100% & more") == r'@set "X=C:\100%% & more"'
    with pytest.raises(OSError, match="double quote"):
        assignment("cmd", "X", 'a"b')
    monkeypatch.setenv("LOCALAPPDATA", "C:\\Users\\J\xf6rg\\AppData\\Local")
    told = assignment("cmd", "X", "C:\\Users\\J\xf6rg\\AppData\\Local\\100%\\cacert.pem")
    assert told == r'@set "X=%LOCALAPPDATA%\100%%\cacert.pem"'
    with pytest.raises(OSError, match="a folder whose name is ASCII"):
        assignment("cmd", "X", "D:\\J\xf6rg\\cacert.pem")


@given(path=paths)
@settings(deadline=None)
def test_powershell_by_its_rules(path: str) -> None:
    """An expression in ASCII: strings in single quotes, and UTF-16 by numbers between them."""
    line = assignment("powershell", "X", path)
    assert line.isascii() and line.startswith("$env:X = '")
    told = "".join(
        chr(int(unit, 16)) if unit else text.replace("''", "'")
        for text, unit in re.findall(r"'((?:[^']|'')*)'|\[char\]0x([0-9a-f]{4})", line)
    )
    assert told.encode("utf-16", "surrogatepass") == path.encode("utf-16")


# Which shell it is for.


@pytest.fixture(name="alone")
def _alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Have no list of processes, as on macOS, and no variable of a shell."""

    def starters() -> None:
        raise FileNotFoundError(2, "there is no /proc")

    monkeypatch.setattr(parent_shell.processes, "starters", starters)
    for name in ("SHELL", "MSYSTEM", "PROMPT"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("darwin", {}, "sh"),
        ("darwin", {"SHELL": "/opt/homebrew/bin/fish"}, "fish"),
        ("darwin", {"SHELL": "/bin/zsh", "PSModulePath": "/x"}, "sh"),
        ("win32", {"PSModulePath": "C:\\x"}, "powershell"),
        ("win32", {"PSModulePath": "C:\\x", "PROMPT": "$P$G"}, "cmd"),
        ("win32", {"PSModulePath": "C:\\x", "PROMPT": "$P$G", "MSYSTEM": "MINGW64"}, "sh"),
        ("win32", {"PSModulePath": "C:\\x", "PROMPT": "$P$G", "SHELL": "/usr/bin/bash"}, "sh"),
    ],
)
def test_variables_where_nobody_knows_who_started_us(
    alone: pytest.MonkeyPatch, platform: str, variables: Dict[str, str], expected: str
) -> None:
    """PSModulePath says nothing: Windows sets it for every program."""
    alone.setattr(sys, "platform", platform)
    for name, value in variables.items():
        alone.setenv(name, value)
    assert parent_shell.find()[0] == expected


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        (["python.exe", "certifi-system-store-wrapper.exe", "cmd.exe", "pwsh.exe"], "cmd"),
        (["python.exe", "PowerShell.EXE", "cmd.exe"], "powershell"),
        (["python.exe", "pwsh.exe"], "powershell"),
        (["bash.exe", "bash.exe", "mintty.exe"], "sh"),
        (["uv", "fish", "bash"], "fish"),
    ],
)
def test_the_nearest_shell_counts(
    alone: pytest.MonkeyPatch, programs: List[str], expected: str
) -> None:
    """Whatever the variables say, which programs hand on."""
    alone.setenv("SHELL", "/bin/zsh")
    alone.setattr(parent_shell.processes, "starters", lambda: iter(programs))
    shell, why = parent_shell.find()
    assert shell == expected and why.endswith("started this")


@pytest.mark.skipif(sys.platform != "linux", reason="the list of processes is that of Linux")
@pytest.mark.parametrize("name", ["fish", "bash", "a) (b"])
def test_who_started_us_on_linux(tmp_path: Path, name: str) -> None:
    """The name of the program that really did, whatever SHELL says."""
    shell = tmp_path / name
    os.symlink(shutil.which("sh") or "/bin/sh", shell)
    code = "from certifi_system_store_wrapper.machine import processes; "
    code += "print(next(processes.starters()))"
    # Something to do after it, or the shell becomes that program.
    script = '"$1" -c "$2"; exit 0'
    done = subprocess.run(
        [str(shell), "-c", script, "sh", sys.executable, code], capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{name}\n"


def test_the_first_line_says_for_which_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where nobody has named one."""
    monkeypatch.setattr(shellenv, "persistent_path", lambda: "/x/cacert.pem")
    monkeypatch.setattr(parent_shell, "find", lambda: ("fish", "fish started this"))
    found = shellenv.run(shell="")
    assert found.lines[0] == "# for fish, as fish started this; --format names another"
    assert shellenv.run(shell="fish").lines == found.lines[1:]
