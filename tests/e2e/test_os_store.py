"""A CA that stands in the operating system's store and nowhere else, on Linux of every kind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import List, Sequence

import pytest
import trustme

from support import MODULE, POWERLESS, Sandbox, assert_fetched, assert_untrusted, os_store, write

pytestmark = pytest.mark.linux("the layouts are those of Linux")
TRUSTING = [f.__name__ for f in os_store.LAYOUTS if f.__name__ not in ("empty", "unreadable")]
IS_ROOT = sys.platform == "linux" and os.geteuid() == 0
CLOSED = "cannot be read: Permission denied; let this user read it"
SUM = """
    import base64, certifi, hashlib, ssl
    context = ssl.create_default_context(cafile=certifi.where())
    found = sorted(context.get_ca_certs(binary_form=True))
    print(len(found), hashlib.sha256(b"".join(found)).hexdigest())
"""


@pytest.mark.parametrize("layout", TRUSTING)
def test_a_ca_of_the_system_is_trusted(
    sandbox: Sandbox, layout: str, url: str, tmp_path: Path, ca_file: Path, other_ca: trustme.CA
) -> None:
    """An administrator who adds a CA to the store of the machine has done all there is to do."""
    with_ca = os_store.on(layout, ca_file, tmp_path / "with")
    assert_fetched(sandbox.fetch("requests", url, prefix=with_ca))
    other_file = write(tmp_path / "other.pem", other_ca.cert_pem.bytes())
    without = os_store.on(layout, other_file, tmp_path / "without")
    assert_untrusted(sandbox.fetch("requests", url, prefix=without))


# Where this machine has a folder for what is added, a store tells that nothing was.
OTHERS = "vendor" if Path("/usr/local/share/ca-certificates").is_dir() else "unknown"
BEYOND = {
    "added": "1 added here",
    "vendor": "1 of the system's vendor",
    "unknown": "1 of the system, nobody knows who added them",
}


@pytest.mark.parametrize(
    ("layout", "whose"),
    [("rhel", "added"), ("arch", "added"), ("suse", OTHERS), ("alpine", OTHERS)],
)
def test_the_strict_choice_takes_what_was_added(
    sandbox: Sandbox, layout: str, whose: str, url: str, tmp_path: Path, ca_file: Path
) -> None:
    """A folder tells that a CA was added; the store alone does not, and `status` says which."""
    prefix = os_store.on(layout, ca_file, tmp_path / "aside")
    strict = {"PYTHON_CERTIFI_SOURCES": "certifi,local,user"}
    fetched = sandbox.fetch("requests", url, env=strict, prefix=prefix)
    (assert_fetched if whose == "added" else assert_untrusted)(fetched)

    def command(*arguments: str) -> str:
        module = ("-m", "certifi_system_store_wrapper")
        return sandbox.run(*module, *arguments, prefix=prefix).stdout

    (found,) = json.loads(command("list", "--beyond", "certifi", "--json"))["certificates"]
    assert (found["whose"], found["removed_by_certifi"]) == (whose, None)
    assert f"1 more than certifi alone: {BEYOND[whose]}\n" in command()
    listed = command("list", "--beyond", "certifi")
    assert ("[nobody knows who added it]" in listed) == (whose == "unknown")
    local = json.loads(command("list", "--source", "local", "--json"))
    assert len(local["certificates"]) == (whose == "added")


def assert_certifis_own(sandbox: Sandbox, prefix: Sequence[str]) -> str:
    """Assert that the bundle has certifi's certificates and no others; return what is printed."""
    ours = sandbox.run_code(SUM, prefix=prefix)
    certifis = sandbox.run_code(SUM, env={"PYTHON_CERTIFI_DISABLE": "1"}, prefix=prefix)
    assert ours.stdout == certifis.stdout != ""
    assert certifis.stderr == ""
    return ours.stderr


def test_without_a_store_the_bundle_is_that_of_certifi(
    sandbox: Sandbox, url: str, tmp_path: Path, ca_file: Path
) -> None:
    """Where the system has nothing to read, nothing is said, and certifi's list is used."""
    prefix = [*os_store.on("empty", ca_file, tmp_path / "aside"), *POWERLESS]
    assert_untrusted(sandbox.fetch("requests", url, prefix=prefix))
    assert assert_certifis_own(sandbox, prefix) == ""


def test_a_store_that_cannot_be_read_is_said(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path
) -> None:
    """One WARNING names the folder that nobody may enter, and certifi's list is used."""
    prefix = [*os_store.on("unreadable", ca_file, tmp_path / "aside"), *POWERLESS]
    (line,) = assert_certifis_own(sandbox, prefix).splitlines()
    assert line.endswith(" /etc/ssl/certs: " + CLOSED)


def after(shell: str, *, on: List[str]) -> List[str]:
    """Return the beginning of a command that runs on such a machine after some lines of shell."""
    return [*on, "sh", "-ec", f'{shell}\nexec "$@"', "sh", *POWERLESS]


