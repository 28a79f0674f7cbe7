"""What tools and figures say of the code."""

from __future__ import annotations

import ast
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import pytest

from support import CHECKOUT, MODULE, Environment, run_here

SOURCES = CHECKOUT / "src" / MODULE
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SUPPRESSING = """
try:
    first()  # noqa: F821
except (OSError, Exception):
    with suppress(Exception):
        second = getattr(third, "fourth", None)
except:  # noqa: E722
    getattr(third, "fourth")
try:
    first()
except BaseException:
    tidy_up()
    raise
"""
TWICE = '''
def {name}(folder: str) -> "list[str]":
    """Return what nobody asked for."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pem") and not name.startswith("."):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and os.path.getsize(path) > 1000:
                found.append(path.upper())
    return found
'''


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")])
def test_ruff_has_nothing_to_say(arguments: List[str]) -> None:
    """All of its rules, but for the few that pyproject.toml leaves out and says why."""
    run_here("ruff", *arguments, cwd=CHECKOUT)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_types_hold(platform: str) -> None:
    """Strictly, on each system: what one of them lacks is not asked for there."""
    cache = f"--cache-dir=.mypy_cache/{platform}"  # it does not tell systems apart
    run_here("mypy", "--platform", platform, cache, cwd=CHECKOUT)


def as_a_user(code: Path, installed: Environment) -> subprocess.CompletedProcess[str]:
    """Run mypy over a program that uses the installed package, with nothing of this project."""
    command = [sys.executable, "-m", "mypy", "--strict", f"--config-file={os.devnull}"]
    return subprocess.run(
        [*command, "--cache-dir=cache", "--python-executable", str(installed.python), str(code)],
        cwd=code.parent,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_public_api_is_typed(tmp_path: Path, installed: Environment) -> None:
    """The types that are promised are those that a user's type checker sees."""
    code = Path(shutil.copy(CHECKOUT / "tests" / "quality" / "typing" / "api.py", tmp_path))
    done = as_a_user(code, installed)
    assert done.returncode == 0, done.stdout


def test_a_wrong_use_is_seen(tmp_path: Path, installed: Environment) -> None:
    """Types that accept everything would pass the test above, too."""
    lines = [f"import {MODULE} as ours", "ours.where() + 1", "ours.build(1)", "ours.inject()"]
    (tmp_path / "wrong.py").write_text("\n".join(lines), encoding="utf-8")
    done = as_a_user(tmp_path / "wrong.py", installed)
    seen = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert seen == ["2", "3", "4"], done.stdout


def duplicates(*paths: str) -> str:
    """Return what pylint reports of six lines and more that stand twice."""
    rule = ["--disable=all", "--enable=duplicate-code", "--min-similarity-lines=6", "--score=n"]
    done = subprocess.run(
        [sys.executable, "-m", "pylint", "--persistent=n", *rule, *paths],
        cwd=CHECKOUT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 8), done.stderr  # 8: it has a proposal
    return done.stdout


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_nothing_stands_twice(folder: str) -> None:
    """Six lines and more are written once, but for lists of imports."""
    files = sorted(str(path) for path in (CHECKOUT / folder).rglob("*.py"))
    assert len(files) > 30
    assert duplicates(*files) == ""


def test_what_stands_twice_is_seen(tmp_path: Path) -> None:
    """The tool that finds nothing is able to find something."""
    for name in ("first", "second"):
        code = "import os\n" + TWICE.format(name=name)
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    assert "duplicate-code" in duplicates(*map(str, tmp_path.glob("*.py")))


def lengths(folder: Path) -> List[int]:
    """Return the lengths of all functions below the folder, shortest first."""
    trees = [ast.parse(path.read_bytes()) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return sorted((node.end_lineno or 0) - node.lineno + 1 for node in nodes)


def promises(folder: Path) -> Dict[str, Optional[str]]:
    """Return what each test below the folder says that it promises."""
    return {
        f"{path.name}::{node.name}": ast.get_docstring(node)
        for path in folder.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, FUNCTIONS) and node.name.startswith("test_")
    }


def test_every_test_says_what_it_promises() -> None:
    """In a docstring, since a name is not enough."""
    found = promises(CHECKOUT / "tests")
    assert len(found) > 500
    assert [name for name, promise in found.items() if not promise] == []


def test_functions_are_short(record_property: pytest.RecordProperty) -> None:
    """Half of them ten lines at most, nine of ten 25 at most, none over 40."""
    found = lengths(SOURCES)
    assert len(found) > 300
    median, ninth = statistics.median(found), found[len(found) * 9 // 10]
    record_property("lengths", f"median {median}, 90th percentile {ninth}, longest {found[-1]}")
    assert median <= 10
    assert ninth <= 25
    assert found[-1] <= 40


class Suppressions(NamedTuple):
    """How often code asks a linter, an error or a missing attribute to be quiet."""

    noqa: int
    broad_excepts: int
    getattr_defaults: int


def suppressions(*texts: str) -> Suppressions:
    """Count them in the texts of modules."""
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    return Suppressions(
        noqa=sum(text.count("# noqa") for text in texts),
        broad_excepts=sum(map(is_broad, nodes)),
        getattr_defaults=sum(len(arguments("getattr", node)) == 3 for node in nodes),
    )


def is_broad(node: ast.AST) -> bool:
    """Whether this keeps every error from whoever could mend it."""
    if isinstance(node, ast.ExceptHandler):
        return not passes_on(node) and (node.type is None or names_exception(node.type))
    return any(map(names_exception, arguments("suppress", node)))


def names_exception(node: ast.AST) -> bool:
    """Whether Exception or BaseException is one of the names in an expression."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return bool(names & {"Exception", "BaseException"})


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler ends by raising what it caught, as it is or as the cause of another."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and (last.exc is None or last.cause is not None)


def arguments(name: str, node: ast.AST) -> List[ast.expr]:
    """Return what the node hands to a function of that name; nothing if it is no such call."""
    if not isinstance(node, ast.Call):
        return []
    called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    return node.args if called == name else []


def test_little_is_suppressed(record_property: pytest.RecordProperty) -> None:
    """A linter, an error or a missing attribute is told to be quiet only where there is no way."""
    found = suppressions(*(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")))
    record_property("suppressions", str(found))
    assert found.noqa < 30, found
    assert found.broad_excepts <= 12, found
    assert found.getattr_defaults < 25, found


def test_what_is_suppressed_is_counted() -> None:
    """The count that finds little is able to find something."""
    assert suppressions(SUPPRESSING) == Suppressions(2, 3, 1)
