"""pip replaces or removes us, certifi or wrapt while programs run, at whatever stage they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from reach.neighbours.living import installed_with, uninstalled
from support import MODULE, NAME, Sandbox, build_distributions, copy_checkout

# What a program has done before; the rest of it, it does after the change.
STAGES = {
    "not yet imported": ("pass", "import certifi"),
    "imported": ("import certifi", "pass"),
    "asked": ("import certifi; path = certifi.where()", "assert certifi.where() == path"),
}
PROGRAM = """
import os, sys
def go_on():
    {before}
    print("ready", flush=True)
    sys.stdin.readline()
    {after}
    assert os.path.isfile(certifi.where())
    assert certifi.contents() == open(certifi.where()).read()
    if {ours!r}:
        assert {name!r} in certifi.where(), certifi.where()
        import certifi_system_store_wrapper as ours
        assert os.path.isfile(ours.refresh())
    pid = os.fork()
    if not pid:
        assert certifi.contents()
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0
    print(certifi.where())
go_on()
"""
CHANGES = (
    "ours to a later version",
    "ours to an earlier version",
    "certifi to an old one",
    "wrapt to an old one",
    "all of them",
)


@pytest.fixture(scope="module")
def other_wheel(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what builds a wheel of that version, some of whose modules know other names."""

    def build(version: str) -> str:
        folder = tmp_path_factory.mktemp("other")
        (folder / "checkout").mkdir()
        checkout = copy_checkout(folder / "checkout")
        package = checkout / "src" / MODULE
        text = (package / "__init__.py").read_text()
        changed = re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', text)
        assert changed != text
        (package / "__init__.py").write_text(changed)
        _move_a_name(package)
        build_distributions(checkout, folder / "built")
        return str(next((folder / "built").glob("*.whl")))

    return build


def _move_a_name(package: Path) -> None:
    """Give a module another name, as some version before or after ours may have done."""
    (package / "pristine.py").rename(package / "released.py")
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"\bpristine\b", "released", text), "utf-8")


def start(sandbox: Sandbox, stage: str, *, ours: bool) -> subprocess.Popen[str]:
    """Start the program, and wait until it is at that stage."""
    before, after = STAGES[stage]
    program = sandbox.start_code(PROGRAM.format(before=before, after=after, ours=ours, name=NAME))
    assert program.stdout and program.stdout.readline() == "ready\n"
    return program


def ended(program: subprocess.Popen[str]) -> str:
    """Let it go on to its end; return the path that it printed. It complains of nothing."""
    stdout, stderr = program.communicate("\n", timeout=120)
    assert (program.returncode, stderr) == (0, "")
    return stdout.strip()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stage", STAGES)
def test_replacing(
    live_with: Callable[..., Sandbox], other_wheel: Callable[[str], str], stage: str, change: str
) -> None:
    """The program keeps working, and leaves nothing; the next one uses what is there then."""
    sandbox = live_with()
    program = start(sandbox, stage, ours=True)
    versions = {"later": "99.0", "earlier": "0.0.1"}
    ours = [other_wheel(number) for word, number in versions.items() if word in change]
    if change.startswith("all"):
        ours = [other_wheel("99.0"), "certifi==2022.12.7", "wrapt==1.15.*"]
    olds = {"certifi": "certifi==2022.12.7", "wrapt": "wrapt==1.15.*"}
    olds_now = [old for word, old in olds.items() if change.startswith(word)]
    installed_with(sandbox.environment, *ours, *olds_now)
    assert ended(program)
    assert not list(sandbox.place.iterdir())
    assert NAME in ended(start(sandbox, "asked", ours=True))
    assert not list(sandbox.place.iterdir())


@pytest.mark.parametrize("stage", STAGES)
def test_uninstalling_us(live_with: Callable[..., Sandbox], stage: str) -> None:
    """What runs keeps working, with certifi's own list where nobody had asked; nothing is left."""
    sandbox = live_with()
    program = start(sandbox, stage, ours=False)
    uninstalled(sandbox.environment, NAME)
    shutil.rmtree(sandbox.environment.site_packages / MODULE, ignore_errors=True)  # caches
    stdout, stderr = program.communicate("\n", timeout=120)
    assert program.returncode == 0, stderr
    assert (NAME in stdout) == (stage != "not yet imported")
    said = stderr.splitlines()  # once, where the hook is gone before it was needed
    assert len(said) == (stage == "not yet imported")
    assert all(line.startswith("certifi stays as it is") for line in said)
    assert not list(sandbox.place.iterdir())
    assert NAME not in ended(start(sandbox, "asked", ours=False))
    assert not [path.name for path in sandbox.environment.site_packages.glob("certifi[_-]s*")]