@pytest.mark.parametrize(
    ("layout", "shell", "named"),
    [
        ("debian", "chmod 0 /etc/ssl/certs/ca-certificates.crt", "certs/ca-certificates.crt"),
        ("debian", "chmod 0 /etc/ssl/certs/*.pem", "certs/corporate.pem"),
        ("dironly", "chmod 0 /etc/ssl/certs/*.pem", "certs/corporate.pem"),
        ("dironly", "chmod 0644 /etc/ssl/certs", "certs"),
        ("dironly", "chmod 0311 /etc/ssl/certs", "certs"),
        ("rhel", "chmod 0 /etc/pki/ca-trust/extracted/pem/*", "pem/tls-ca-bundle.pem"),
        ("suse", "chmod 0 /var/lib/ca-certificates/ca-bundle.pem", "ca-bundle.pem"),
    ],
)
@pytest.mark.root("needs root, to lose its rights")
def test_a_part_of_the_store_that_cannot_be_read_is_said_once(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path, layout: str, shell: str, named: str
) -> None:
    """However many names it has: the file or folder itself is named in one WARNING."""
    on = os_store.on(layout, ca_file, tmp_path / "aside")
    # Beside Debian's file, that folder is read where it is OpenSSL's own.
    code = "import os, ssl; print(os.path.realpath(ssl.get_default_verify_paths().openssl_capath))"
    is_openssls = sandbox.run_code(code, prefix=on).stdout.strip() == "/etc/ssl/certs"
    is_read = is_openssls or layout != "debian" or named.endswith(".crt")
    done = sandbox.run_code("import certifi; certifi.where()", prefix=after(shell, on=on))
    lines = done.stderr.splitlines()
    assert len(lines) == is_read
    assert all(f"{named}: {CLOSED}" in line for line in lines)


# What keeps others out on healthy machines and is no store: private keys, folders of admins. All
# of it lies in what only this machine of another kind sees.
HEALTHY = """
    for folder in /etc/ssl/private /etc/ssl/certs/private /etc/pki/tls/private /etc/certs; do
        mkdir -p $folder
        chmod 0700 $folder
        chown 7 $folder
    done
"""


@pytest.mark.parametrize("layout", [*TRUSTING, "empty"])
@pytest.mark.parametrize("shell", ["", HEALTHY], ids=["plain", "private"])
@pytest.mark.root("needs root, to lose its rights")
def test_healthy_machines_are_silent(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path, layout: str, shell: str
) -> None:
    """Folders that others keep to themselves are no stores, nor is the home of another user."""
    home = tmp_path / "home-of-another"
    home.mkdir(mode=0)
    os.chown(home, 7, 7)
    prefix = after(shell, on=os_store.on(layout, ca_file, tmp_path / "aside"))
    env = {"HOME": str(home / "user")}
    done = sandbox.run_code("import certifi; certifi.where()", env=env, prefix=prefix)
    assert (done.returncode, done.stderr) == (0, "")


ONCE_CLOSED = """
    import os, subprocess, sys
    store = "/etc/ssl/certs/ca-certificates.crt"
    count = "import certifi; print(certifi.contents().count('BEGIN'), certifi.where())"
    asks = [sys.executable, "-c", count]
    for mode in (0, 0o644, 0o644):
        os.chmod(store, mode)
        print(subprocess.run(asks, stdout=subprocess.PIPE, check=True).stdout.decode(), end="")
"""


@pytest.mark.root("needs root, to lose its rights")
def test_a_persistent_bundle_made_without_the_store_is_not_believed(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path
) -> None:
    """The next process that can read the store writes the bundle anew, at the same path."""
    shell = "rm /etc/ssl/certs/*.0; touch -d 2020-01-01 /etc/ssl/certs/* /etc/ssl/certs"
    prefix = after(shell, on=os_store.on("debian", ca_file, tmp_path / "aside"))
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.home / "bundle")}
    done = sandbox.run_code(ONCE_CLOSED, env=env, prefix=prefix)
    closed, opened, again = (line.split() for line in done.stdout.splitlines())
    assert int(opened[0]) == int(again[0]) == int(closed[0]) + 1
    assert closed[1] == opened[1] == again[1] == str(sandbox.home / "bundle" / "cacert.pem")
    assert done.stderr.count("WARNING") == 1


@pytest.mark.root("needs root, to lose its rights")
@pytest.mark.parametrize("command", ["status", "doctor"])
def test_commands_name_a_store_that_cannot_be_read(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path, command: str
) -> None:
    """It is a problem by name and exit status; nobody is told that there is no store."""
    prefix = [*os_store.on("unreadable", ca_file, tmp_path / "aside"), *POWERLESS]
    done = sandbox.run("-m", MODULE, command, prefix=prefix)
    assert done.returncode == 1
    assert f"/etc/ssl/certs: {CLOSED}" in done.stdout
    assert "there is no store" not in done.stdout


def test_the_machine_itself_is_left_as_it_was(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path
) -> None:
    """The layouts are seen by one command alone."""
    paths = [Path(name) for name in ("/etc/ssl", "/etc/pki", "/var/lib/ca-certificates")]
    before = [sorted(path.rglob("*")) for path in paths]
    prefix = os_store.on("suse", ca_file, tmp_path / "aside")
    code = "import os; print(os.path.isfile('/var/lib/ca-certificates/ca-bundle.pem'))"
    assert sandbox.run_code(code, prefix=prefix).stdout == "True\n"
    assert [sorted(path.rglob("*")) for path in paths] == before
