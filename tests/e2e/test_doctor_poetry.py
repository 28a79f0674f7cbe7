"""poetry's certificates beside poetry itself: the doctor's row for a repository is its verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Dict, Iterator

import pytest

from support import Environment, Sandbox, made_once, new_environment, write
from support.doctor import COMMAND, trusting
from support.minting import CA, make
from support.servers import Page, context_for, serving_https

ROOT = make("Corp Root", *CA)
PROJECT = """
[project]
name = "x"
version = "1"
[tool.poetry]
name = "x"
version = "1"
description = ""
authors = []
[[tool.poetry.source]]
name = "corp"
url = "https://{}/simple"
"""
# What `poetry lock` asks with, without the pauses before it tries again.
ASKS = """
import sys
from poetry.factory import Factory
from poetry.utils.authenticator import Authenticator
asking = Authenticator(Factory().create_poetry().config, disable_cache=True)
asking._get_backoff = lambda *_: 0
try:
    print(asking.get(sys.argv[1]).status_code)
except Exception as error:
    print("refused", error)
"""
CERT = '[certificates.corp]\ncert = "{}"\n'


@pytest.fixture
def poetry(tmp_path: Path, shared: Path, interpreter: str, wheel: str) -> Sandbox:
    """Return a sandbox with poetry; the working directory lies in the project."""

    def install(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install_wheels("poetry>=1.8", wheel)

    return Sandbox(tmp_path, Environment(made_once(shared, "poetry", install)))


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Return host and port of the repository."""
    with serving_https(Page, context_for(make("index", by=ROOT, names=["localhost"]))) as host:
        yield host


def gets_through(poetry: Sandbox, host: str, env: Dict[str, str]) -> bool:
    """Whether poetry gets an answer from the repository."""
    done = poetry.run("-c", ASKS, f"https://{host}/simple/x/", env=env)
    said = done.stdout.split()[:1]
    assert said in (["200"], ["refused"]), done
    return said == ["200"]


@pytest.mark.parametrize(
    ("file", "text", "environ"),
    [
        ("settings/config.toml", CERT, {}),
        ("settings/auth.toml", CERT, {}),
        ("poetry.toml", CERT, {}),
        ("poetry.toml", '[certificates.corp]\nverify = "{}"\ncert = "{good}"\n', {}),
        ("poetry.toml", CERT.format("{good}"), {"POETRY_CERTIFICATES_CORP_CERT": "{}"}),
    ],
)
def test_its_row_is_the_verdict_of_poetry(
    poetry: Sandbox, host: str, file: str, text: str, environ: Dict[str, str]
) -> None:
    """Whoever names the file, and whatever it is; where poetry is refused, nothing is ok."""
    project = poetry.work.parent
    write(project / "pyproject.toml", PROJECT.format(host).encode())
    own = poetry.environment.own_list.read_bytes()
    good = write(project / "good.pem", own + ROOT.pem).as_posix()
    other = write(project / "other.pem", own).as_posix()
    write(poetry.home / "root.pem", ROOT.pem)
    root = write(project / "root.pem", ROOT.pem)
    # What a path means is the same in every file, and of its own in a variable.
    more = ("/no/such.pem", "~/root.pem", "") if environ or file == "settings/auth.toml" else ()
    for path in (other, *more, good):
        env = {name: value.format(path) for name, value in environ.items()}
        env.update(POETRY_CONFIG_DIR=str(project / "settings"), PIP_CONFIG_FILE=os.devnull)
        env.update(PYTHON_CERTIFI_CERT_FILES=str(root), PYTHON_CERTIFI_SSL_DEFAULTS="1")
        write(project / file, text.format(path, good=good).encode())
        done = poetry.run(*COMMAND, host, "--json", env=env)
        data = json.loads(done.stdout)
        (row,) = [each for each in data["trusts"] if each["only"] == "for the repository corp"]
        through = gets_through(poetry, host, env)
        assert (through, row["trusted"], data["healthy"]) == (path == good,) * 3, data
        assert done.returncode == (path != good)
    write(project / file, b"")
    assert gets_through(poetry, host, {"PYTHON_CERTIFI_CERT_FILES": str(root)})


@pytest.mark.parametrize(("path", "level"), [("/no/such.pem", "problem"), ("{root}", "note")])
def test_without_a_host(poetry: Sandbox, host: str, path: str, level: str) -> None:
    """A file that is not there is a problem; that it has the roots of one host alone is none."""
    project = poetry.work.parent
    write(project / "pyproject.toml", PROJECT.format(host).encode())
    root, user = write(project / "root.pem", ROOT.pem), make("The User's", *CA)
    write(project / "poetry.toml", CERT.format(path.format(root=root.as_posix())).encode())
    env = {"PIP_CONFIG_FILE": os.devnull, **trusting(poetry, user)}
    found = json.loads(poetry.run(*COMMAND, "--json", env=env).stdout)["findings"]
    (told,) = [each for each in found if "certificates.corp.cert" in each["message"]]
    assert told["level"] == level
    assert ("does not exist" if level == "problem" else "is not in it") in told["message"]
