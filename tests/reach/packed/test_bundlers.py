"""shiv and pex run start-up files, so we are active as anywhere; cx_Freeze needs the one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Tuple

import pytest

from reach.packed.packing import (
    ACTIVATION,
    BY_ONE_LINE,
    BY_START_FILE,
    CLIENTS,
    PROGRAM,
    Program,
    Record,
    anchors_of_python,
    build,
    builder,
    done_well,
    left_over,
    named,
    program_wheel,
    row,
    workshop,
)
from support import MODULE, Environment, Sandbox, assert_fetched, assert_untrusted, run_here

SETUP = f"""
from cx_Freeze import Executable, setup

options = {{"includes": ["fetch"], "packages": [{MODULE!r}], "build_exe": "built"}}
program = Executable("program.py", target_name="program.exe")
setup(name="program", version="1", options={{"build_exe": options}}, executables=[program])
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, interpreter: str, wheel: str) -> Sandbox:
    """Return where programs are built. They run there too, but without the environment."""
    return builder(tmp_path_factory.mktemp("bundlers"), interpreter, wheel)


# The pip that pex resolves with: its own, or on newer Pythons one that it wants from the index.
PIP_OF_PEX = """
from pex.pip.version import PipVersion
if PipVersion.DEFAULT is not PipVersion.VENDORED:
    print(*PipVersion.DEFAULT.requirements, sep="\\n")
"""
# Without that option the scripts of pex's environments start with python -E.
PEX_VENV = "pex --venv --non-hermetic-venv-scripts"


@pytest.fixture(scope="module", params=["shiv", "pex", PEX_VENV, "cx_Freeze", "cx_Freeze bare"])
def program(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    wheel: str,
    plain: Environment,
    housed: Tuple[str, ...],
) -> Program:
    """Return a program of each kind, all with the same clients and with us."""
    kind, *options = request.param.split()
    if kind == "cx_Freeze":
        return with_cx_freeze(sandbox, active=not options)
    if kind == "pex" and os.name == "nt":
        pytest.skip("pex is not for Windows")
    contents = [*housed, program_wheel(sandbox), wheel, "requests"]
    if kind == "pex":
        contents += pip_of_pex(sandbox)
    folder = workshop(sandbox)
    build(sandbox, folder, "-m", kind, *options, "-c", "program", "-o", "program.pyz", *contents)
    return Program(sandbox, str(plain.python), str(folder / "program.pyz"))


def pip_of_pex(sandbox: Sandbox) -> List[str]:
    """Return the options that let pex find the pip it wants, as pex itself names it."""
    wanted = done_well(sandbox.run_code(PIP_OF_PEX)).stdout.splitlines()
    if not wanted:
        return []
    folder = workshop(sandbox)
    python = str(sandbox.environment.python)
    run_here("pip", "--python", python, "download", "-q", "-d", str(folder), *wanted)
    return ["--find-links", str(folder)]


def with_cx_freeze(sandbox: Sandbox, *, active: bool) -> Program:
    """Build a program with cx_Freeze, with or without the line that activates us."""
    folder = workshop(sandbox)
    text = PROGRAM.read_text("utf-8")
    (folder / "program.py").write_text((ACTIVATION if active else "") + text, "utf-8")
    (folder / "setup.py").write_text(SETUP, "utf-8")
    build(sandbox, folder, "setup.py", "build_exe")
    return Program(sandbox, str(folder / "built" / "program.exe"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_program_trusts_the_ca_that_the_variable_names(
    program: Program,
    client: str,
    url: str,
    ca_file: Path,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    """The variable is all that it needs; but nothing helps a frozen program without the line."""
    kind = request.node.callspec.params["program"]
    if "bare" not in kind:
        by = BY_ONE_LINE if kind == "cx_Freeze" else BY_START_FILE
        record_property(*row(program.sandbox, kind, kind.split(maxsplit=1)[0], by))
    assert_untrusted(program.run(client, url))
    if "bare" in kind:
        assert_untrusted(program.run(client, url, env=named(ca_file)))
    else:
        assert_fetched(program.run(client, url, env=named(ca_file)))
    assert left_over(program.sandbox) == []


def test_a_program_has_the_bundle_that_its_python_would_have(
    program: Program, sandbox: Sandbox, ca_file: Path, request: pytest.FixtureRequest
) -> None:
    """certifi's roots, the system's and one's own: nothing is lost by packing."""
    unpacked = anchors_of_python(sandbox, named(ca_file))
    same = program.anchors(named(ca_file)) == unpacked
    assert same == ("bare" not in request.node.callspec.id)
