"""Imports point one way and through doors, so that every line of code knows its room."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

import certifi_system_store_wrapper

PACKAGE = Path(certifi_system_store_wrapper.__file__).parent
_FACTS = {"parsing", "machine", "reporting", "settings", "printable", "record", "loading"}
# A room, and the rooms that it may import from. A module beside the rooms is a room by itself.
ROOMS: Dict[str, Set[str]] = {
    "record": set(),
    "loading": {"machine"},
    "printable": set(),
    "settings": {"printable", "record", "machine"},
    "reporting": {"machine", "settings", "printable", "record", "loading"},
    "parsing": {"record"},
    "machine": {"record"},
    "sources": _FACTS,
    "bundle": {"sources", *_FACTS},
    "publishing": {"bundle", "sources", *_FACTS},
    "activation": {"publishing", "bundle", "sources", *_FACTS},
    "bootstrap": {"activation"},
    "api": {"bootstrap", "activation", "bundle", "settings", "loading", "machine"},
    "commands": {"api", "bootstrap", "activation", "publishing", "bundle", "sources", *_FACTS},
    "__main__": {"commands", "activation", "printable"},
}
# Beside its __init__.py, what others may import from a room.
DOORS: Dict[str, Set[str]] = {
    "reporting": {"findings"},
    "parsing": {"pem", "x509", "p11_kit", "rfc5280", "twins"},
    "machine": {
        *("environment", "files", "hashing", "inputs", "open_files", "openssl"),
        *("ownership", "processes", "signals", "windows_stores"),
    },
    "sources": {"system", "files", "findings", "reader"},
    "publishing": {"temporary", "persistent", "cleanup", "hold", "lasting", "stored", "writing"},
    "activation": {"hook", "answer", "shadows", "ssl_contexts"},
    "commands": set(),
}
# Who alone may know what is heavy, foreign or dangerous.
ALONE = {
    "wrapt": {"activation.hook"},
    "wincertstore": {"sources.system.windows"},
    "_ssl": {"machine.openssl", "machine.windows_stores"},
    "fcntl": {"publishing.hold"},
    "_imp": {"activation"},
    "logging": {"reporting", "reporting.log_handlers", "bootstrap"},
    "_signal": {"machine.signals"},
    "subprocess": {"sources.system.macos_security", "commands.elsewhere", "commands.run"},
    "socket": {"commands.doctor.server.route", "commands.doctor.server.handshake"},
}


def path_of(module: str) -> Path:
    """Return the file of a module, named relative to the package."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@lru_cache(maxsize=None)
def modules() -> List[str]:
    """Return every module of the package, relative to it; a room's door has the room's name."""
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    parts = (path.parts for path in paths if path.parts[0] not in ("__init__", "_pyinstaller"))
    return sorted(".".join(part for part in each if part != "__init__") for each in parts)


@lru_cache(maxsize=None)
def imports(module: str) -> List[Tuple[int, str]]:
    """Return (dots, dotted name) for everything that the module imports, wherever it does."""
    return list(_imports(ast.parse(path_of(module).read_bytes())))


