"""What people are told of a path that they named and that leads to no certificate."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from certifi_system_store_wrapper.settings import USER
from certifi_system_store_wrapper.sources.files import add_file, certificate_files
from certifi_system_store_wrapper.sources.findings import NAMED, Findings
from certifi_system_store_wrapper.sources.reader import Reader


def told(path: str) -> str:
    """Return the one problem of a file that a person named."""
    findings = Findings(USER)
    assert add_file(findings, path, NAMED, named=True) == 0
    (problem,) = findings.problems
    return problem.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("https:/example.com/ca.pem", "not a URL"),
        ("*.pem", "patterns mean nothing here"),
        ("ca?.pem", "patterns mean nothing here"),
        ("$HOME/ca.pem", "a variable in it is not replaced"),
        ("a.pem,b.pem", "several files are separated by"),
        (f"a.pem{os.pathsep}b.pem", "only one file can be named here"),
        ("'ca.pem'", "leave the quotes out"),
        ("~nobody/ca.pem", "no home of such a user"),
        ("none.pem", ": correct the path"),
    ],
)
def test_the_hint_for_a_path_that_does_not_exist(tmp_path: Path, name: str, hint: str) -> None:
    """On every system the same; where nothing is known, the next step alone."""
    message = told(os.path.join(tmp_path, *name.split("/")))
    assert message.startswith("the file does not exist") and hint in message
    assert (name == "none.pem") == message.endswith(": correct the path")


@pytest.mark.links("it is about symbolic links")
def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    """`ls` shows its name, so that is not what is to be corrected."""
    (tmp_path / "ca.pem").symlink_to("gone.pem")
    assert told(str(tmp_path / "ca.pem")) == "this link leads nowhere: correct it, or remove it"


def test_a_name_that_no_file_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows calls it invalid, not missing; a folder has that number, too, and is told apart."""
    path = str(tmp_path / "ca?.pem")

    def parse(*_: object, **__: object) -> None:
        raise OSError(errno.EINVAL, "Invalid name", path)

    monkeypatch.setattr(Reader, "parse", parse)
    assert told(path).startswith("the file does not exist: name the folder")
    # CPython has the same number for whatever Windows says that it does not know.
    path = str(tmp_path / "ca.pem")
    assert told(path) == "cannot be read: Invalid name"
    monkeypatch.undo()
    assert told(str(tmp_path)).startswith("cannot be read: it is a folder")


def test_a_folder_that_is_named_as_code(tmp_path: Path) -> None:
    """Only files of Python's are passed over by their names."""
    named = {"site.py", "site.pyc"}
    for name in named:
        (tmp_path / name).mkdir()
        (tmp_path / name / "root.pem").touch()
    (tmp_path / "code.py").touch()
    found = certificate_files(Findings(USER), str(tmp_path))
    assert {Path(each).parent.name for each in found} == named
