"""The commands on a real Windows: pipes, names, shells and code pages, files in use."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, List

import pytest
import trustme

from support import MODULE, Sandbox, write
from support.terminal import into_a_closed_pipe

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="these are ways of Windows")

COMMANDS = {
    "--help": ["--help"],
    "--version": ["--version"],
    "add --help": ["add", "--help"],
    "status": ["status"],
    "status --json": ["status", "--json"],
    "list": ["list"],
    "list --excluded": ["list", "--excluded"],
    "export": ["export"],
    "export -o": ["export", "-o", "copy.pem"],
    "shellenv": ["shellenv"],
    "add": ["add", "ca.pem"],
    "remove": ["remove"],
    "doctor": ["doctor"],
}
CHCP = r"%SYSTEMROOT%\System32\chcp.com"
SHOW = "import os; print(ascii(os.environ['SSL_CERT_FILE'].lower()))"


def is_wine() -> bool:
    """Whether Wine stands in for Windows."""
    import ctypes

    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


@pytest.fixture(name="there")
def _there(sandbox: Sandbox, ca_file: Path) -> Sandbox:
    """Return a sandbox with a CA in its working directory."""
    shutil.copy(ca_file, sandbox.work / "ca.pem")
    return sandbox


@pytest.fixture(name="umlaut")
def _umlaut(tmp_path: Path, sandbox: Sandbox) -> Sandbox:
    """Return a sandbox of somebody whose name is not ASCII."""
    return Sandbox(tmp_path / "J\xf6rg \u30bd", sandbox.environment)


def ours(sandbox: Sandbox, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours; what it says is UTF-8."""
    return sandbox.run("-m", MODULE, *arguments, env={"PYTHONIOENCODING": "utf-8", **env})


