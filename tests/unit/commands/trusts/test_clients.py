"""What each client's settings say, and that a line which is not understood is no guess."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.trusts import Here, Root, Trust
from support import write

BUNDLE = Root(trusts.BUNDLE)


def here(
    versions: Dict[str, str],
    environ: Optional[Dict[str, str]] = None,
    python: Tuple[int, int] = (3, 12),
    urllib3: str = "1.26.20",
) -> Here:
    """Return an environment with these distributions and variables."""
    return Here(versions, environ or {}, python, {"urllib3": urllib3}, "/no/such/prefix")


def of(client: str, found: List[Trust]) -> Trust:
    """Return the one trust of a client."""
    (trust,) = [t for t in found if any(c.split()[0] == client for c in t.clients)]
    return trust


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have an empty home, and no settings of this machine."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


NO_FILES = {"PIP_CONFIG_FILE": os.devnull, "CONDA_ROOT": "/no/such/root"}


@pytest.mark.parametrize(
    ("version", "environ", "nothing"),
    [
        ("2.28.0", {"CURL_CA_BUNDLE": ""}, False),
        ("2.27.1", {"CURL_CA_BUNDLE": ""}, True),
        ("2.27.1", {"REQUESTS_CA_BUNDLE": ""}, False),
        ("2.27.1", {"REQUESTS_CA_BUNDLE": "/x", "CURL_CA_BUNDLE": ""}, False),
    ],
)
def test_an_empty_variable_of_requests(
    version: str, environ: Dict[str, str], nothing: bool
) -> None:
    """It is none since 2.28; before, curl's switched every check off."""
    versions = {"requests": version, "urllib3": "2.0"}
    found = of("requests", trusts.in_force(here(versions, {**NO_FILES, **environ})))
    assert found.checks_nothing == nothing


@pytest.mark.parametrize(
    ("version", "python", "strict"),
    [("2.4.0", (3, 13), True), ("2.4.0", (3, 12), False), ("2.3.0", (3, 13), False)],
)
def test_who_is_strict(version: str, python: Tuple[int, int], strict: bool) -> None:
    """urllib3 since 2.4, where Python is."""
    versions = {"requests": "2.32.3", "urllib3": version}
    assert of("requests", trusts.in_force(here(versions, NO_FILES, python))).checks.strict == strict


@pytest.mark.parametrize(
    ("version", "environ", "roots"),
    [
        ("26.0", {}, ["ssl defaults", "the bundle"]),
        ("24.1", {}, ["the bundle"]),
        ("24.1", {"PIP_CERT": "/x"}, ["/x"]),
        ("26.0", {"PIP_CERT": "/x"}, ["ssl defaults", "the bundle", "/x"]),
        ("26.0", {"PIP_CERT": "/x", "PIP_USE_DEPRECATED": "legacy-certs"}, ["/x"]),
        ("24.1", {"PIP_CERT": "/x", "REQUESTS_CA_BUNDLE": "/y"}, ["/y"]),
        ("24.1", {"PIP_CERT": "/x", "REQUESTS_CA_BUNDLE": "/y", "PIP_PROXY": "z"}, ["/x"]),
        ("24.1", {"PIP_CERT": "", "CURL_CA_BUNDLE": "/y"}, ["/y"]),
    ],
)
def test_pip(version: str, environ: Dict[str, str], roots: List[str]) -> None:
    """Newer versions add to what truststore trusts, older ones replace certifi's."""
    found = of("pip", trusts.in_force(here({"pip": version}, {**NO_FILES, **environ})))
    assert [root.path or root.kind for root in found.roots] == roots


AWS = "[default]\nca_bundle = /default\n[profile a]\nca_bundle=/a\n"


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/default"),
        ({"AWS_PROFILE": "a"}, "/a"),
        ({"AWS_PROFILE": "b"}, ""),
        ({"AWS_PROFILE": "b", "REQUESTS_CA_BUNDLE": "/r"}, "/r"),
        ({"AWS_CA_BUNDLE": "/x", "AWS_PROFILE": "a"}, "/x"),
        ({"AWS_CONFIG_FILE": "/no/such"}, ""),
    ],
)
def test_aws(home: Path, environ: Dict[str, str], path: str) -> None:
    """The variable counts before the chosen profile, that before requests' variable."""
    write(home / ".aws" / "config", AWS.encode())
    found = of("botocore", trusts.in_force(here({"botocore": "1.40.0"}, {**NO_FILES, **environ})))
    assert found.roots == ((Root(trusts.FILE, path),) if path else (BUNDLE,))


