"""What is shipped, and that it comes and goes without a trace."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from support import (
    BUILT_ON,
    CHECKOUT,
    MODULE,
    NAME,
    Environment,
    Sandbox,
    build_distributions,
    copy_checkout,
    made_once,
    run_here,
    snapshot,
    wheel_names,
    write,
)

DROPPED = ("a.cer", "b.CRT", "c.pem", "d.Der", "e.p7b", "f.P7C", "deep/g.CeR")
ACTIVE = """
    import certifi, os, sys
    ours = [name for name in sys.modules if name.startswith("certifi_system_store_wrapper")]
    print(bool(ours), os.path.basename(os.path.dirname(os.path.dirname(certifi.where()))))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout that a test may change."""
    (tmp_path / "checkout").mkdir()
    return copy_checkout(tmp_path / "checkout")


def test_both_start_up_files_are_at_the_root_of_the_wheel(wheel: str) -> None:
    """The wheel has the two files, the package and the drop folder, and nothing else."""
    names = wheel_names(Path(wheel).parent)
    at_the_root = {name.split("/")[0] for name in names}
    info = next(name for name in at_the_root if name.endswith(".dist-info"))
    assert at_the_root == {f"{MODULE}.pth", f"{MODULE}.start", MODULE, "certifi_system", info}
    assert [name for name in names if name.startswith("certifi_system/")] == [
        "certifi_system/README.txt"
    ]
    assert f"{MODULE}/py.typed" in names
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{MODULE}.pth").count(b"\n") == 1
        assert archive.read(f"{MODULE}.start") == f"{MODULE}.bootstrap:bootstrap\n".encode()


def test_the_sdist_is_enough_to_test_and_to_build_from(sdist: str) -> None:
    """It holds the sources, the tests and every file that the wheel is made of."""
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {f"{MODULE}.pth", f"{MODULE}.start", "README.md", "LICENSE", "pyproject.toml"}
    wanted |= {".ci/run", "CHANGELOG.md", ".github/workflows/release.yml"}
    wanted |= {"docs/architecture.md", "docs/limitations.md", "docs/windows.md"}
    wanted |= {"docs/pictures/terminal.svg"}
    assert wanted < names
    own = str(Path(__file__).relative_to(CHECKOUT).as_posix())
    assert {own, f"src/{MODULE}/bootstrap.py", "src/certifi_system/README.txt"} < names


def test_the_wheel_is_for_everybody_and_says_what_it_is(wheel: str) -> None:
    """One wheel for every Python and system; licence, types and requirements are declared."""
    with zipfile.ZipFile(wheel) as archive:
        info = next(name.split("/")[0] for name in archive.namelist() if "dist-info/" in name)
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        tags = message_from_bytes(archive.read(f"{info}/WHEEL"))
        assert archive.read(f"{info}/licenses/LICENSE") == (CHECKOUT / "LICENSE").read_bytes()
    assert (tags["Tag"], tags["Root-Is-Purelib"]) == ("py3-none-any", "true")
    assert (metadata["Metadata-Version"], metadata["Requires-Python"]) == ("2.4", ">=3.8")
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
    required = [re.split(r"[^\w]", each)[0] for each in metadata.get_all("Requires-Dist", [])]
    assert sorted(required) == ["certifi", "wincertstore", "wrapt"]
    assert "sys_platform == 'win32'" in str(metadata).split("wincertstore", 1)[1].split("\n")[0]


def test_the_tests_of_the_sdist_are_all_there(sdist: str, tmp_path: Path) -> None:
    """Unpacked, it collects what a checkout collects."""
    with tarfile.open(sdist) as archive:
        filtered = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path, **filtered)  # type: ignore[arg-type]
    unpacked = next(tmp_path.iterdir())
    quiet = ("--collect-only", "-q", "-p", "no:cacheprovider", "tests/e2e", "tests/unit")
    assert run_here("pytest", *quiet, cwd=unpacked).count("::") > 500
    here, there = (
        {path.relative_to(root): path.read_text("utf-8") for path in root.glob("tests/**/*.py")}
        for root in (CHECKOUT, unpacked)
    )
    assert there == here


def test_a_ca_that_somebody_dropped_into_a_checkout_is_never_shipped(
    checkout: Path, tmp_path: Path
) -> None:
    """Neither wheel nor sdist has it, wherever it lies and whatever git would say."""
    for folder in ("", "src", f"src/{MODULE}", f"src/{MODULE}/system_store", "tests"):
        for name in DROPPED:
            write(checkout / folder / name, b"a private matter")
    for name in DROPPED:
        write(checkout / "src" / "certifi_system" / name, b"a private matter")
    if (checkout / ".gitignore").exists():  # the exclusion must not lean on it
        (checkout / ".gitignore").unlink()
    build_distributions(checkout, tmp_path / "built")
    names = wheel_names(tmp_path / "built")
    with tarfile.open(next((tmp_path / "built").glob("*.tar.gz"))) as archive:
        names += archive.getnames()
    assert len(names) > 50
    endings = tuple(os.path.splitext(name)[1].lower() for name in DROPPED)
    assert [name for name in names if name.lower().endswith(endings)] == []


def test_two_builds_are_the_same(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wheel and sdist depend on the sources alone: not on folder, time, modes, umask or zone."""
    build_distributions(checkout, tmp_path / "first")
    elsewhere = tmp_path / "some where" / "else"
    elsewhere.mkdir(parents=True)
    for path in copy_checkout(elsewhere).rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    mask = os.umask(0o077)
    try:
        build_distributions(elsewhere, tmp_path / "second")
    finally:
        os.umask(mask)
    first, second = (sha256_of(tmp_path / name) for name in ("first", "second"))
    assert len(first) == 2
    assert first == second


