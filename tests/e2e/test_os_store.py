"""A CA that stands in the operating system's store and nowhere else, on Linux of every kind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import trustme

from support import POWERLESS, Sandbox, assert_fetched, assert_untrusted, os_store, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the layouts are those of Linux")
TRUSTING = [f.__name__ for f in os_store.LAYOUTS if f.__name__ not in ("empty", "unreadable")]
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


@pytest.mark.parametrize("layout", ["empty", "unreadable"])
def test_without_a_store_the_bundle_is_that_of_certifi(
    sandbox: Sandbox, layout: str, url: str, tmp_path: Path, ca_file: Path
) -> None:
    """Where the system has nothing to read, nothing is said, and certifi's list is used."""
    prefix = [*os_store.on(layout, ca_file, tmp_path / "aside"), *POWERLESS]
    assert_untrusted(sandbox.fetch("requests", url, prefix=prefix))
    ours = sandbox.run_code(SUM, prefix=prefix)
    certifis = sandbox.run_code(SUM, env={"PYTHON_CERTIFI_DISABLE": "1"}, prefix=prefix)
    assert ours.stdout == certifis.stdout != ""
    assert (ours.stderr, certifis.stderr) == ("", "")


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