@pytest.mark.parametrize(
    ("version", "nothing", "fault"), [("1.43.53", True, ""), ("1.43.54", False, "refuses")]
)
def test_an_empty_variable_of_aws(version: str, nothing: bool, fault: str) -> None:
    """Older versions check nothing then, newer ones refuse it."""
    environ = {**NO_FILES, "AWS_CA_BUNDLE": ""}
    found = of("botocore", trusts.in_force(here({"botocore": version}, environ)))
    assert found.checks_nothing == nothing
    assert fault in found.fault


CONDA = [
    ("ssl_verify: /x.pem", "/x.pem", ""),
    ("ssl_verify: '/x y.pem'  # ours", "/x y.pem", ""),
    ('channels:\n  - a\nssl_verify: "/x.pem"\n', "/x.pem", ""),
    ("ssl_verify: true", None, ""),
    ("# ssl_verify: /x.pem", None, ""),
    ("channels: [a]", None, ""),
    ("{ssl_verify: /x.pem}", "", "line 1"),
    ("ssl_verify: >\n  /x.pem", "", "line 1"),
    ("a: 1\nssl_verify: &a /x.pem", "", "line 2"),
    ("ssl_verify: /x.pem\nssl_verify: /y.pem", "", "line 2"),
]


@pytest.mark.parametrize(("text", "path", "fault"), CONDA)
def test_conda(home: Path, text: str, path: Optional[str], fault: str) -> None:
    """Its one key is read where that is certain."""
    write(home / ".condarc", text.encode())
    found = trusts.in_force(here({"conda": "24.1"}, NO_FILES))
    _check(found, path, fault)


POETRY = [
    ('[certificates.corp]\ncert = "/x.pem"', "/x.pem", ""),
    ("certificates.corp.cert = '/x.pem' # ours", "/x.pem", ""),
    ('[certificates]\n"corp".cert = "/x.pem"\n', "/x.pem", ""),
    ('[virtualenvs]\nx = {a = "b"}\n', None, ""),
    ('[certificates]\ncorp = {cert = "/x.pem"}', "", "line 2"),
    ('[certificates.corp]\ncert = """/x.pem"""', "", "line 2"),
    ('[certificates.corp]\ncert = "C:\\\\x.pem"', "", "line 2"),
]


@pytest.mark.skipif(os.name == "nt", reason="its paths are others")
@pytest.mark.parametrize(("text", "path", "fault"), POETRY)
def test_poetry(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str, path: Optional[str], fault: str
) -> None:
    """So is poetry's, which is for one repository alone."""
    environ = {**NO_FILES, "POETRY_CONFIG_DIR": str(home / "poetry")}
    write(home / "poetry" / "config.toml", text.encode())
    found = trusts.in_force(here({"poetry": "2.1"}, environ))
    _check(found, path, fault)
    if path:
        assert [each.only for each in found] == ["for the repository corp"]
        write(home / "poetry.toml", b'[repositories.corp]\nurl = "https://pypi.corp.example/x"\n')
        (known,) = trusts.in_force(here({"poetry": "2.1"}, environ))
        assert known.host == "pypi.corp.example"


def _check(found: List[Trust], path: Optional[str], fault: str) -> None:
    """Compare the one trust that is set by a file."""
    if path is None:
        assert found == []
        return
    (trust,) = found
    assert fault in trust.fault
    assert [root.path for root in trust.roots] == ([path] if path else [])


@pytest.mark.parametrize(
    ("file", "text", "client"),
    [
        (".aws/config", "[default\nca_bundle = /x", "botocore"),
        (".aws/config", "[default]\nca_bundle = /x\nca_bundle = /y", "botocore"),
        (".config/pip/pip.conf", "cert = /x", "pip"),
    ],
)
def test_a_file_that_is_not_understood(home: Path, file: str, text: str, client: str) -> None:
    """Its line is named, and nothing of it is quoted: it may hold a secret."""
    write(home / file, text.encode())
    environ: Dict[str, Any] = {"XDG_CONFIG_HOME": str(home / ".config"), "CONDA_ROOT": "/no"}
    found = of(client, trusts.in_force(here({client: "9"}, environ)))
    assert "is not understood" in found.fault
    assert "line" in found.fault
    assert "/x" not in found.fault
