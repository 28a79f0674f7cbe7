"""Nuitka's programs: active where they are built with the configuration that we ship.

It takes a C compiler, and minutes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reach.packed.packing import (
    Program,
    Record,
    anchors_of_python,
    builder,
    left_over,
    named,
    row,
    with_nuitka,
)
from support import Sandbox, assert_fetched, assert_untrusted


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, interpreter: str, wheel: str) -> Sandbox:
    """Return where the program is built. It runs there too, but without the environment."""
    return builder(tmp_path_factory.mktemp("nuitka"), interpreter, wheel)


@pytest.fixture(scope="module")
def program(sandbox: Sandbox) -> Program:
    """Return the program."""
    return with_nuitka(sandbox)


def test_a_compiled_program_trusts_the_ca_that_the_variable_names(
    program: Program, url: str, ca_file: Path, record_property: Record
) -> None:
    """The variable is all that it needs, and nothing is left behind."""
    by = "the shipped configuration"
    record_property(*row(program.sandbox, "Nuitka --standalone", "nuitka", by))
    assert_untrusted(program.run("urllib", url))
    assert_fetched(program.run("urllib", url, env=named(ca_file)))
    disabled = {**named(ca_file), "PYTHON_CERTIFI_DISABLE": "1"}
    assert_untrusted(program.run("urllib", url, env=disabled))
    assert left_over(program.sandbox) == []


def test_a_compiled_program_has_the_bundle_that_its_python_would_have(
    program: Program, sandbox: Sandbox, ca_file: Path
) -> None:
    """certifi's roots, the system's and one's own: nothing is lost by compiling."""
    uncompiled = anchors_of_python(sandbox, named(ca_file))
    assert program.anchors(named(ca_file)) == uncompiled
    assert len(uncompiled - program.anchors()) == 1
