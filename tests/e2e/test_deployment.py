"""docs/deployment.md: every script on that page is run, and so is the dev container's feature."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest

from support import CHECKOUT, MODULE, NAME, Environment, Sandbox

pytestmark = pytest.mark.posix("they are scripts for sh")
PAGE = (CHECKOUT / "docs" / "deployment.md").read_text(encoding="utf-8")
FEATURE = CHECKOUT / ".github" / "devcontainer" / NAME
SUBJECT = "certifi-system-store-wrapper tests"  # of the CA in ca_file


def blocks(language: str) -> List[str]:
    """Return the scripts in that language, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


class Machine:
    """A machine that is rolled out to: pip has what the registry would have."""

    def __init__(self, sandbox: Sandbox, wheel: str, wheelhouse: str) -> None:
        """Look for distributions in the wheelhouse and beside our wheel."""
        self.sandbox = sandbox
        folders = f"{wheelhouse} {Path(wheel).parent}"
        path = os.pathsep.join([str(sandbox.environment.python.parent), os.defpath])
        self.env = {"PATH": path, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folders}

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script with sh."""
        return subprocess.run(
            ["sh", "-c", script],
            env=self.sandbox.variables({**self.env, **env}),
            cwd=self.sandbox.work,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path, only_pip: Environment, wheel: str, wheelhouse: str) -> Machine:
    """Return a machine whose environment has pip and nothing else."""
    environment = only_pip.copied(tmp_path / "venv")
    return Machine(Sandbox(tmp_path, environment), wheel, wheelhouse)


def test_rolled_out_checked_and_taken_back(machine: Machine, ca_file: Path) -> None:
    """Each script in the order of the page does what the page says, and nothing is left."""
    sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca_file.read_text())).hexdigest()
    named: Dict[str, str] = {"CA": str(ca_file), "SHA256": sha256}
    install, add, check, jamf, origins, take_back = blocks("sh")
    assert machine.run(install).returncode == 0
    assert machine.run(check, **named).returncode == 1
    assert machine.run(jamf, **named).stdout == "<result>missing</result>\n"
    for script in (add, check, *re.findall("cmd: (.*)", "".join(blocks("yaml")))):
        done = machine.run(script, **named)
        assert (done.returncode, done.stderr) == (0, ""), script
    assert machine.run(jamf, **named).stdout == "<result>present</result>\n"
    told = machine.run(origins, **named)
    assert (told.returncode, sha256 in told.stdout) == (0, True), told
    assert str(machine.sandbox.drop_folder) in told.stdout
    done = machine.run(take_back, **named)
    assert done.returncode == 0, done
    packages = machine.sandbox.environment.site_packages
    assert not list(packages.glob(f"{MODULE}*"))
    assert [path for path in machine.sandbox.home.rglob("*") if NAME in path.name] == []


def test_what_intunes_script_runs_is_a_command() -> None:
    """There is no PowerShell here: its call is the one that sh has."""
    (script,) = blocks("powershell")
    assert script.splitlines()[0].replace("$env:SHA256", '"$SHA256"') == blocks("sh")[2].strip()


def test_the_feature_of_a_dev_container(machine: Machine, tmp_path: Path, ca_file: Path) -> None:
    """It installs into the chosen interpreter, and each shell of the container has the CA."""
    profiles = tmp_path / "profile.d"
    profiles.mkdir()
    folder = tmp_path / "it's here"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(ca_file.read_bytes())
    python = str(machine.sandbox.environment.python)
    done = machine.run(
        str(FEATURE / "install.sh"),
        PYTHON=python,
        CERTIFICATES=str(folder),
        PROFILE_FOLDER=str(profiles),
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    (profile,) = profiles.iterdir()
    script = f'. "{profile}"; {python} -m {MODULE} list --search "{SUBJECT}"'
    assert SUBJECT in machine.run(script).stdout
    assert SUBJECT not in machine.run(script.partition("; ")[2]).stdout


def test_the_feature_says_what_its_script_reads() -> None:
    """Each option is a variable of install.sh, in capitals."""
    feature = json.loads((FEATURE / "devcontainer-feature.json").read_text(encoding="utf-8"))
    script = (FEATURE / "install.sh").read_text(encoding="utf-8")
    assert feature["id"] == NAME
    for option in feature["options"]:
        assert f"${{{option.upper()}:-" in script
