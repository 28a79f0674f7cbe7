"""Variables in files: what is written is what the real reader of each format reads."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, Tuple

import dotenv
import pytest
from dockerfile_parse import DockerfileParser
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper.commands import FORMATS, env_files, shellenv

SPECIAL = " '\"$()`%!\\&|;<>*?[]{}~#^=\t\u2019"
paths = st.text(
    st.sampled_from(SPECIAL)
    | st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], max_codepoint=0xFFFF),
    min_size=1,
    max_size=30,
)
GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
Variables = Dict[str, str]


def by_python_dotenv(text: str, _folder: Path) -> Variables:
    """Read it as load_dotenv() does, with variables expanded."""
    read = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=True)
    return {name: value or "" for name, value in read.items()}


def by_docker(text: str, _folder: Path) -> Variables:
    """Read it as `docker run --env-file` does: no quotes, no comments but whole lines."""
    lines = (line.lstrip() for line in text.splitlines())
    kept = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in kept}


def node_version() -> Tuple[int, ...]:
    """Return which Node is there, () if none."""
    node = shutil.which("node")
    told = subprocess.check_output([node, "--version"], encoding="ascii") if node else ""
    return tuple(map(int, told.strip().lstrip("v").split("."))) if told else ()


def by_node(text: str, folder: Path) -> Variables:
    """Read it with `node --env-file`."""
    file = folder / "env"
    file.write_bytes(text.encode("utf-8"))
    command = [str(shutil.which("node")), f"--env-file={file}", "-p", "process.env.WHERE"]
    done = subprocess.run(command, capture_output=True, check=True, env={})
    return {"WHERE": done.stdout.decode("utf-8")[:-1]}


def by_dockerfile_parse(text: str, _folder: Path) -> Variables:
    """Read it in a Dockerfile."""
    parser = DockerfileParser(fileobj=io.BytesIO())
    parser.content = f"FROM scratch\n{text}"
    return dict(parser.envs)


def by_systemd(text: str, folder: Path) -> Variables:
    """Read it with systemd's own program for environment.d, whose files are like those."""
    (folder / "environment.d").mkdir(exist_ok=True)
    (folder / "environment.d" / "50-ca.conf").write_bytes(text.encode("utf-8"))
    env = {"XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run([str(GENERATOR)], capture_output=True, check=True, env=env)
    return by_bash(done.stdout.decode("utf-8"), folder)


def by_bash(text: str, _folder: Path) -> Variables:
    """Read a shell's assignments."""
    command = ["bash", "-c", f'{text}\nprintf %s "$WHERE"']
    done = subprocess.run(command, capture_output=True, check=True)
    return {"WHERE": done.stdout.decode("utf-8")}


def by_github(text: str, _folder: Path) -> Variables:
    """Read it as the runner reads the file that GITHUB_ENV names (FileCommandManager.cs)."""
    found = {}
    for line in text.splitlines():
        equals, heredoc = line.find("="), line.find("<<")
        assert equals > 0 and not 0 <= heredoc < equals
        found[line[:equals]] = line[equals + 1 :]
    return found


READERS = [
    pytest.param("dotenv", by_python_dotenv, id="python-dotenv"),
    pytest.param("dotenv", by_docker, id="docker --env-file"),
    pytest.param("dockerfile", by_dockerfile_parse, id="dockerfile-parse"),
    pytest.param("github", by_github, id="GitHub's runner"),
    pytest.param("dotenv", by_bash, marks=pytest.mark.posix("no shell reads it"), id="a shell"),
]
# Most of what is special is refused.
MOST_IS_REFUSED = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]


@pytest.mark.parametrize(("form", "read"), READERS)
@given(path=paths)
@settings(deadline=None, suppress_health_check=MOST_IS_REFUSED)
def test_the_reader_reads_it_back(
    form: str, read: Callable[[str, Path], Variables], tmp_path: Path, path: str
) -> None:
    """Any path that is not refused."""
    try:
        line = env_files.assignment(form, "WHERE", path)
    except ValueError:
        assume(False)
    assert read(f"{line}\n", tmp_path) == {"WHERE": path}


PROGRAMS = [
    pytest.param(
        "dotenv",
        by_node,
        marks=pytest.mark.skipif(node_version() < (20, 6), reason="there is no Node of 20.6 on"),
        id="Node",
    ),
    pytest.param(
        "systemd",
        by_systemd,
        # Under Wine the path is there, and is no program of Windows.
        marks=pytest.mark.skipif(
            os.name == "nt" or not GENERATOR.exists(), reason="there is no systemd"
        ),
        id="systemd",
    ),
]


# systemd's program writes a tab as \\t, which only systemd reads.
@pytest.mark.parametrize(("form", "read"), PROGRAMS)
@pytest.mark.parametrize("character", ["\u00e9", *SPECIAL.replace("\t", "")])
def test_the_program_reads_it_back(
    form: str, read: Callable[[str, Path], Variables], tmp_path: Path, character: str
) -> None:
    """By the programs that are slow to start: each special character, or it is refused."""
    path = f"/a{character}b"
    try:
        line = env_files.assignment(form, "WHERE", path)
    except ValueError as error:
        assert repr(character) in str(error)
        return
    assert read(f"{line}\n", tmp_path) == {"WHERE": path}


@pytest.mark.parametrize("form", sorted(set(env_files.FORMS) - {"github"}))
@pytest.mark.parametrize("path", ['/a"b', "/a$HOME", "/a`b`"])
def test_what_readers_disagree_about_is_refused(form: str, path: str) -> None:
    """With the character, and what to do."""
    with pytest.raises(OSError, match=r"disagree about.*set PYTHON_CERTIFI_BUNDLE_DIR"):
        shellenv.assignment(form, "WHERE", path)


@pytest.mark.parametrize("form", [each for each in FORMATS if each != "json"])
def test_every_variable_has_its_line(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each format."""
    monkeypatch.setattr(shellenv, "persistent_path", lambda: "/x/cacert.pem")
    lines = shellenv.run(shell=form).lines
    for name in shellenv.VARIABLES:
        assert [line for line in lines if re.search(rf"\b{name}\b", line)] == [
            shellenv.assignment(form, name, "/x/cacert.pem")
        ]


def test_json_is_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """For containerEnv, a settings file or jq: each name and its value."""
    monkeypatch.setattr(shellenv, "persistent_path", lambda: "/x y/\u00e9.pem")
    read = json.loads("\n".join(shellenv.run(shell="json").lines))
    assert read == dict.fromkeys(shellenv.VARIABLES, "/x y/\u00e9.pem")


@pytest.mark.parametrize("form", [*env_files.FORMS, "json"])
def test_what_is_no_utf_8_is_refused(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The readers of files and JSON take it for nothing else; the path is named, and a way out."""
    monkeypatch.setattr(shellenv, "persistent_path", lambda: "/x/\udcff/cacert.pem")
    with pytest.raises(OSError, match=r"/x/\\udcff/cacert.pem.*set PYTHON_CERTIFI_BUNDLE_DIR"):
        shellenv.run(shell=form)