def _imports(tree: ast.AST) -> Iterator[Tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.level, f"{node.module}.{alias.name}" if node.module else alias.name


def foreigners(module: str) -> Set[str]:
    """Return the top-level names of what the module imports from elsewhere."""
    return {name.split(".")[0] for dots, name in imports(module) if not dots}


@lru_cache(maxsize=None)
def ours(module: str) -> Set[str]:
    """Return the modules of the package that the module imports."""
    known, found = set(modules()), set()
    package = module.split(".") if path_of(module).name == "__init__.py" else module.split(".")[:-1]
    for dots, name in imports(module):
        if dots:
            target = [*package[: len(package) - dots + 1], *name.split(".")]
            whole, shorter = ".".join(target), ".".join(target[:-1])
            found |= {whole} if whole in known else {shorter} & known
    return found - {module}


def room(module: str) -> str:
    """Return the room that a module lies in."""
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("module", modules())
def test_imports_stay_in_the_room_or_point_downwards(module: str) -> None:
    """What starts the interpreter knows nothing of certificates, what parses opens no file."""
    others = {room(other) for other in ours(module)} - {room(module)}
    assert others <= ROOMS[room(module)]


@pytest.mark.parametrize("module", modules())
def test_a_room_is_entered_by_its_doors(module: str) -> None:
    """What a room keeps to itself can be changed without a look at the others."""
    for other in (each for each in ours(module) if room(each) != room(module)):
        inside = other.split(".")[1:2]
        assert not inside or inside[0] in DOORS[room(other)], f"{module} imports {other}"


@pytest.mark.parametrize("name", ROOMS)
def test_there_is_no_circle_of_rooms(name: str) -> None:
    """Whatever a room may import never comes back to it."""
    seen: Set[str] = set()
    pending = set(ROOMS[name])
    while pending:
        seen |= pending
        pending = set().union(*(ROOMS[each] for each in pending)) - seen
    assert name not in seen


@pytest.mark.parametrize("module", modules())
def test_there_is_no_circle_inside_a_room(module: str) -> None:
    """Whoever reads a module reads those that it imports, and is never led back to it."""
    seen: Set[str] = set()
    pending = {module}
    while pending:
        beside = {other for each in pending for other in ours(each) if room(other) == room(module)}
        pending = beside - seen
        seen |= beside
    assert module not in seen


def test_who_knows_the_bootstrap() -> None:
    """activate() and what checks the installation; what it hands over to never looks back."""
    knowing = {module for module in modules() if "bootstrap" in ours(module)}
    assert knowing == {"api", "commands.status", "commands.doctor.installation"}


def test_what_packs_programs_knows_the_bootstrap_alone() -> None:
    """PyInstaller runs these files by their paths, so they import by the whole name."""
    trees = [ast.parse(path.read_bytes()) for path in (PACKAGE / "_pyinstaller").rglob("*.py")]
    names = {name for tree in trees for _, name in _imports(tree)}
    ours = {name for name in names if name.startswith(PACKAGE.name)}
    assert ours == {f"{PACKAGE.name}.bootstrap"}


def test_the_package_itself_imports_nothing() -> None:
    """Only what every interpreter has loaded, and what gives others its public names."""
    tree = ast.parse((PACKAGE / "__init__.py").read_bytes())
    found = {name.split(".")[0] for dots, name in _imports(tree) if not dots}
    assert found <= {"_signal", "_thread", "_weakref", "sys", "types", "typing"}
    assert {name.split(".")[0] for dots, name in _imports(tree) if dots} == {"api", "loading"}


def test_every_room_is_known() -> None:
    """A new room has to be given its place; a room that is gone has none."""
    assert {room(module) for module in modules()} == set(ROOMS)


@pytest.mark.parametrize("foreign", ALONE)
def test_one_place_knows(foreign: str) -> None:
    """What is heavy or foreign is imported in its one place."""
    knowing = {module for module in modules() if foreign in foreigners(module)}
    assert knowing == ALONE[foreign]


@pytest.mark.parametrize("module", [each for each in modules() if room(each) == "parsing"])
def test_what_parses_opens_no_file(module: str) -> None:
    """Bytes in, certificates out: no operating system in between."""
    assert not foreigners(module) & {"os", "io", "pathlib"}


@pytest.mark.parametrize("platform", ["unix", "macos", "windows"])
def test_platforms_do_not_mention_each_other(platform: str) -> None:
    """One platform's file never imports another's."""
    others = {"unix", "macos", "windows"} - {platform}
    for module in (m for m in modules() if m.startswith(f"sources.system.{platform}")):
        assert not [o for o in ours(module) if o.split(".")[-1].split("_")[0] in others]


def test_the_bootstrap_is_short() -> None:
    """Whoever audits the interpreter's start reads one page."""
    text = (PACKAGE / "bootstrap.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 90
    names = {name for dots, name in imports("bootstrap") if not dots}
    assert names == {"atexit", "sys", "logging"}


# docs/architecture.md, the way in for people: a file that is moved, made or removed changes it too.

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"


def section(heading: str) -> str:
    """Return the text below a heading of the page."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_page_names_every_file_and_no_other() -> None:
    """Whoever wants to change something is sent to a file that is there."""
    named = re.findall(r"^\| `([^`]+\.py)` \|", section("The files"), re.MULTILINE)
    there = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")]
    assert sorted(named) == sorted(there)


def test_the_picture_shows_the_rooms_as_they_are() -> None:
    """Each room is in it, and each of its arrows may be an import."""
    arrows = re.findall(r"^ +(\w+) (?:-->|-\..*\.->) (\w+)$", section("The rooms"), re.MULTILINE)
    assert {name for arrow in arrows for name in arrow} == set(ROOMS)
    assert not [(one, other) for one, other in arrows if other not in ROOMS[one]]


def test_the_walks_name_functions_that_are_there() -> None:
    """In the rooms that they are said to be in, if any is said."""
    walks = section("Three walks")
    for dotted in re.findall(r"`([\w.]+)\(\)`", walks):
        *place, name = dotted.split(".")
        inside = [each for each in modules() if not place or place[0] in each.split(".")]
        texts = (path_of(each).read_text(encoding="utf-8") for each in inside)
        assert any(f"def {name}(" in text for text in texts), dotted


def test_unit_tests_mirror_the_modules() -> None:
    """Whoever changes a module finds its tests under its name; those of a door have the room's."""
    here = Path(__file__).parent
    found = {path.relative_to(here) for path in here.rglob("test_*.py")} - {Path("test_rooms.py")}
    assert len(found) > 10
    names = {(*path.parent.parts, path.stem[len("test_") :]) for path in found}
    doors = {(*name[:-1], name[-2]) for name in names if len(name) > 1}
    modules_tested = {".".join(name[:-1] if name in doors else name) for name in names}
    assert modules_tested <= set(modules())
