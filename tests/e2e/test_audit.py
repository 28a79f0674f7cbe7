"""What the README's "How to audit this" says, as Python's own audit events tell it."""

from __future__ import annotations

import ast
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List

import pytest

from support import MODULE, NAME, Sandbox, write

# Runs before any other start-up file, ends after every exit handler that comes later.
AUDITOR = """
import atexit, json, os, sys
seen, here = [], os.environ["SEEN"]
kinds = ("open", "os", "socket", "subprocess", "shutil", "urllib", "ctypes")

def look(event, arguments):
    if event.split(".")[0] in kinds:
        plain = [each if type(each) in (str, int) else str(each) for each in arguments]
        seen.append([event, plain])

def tell():
    known = list(seen)
    with open(here, "w", encoding="utf-8") as file:
        json.dump(known, file)

atexit.register(tell)
sys.addaudithook(look)
"""
USE = f"""
    import certifi
    path = certifi.where()
    certifi.contents()
    import {MODULE} as ours
    ours.build(), ours.refresh(), certifi.where()
"""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
LOOKS = ("os.listdir", "os.scandir", "os.walk", "os.putenv", "os.unsetenv", "os.add_dll_directory")
Event = List[Any]


@pytest.fixture(name="audited")
def _audited(fresh: Sandbox) -> Sandbox:
    """Return a sandbox whose every interpreter writes down what it does to the system."""
    packages = fresh.environment.site_packages
    write(packages / "auditor.py", AUDITOR.encode())
    write(packages / "0-auditor.pth", b"import auditor\n")
    return fresh


def events(sandbox: Sandbox, *arguments: str, **env: str) -> List[Event]:
    """Run the interpreter and return what it did."""
    seen = sandbox.work / "seen.json"
    done = sandbox.run(*arguments, env={"SEEN": str(seen), **env})
    assert (done.returncode, done.stderr) == (0, "")
    found: List[Event] = json.loads(seen.read_text("utf-8"))
    return found


def code(text: str) -> List[str]:
    """Return the arguments that run the code."""
    return ["-c", "\n".join(line.strip() for line in text.splitlines())]


def written(found: List[Event]) -> List[str]:
    """Return every path that was opened for writing, made, renamed or removed."""
    paths = []
    for event, arguments in found:
        if event == "open" and int(arguments[2]) & WRITES:
            paths.append(arguments[0])
        elif event.startswith(("os.", "shutil.")) and event not in LOOKS:
            paths += [each for each in arguments if isinstance(each, str) and os.sep in each]
    return paths


def beyond_files(found: List[Event]) -> List[str]:
    """Return what has to do with networks, other programs and native code."""
    names = ("socket.", "subprocess.", "urllib.", "ctypes.", "os.system", "os.exec", "os.spawn")
    return [event for event, _ in found if event.startswith((*names, "os.fork", "os.posix_spawn"))]


def test_the_auditor_sees_what_is_done(audited: Sandbox) -> None:
    """A file that is written, a folder that is made, a socket and a program are all seen."""
    there = str(audited.home)
    text = f"""
        import os, socket, subprocess, sys
        open({there!r} + "/file", "w").close(); os.mkdir({there!r} + "/folder")
        socket.socket().close()
        subprocess.run([sys.executable, "-S", "-c", ""])
    """
    found = events(audited, *code(text))
    assert {f"{there}/file", f"{there}/folder"} <= set(written(found))
    assert {"socket.__new__", "subprocess.Popen"} <= set(beyond_files(found))


@pytest.mark.posix("Python's ssl reads the stores by itself there")
@pytest.mark.parametrize("variables", [{}, {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}])
def test_nothing_but_the_bundle_is_written(audited: Sandbox, variables: Dict[str, str]) -> None:
    """No network, no other program, no file but below the folders of bundles and of caches."""
    bare = events(audited, *code("import certifi"), PYTHON_CERTIFI_DISABLE="1")
    found = events(audited, *code(USE), **variables)
    assert len(found) > len(bare)
    paths = [Path(path) for path in written(found) if os.path.isabs(path)]
    # What is older than two seconds is stored.
    cache = audited.home / ".cache"
    stored = [path for path in paths if path == cache or cache / NAME in (path, *path.parents)]
    places = {path.relative_to(audited.place).parts[0] for path in paths if path not in stored}
    assert [name.rpartition("-")[0] for name in places] == [NAME]
    assert set(beyond_files(found)) <= ({"subprocess.Popen"} if sys.platform == "darwin" else set())


@pytest.mark.parametrize("command", ["status", "list", "doctor", "environments"])
@pytest.mark.linux("another system's store needs its own calls")
def test_a_command_that_shows_changes_nothing(audited: Sandbox, command: str) -> None:
    """They publish a bundle for themselves at most, and ask nobody."""
    found = events(audited, "-m", MODULE, command)
    paths = [path for path in written(found) if os.path.isabs(path)]
    assert [path for path in paths if not path.startswith(str(audited.place))] == []
    assert beyond_files(found) == []


def test_a_start_opens_nothing_of_others(audited: Sandbox) -> None:
    """Before certifi is imported, nothing is written, and nothing read but Python's own modules."""
    found = events(audited, "-c", "pass")
    assert written(found) == []
    assert beyond_files(found) == []
    opened = [arguments[0] for event, arguments in found if event == "open"]
    assert [path for path in opened if not path.endswith((".py", ".pyc", ".pth", ".start"))] == []


def test_no_code_is_made_at_run_time() -> None:
    """Nothing that is read, decoded or received is ever run."""
    found = find_spec(MODULE)
    assert found and found.submodule_search_locations
    paths = sorted(Path(found.submodule_search_locations[0]).rglob("*.py"))
    assert len(paths) > 40
    for path in paths:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        called = {node.func.id for node in nodes if _calls_a_name(node)}
        imported = {alias.name for node in nodes if _imports(node) for alias in node.names}
        assert not called & {"exec", "eval", "compile", "__import__"}, path
        assert not imported & {"pickle", "marshal", "code", "runpy"}, path


def _calls_a_name(node: Any) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _imports(node: Any) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))
