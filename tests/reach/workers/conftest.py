from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Iterator, Optional

import pytest

import opt_in
from support import FETCH, Environment, Sandbox, made_once, new_environment
from workers.fleets import HEAD, NAMES, TABLE

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """For who runs these tests more than once."""
    parser.addoption("--tools", metavar="VENV", help="has requirements.txt already; we go into it")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what needs whole clusters."""
    return opt_in.ignore(HERE, collection_path, config)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the rows of this run."""
    opt_in.tell(terminalreporter, config, TABLE, HEAD, NAMES)


@pytest.fixture(scope="session")
def tools(shared: Path, interpreter: str, wheel: str, pytestconfig: pytest.Config) -> Environment:
    """Return an environment with us and every tool. Nobody changes it."""

    def make(folder: Path) -> None:
        given = pytestconfig.getoption("--tools")
        if given:
            folder.symlink_to(Path(given).resolve())
            return Environment(folder).install("--no-deps", "--force-reinstall", wheel)
        environment = new_environment(interpreter, folder, "--without-pip")
        return environment.install("-r", str(HERE / "requirements.txt"), wheel)

    return Environment(made_once(shared, "tools-of-workers", make))


@pytest.fixture(scope="session")
def with_eventlet(shared: Path, interpreter: str, wheel: str) -> Environment:
    """Return an environment with us and gunicorn with eventlet. Nobody changes it."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        environment.install("-r", str(HERE / "eventlet.txt"), wheel)

    return Environment(made_once(shared, "eventlet", make))


@pytest.fixture
def sandbox(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Return a sandbox with the programs, and a temp folder whose path a socket can have."""
    tools = "with_eventlet" if "eventlet" in request.node.name else "tools"
    sandbox = Sandbox(tmp_path, request.getfixturevalue(tools))
    sandbox.tmp = Path(tempfile.mkdtemp(prefix="t"))
    for path in (*(HERE / "programs").glob("*.py"), FETCH):
        shutil.copy(path, sandbox.work)
    yield sandbox
    shutil.rmtree(sandbox.tmp)