def sha256_of(folder: Path) -> Dict[str, str]:
    """Return the SHA-256 of each file in a folder, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


Installer = Tuple[List[str], List[str]]  # the commands that install and uninstall


def pip(python: str, house: Tuple[str, ...]) -> Installer:
    """Return how the environment's own pip installs and uninstalls."""
    command = [python, "-m", "pip", "--disable-pip-version-check"]
    return [*command, "install", *house], [*command, "uninstall", "--yes", NAME]


def uv(python: str, house: Tuple[str, ...]) -> Installer:
    """Return how uv, which lies elsewhere, does it."""
    command = [sys.executable, "-m", "uv", "pip"]
    options = ["--offline", "--no-cache", "--python", python]
    return [*command, "install", *options, *house], [*command, "uninstall", *options, NAME]


def checked(environment: Environment) -> str:
    """Return what pip says of the requirements; PyPy's own cffi lacks one."""
    command = [sys.executable, "-m", "pip", "--python", str(environment.python), "check"]
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False).stdout


@pytest.fixture(scope="module")
def with_pip(shared: Path, only_pip: Environment, housed: Tuple[str, ...]) -> Environment:
    """Return an environment without us, with what we build on and pip. Nobody changes it."""

    def make(folder: Path) -> None:
        # With an older pip only a setup.py can be editable.
        only_pip.copied(folder).install(*housed, *BUILT_ON, "pip >=21.3")

    return Environment(made_once(shared, "with_pip", make))


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
@pytest.mark.parametrize("installer", [pip, uv])
def test_installing_activates_and_uninstalling_leaves_no_trace(
    tmp_path: Path,
    bare: Environment,
    with_pip: Environment,
    checkout: Path,
    distributions: Path,
    housed: Tuple[str, ...],
    installer: Callable[[str, Tuple[str, ...]], Installer],
    kind: str,
) -> None:
    """The whole environment, HOME and TMPDIR are afterwards what they were, but for the cache."""
    environment = (with_pip if installer is pip else bare).copied(tmp_path / "venv")
    sandbox = Sandbox(tmp_path, environment)
    install, uninstall = installer(str(environment.python), housed)
    if kind == "editable":
        what = ["-e", str(checkout)]
    else:
        what = [str(next(distributions.glob("*.whl" if kind == "wheel" else "*.tar.gz")))]
    assert active(sandbox) == "False"
    before, without_us = state(sandbox), checked(environment)

    command(sandbox, [*install, *what])
    assert checked(environment) == without_us
    assert active(sandbox) == "True"
    assert sandbox.run("-m", MODULE).stdout.startswith(NAME)
    command(sandbox, uninstall)
    assert active(sandbox) == "False"

    # What a user built is theirs, and README says where it lies.
    for cache in (sandbox.home / ".cache", sandbox.home / "AppData" / "Local" / NAME):
        shutil.rmtree(cache, ignore_errors=True)
    after = state(sandbox)
    assert sorted(after.items() ^ before.items()) == []


def active(sandbox: Sandbox) -> str:
    """Return whether we are at work in a new process."""
    done = sandbox.run_code(ACTIVE)
    assert done.stderr == ""
    loaded, folder = done.stdout.split()
    assert folder.startswith(NAME) == (loaded == "True")
    return str(loaded)


def state(sandbox: Sandbox) -> Dict[str, str]:
    """Return everything that an installer or we could have changed."""
    found = snapshot(sandbox.environment.folder, sandbox.home, sandbox.tmp)
    found.pop(str(sandbox.environment.folder / ".lock"), None)  # uv's own
    return found


def command(sandbox: Sandbox, words: List[str]) -> None:
    """Run an installer in the sandbox."""
    done = subprocess.run(
        words,
        env=sandbox.variables({"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}),
        cwd=sandbox.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
