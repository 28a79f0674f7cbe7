"""Any call of the system may fail, and any may be the last: nothing torn, nothing lost in silence.

All of it, in about two hours: EVERY_FAULT=1 python -m pytest -n 2 tests/e2e/lifetime/test_faults.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import Sandbox, made_once, write

HERE = Path(__file__).parent
COMPILER = shutil.which("cc") or shutil.which("gcc") or ""
ANSWERS = ["import", "where", "contents", "heal", "refresh"]
FOLDERS = ["temporary", "persistent"]
CASES = [(what, place) for place in FOLDERS for what in [*ANSWERS, "add", "remove", "export"]]
CASES += [(what, "memory") for what in ("where", "heal", "refresh")]

pytestmark = [
    pytest.mark.linux("it preloads a library as Linux has it"),
    pytest.mark.skipif(not COMPILER, reason="there is no C compiler here"),
]


@pytest.fixture(name="preloaded", scope="session")
def _preloaded(shared: Path) -> str:
    """Return the library whose calls fail."""

    def make(folder: Path) -> None:
        folder.mkdir()
        command = [COMPILER, "-shared", "-fPIC", "-o", "faults.so", str(HERE / "faults.c"), "-ldl"]
        subprocess.run(command, check=True, cwd=folder)

    return str(made_once(shared, "faults", make) / "faults.so")


@pytest.mark.parametrize(("what", "place"), CASES)
def test_any_call_may_fail(
    sandbox: Sandbox, ca_file: Path, preloaded: str, what: str, place: str
) -> None:
    """The answer is whole or certifi's own, a loss is told, and the next process is right."""
    every = os.environ.get("EVERY_FAULT", "97")
    # Where a module of certifi itself cannot be read, plain certifi fails as well.
    certifi = ["/certifi/cacert.pem", "/RECORD"]
    folders = [str(sandbox.tmp), str(sandbox.home), "/etc/ssl/certs"]
    concerned = [*folders, str(ca_file), *certifi, "/memfd:"]
    if what == "import":
        concerned += ["/certifi_system_store_wrapper/", "/wrapt/"]
    env = {
        "LD_PRELOAD": preloaded,
        "FAULTS": ":".join(concerned),
        "PYTHON_CERTIFI_CERT_FILES": str(ca_file),
    }
    if place == "persistent":
        env["PYTHON_CERTIFI_BUNDLE_DIR"] = str(sandbox.home / "kept")
    if place == "memory":
        env["READ_ONLY"] = "/certifi-system-store-wrapper-"
        # The first run makes it otherwise, and has other calls than the next.
        (sandbox.home / ".cache").mkdir(exist_ok=True)
    write(sandbox.work / "ca.pem", ca_file.read_bytes())
    done = sandbox.run(str(HERE / "faults.py"), what, every, env=env, timeout=3600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = (sandbox.home / "told").read_text("utf-8").splitlines()
    assert [each for each in told if each != "good"] == []
    assert told