def batch(sandbox: Sandbox, *lines: str, **env: str) -> List[str]:
    """Have the real cmd run a batch file; return the lines that it prints."""
    text = "".join(f"@{line}\r\n" for line in lines)
    write(sandbox.work / "run.cmd", text.encode("ascii"))
    python = f'"{sandbox.environment.python}"'
    done = subprocess.run(
        [os.environ.get("COMSPEC", "cmd.exe"), "/d", "/c", "run.cmd"],
        env=sandbox.variables({"PYTHON": python, **env}),
        cwd=sandbox.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="ascii",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_that_closes_early(there: Sandbox, command: str) -> None:
    """`… | more` that is left, and `… | Select-Object -First 1`, are silent."""
    assert into_a_closed_pipe(there, COMMANDS[command]) == (0, b"")


@pytest.mark.parametrize("page", [437, 850, 932])
def test_cmd_reads_back_what_it_is_told(umlaut: Sandbox, page: int) -> None:
    """Whatever its code page, and whatever the name of the user."""
    asked = f"%PYTHON% -m {MODULE} shellenv --shell cmd > ca.cmd"
    (told,) = batch(umlaut, f"{CHCP} {page} >nul", asked, "call ca.cmd", f'%PYTHON% -c "{SHOW}"')
    assert (umlaut.work / "ca.cmd").read_bytes().isascii()
    (found,) = umlaut.place.glob("*/*/cacert.pem")
    assert told == ascii(str(found).lower())


@pytest.mark.parametrize("page", [437, 850, 932])
def test_cmd_reads_back_a_folder_of_its_own(umlaut: Sandbox, page: int) -> None:
    """The variable that names the folder stands for what a code page may lack."""
    # Without %: in the value of a variable Wine's cmd replaces it once more.
    folder = umlaut.work / "\xe9\u0142 & more"
    asked = f"%PYTHON% -m {MODULE} shellenv --shell cmd > ca.cmd"
    lines = [f"{CHCP} {page} >nul", asked, "call ca.cmd", f'%PYTHON% -c "{SHOW}"']
    (told,) = batch(umlaut, *lines, PYTHON_CERTIFI_BUNDLE_DIR=str(folder))
    assert told == ascii(str(folder / "cacert.pem").lower())


def test_cmd_that_started_us_is_told_apart(there: Sandbox) -> None:
    """PSModulePath is set in every shell of Windows, and SHELL may be left from another."""
    asked = f"%PYTHON% -m {MODULE} shellenv"
    first, *lines = batch(there, asked, PSModulePath="C:\\x", SHELL="/usr/bin/bash")
    assert first == "@rem for cmd, as cmd started this; --format names another"
    assert all(line.startswith('@set "') for line in lines)


@pytest.mark.skipif(is_wine(), reason="Wine has no PowerShell")
@pytest.mark.parametrize("program", ["powershell", "pwsh"])
def test_powershell_reads_back_what_it_is_told(umlaut: Sandbox, program: str) -> None:
    """It is told apart, and knows each character, whatever its own encoding is."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    python = umlaut.environment.python
    script = f"& '{python}' -m {MODULE} shellenv | Out-String | Invoke-Expression; "
    script += f"""& '{python}' -c "{SHOW}" """
    done = subprocess.run(
        [found, "-NoProfile", "-Command", script],
        env=umlaut.variables({"PATH": os.environ["PATH"], "PROMPT": "$P$G"}),
        cwd=umlaut.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="ascii",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    (bundle,) = umlaut.place.glob("*/*/cacert.pem")
    assert done.stdout.strip() == ascii(str(bundle).lower())


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (r"C:\certs\*.pem", "patterns mean nothing here"),
        (r"C:\certs\ca?.pem", "patterns mean nothing here"),
        ("https://example.com/ca.pem", "not a URL"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "not what is in it"),
        (r"'C:\certs\ca.pem'", "leave the quotes out"),
        (r"%USERPROFILE%\ca.pem", "a variable in it is not replaced"),
        (r"C:\certs\a.pem:C:\certs\b.pem", "separated by ';'"),
        (r"C:\certs\a.pem,C:\certs\b.pem", "separated by ';'"),
    ],
)
def test_what_is_wrong_with_the_name_of_a_file(sandbox: Sandbox, value: str, hint: str) -> None:
    """Windows says "Invalid name"; people are told what is wrong with it, as on Linux."""
    code = "import certifi; certifi.where()"
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": value})
    (line,) = done.stderr.splitlines()
    assert "the file does not exist" in line and hint in line


@pytest.mark.parametrize("name", ["a?b.pem", "a|b.pem", "a<b>.pem", "CON?.pem"])
def test_a_name_that_no_file_can_have(sandbox: Sandbox, name: str) -> None:
    """The path as it was named, and which characters no name may have."""
    path = f"{sandbox.work}{os.sep}{name}"
    done = ours(sandbox, "export", "-o", path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert path in line and "choose a name without" in line
    assert "Errno" not in line and not list(sandbox.work.iterdir())


def test_a_copy_that_another_program_has_open(sandbox: Sandbox) -> None:
    """It stays as it is, and people are told to close it."""
    target = write(sandbox.work / "copy.pem", b"old")
    with target.open("rb"):
        done = ours(sandbox, "export", "-o", str(target))
    assert done.returncode == 1 and "close it there" in done.stderr
    assert target.read_bytes() == b"old" and os.listdir(sandbox.work) == ["copy.pem"]


@pytest.mark.parametrize("asks", ["where", "export", "doctor"])
def test_a_persistent_bundle_that_another_program_has_open(there: Sandbox, asks: str) -> None:
    """Nothing is wrong with its folder; whoever asks certifi gets all CAs from another one."""
    folder = there.work / "kept"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    assert ours(there, "export", **env).returncode == 0
    assert ours(there, "add", "ca.pem").returncode == 0
    code = "import certifi, os; path = certifi.where(); print(os.path.isfile(path))"
    with (folder / "cacert.pem").open("rb"):
        if asks == "where":
            done = there.run_code(code, env=env)
            assert (done.returncode, done.stdout) == (0, "True\n")
        else:
            done = ours(there, asks, **env)
            assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "close it there" in said and "only you can write to" not in said


def test_add_by_a_pattern(there: Sandbox, other_ca: trustme.CA) -> None:
    """The shells of Windows do not replace it; one that fits nothing is said to be a name."""
    write(there.work / "cb.pem", other_ca.cert_pem.bytes())
    done = ours(there, "add", "c?.pem")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(os.listdir(there.drop_folder)) == 2
    done = ours(there, "add", "no*.pem")
    assert done.returncode == 1 and "the file does not exist" in done.stderr


@pytest.mark.parametrize("word", [r"ca[1].pem", r"new [1]\*].pem"])
def test_add_by_a_name_with_brackets(
    there: Sandbox, private_der: bytes, other_ca: trustme.CA, word: str
) -> None:
    """As a browser names a second download: no shell of Windows knows them as a pattern."""
    for folder in (there.work, there.work / "new [1]"):
        write(folder / "ca[1].pem", (there.work / "ca.pem").read_bytes())
        write(folder / "ca1.pem", other_ca.cert_pem.bytes())
    (added,) = json.loads(ours(there, "add", "--json", word).stdout)["certificates"]
    assert added.get("sha256") == hashlib.sha256(private_der).hexdigest(), added


@pytest.mark.parametrize("changed", [str.upper, str.lower, lambda name: name.replace("\\", "/")])
def test_remove_by_a_name_as_windows_compares_it(
    there: Sandbox, changed: Callable[[str], str]
) -> None:
    """Neither case nor the kind of slash tells one file from another."""
    assert ours(there, "add", "ca.pem").returncode == 0
    (stored,) = there.drop_folder.iterdir()
    done = ours(there, "remove", changed(str(stored)))
    assert (done.returncode, done.stderr) == (0, "")
    assert not stored.exists()


@pytest.mark.parametrize("status", [0xC000013A, 0xFFFFFFFF, 0x80000000, 3])
def test_the_exit_status_of_a_crash(sandbox: Sandbox, status: int) -> None:
    """`run` hands on all 32 bits of it, as Ctrl-C and a fault set them."""
    code = f"import ctypes; ctypes.windll.kernel32.ExitProcess(ctypes.c_uint({status}))"
    done = ours(sandbox, "run", str(sandbox.environment.python), "-c", code)
    assert done.returncode == status


def test_a_batch_file_gets_its_arguments(sandbox: Sandbox) -> None:
    """By its name alone, as npm: cmd takes nothing in them for itself, or `run` refuses it."""
    tell = b"import json, sys; print(json.dumps(sys.argv[1:]))"
    line = f'@"{sandbox.environment.python}" "{write(sandbox.work / "tell.py", tell)}" %*\r\n'
    write(sandbox.work / "tool.cmd", line.encode())
    given = ["ci", "a b", "a&echo b", "foo@^1.2.3", "a|b", "<a>", "(b)", "--flag=a,b;c", "c d\\"]
    done = ours(sandbox, "run", "tool", *given)
    assert (done.returncode, json.loads(done.stdout)) == (0, given), done
    refused = ours(sandbox, "run", "tool", "%PATH%")
    assert (refused.returncode, refused.stdout) == (126, "")
