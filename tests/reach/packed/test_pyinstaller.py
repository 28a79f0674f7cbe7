"""PyInstaller's programs: active by having been built where we are installed.

    python -m pip install -r tests/requirements.txt .
    python -m pytest tests/reach/packed

The environment that they are built in is made with pip, from the package index that pip uses.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Mapping

import pytest
import trustme

from reach.packed.packing import (
    BY_ENTRY_POINT,
    CLIENTS,
    PYINSTALLER,
    Program,
    Record,
    anchors,
    anchors_of_python,
    builder,
    done_well,
    left_over,
    named,
    row,
    start,
    with_pyinstaller,
)
from support import MODULE, UNTRUSTED, Sandbox, assert_fetched, assert_untrusted, write

SPEC = """
import certifi

analysis = Analysis(["program.py"], datas=[(certifi.where(), "certifi")])
files = EXE(PYZ(analysis.pure), analysis.scripts, exclude_binaries=True, name="program")
COLLECT(files, analysis.binaries, analysis.datas, name="program")
"""
SPAWNS = """
import multiprocessing
import sys

import fetch
import requests


def ask(url):
    try:
        return fetch.with_requests(url)
    except Exception as error:
        return f"verify code {fetch.verify_code(error)}"


if __name__ == "__main__":
    multiprocessing.freeze_support()
    pool = multiprocessing.get_context("spawn").Pool(2)
    print(*set(pool.map(ask, [sys.argv[1]] * 4)))
    pool.close()
    pool.join()
"""
SAYS_IT_IN_A_FILE = """
import sys

import fetch

with open(sys.argv[2], "w") as file:
    file.write(f"{sys.stderr} ")
    try:
        file.write(str(fetch.with_requests(sys.argv[1])))
    except Exception as error:
        file.write(f"verify code {fetch.verify_code(error)}")
"""
CLOSED = ["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-']
READ_ONLY = """
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 9
touch "$0"/file 2>/dev/null && exit 8
unset HOME USERPROFILE
cd "$0" && exec "$@"
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="it takes a mount namespace")
LOOKS_FOR_US = f"""
import importlib.util
print(importlib.util.find_spec({MODULE!r}))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, interpreter: str, wheel: str) -> Sandbox:
    """Return where programs are built. They run there too, but without the environment."""
    return builder(tmp_path_factory.mktemp("pyinstaller"), interpreter, wheel)


@pytest.fixture(scope="module", params=["--onedir", "--onefile"])
def program(request: pytest.FixtureRequest, sandbox: Sandbox) -> Program:
    """Return a program in either shape."""
    return with_pyinstaller(sandbox, request.param)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_program_trusts_the_ca_that_the_variable_names(
    program: Program,
    client: str,
    url: str,
    ca_file: Path,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    """The variable is all that it needs, though the interpreter of a program is isolated."""
    name = f"PyInstaller {request.node.callspec.params['program']}"
    record_property(*row(program.sandbox, name, "pyinstaller", BY_ENTRY_POINT))
    assert_untrusted(program.run(client, url))
    assert_fetched(program.run(client, url, env=named(ca_file)))
    assert left_over(program.sandbox) == []


def test_another_ca_does_not_help(
    program: Program, url: str, tmp_path: Path, other_ca: trustme.CA
) -> None:
    """A success is due to the very CA that was named."""
    other = write(tmp_path / "other.pem", other_ca.cert_pem.bytes())
    assert_untrusted(program.run("requests", url, env=named(other)))


def test_a_program_has_the_bundle_that_its_python_would_have(
    program: Program, sandbox: Sandbox, ca_file: Path
) -> None:
    """certifi's roots, the system's and one's own: nothing is lost by packing."""
    unpacked = anchors_of_python(sandbox, named(ca_file))
    assert program.anchors(named(ca_file)) == unpacked
    assert len(unpacked - program.anchors()) == 1


def test_the_other_variables_hold_as_well(program: Program, url: str, ca_file: Path) -> None:
    """A program can be told to leave certifi alone."""
    variables = {**named(ca_file), "PYTHON_CERTIFI_DISABLE": "1"}
    assert_untrusted(program.run("requests", url, env=variables))


def test_a_program_starts_with_the_bootstrap_alone(program: Program) -> None:
    """Before its first line nothing of ours is loaded but what waits for certifi."""
    assert done_well(program.run("loaded")).stdout.split() == [MODULE, f"{MODULE}.bootstrap"]


def test_whoever_leaves_us_out_gets_a_program_as_without_us(
    sandbox: Sandbox, url: str, ca_file: Path
) -> None:
    """Excluding the package is the way out, and the program does not notice."""
    program = with_pyinstaller(sandbox, "--exclude-module", MODULE)
    assert done_well(program.run("loaded")).stdout.split() == []
    assert_untrusted(program.run("requests", url, env=named(ca_file)))


def test_a_program_without_certifi_is_built_without_us(sandbox: Sandbox) -> None:
    """Nobody who does not use certifi carries us."""
    program = with_pyinstaller(sandbox, script=LOOKS_FOR_US)
    assert done_well(program.run()).stdout == "None\n"


