from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Callable, Iterator, Optional, Tuple

import pytest
import trustme

from reach.clients import table
from reach.clients.services import PACKAGES, Servers, install
from reach.neighbours.living import installed_with
from reach.packed import packing
from reach.readers import shown
from reach.workers import fleets
from support import FETCH, Environment, Sandbox, made_once, new_environment, tables, write

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let people say what these tests may do to a machine, and what is on it already."""
    parser.addoption(
        "--readers",
        metavar="TREES",
        help="ask real programs under readers; TREES is a folder for trees of other suites",
    )
    parser.addoption("--tools", metavar="VENV", help="has what workers need; we go into it")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Without their option, leave the readers out: a developer need not have these programs."""
    wanted = config.getoption("--readers", None) or collection_path.name != "test_readers.py"
    return None if wanted else True


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the rows of the tables that this run measured, and keep them where that is asked."""
    table.tell(terminalreporter, config)
    for each in packing.TABLES:
        tables.tell(terminalreporter, config, each, packing.HEAD, packing.NAMES)
    tables.tell(terminalreporter, config, fleets.TABLE, fleets.HEAD, fleets.NAMES)
    shown.tell(terminalreporter)


@pytest.fixture(scope="session")
def servers(
    shared: Path, interpreter: str, private_ca: trustme.CA, other_ca: trustme.CA
) -> Iterator[Servers]:
    """Return the servers; their folder is one that a server's own user may enter."""

    def make(folder: Path) -> None:
        install(new_environment(interpreter, folder, "--without-pip"), *PACKAGES)

    environment = Environment(made_once(shared, "servers", make))
    folder = Path(tempfile.mkdtemp(prefix="servers-"))
    folder.chmod(0o755)
    leaf = private_ca.issue_cert("localhost", "127.0.0.1")
    certificate = write(folder / "server.pem", leaf.private_key_and_cert_chain_pem.bytes())
    started = Servers(folder, certificate, environment)
    started.other_ca = write(folder / "other-ca.pem", other_ca.cert_pem.bytes())
    yield started
    started.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def python_version(interpreter: str) -> Tuple[int, int]:
    """Return the version of the interpreter under test."""
    code = "import sys; print(*sys.version_info[:2])"
    major, minor = subprocess.check_output([interpreter, "-c", code], encoding="ascii").split()
    return int(major), int(minor)


@pytest.fixture
def live_with(tmp_path: Path, interpreter: str, wheel: str) -> Callable[..., Sandbox]:
    """Return what makes a sandbox with us, requests and these neighbours."""

    def make(*requirements: str) -> Sandbox:
        environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
        return Sandbox(tmp_path, installed_with(environment, wheel, "requests", *requirements))

    return make


@pytest.fixture(scope="session")
def tools(shared: Path, interpreter: str, wheel: str, pytestconfig: pytest.Config) -> Environment:
    """Return an environment with us and every tool that has workers. Nobody changes it."""

    def make(folder: Path) -> None:
        given = pytestconfig.getoption("--tools")
        if given:
            folder.symlink_to(Path(given).resolve())
            return Environment(folder).install("--no-deps", "--force-reinstall", wheel)
        environment = new_environment(interpreter, folder, "--without-pip")
        return environment.install(*fleets.TOOLS, wheel)

    return Environment(made_once(shared, "tools-of-workers", make))


@pytest.fixture(scope="session")
def with_eventlet(shared: Path, interpreter: str, wheel: str) -> Environment:
    """Return an environment with us and gunicorn with eventlet. Nobody changes it."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        environment.install(*fleets.WITH_EVENTLET, wheel)

    return Environment(made_once(shared, "eventlet", make))


@pytest.fixture
def workshop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Return a sandbox with the workers' programs; a socket can have the path of its tmp."""
    tools = "with_eventlet" if "eventlet" in request.node.name else "tools"
    sandbox = Sandbox(tmp_path, request.getfixturevalue(tools))
    sandbox.tmp = Path(tempfile.mkdtemp(prefix="t"))
    for path in (*(HERE / "workers" / "programs").glob("*.py"), FETCH):
        shutil.copy(path, sandbox.work)
    yield sandbox
    shutil.rmtree(sandbox.tmp)
