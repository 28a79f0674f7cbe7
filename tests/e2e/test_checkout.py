"""The tests test this checkout or refuse to, and say beforehand how long they take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import CHECKOUT, MODULE, build_distributions, copy_checkout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Return a checkout that a test may change."""
    (tmp_path / "checkout").mkdir()
    return copy_checkout(tmp_path / "checkout")


def collect(checkout: Path, *arguments: str) -> Done:
    """Have pytest collect tests of a checkout, with what is installed here."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments],
        cwd=checkout,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_an_edit_that_is_not_installed_is_noticed(checkout: Path, tmp_path: Path) -> None:
    """What is installed is compared with src, or with the wheel that is to be tested."""
    one = "tests/unit/test_settings.py"
    assert collect(checkout, one).returncode == 0
    (checkout / "src" / MODULE / "new.py").write_text("", encoding="utf-8")
    with (checkout / "src" / MODULE / "settings.py").open("a", encoding="utf-8") as file:
        file.write("1 / 0\n")
    edited = collect(checkout, one)
    assert edited.returncode == pytest.ExitCode.USAGE_ERROR
    assert "new.py, settings.py differ" in edited.stderr
    assert "python -m pip install" in edited.stderr
    build_distributions(checkout, tmp_path / "built")
    assert "settings.py differ" in collect(checkout, one, "--built", str(tmp_path / "built")).stderr


def test_the_wheel_that_is_to_be_tested_is_what_is_installed(
    checkout: Path, distributions: Path
) -> None:
    """With --built it is the wheel that counts, whatever the checkout beside it has."""
    (checkout / "src" / MODULE / "new.py").write_text("", encoding="utf-8")
    done = collect(checkout, "tests/unit/test_settings.py", "--built", str(distributions))
    assert done.returncode == 0, done.stderr


def test_how_long_it_takes_is_said_beforehand() -> None:
    """By the README's command, before the first test, and it keeps to 18 minutes."""
    command = re.findall(r"-m pytest -n 3 (.*)", (CHECKOUT / "README.md").read_text("utf-8"))
    # It is said before anything is collected, so nothing has to be.
    done = collect(CHECKOUT, *command[0].split(), "--ignore-glob", "*")
    told = re.search(r"about (\d+) minutes on 2 idle cores.*unit \d+, e2e \d+, qual", done.stdout)
    assert told, done.stdout[:2000]
    assert int(told[1]) <= 18
    assert "minutes on" not in collect(CHECKOUT, "tests/unit/test_settings.py").stdout
