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
    "not yet imported": ("pass", "{imports}"),
    "imported": ("{imports}", "pass"),
    "asked": ("{imports}; path = certifi.where()", "assert certifi.where() == path"),
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
    if {refreshes!r}:
        assert os.path.isfile(refresh())
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
    """Return what builds a wheel of that version, whose modules fit those of no other."""

    def build(version: str) -> str:
        folder = tmp_path_factory.mktemp("other")
        (folder / "checkout").mkdir()
        checkout = copy_checkout(folder / "checkout")
        package = checkout / "src" / MODULE
        text = (package / "__init__.py").read_text()
        changed = re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', text)
        assert changed != text
        (package / "__init__.py").write_text(changed)
        _rename(package)
        build_distributions(checkout, folder / "built")
        return str(next((folder / "built").glob("*.whl")))

    return build


def _rename(package: Path) -> None:
    """Give a function another name, as some version before or after ours may have done."""
    renamed = 0
    for path in package.rglob("*.py"):
        text, times = re.subn(r"\bsay_once\b", "say_it_once", path.read_text("utf-8"))
        path.write_text(text, "utf-8")
        renamed += times > 0
    assert renamed > 2, "nobody would notice it"


def start(sandbox: Sandbox, stage: str, *, refreshes: bool) -> subprocess.Popen[str]:
    """Start the program, and wait until it is at that stage."""
    imports = f"import certifi; from {MODULE} import refresh" if refreshes else "import certifi"
    before, after = (each.format(imports=imports) for each in STAGES[stage])
    code = PROGRAM.format(before=before, after=after, refreshes=refreshes)
    program = sandbox.start_code(code)
    assert program.stdout and program.stdout.readline() == "ready\n"
    return program


def ended(program: subprocess.Popen[str], *, warned: bool = False) -> str:
    """Let it go on to its end; return the path that it printed. It complains once, or never."""
    stdout, stderr = program.communicate("\n", timeout=120)
    assert program.returncode == 0, stderr
    assert len(stderr.splitlines()) == warned, stderr
    assert not warned or "restart this process" in stderr or "stays as it is" in stderr
    return stdout.strip()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("stage", STAGES)
def test_replacing(
    live_with: Callable[..., Sandbox], other_wheel: Callable[[str], str], stage: str, change: str
) -> None:
    """The program keeps working, and leaves nothing; the next one uses what is there then.

    What it had loaded of ours goes on, and says once where that was not enough for a bundle.
    """
    sandbox = live_with()
    program = start(sandbox, stage, refreshes=True)
    versions = {"later": "99.0", "earlier": "0.0.1"}
    ours = [other_wheel(number) for word, number in versions.items() if word in change]
    if change.startswith("all"):
        ours = [other_wheel("99.0"), "certifi==2022.12.7", "wrapt==1.15.*"]
    olds = {"certifi": "certifi==2022.12.7", "wrapt": "wrapt==1.15.*"}
    olds_now = [old for word, old in olds.items() if change.startswith(word)]
    installed_with(sandbox.environment, *ours, *olds_now)
    another = bool(ours) and stage == "imported"
    assert (NAME in ended(program, warned=another)) != another
    assert not list(sandbox.place.iterdir())
    assert NAME in ended(start(sandbox, "asked", refreshes=True))
    assert not list(sandbox.place.iterdir())


@pytest.mark.parametrize("stage", STAGES)
def test_uninstalling_us(live_with: Callable[..., Sandbox], stage: str) -> None:
    """What runs keeps working, with certifi's own list where nobody had asked; nothing is left."""
    sandbox = live_with()
    program = start(sandbox, stage, refreshes=False)
    uninstalled(sandbox.environment, NAME)
    shutil.rmtree(sandbox.environment.site_packages / MODULE, ignore_errors=True)  # caches
    assert (NAME in ended(program, warned=stage != "asked")) == (stage == "asked")
    assert not list(sandbox.place.iterdir())
    assert NAME not in ended(start(sandbox, "asked", refreshes=False))
    assert not [path.name for path in sandbox.environment.site_packages.glob("certifi[_-]s*")]
