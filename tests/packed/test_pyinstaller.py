"""PyInstaller's programs: active by having been built where we are installed.

    python -m pip install -r tests/requirements.txt .
    python -m pytest tests/packed

The environment that they are built in is made with pip, from the package index that pip uses.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict

import pytest
import trustme

from packed.packing import CLIENTS, HERE, Program, anchors, builder, done_well, freeze, left_over
from support import MODULE, Sandbox, assert_fetched, assert_untrusted, write

SPEC = """
import certifi

analysis = Analysis([{program!r}], pathex=[{clients!r}], datas=[(certifi.where(), "certifi")])
files = EXE(PYZ(analysis.pure), analysis.scripts, exclude_binaries=True, name={name!r})
COLLECT(files, analysis.binaries, analysis.datas, name={name!r})
"""
SILENT = """
import importlib.util
print(importlib.util.find_spec({module!r}))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, interpreter: str, wheel: str) -> Sandbox:
    """Return where programs are built. They run there too, but without the environment."""
    return builder(tmp_path_factory.mktemp("pyinstaller"), interpreter, wheel)


@pytest.fixture(scope="module", params=["--onedir", "--onefile"])
def program(request: pytest.FixtureRequest, sandbox: Sandbox) -> Program:
    """Return a program in either shape."""
    return freeze(sandbox, [request.param, "--name", "program", "--noconfirm"])


def named(path: Path) -> Dict[str, str]:
    """Return the variable that names a CA file."""
    return {"PYTHON_CERTIFI_CERT_FILES": str(path)}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_program_trusts_the_ca_that_the_variable_names(
    program: Program, client: str, url: str, ca_file: Path
) -> None:
    """The variable is all that it needs, though the interpreter of a program is isolated."""
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
    code = "import certifi; print(certifi.contents())"
    unpacked = anchors(done_well(sandbox.run_code(code, env=named(ca_file))).stdout)
    assert len(unpacked) > 20
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
    options = ["--onedir", "--name", "program", "--noconfirm", "--exclude-module", MODULE]
    program = freeze(sandbox, options)
    assert done_well(program.run("loaded")).stdout.split() == []
    assert_untrusted(program.run("requests", url, env=named(ca_file)))


def test_a_program_without_certifi_is_built_without_us(sandbox: Sandbox) -> None:
    """Nobody who does not use certifi carries us."""
    script = write(sandbox.home / "silent.py", SILENT.format(module=MODULE).encode())
    program = freeze(sandbox, ["--onedir", "--noconfirm"], script)
    assert done_well(program.run()).stdout == "None\n"


def test_a_ca_dropped_where_a_program_is_built_is_not_shipped(
    sandbox: Sandbox, url: str, private_der: bytes
) -> None:
    """What the builder trusts is not what the users of the program trust."""
    folders = [sandbox.environment.site_packages / name for name in (MODULE, "certifi_system")]
    dropped = [write(folder / "builders.cer", private_der) for folder in folders]
    try:
        program = freeze(sandbox, ["--onedir", "--name", "program", "--noconfirm"])
    finally:
        for path in dropped:
            path.unlink()
    assert not list(Path(program.command[0]).parent.rglob("*.cer"))
    assert_untrusted(program.run("requests", url))


def bake(sandbox: Sandbox, name: str, env: Dict[str, str]) -> Program:
    """Build with a spec that copies what certifi.where() names, as many specs do."""
    script, clients = str(HERE / "program.py"), str(HERE.parent / "clients")
    text = SPEC.format(program=script, clients=clients, name=name)
    return freeze(sandbox, [], write(sandbox.home / f"{name}.spec", text.encode()), env)


def test_a_spec_may_copy_what_certifi_names(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """The bundle of the build becomes certifi's list: with the builder's CAs, for good."""
    code = "import certifi; print(certifi.contents())"
    unpacked = anchors(done_well(sandbox.run_code(code, env=named(ca_file))).stdout)
    plain = bake(sandbox, "plain", {})
    assert_untrusted(plain.run("requests", url))
    assert_fetched(plain.run("requests", url, env=named(ca_file)))
    baked = bake(sandbox, "baked", named(ca_file))
    assert_fetched(baked.run("requests", url))
    assert baked.anchors() == unpacked
    assert baked.anchors() - plain.anchors() == anchors(ca_file.read_text("ascii"))
    assert left_over(sandbox) == []


@pytest.mark.skipif(os.name == "nt", reason="a bundle in memory is for Linux")
def test_a_baked_bundle_is_read_with_no_other_source(
    sandbox: Sandbox, url: str, ca_file: Path
) -> None:
    """It stands for certifi's list, so asking for certifi's list alone is answered from it."""
    baked = bake(sandbox, "baked", named(ca_file))
    only = {"PYTHON_CERTIFI_SOURCES": "certifi"}
    assert_fetched(baked.run("requests", url, env=only))
    assert baked.anchors(only) == baked.anchors()
