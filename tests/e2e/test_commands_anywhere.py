"""Every command from the installed wheel where little is there, or little is allowed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import pytest

from support import MODULE, Sandbox
from support.terminal import into_a_closed_pipe, on_a_terminal

if os.name == "nt":
    pytest.skip("no such terminals, users and mounts", allow_module_level=True)

READ_ONLY = """
for each in / /tmp /var/tmp "$HOME" "$TMPDIR" "$PWD"; do
    mount --rbind "$each" "$each" && mount -o remount,bind,ro "$each" || exit 9
done
cd / && exec "$@"
"""
COMMANDS: Dict[str, List[str]] = {
    "none": [],
    "status": ["status"],
    "list": ["list", "--json"],
    "export": ["export"],
    "export -o": ["export", "-o", "copy.pem"],
    "shellenv": ["shellenv", "--shell=fish"],
    "completion": ["completion", "zsh"],
    "add": ["add", "ca.pem"],
    "remove": ["remove"],
    "doctor": ["doctor"],
    "environments": ["environments"],
    "doctor --require": ["doctor", "--require", "0" * 64],
    "doctor HOST": ["doctor", "127.0.0.1:1", "--json"],
}


FAILING = ("doctor HOST", "doctor --require")


class Place(NamedTuple):
    """Where a command runs, and which ones cannot do there what they are asked to."""

    prefix: Sequence[str] = ()
    options: Sequence[str] = ()
    env: Sequence[Tuple[str, str]] = ()
    unable: Sequence[str] = ()


def is_root() -> bool:
    """Whether this is root, as in a container."""
    return os.geteuid() == 0


PLACES = {
    "isolated": Place(options=["-I"]),
    "no home": Place(env=[("HOME", "{work}/none"), ("TMPDIR", "")], unable=["add", "remove"]),
    "C locale": Place(
        env=[("LC_ALL", "C"), ("PYTHONCOERCECLOCALE", "0"), ("PYTHONUTF8", "0")],
    ),
    "narrow": Place(env=[("COLUMNS", "40")]),
    "warnings are errors": Place(options=["-W", "error", "-X", "dev", "-bb"]),
    "optimized": Place(options=["-OO"]),
    "a folder that is gone": Place(
        prefix=["sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', "sh"],
        unable=["export -o", "add"],
    ),
    # An unmapped user of a namespace: another number than root's, and no right of root's. Files of
    # every other user seem to be this one's, so nothing that lasts is believed.
    "not root": Place(
        prefix=["unshare", "-U"] if is_root() else [],
        unable=["export", "shellenv", "add"] if is_root() else [],
    ),
    "read-only root": Place(
        prefix=["unshare", "-m" if is_root() else "-Urm", "sh", "-c", READ_ONLY, "sh"],
        unable=["export", "export -o", "shellenv", "add"],
    ),
}


@pytest.fixture(name="there")
def _there(sandbox: Sandbox, ca_file: Path) -> Sandbox:
    """Return a sandbox with a CA in its working directory."""
    shutil.copy(ca_file, sandbox.work / "ca.pem")
    return sandbox


def run(sandbox: Sandbox, place: Place, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command there."""
    arguments = [*place.options, "-m", MODULE, *COMMANDS[command]]
    env = {name: value.format(work=sandbox.work) for name, value in place.env}
    return sandbox.run(*arguments, env=env, prefix=place.prefix)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("where", PLACES)
def test_every_command(there: Sandbox, where: str, command: str) -> None:
    """It does what it is asked to, or says in a line why that cannot be."""
    place = PLACES[where]
    if place.prefix and not (sys.platform == "linux" and shutil.which("unshare")):
        pytest.skip("namespaces are Linux'")
    if "-U" in place.prefix and subprocess.run(["unshare", "-U", "true"], check=False).returncode:
        pytest.skip("a user namespace cannot be made here, as in a chroot")
    done = run(there, place, command)
    assert "Traceback" not in done.stderr
    assert "not foreseen" not in done.stderr
    if command in place.unable:
        assert done.returncode == 1, done
        assert len((done.stderr or done.stdout).splitlines()) == 1, done
        return
    assert done.returncode == int(command in FAILING), done
    assert done.stdout.strip()
    if COMMANDS[command][-1:] == ["--json"]:
        json.loads(done.stdout)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_that_closes_early(there: Sandbox, command: str) -> None:
    """`… | true` is silent, and the status is what it would be with a reader."""
    status = int(command in FAILING)
    assert into_a_closed_pipe(there, COMMANDS[command]) == (status, b"")


def test_what_is_refused_is_said_without_a_reader(there: Sandbox) -> None:
    """The reader of stdout has gone, and stderr is another one's."""
    status, stderr = into_a_closed_pipe(there, ["add", "none.pem", "ca.pem"])
    assert (status, b"refused none.pem" in stderr) == (1, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_narrow_terminal(there: Sandbox, command: str) -> None:
    """40 columns: no traceback, and colours only for the labels."""
    shown = on_a_terminal(there, COMMANDS[command])
    assert shown.strip()
    assert "Traceback" not in shown
    for line in shown.splitlines():
        assert line.count("\x1b") in (0, 2), line
        assert not line.count("\x1b") or line.startswith("\x1b[3"), line


def test_the_table_fits_the_terminal(there: Sandbox) -> None:
    """A column for each source, not a row, where a row would be too wide."""
    shown = on_a_terminal(there, ["status", "--verbose"], NO_COLOR="1")
    assert "\x1b" not in shown
    table = shown.split("\n\n")[2].splitlines()[:8]
    assert table[0].split()[:3] == ["source", "certifi", "system"]
    assert max(map(len, table)) <= 40, table


def test_an_empty_list_on_a_terminal(there: Sandbox) -> None:
    """People are told that there is none; programs get no line."""
    search = ("list", "--source", "user")
    assert on_a_terminal(there, search) == "none\n"
    assert there.run("-m", MODULE, *search).stdout == ""


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "0"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours(there: Sandbox, env: Dict[str, str], *, coloured: bool) -> None:
    """On a terminal, unless NO_COLOR says anything, or the terminal has none."""
    assert ("\x1b[32m" in on_a_terminal(there, ["doctor"], **env)) == coloured


def test_a_path_on_a_terminal(there: Sandbox) -> None:
    """What programs get as it is, people get escaped."""
    folder = str(there.work / "\x1b[31m\u202e")
    shown = on_a_terminal(there, ["export"], PYTHON_CERTIFI_BUNDLE_DIR=folder)
    assert "\x1b" not in shown and r"\x1b[31m\u202e" in shown.replace("\n", "")
