"""Zip applications, ``--target`` folders, embedded interpreters: active by one line.

No start-up file runs there. The embedded one needs a C compiler, and the interpreter's library.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Tuple

import pytest

from reach.packed.packing import (
    BY_ONE_LINE,
    CLIENTS,
    Program,
    Record,
    add_program,
    anchors,
    done_well,
    embedding,
    fill,
    left_over,
    named,
    row,
    zip_program,
)
from support import Environment, Sandbox, assert_fetched, assert_untrusted

SHAPES = {
    "zipapp": "zipapp",
    "folder": "`--target` folder",
    "folder without site": "`--target` folder, python -S",
    "embedded": "embedded in a program in C",
}
FORKS = """
    import os, sys
    sys.path.insert(0, {!r})
    import certifi_system_store_wrapper
    certifi_system_store_wrapper.activate()
    import certifi
    path = certifi.where()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    print(os.path.isfile(path), flush=True)
"""


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory,
    wheel: str,
    housed: Tuple[str, ...],
    plain: Environment,
) -> Path:
    """Return a folder with us and requests, as ``pip install --target`` makes it."""
    return fill(tmp_path_factory.mktemp("target"), plain, *housed, wheel, "requests")


@pytest.fixture
def sandbox(tmp_path: Path, plain: Environment) -> Sandbox:
    """Return a sandbox whose environment does not have us."""
    return Sandbox(tmp_path, plain)


def pack(sandbox: Sandbox, folder: Path, shape: str, *, active: bool) -> Program:
    """Return the program in one of the shapes, with or without the line that activates us."""
    python = str(sandbox.environment.python)
    if shape == "zipapp":
        archive = zip_program(folder, sandbox.home / f"{active}.pyz", active=active)
        return Program(sandbox, python, str(archive))
    script = add_program(folder, f"program_{active}.py", active=active)
    if shape == "embedded":
        if os.name == "nt":
            pytest.skip("there is no cc")
        return Program(sandbox, str(embedding(sandbox)), str(script))
    options = ["-S"] if shape.endswith("site") else []
    return Program(sandbox, python, *options, str(script))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_line_activates(
    sandbox: Sandbox,
    folder: Path,
    shape: str,
    client: str,
    url: str,
    ca_file: Path,
    record_property: Record,
) -> None:
    """With the line the variable does what it does elsewhere, and nothing is left."""
    record_property(*row(sandbox, SHAPES[shape], "", BY_ONE_LINE))
    program = pack(sandbox, folder, shape, active=True)
    assert_untrusted(program.run(client, url))
    assert_fetched(program.run(client, url, env=named(ca_file)))
    assert left_over(sandbox) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_without_the_line_nothing_does(
    sandbox: Sandbox, folder: Path, shape: str, url: str, ca_file: Path
) -> None:
    """The line is what makes the difference."""
    program = pack(sandbox, folder, shape, active=False)
    assert_untrusted(program.run("requests", url, env=named(ca_file)))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bundle_is_a_file(sandbox: Sandbox, folder: Path, shape: str, ca_file: Path) -> None:
    """Not a makeshift in memory: other programs can be given its path while this one runs."""
    program = pack(sandbox, folder, shape, active=True)
    keep = sandbox.home / "persistent"
    kept = {**named(ca_file), "PYTHON_CERTIFI_BUNDLE_DIR": str(keep)}
    temporary, persistent = program.anchors(named(ca_file)), program.anchors(kept)
    assert temporary == persistent == anchors((keep / "cacert.pem").read_text("ascii"))
    log = {**named(ca_file), "PYTHON_CERTIFI_LOG_LEVEL": "DEBUG"}
    told = program.run("contents", env=log)
    assert told.returncode == 0
    assert "cannot take the bundle" not in told.stderr
    assert done_well(program.run("loaded")).stdout.split()[:1] == ["certifi_system_store_wrapper"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_path_in_a_zip_application_is_good_in_forks(sandbox: Sandbox, folder: Path) -> None:
    """Forks share the file, and the last of them removes it."""
    program = pack(sandbox, folder, "zipapp", active=True)
    done = done_well(sandbox.run_code(FORKS.format(program.command[1])))
    assert done.stdout == "True\nTrue\n"
    assert left_over(sandbox) == []
