"""The main job: install, name a CA, and programs that have never heard of us trust it.

Between success and failure there is one variable or one file, and nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trustme

from support import CLIENTS, MODULE, NAME, Sandbox, assert_fetched, assert_untrusted, write


@pytest.mark.parametrize("client", CLIENTS)
def test_a_ca_named_by_the_variable_is_trusted(
    sandbox: Sandbox, client: str, url: str, ca_file: Path
) -> None:
    """PYTHON_CERTIFI_CERT_FILES naming a private CA is all that a client needs."""
    assert_untrusted(sandbox.fetch(client, url))
    assert_fetched(sandbox.fetch(client, url, {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}))


def test_another_ca_named_by_the_variable_does_not_help(
    sandbox: Sandbox, url: str, tmp_path: Path, other_ca: trustme.CA
) -> None:
    """A success is due to the very CA that was named."""
    named = write(tmp_path / "other.pem", other_ca.cert_pem.bytes())
    assert_untrusted(sandbox.fetch("requests", url, {"PYTHON_CERTIFI_CERT_FILES": str(named)}))


def test_relative_names_home_and_a_directory_are_understood(
    sandbox: Sandbox, url: str, private_der: bytes, other_ca: trustme.CA
) -> None:
    """The variable takes a list of files and directories, relative to here or to home."""
    write(sandbox.work / "cas" / "private.cer", private_der)
    write(sandbox.home / "other.pem", other_ca.cert_pem.bytes())
    named = os.pathsep.join(["~/other.pem", "", " cas "])
    assert_fetched(sandbox.fetch("requests", url, {"PYTHON_CERTIFI_CERT_FILES": named}))


@pytest.mark.parametrize("folder", [MODULE, "certifi_system"])
def test_a_der_file_dropped_into_site_packages_is_trusted(
    fresh: Sandbox, folder: str, url: str, private_der: bytes
) -> None:
    """A DER .cer dropped into the package's folder, or the first implementation's, is trusted."""
    dropped = fresh.environment.site_packages / folder / "corporate.cer"
    assert dropped.parent.is_dir()
    assert_untrusted(fresh.fetch("requests", url))
    write(dropped, private_der)
    assert_fetched(fresh.fetch("requests", url))
    dropped.unlink()
    assert_untrusted(fresh.fetch("requests", url))


@pytest.mark.posix("the per-user folder lies below %APPDATA% there")
def test_a_file_dropped_into_the_folder_of_the_user_is_trusted(
    sandbox: Sandbox, url: str, private_der: bytes
) -> None:
    """The per-user folder serves every environment, except under -I, which is to read nothing."""
    base = sandbox.tmp / "config"
    write(base / NAME / "certs" / "deep" / "Corporate.CER", private_der)
    variables = {"XDG_CONFIG_HOME": str(base)}
    if os.uname().sysname == "Darwin":
        variables = {}
        base.rename(sandbox.home / "Library" / "Application Support")
    assert_fetched(sandbox.fetch("requests", url, variables))
    code = "import certifi; print(len(certifi.contents()))"
    trusting = sandbox.run_code(code, env=variables).stdout
    isolated = sandbox.run_code(code, "-I", env=variables).stdout
    assert int(isolated) < int(trusting)
