"""What `add` tells of the bundles of other environments."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certifi_system_store_wrapper.commands import at_once, environment
from certifi_system_store_wrapper.commands.output import Report
from certifi_system_store_wrapper.publishing.header import Stored
from certifi_system_store_wrapper.publishing.lasting import Lasting

SUFFIX = ".exe" if os.name == "nt" else ""


@pytest.mark.parametrize("is_installed", [True, False])
@pytest.mark.parametrize(
    "python",
    [
        pytest.param("bin/python", marks=pytest.mark.posix("another folder has it there")),
        pytest.param("bin/python3", marks=pytest.mark.posix("none has that name there")),
        "python",
        "",
    ],
)
def test_the_command_for_another_environment_can_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str, *, is_installed: bool
) -> None:
    """A virtual one, Debian's and Windows' own, with a blank in its path; or nothing is there."""
    prefix = tmp_path / "an environment"
    path = prefix / f"{python}{SUFFIX}"
    if python:
        path.parent.mkdir(parents=True)
        path.touch()
    if python and is_installed:
        root = tmp_path if python == "python" and os.name != "nt" else prefix
        library = root / ("Lib" if os.name == "nt" else "lib") / "site-packages"
        (library / "certifi_system_store_wrapper-1.dist-info").mkdir(parents=True)
    settings = (f"cert_files={('/a b.pem', '/c;d.pem')!r}", "SSL_CERT_FILE=/d.pem", "HOME=/home/x")
    stored = Stored(asked=(f"prefix={prefix}", "isolated=True", *settings), paths=("/drop",))
    bundle = str(tmp_path / "kept" / "cacert.pem")
    other = Lasting(bundle, stored, is_own=False)
    monkeypatch.setenv("PYTHON_CERTIFI_SOURCES", "user")
    monkeypatch.setattr(at_once.lasting, "found", lambda *_: iter([other]))
    report = Report({"command": "add", "certificates": [{"new": True}]}, [])
    lines = at_once.take_effect(report, "/drop", added=[b"block"]).lines
    variables = (
        ("PYTHON_CERTIFI_BUNDLE_DIR", os.path.dirname(bundle)),
        ("PYTHON_CERTIFI_CERT_FILES", '/a b.pem;"/c;d.pem"' if SUFFIX else "/a b.pem:/c;d.pem"),
        # It is set here, and was not set there.
        ("PYTHON_CERTIFI_SOURCES", ""),
        ("SSL_CERT_FILE", "/d.pem"),
    )
    export = (str(path), "-m", "certifi_system_store_wrapper", "export")
    told = environment.typed(*export, variables=variables)
    if not (python and is_installed):
        told = "this package is not installed there"
    if not python:
        told = "its environment is gone: delete that file"
    is_renewed_by = python and is_installed
    assert (
        lines[0] == f"later     {bundle}{' lacks it: renew it by' if is_renewed_by else ':'} {told}"
    )
