"""pip before 24.2 knows no store but its own copy of certifi, which answers from the bundle, too.

For pip as it is shipped with Python 3.8 and 3.11: both must be here, in pyenv or on PATH. Needs
nginx, as test_matrix.py does, and the package index once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from reach.clients import pages
from reach.clients.services import Servers
from support import (
    MODULE,
    NAME,
    Environment,
    Sandbox,
    build_distributions,
    copy_checkout,
    minimal_wheel,
    new_environment,
)

OLD = {"certifi": "2023.7.22", "wrapt": "1.15.0", NAME: ""}
NEWER = "97.0"  # a version of ours that is still to come
UNTRUSTED = "certificate verify failed: unable to get local issuer certificate"


def shipped_with(version: str) -> str:
    """Return the interpreter of that version which pyenv has, or PATH."""
    found = []
    if shutil.which("pyenv"):
        root = Path(subprocess.check_output(["pyenv", "root"], encoding="utf-8").strip())
        found = sorted(root.glob(f"versions/{version}.*/bin/python3"))
    path = str(found[-1]) if found else shutil.which(f"python{version}")
    assert path, f"there is no Python {version} here"
    return path


@pytest.fixture(params=["3.8", "3.11"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Environment:
    """Return a new environment with the pip that is shipped with that Python."""
    made = new_environment(shipped_with(request.param), tmp_path / "venv")
    said = subprocess.check_output([str(made.python), "-m", "pip", "--version"], encoding="utf-8")
    major, minor = map(int, re.findall(r"\d+", said)[:2])
    assert (major, minor) < (24, 2), said
    return made


@pytest.fixture
def index(tmp_path: Path, environment: Environment, wheel: str, servers: Servers) -> str:
    """Return the address of a package index over HTTPS with ours, certifi, wrapt and a probe."""
    wheels, simple = tmp_path / "wheels", servers.folder / tmp_path.name
    wheels.mkdir()
    shutil.copy(wheel, wheels)
    (wheels / pages.WHEEL).write_bytes(minimal_wheel("probe", pages.SECRET))
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    init = copy_checkout(checkout) / "src" / MODULE / "__init__.py"
    text = re.sub('__version__ = "[^"]+"', f'__version__ = "{NEWER}"', init.read_text())
    init.write_text(text)
    build_distributions(checkout, wheels)
    pip_in(environment, "download", "-d", str(wheels), "certifi", "wrapt")
    old = [f"{name}=={version}" for name, version in OLD.items() if version]
    pip_in(environment, "download", "-d", str(wheels), *old)
    for path in wheels.glob("*.whl"):
        project = simple / path.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, project)
    pinned = [f"{name}=={version}".rstrip("=") for name, version in OLD.items() if version]
    housed = "--no-index", "--find-links", str(wheels)
    pip_in(environment, "install", *housed, *pinned)
    pip_in(environment, "install", *housed, "--no-deps", wheel)
    return servers.folder_address(simple)


def pip_in(environment: Environment, *arguments: str) -> None:
    """Run the environment's pip with what this machine knows of the world."""
    command = [str(environment.python), "-m", "pip", "--disable-pip-version-check", "-q"]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def install(sandbox: Sandbox, index: str, env: Dict[str, str], *names: str) -> Tuple[int, str]:
    """Have pip install from that index and no other; return its status and all it said."""
    command = ["-m", "pip", "--disable-pip-version-check", "install", "-U", "--retries=0"]
    variables = {"PIP_CONFIG_FILE": os.devnull, **env}
    done = sandbox.run(*command, "--index-url", index, *names, env=variables)
    return done.returncode, done.stdout + done.stderr


def versions(sandbox: Sandbox, names: List[str]) -> Dict[str, str]:
    """Return which versions are installed, and that certifi answers from the bundle, silently."""
    code = f"""
        import certifi
        assert "{NAME}" in certifi.where(), certifi.where()
        from importlib.metadata import version
        print(*map(version, {names!r}))
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(zip(names, done.stdout.split()))


def test_a_private_index(
    tmp_path: Path, environment: Environment, index: str, ca_file: Path
) -> None:
    """What stands there is installed with the user's CA, and not without it."""
    sandbox = Sandbox(tmp_path, environment)
    status, said = install(sandbox, index, {}, "probe")
    assert status != 0
    assert UNTRUSTED in said
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    status, said = install(sandbox, index, trusting, "probe")
    assert status == 0, said
    assert (environment.site_packages / "probe.txt").read_text() == pages.SECRET


@pytest.mark.parametrize("steps", [[[name] for name in OLD], [[*OLD]]], ids=["in turn", "at once"])
def test_what_is_in_use_is_upgraded(
    tmp_path: Path, environment: Environment, index: str, ca_file: Path, steps: List[List[str]]
) -> None:
    """certifi, wrapt and we ourselves, by a pip that asks them whom to trust."""
    sandbox, names = Sandbox(tmp_path, environment), [*OLD]
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    for step in steps:
        before = versions(sandbox, names)
        status, said = install(sandbox, index, trusting, *step)
        assert status == 0, said
        assert "Successfully installed" in said
        after = versions(sandbox, names)
        assert [each for each in names if before[each] != after[each]] == step
        assert "WARNING" not in said, said
    assert after[NAME] == NEWER
    status, said = install(sandbox, index, trusting, "probe")
    assert status == 0, said
