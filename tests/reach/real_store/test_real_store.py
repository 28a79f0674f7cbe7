"""The real store of this machine: what its administrator adds is trusted, what is denied is gone.

    python -m pytest tests/reach/real_store --alter-this-machine

For machines that are thrown away, as those of CI; it changes the store, and changes it back.
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Set

import certifi
import pytest

from reach.real_store import stores
from support import Sandbox, assert_fetched, assert_untrusted, write

ANCHORS = """
    import certifi, hashlib, ssl
    for block in certifi.contents().split("-----END CERTIFICATE-----")[:-1]:
        print(hashlib.sha256(ssl.PEM_cert_to_DER_cert(
            block[block.index("-----BEGIN"):] + "-----END CERTIFICATE-----")).hexdigest())
"""
DENIED = "ISRG Root X1"  # whoever ships a store has it, and certifi, too


@pytest.fixture(autouse=True)
def _consent(pytestconfig: pytest.Config) -> None:
    """Naming the folder is not enough: nobody's own machine is to be changed by mistake."""
    assert pytestconfig.getoption("--alter-this-machine"), "only where nobody needs the machine"


@pytest.fixture(name="store")
def _store() -> stores.Store:
    """Return the store of this machine."""
    return stores.of_this_machine()


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """Return a PEM file with a root that certifi has as well as the system."""
    text = Path(certifi.__file__).with_name("cacert.pem").read_text("utf-8")
    block = text.split(f'# Label: "{DENIED}"')[1].split("-----BEGIN CERTIFICATE-----")[1]
    body = block.split("-----END CERTIFICATE-----")[0]
    pem = f"-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n"
    return write(tmp_path / "root.pem", pem.encode("ascii"))


def anchors(sandbox: Sandbox, **env: str) -> Set[str]:
    """Return the SHA-256 of all that certifi answers with."""
    done = sandbox.run_code(ANCHORS, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


def test_a_ca_of_this_machine_is_trusted(
    sandbox: Sandbox, store: stores.Store, url: str, ca_file: Path
) -> None:
    """From the next process on, and no longer once it is taken away."""
    assert_untrusted(sandbox.fetch("requests", url))
    store.add(ca_file)
    try:
        assert_fetched(sandbox.fetch("requests", url))
        assert_untrusted(sandbox.fetch("requests", url, env={"PYTHON_CERTIFI_SOURCES": "certifi"}))
    finally:
        store.remove(ca_file)
    assert_untrusted(sandbox.fetch("requests", url))


def test_a_root_that_is_denied_is_gone(sandbox: Sandbox, store: stores.Store, root: Path) -> None:
    """From certifi's part of the bundle, too; and back once it is allowed."""
    der = ssl.PEM_cert_to_DER_cert(root.read_text("ascii"))
    fingerprint = hashlib.sha256(der).hexdigest()
    before = anchors(sandbox)
    assert fingerprint in before
    store.deny(root)
    try:
        assert before - anchors(sandbox) == {fingerprint}
        assert fingerprint in anchors(sandbox, PYTHON_CERTIFI_DISABLE="1")
    finally:
        store.allow(root)
    assert anchors(sandbox) == before
