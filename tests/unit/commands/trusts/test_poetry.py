"""What poetry's settings say: for each repository alone, wherever they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.trusts import Trust
from support import write
from support.trusts import NO_FILES, here, set_by_a_file

pytestmark = pytest.mark.posix("its paths are others")
PROJECT = """
[tool.poetry]
name = "x"
[[tool.poetry.source]]
name = "PyPI"
[[tool.poetry.source]]
url = "https://pypi.corp.example/x"
name = "corp"
"""


def of_poetry(home: Path, environ: Optional[Dict[str, str]] = None) -> List[Trust]:
    """Return what is in force for poetry, which has its settings in a folder of the home."""
    given = {**NO_FILES, "POETRY_CONFIG_DIR": str(home / "poetry"), **(environ or {})}
    return trusts.in_force(here({"poetry": "2.1"}, given))


@pytest.mark.parametrize("file", ["config.toml", "auth.toml"])
@pytest.mark.parametrize(
    ("text", "path", "fault"),
    [
        ('[certificates.corp]\ncert = "/x.pem"', "/x.pem", ""),
        ('[certificates.corp]\ncert = "~/x.pem"', "~/x.pem", ""),
        ("certificates.corp.cert = '/x.pem' # ours", "/x.pem", ""),
        ('[certificates]\n"corp".cert = "/x.pem"\n', "/x.pem", ""),
        ('[certificates.corp]\ncert = "false"', "false", ""),
        ('[certificates.corp]\ncert = "/y"\nverify = "/x.pem"', "/x.pem", ""),
        ('[certificates.corp]\ncert = "/y"\nverify = true', None, ""),
        ("[certificates.corp]\ncert = true", None, ""),
        ('[certificates.corp]\nclient-cert = "/x.pem"', None, ""),
        ('[virtualenvs]\nx = {a = "b"}\n', None, ""),
        ('[certificates]\ncorp = {cert = "/x.pem"}', "", "line 2"),
        ('[certificates.corp]\ncert = """/x.pem"""', "", "line 2"),
        ('[certificates.corp]\ncert = "C:\\\\x.pem"', "", "line 2"),
        ('"c\\u0065rtificates".corp.cert = "/x.pem"', "", "line 1"),
        ('["c\\u0065rtificates".corp]\ncert = "/x.pem"', "", "line 1"),
    ],
)
def test_one_line_of_a_file(
    home: Path, file: str, text: str, path: Optional[str], fault: str
) -> None:
    """It is read where that is certain, in both files of poetry."""
    write(home / "poetry" / file, text.encode())
    found = of_poetry(home)
    set_by_a_file(found, path, fault)
    if path:
        assert [each.only for each in found] == ["for the repository corp"]


def test_no_check(home: Path) -> None:
    """The word without quotes is no path."""
    write(home / "poetry" / "config.toml", b"[certificates.corp]\ncert = false\n")
    (trust,) = of_poetry(home)
    assert trust.checks_nothing


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"POETRY_CERTIFICATES_MY_CORP_CERT": "/y"}, "/y"),
        ({"POETRY_CERTIFICATES_MY_CORP_VERIFY": "/y"}, "/y"),
        ({"POETRY_CERTIFICATES_MY_CORP_CERT": "false"}, "false"),
        ({"POETRY_CERTIFICATES_MY_CORP_CLIENT_CERT": "/y"}, "/x"),
    ],
)
def test_its_variables(home: Path, environ: Dict[str, str], path: str) -> None:
    """They count before the files, for the repository that is written in another way there."""
    write(home / "poetry" / "config.toml", b'[certificates.My_corp]\ncert = "/x"\n')
    set_by_a_file(of_poetry(home, environ), path, "")


@pytest.mark.parametrize("below", ["", "src/deep"])
def test_the_project(home: Path, monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    """Its folder has a pyproject.toml, and may be a parent; other poetry.toml do not count."""
    project = home / "project"
    write(project / "pyproject.toml", PROJECT.encode())
    write(project / "poetry.toml", b'[certificates.corp]\ncert = "/x"\n')
    write(project / "src" / "poetry.toml", b'[certificates.corp]\ncert = "/y"\n')
    write(home / "poetry.toml", b'[certificates.corp]\ncert = "/z"\n')
    (project / below).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(project / below)
    (trust,) = of_poetry(home)
    assert [each.value for each in trust.settings] == ["/x"]
    assert trust.host == "pypi.corp.example:443"


@pytest.mark.parametrize(
    ("text", "environ", "host"),
    [
        ('[repositories.corp]\nurl = "https://a.example:8443/x"\n', {}, "a.example:8443"),
        ("", {"POETRY_REPOSITORIES_CORP_URL": "https://u:p@[::1]/x"}, "[::1]:443"),
        ('[repositories.corp]\nurl = "https://[a"\n', {}, ""),
        ("", {}, ""),
    ],
)
def test_the_host(home: Path, text: str, environ: Dict[str, Any], host: str) -> None:
    """It is that of the repository's URL, with the port; "" where it is not known."""
    settings = f'{text}[certificates.corp]\ncert = "/x"\n'
    write(home / "poetry" / "config.toml", settings.encode())
    assert [each.host for each in of_poetry(home, environ)] == [host]
