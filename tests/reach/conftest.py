from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Iterator, Optional

import pytest
import trustme

import opt_in
from clients import table
from clients.rows import ROWS
from clients.servers import Servers, install
from support import Environment, made_once, new_environment, write

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what installs half of PyPI, unless this folder is named."""
    return opt_in.ignore(HERE, collection_path, config)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, and write it where that was asked for."""
    measured = opt_in.rows(terminalreporter, table.TABLE)
    if not measured:
        return
    terminalreporter.section("clients")
    terminalreporter.write_line("\n".join([opt_in.line(table.HEAD), *measured.values()]))
    if terminalreporter.config.getoption("--write-table"):
        labels = [row.label for row in ROWS]
        opt_in.write_table(table.README, table.TABLE, table.HEAD, labels, measured)


@pytest.fixture(scope="session")
def servers(
    shared: Path, interpreter: str, private_ca: trustme.CA, other_ca: trustme.CA
) -> Iterator[Servers]:
    """Return the servers; their folder is one that a server's own user may enter."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        install(environment, "-r", str(HERE / "servers.txt"))

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
