"""Other users of a machine: in a user namespace, and who starts a program with more rights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence

import pytest
import trustme

from support import Sandbox, new_environment, write

if TYPE_CHECKING:
    from support import Done

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="acts as Linux lets it"),
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="acts as several users"
    ),
]
VICTIM, MALLORY, NOBODY = 4711, 1000, 65534
PACKAGES = ("certifi", "wrapt", "certifi_system_store_wrapper", "certifi_system")
# What certifi answers, from whom, and what is printed beside it.
ANSWER = """
    import certifi_system_store_wrapper, json
    certifi_system_store_wrapper.activate()
    import certifi
    built = certifi_system_store_wrapper.build()
    system = [a for a in built.anchors if any(o.source == "system" for o in a.origins)]
    print(json.dumps([certifi.where(), certifi.contents(), len(system)]))
"""


def as_user(number: int) -> List[str]:
    """Return the beginning of a command that is to run as that user."""
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]


class Crowd:
    """A folder that all users reach, homes below /tmp, and an interpreter that all may run."""

    homes: List[Path]

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        """Copy the packages there."""
        self.folder, self.python = folder, shutil.which("python3", path="/usr/bin:/bin")
        self.packages, self.homes = folder / "packages", []
        for name in PACKAGES:
            shutil.copytree(sandbox.environment.site_packages / name, self.packages / name)

    def home(self, owner: int) -> Path:
        """Make a home folder for that user."""
        home = Path(f"{self.folder}-{owner}")
        home.mkdir(exist_ok=True)
        self.homes.append(home)
        os.chown(home, owner, owner)
        return home

    def run(self, prefix: Sequence[str], home: Path, **variables: str) -> Done:
        """Ask certifi as another user."""
        if self.python is None:
            pytest.skip("no interpreter that another user may run")
        env: Dict[str, str] = {"PATH": os.defpath, "HOME": str(home), "TMPDIR": "/tmp", **variables}
        env.update(PYTHONPATH=str(self.packages), PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run(
            [*prefix, self.python, "-s", "-c", textwrap.dedent(ANSWER)],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def crowd(sandbox: Sandbox) -> Iterator[Crowd]:
    """Return a crowd in a folder below /tmp, which every user can reach."""
    folder = Path("/tmp") / f"crowd-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    made = Crowd(folder, sandbox)
    yield made
    for each in (folder, *made.homes):
        shutil.rmtree(each, ignore_errors=True)


@pytest.fixture
def planted(private_ca: trustme.CA) -> bytes:
    """Return a CA that nobody asked for."""
    return private_ca.cert_pem.bytes()


def namespace(owner: int) -> List[str]:
    """Return the beginning of a command that is root in a user namespace of its own."""
    command = [*as_user(owner), "unshare", "-r"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    return command


@pytest.mark.parametrize("mallory", [MALLORY, NOBODY])
@pytest.mark.parametrize("kind", ["persistent", "home", "drop", "own"])
def test_what_is_planted_is_not_believed_in_a_user_namespace(
    crowd: Crowd, planted: bytes, mallory: int, kind: str
) -> None:
    """There every user of the machine has one number, that of / too: it is nobody to believe."""
    home, variables = crowd.home(VICTIM), {}
    paths = {
        "home": home / ".nix-profile/etc/ssl/certs/ca-bundle.crt",
        "drop": home / ".config/certifi-system-store-wrapper/certs/ca.pem",
        "own": crowd.packages / "certifi_system" / "ca.pem",
    }
    if kind == "persistent":
        theirs = crowd.home(mallory) / "bundle"
        variables = {"PYTHON_CERTIFI_BUNDLE_DIR": str(theirs)}
        done = crowd.run(as_user(mallory), theirs.parent, **variables)
        assert json.loads(done.stdout)[0] == str(theirs / "cacert.pem")
        with (theirs / "cacert.pem").open("ab") as file:
            file.write(planted)
    else:
        path = write(paths[kind], planted)
        top = path if kind == "own" else home / path.relative_to(home).parts[0]
        for each in (top, *top.rglob("*")):
            os.chown(each, mallory, mallory)
    outside = crowd.run(as_user(VICTIM), home)
    inside = crowd.run(namespace(VICTIM), home, **variables)
    assert inside.returncode == 0
    where, contents, system = json.loads(inside.stdout)
    assert planted.decode() not in contents
    assert "/certifi-system-store-wrapper-0/" in where
    assert f"user {NOBODY} owns it" in inside.stderr or "BUNDLE_DIR cannot" in inside.stderr
    # What the distribution has below /etc is read as ever.
    assert system == json.loads(outside.stdout)[2] > 100


def test_what_is_ones_own_is_read_in_a_user_namespace(crowd: Crowd, planted: bytes) -> None:
    """The user's own drop folder and persistent bundle, whose number is 0 in there."""
    home = crowd.home(VICTIM)
    write(home / ".config/certifi-system-store-wrapper/certs/ca.pem", planted)
    for each in home.rglob("*"):
        os.chown(each, VICTIM, VICTIM)
    variables = {"PYTHON_CERTIFI_BUNDLE_DIR": str(home / "bundle")}
    for prefix in (as_user(VICTIM), namespace(VICTIM)):
        done = crowd.run(prefix, home, **variables)
        where, contents, _ = json.loads(done.stdout)
        assert (where, done.stderr) == (str(home / "bundle" / "cacert.pem"), "")
        assert planted.decode() in contents


def test_nobody_keeps_a_persistent_bundle_where_all_users_are_known(crowd: Crowd) -> None:
    """In a container that runs as user 65534 that number is somebody."""
    home = crowd.home(NOBODY)
    done = crowd.run(as_user(NOBODY), home, PYTHON_CERTIFI_BUNDLE_DIR=str(home / "bundle"))
    assert (json.loads(done.stdout)[0], done.stderr) == (str(home / "bundle" / "cacert.pem"), "")
