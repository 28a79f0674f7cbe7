"""The whole package as on a Mac, over a fake ``security``; the real one is CI's."""

from __future__ import annotations

import base64
import json
import os
import plistlib
import sys
import time
from pathlib import Path
from typing import Any, Dict

import pytest

from support import FETCH_BY_URLLIB, NAME, SUPPORT, Sandbox, assert_untrusted, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done

pytestmark = pytest.mark.posix("the fake is a script of Unix")

FAKE = SUPPORT / "fakes" / "security.py"
SYSTEM = "find-certificate -a -p /Library/Keychains/System.keychain"
ROOTS = "find-certificate -a -p /System/Library/Keychains/SystemRootCertificates.keychain"
AS_MACOS = """
import ssl, subprocess, sys, urllib.request
sys.platform = "darwin"
from certifi_system_store_wrapper.sources.system import macos_security
macos_security.SECURITY = {fake!r}
macos_security.TIMEOUT = {timeout!r}
"""


@pytest.fixture(name="mac")
def _mac(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with the folders of a Mac and a fake ``security``."""
    write(sandbox.work / "security", f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n'.encode())
    (sandbox.work / "security").chmod(0o755)
    caches(sandbox).mkdir(parents=True, exist_ok=True)
    answers(sandbox, {})
    return sandbox


def caches(mac: Sandbox) -> Path:
    """Return where bundles belong on a Mac."""
    return mac.home / "Library" / "Caches"


def answers(mac: Sandbox, prepared: Dict[str, Any]) -> None:
    """Have ``security`` answer so; keychains that are not named are empty."""
    empty = {ROOTS: {"status": 44}, SYSTEM: {"status": 44}}
    text = json.dumps({**empty, **prepared})
    write(mac.work / "answers.json", text.encode())


def trusting(der: bytes, pem: str) -> Dict[str, Any]:
    """Return the answers of a Mac whose administrator trusts a CA in the System keychain."""
    from hashlib import sha1

    record = {sha1(der).hexdigest().upper(): {"trustSettings": []}}
    plist = plistlib.dumps({"trustList": record, "trustVersion": 1})
    exported = {"file": base64.b64encode(plist).decode()}
    return {SYSTEM: {"stdout": pem}, "trust-settings-export -d": exported}


def run(mac: Sandbox, code: str, *, timeout: float = 60.0, **env: str) -> Done:
    """Run the code as on that Mac."""
    before = AS_MACOS.format(fake=str(mac.work / "security"), timeout=timeout)
    return mac.run_code(before + code, env={"FAKE_SECURITY": str(mac.work), **env})


def test_a_ca_of_the_system_keychain(
    mac: Sandbox, url: str, ca_file: Path, private_der: bytes
) -> None:
    """Trusted by its settings it is trusted here; held without them it is not."""
    trusted = trusting(private_der, ca_file.read_text())
    answers(mac, {SYSTEM: trusted[SYSTEM]})
    assert_untrusted(run(mac, FETCH_BY_URLLIB.format(url=url)))
    answers(mac, trusted)
    done = run(mac, FETCH_BY_URLLIB.format(url=url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
    assert not list(caches(mac).iterdir()) and not list(mac.tmp.iterdir())


def test_the_bundle_lies_in_the_caches(mac: Sandbox) -> None:
    """The temp folder of a Mac loses what is three days idle."""
    code = "import certifi; print(certifi.where())"
    done = run(mac, code)
    assert done.stderr == ""
    assert done.stdout.startswith(str(caches(mac).resolve() / NAME))
    assert not list(caches(mac).iterdir())


def test_a_persistent_bundle_is_replaced_only_by_another(
    mac: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """No file shows whether a keychain has changed: it is asked each time, and seldom differs."""
    code = "import certifi, os; print(os.stat(certifi.where()).st_ino)"
    folder = str(mac.work / "persistent")
    first, second = (run(mac, code, PYTHON_CERTIFI_BUNDLE_DIR=folder) for _ in range(2))
    answers(mac, trusting(private_der, ca_file.read_text()))
    third = run(mac, code, PYTHON_CERTIFI_BUNDLE_DIR=folder)
    assert first.stderr + second.stderr + third.stderr == ""
    assert first.stdout == second.stdout != third.stdout


def test_a_stored_bundle_asks_nobody(mac: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """Only where a variable asks for one: which files show a denial is not known for certain."""
    answers(mac, trusting(private_der, ca_file.read_text()))
    calls = mac.work / "calls.jsonl"
    code = "import certifi; print(certifi.contents())"
    time.sleep(2.2)  # what is new is not stored
    for variables, runs in (({}, 2), ({"PYTHON_CERTIFI_STORE": "1"}, 1)):
        write(calls, b"")
        first, second = (run(mac, code, **variables) for _ in range(2))
        assert (first.returncode, first.stderr) == (0, "")
        assert (first.stdout, ca_file.read_text() in first.stdout) == (second.stdout, True)
        assert calls.read_text("utf-8").count(SYSTEM) == runs


def test_the_drop_folder_of_the_user(mac: Sandbox, url: str, ca_file: Path) -> None:
    """It lies in Application Support."""
    drop = mac.home / "Library" / "Application Support" / NAME / "certs"
    write(drop / "root.pem", ca_file.read_bytes())
    done = run(mac, FETCH_BY_URLLIB.format(url=url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def test_a_security_that_hangs_costs_the_system_alone(
    mac: Sandbox, url: str, ca_file: Path
) -> None:
    """After the time limit the other sources are used, with a warning that says what is missing."""
    answers(mac, {ROOTS: {"seconds": 600}})
    done = run(
        mac, FETCH_BY_URLLIB.format(url=url), timeout=0.5, PYTHON_CERTIFI_CERT_FILES=str(ca_file)
    )
    assert (done.returncode, done.stdout) == (0, "200\n")
    assert done.stderr.count("WARNING") >= 1 and "SystemRootCertificates" in done.stderr
    assert not list(caches(mac).iterdir()) and not list(mac.tmp.iterdir())


def test_a_mac_without_security(mac: Sandbox, url: str, ca_file: Path) -> None:
    """A sandboxed program may not run it; the warning says so, and the rest is used."""
    (mac.work / "security").unlink()
    done = run(mac, FETCH_BY_URLLIB.format(url=url), PYTHON_CERTIFI_CERT_FILES=str(ca_file))
    assert (done.returncode, done.stdout) == (0, "200\n")
    assert "WARNING" in done.stderr


def test_a_persistent_bundle(mac: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """Keychains are asked each time; the file is replaced only where they say something new."""
    folder = mac.work / "kept"
    code = """
import certifi, os
print(os.stat(certifi.where()).st_ino, certifi.contents().count("BEGIN"))
    """
    time.sleep(2.1)  # what it is made from has settled then
    inodes, counts = [], []
    for prepared in ({}, {}, trusting(private_der, ca_file.read_text())):
        answers(mac, prepared)
        done = run(mac, code, PYTHON_CERTIFI_BUNDLE_DIR=str(folder))
        assert done.stderr == ""
        inode, count = map(int, done.stdout.split())
        inodes.append(inode)
        counts.append(count)
        os.utime(folder, (1e9, 1e9))
    assert counts[0] == counts[1] == counts[2] - 1
    assert inodes[0] == inodes[1] != inodes[2]


@pytest.mark.posix("there is no fork")
def test_a_fork_asks_first(mac: Sandbox, url: str, ca_file: Path, private_der: bytes) -> None:
    """A server that loads its application and then forks: the worker starts `security`."""
    answers(mac, trusting(private_der, ca_file.read_text()))
    fetch = FETCH_BY_URLLIB.format(url=url)
    code = f"import certifi, os\nif not os.fork():\n    exec({fetch!r})\n    sys.exit()\nos.wait()"
    done = run(mac, code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
    assert not list(caches(mac).iterdir()) and not list(mac.tmp.iterdir())
