"""The table of commands, and what it costs to ask for help."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from certifi_system_store_wrapper import commands
from certifi_system_store_wrapper.commands import COMMANDS, Command
from certifi_system_store_wrapper.commands import list as commands_list

NAME = commands.__name__


@pytest.mark.parametrize("command", COMMANDS, ids=[each.name for each in COMMANDS])
def test_a_row_has_a_module_that_takes_its_options(command: Command) -> None:
    """A new command is a row and a file of its name, whose run() has a parameter per option."""
    run = import_module(f"{NAME}.{command.name}").run
    names = [option.names[-1].lstrip("-") for option in command.options]
    # main() itself sees to where the command runs, and where its answer goes.
    names = [name for name in names if name not in ("python", "html")]
    assert list(inspect.signature(run).parameters) == names


def test_help_loads_neither_tls_nor_a_command() -> None:
    """It must be told where either is broken."""
    code = f"""if True:
        import sys
        before = set(sys.modules)
        from {NAME} import main
        try:
            main(["--help"])
        except SystemExit:
            print(*sorted(set(sys.modules) - before), sep="\\n", file=sys.stderr)
        """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    loaded = set(done.stderr.split())
    assert {each for each in loaded if each.startswith(NAME)} == {
        NAME,
        *(f"{NAME}.{each}" for each in ("output", "parser", "terminal")),
    }
    assert not loaded & {"ssl", "_ssl", "certifi"}
    assert "usage:" in done.stdout


@pytest.mark.parametrize(
    ("search", "is_found"),
    [("expired", True), ("expires", False), ("example", True), ("abcdef", True), ("none", False)],
)
def test_what_is_searched(search: str, is_found: bool) -> None:
    """All of a line, with its marks: `status` counts what has expired."""
    told = {"sha256": "abcdef", "subject": "CN=Example", "issuer": "", "paths": []}
    told.update(marks=["expired"], removed_by_certifi=None)
    assert commands_list._contains(told, search) is is_found