def test_a_ca_dropped_where_a_program_is_built_is_not_shipped(
    sandbox: Sandbox, url: str, private_der: bytes
) -> None:
    """What the builder trusts is not what the users of the program trust."""
    folders = [sandbox.environment.site_packages / name for name in (MODULE, "certifi_system")]
    dropped = [write(folder / "builders.cer", private_der) for folder in folders]
    try:
        program = with_pyinstaller(sandbox)
    finally:
        for path in dropped:
            path.unlink()
    assert not list(Path(program.command[0]).parent.rglob("*.cer"))
    assert_untrusted(program.run("requests", url))


def bake(sandbox: Sandbox, env: Mapping[str, str]) -> Program:
    """Build with a spec that copies what certifi.where() names, as many specs do."""
    return with_pyinstaller(sandbox, spec=SPEC, env=env)


def test_a_spec_may_copy_what_certifi_names(
    sandbox: Sandbox, url: str, ca_file: Path, record_property: Record
) -> None:
    """The bundle of the build becomes certifi's list: with the builder's CAs, for good."""
    record_property(*row(sandbox, PYINSTALLER[2], "pyinstaller", BY_ENTRY_POINT))
    plain = bake(sandbox, {})
    assert_untrusted(plain.run("requests", url))
    assert_fetched(plain.run("requests", url, env=named(ca_file)))
    baked = bake(sandbox, named(ca_file))
    assert_fetched(baked.run("requests", url))
    assert baked.anchors() == anchors_of_python(sandbox, named(ca_file))
    assert baked.anchors() == baked.anchors({"PYTHON_CERTIFI_SOURCES": "certifi"})
    assert baked.anchors() - plain.anchors() == anchors(ca_file.read_text("ascii"))
    assert left_over(sandbox) == []


@pytest.mark.parametrize("shape", ["--onedir", "--onefile"])
def test_workers_that_a_program_spawns(
    sandbox: Sandbox, shape: str, url: str, ca_file: Path, record_property: Record
) -> None:
    """Each is the program again, and active again."""
    record_property(*row(sandbox, PYINSTALLER[3], "pyinstaller", BY_ENTRY_POINT))
    program = with_pyinstaller(sandbox, shape, script=SPAWNS)
    assert done_well(program.run(url)).stdout.strip() in UNTRUSTED
    assert_fetched(program.run(url, env=named(ca_file)))
    assert left_over(sandbox) == []


@linux
def test_a_stripped_program(
    sandbox: Sandbox, url: str, ca_file: Path, record_property: Record
) -> None:
    """Symbols are not what we need."""
    record_property(*row(sandbox, PYINSTALLER[4], "pyinstaller", BY_ENTRY_POINT))
    program = with_pyinstaller(sandbox, "--strip", "--noupx")
    assert_untrusted(program.run("requests", url))
    assert_fetched(program.run("requests", url, env=named(ca_file)))


@pytest.mark.posix("it takes a shell")
def test_a_program_without_standard_streams(
    sandbox: Sandbox, url: str, ca_file: Path, tmp_path: Path, record_property: Record
) -> None:
    """As --noconsole has it where there are windows: sys.stderr is None, warnings go nowhere."""
    record_property(*row(sandbox, PYINSTALLER[5], "pyinstaller", BY_ENTRY_POINT))
    program = with_pyinstaller(sandbox, "--noconsole", script=SAYS_IT_IN_A_FILE)
    said, outcomes = tmp_path / "said", []
    for files in (str(tmp_path / "absent.pem"), f"{tmp_path / 'absent.pem'}:{ca_file}"):
        variables = {"PYTHON_CERTIFI_CERT_FILES": files, "PYTHON_CERTIFI_LOG_LEVEL": "DEBUG"}
        command = [*CLOSED, *program.command, url, str(said)]
        assert start(command, sandbox, variables, sandbox.work).returncode == 0
        outcomes.append(said.read_text())
    assert outcomes[0].replace("None ", "") in UNTRUSTED
    assert outcomes[1] == "None 200"
    assert left_over(sandbox) == []


@linux
def test_a_program_in_a_read_only_folder_without_a_home(
    program: Program, url: str, ca_file: Path, record_property: Record
) -> None:
    """Nothing is to be written beside the program."""
    record_property(*row(program.sandbox, PYINSTALLER[6], "pyinstaller", BY_ENTRY_POINT))
    folder = str(Path(program.command[0]).parent)
    prefix = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", READ_ONLY, folder]
    moved = Program(program.sandbox, *prefix, *program.command)
    assert_untrusted(moved.run("requests", url))
    assert_fetched(moved.run("requests", url, env=named(ca_file)))
    assert left_over(program.sandbox) == []


def test_a_program_whose_builder_leaves_certifi_out(sandbox: Sandbox) -> None:
    """It is built and starts as without us."""
    program = with_pyinstaller(sandbox, "--exclude-module", "certifi", script=LOOKS_FOR_US)
    assert done_well(program.run()).stdout == "None\n"
    program = with_pyinstaller(sandbox, "--exclude-module", "certifi")
    assert done_well(program.run("loaded")).stdout.split() == []
