"""The files of pip's settings are those that pip itself looks for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Dict, List

import pytest

from certifi_system_store_wrapper.commands.trusts import here, pip
from support import write
from support.trusts import here as environment

CERT = b"[global]\ncert = /x.pem\n"


def found() -> List[str]:
    """Return the files that are there and name a file of CAs."""
    options = pip._options(here.this())
    return [
        each.place for (_, key), each in options.items() if (key, each.value) == ("cert", "/x.pem")
    ]


@pytest.mark.parametrize("names", [(), ("XDG_CONFIG_DIRS", "XDG_CONFIG_HOME")])
def test_as_pip_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: List[str]) -> None:
    """The pip of this interpreter lists the same."""
    for name in names:
        monkeypatch.setenv(name, os.pathsep.join(str(tmp_path / name / each) for each in "ab"))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    debug = [sys.executable, "-m", "pip", "config", "debug"]
    told = subprocess.run(debug, capture_output=True, encoding="utf-8", check=True).stdout
    theirs = re.findall(r"^  (\S.*pip\.(?:conf|ini)), exists:", told, re.MULTILINE)
    assert {os.path.normcase(p) for p in theirs} == {
        os.path.normcase(p) for p in pip._files(here.this()) if p
    }


@pytest.mark.posix("its paths are others")
@pytest.mark.parametrize(
    "platform, file",
    [
        ("darwin", "Library/Application Support/pip/pip.conf"),
        ("darwin", ".config/pip/pip.conf"),
        ("darwin", ".pip/pip.conf"),
        ("linux", ".config/pip/pip.conf"),
        ("win32", "pip/pip.ini"),
    ],
)
def test_as_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, file: str
) -> None:
    """Each system has its own; on macOS the newer one counts where its folder is."""
    for name in ("XDG_CONFIG_HOME", "APPDATA", "PIP_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(pip, "sys", SimpleNamespace(platform=platform))
    assert str(tmp_path / file) not in found()
    write(tmp_path / file, CERT)
    assert str(tmp_path / file) in found()


@pytest.mark.posix("there are no such files")
def test_settings_that_nobody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO, as of ``<(…)``, is pip's to read: opening it would wait, or use it up."""
    path = str(tmp_path / "pip.conf")
    os.mkfifo(path)
    monkeypatch.setenv("PIP_CONFIG_FILE", path)
    assert path not in found()
    os.unlink(path)
    write(Path(path), CERT)
    assert path in found()


@pytest.mark.parametrize(
    ("text", "environ", "name"),
    [
        (CERT, {"PIP_Cert": "/y.pem"}, "PIP_Cert"),
        (CERT, {"PIP_CERT": ""}, "cert of [global]"),
        (b"[:env:]\ncert = /y.pem\n[install]\ncert = /x.pem\n", {}, "cert of [:env:]"),
        (b"[:env:]\ncert = /y.pem\n", {"PIP_CERT": "/z.pem"}, "PIP_CERT"),
        (b"[:env:]\ncert = /y.pem\n" + CERT, {"PIP_CERT": ""}, "cert of [global]"),
    ],
)
def test_what_counts_most(tmp_path: Path, text: bytes, environ: Dict[str, str], name: str) -> None:
    """A variable in any letters, also as a section of a file; nothing in it is none."""
    given = {"PIP_CONFIG_FILE": str(write(tmp_path / "pip.conf", text)), **environ}
    trust = pip.trust(environment({"pip": "24.1"}, given))
    assert [each.name for each in trust.settings] == [name]


def test_each_command(tmp_path: Path) -> None:
    """Each that is told something else has a trust of its own; that of `install` is no other's."""
    text = b"[install]\ncert = /x\n[wheel]\ncert = /x\n[global]\ncert = /y\n[index]\nproxy = p\n"
    given = {"PIP_CONFIG_FILE": str(write(tmp_path / "pip.conf", text))}
    for versions, clients in (({"pip": "24.1"}, ("pip 24.1",)), ({}, ())):
        found = pip.of_each_command(environment(versions, given))
        told = [(each.roots[0].path, each.clients, each.only) for each in found]
        of_install = [] if versions else [("/x", (), "")]
        others = [("/y", clients, "for other commands of pip"), ("/x", clients, "for pip wheel")]
        # Another proxy may inspect, and another not.
        others.append(("/y", clients, "for pip index"))
        assert told == [*of_install, *others]
