"""Real clients ask real servers under a private CA: which of them does the product reach, and how?

    python -m pytest tests/reach/clients -n 2 [--write-table]

Not part of the default run. It installs the clients, and the servers that are written in
Python, into environments of their own, and needs these servers (Debian's names, as root):

    apt-get install nginx-light redis-server postgresql mosquitto

Each client is run in three ways, each with its negative twin, which lacks nothing but the CA. Only
these outcomes count: it was served (it says what only the server knows), or it met a certificate
error. Anything else is a broken row, and its test fails.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple, Union

import pytest

from reach.clients import pages, table
from reach.clients.rows import NEWEST, ROWS, Row
from reach.clients.services import Servers, free_port, install
from support import Environment, Sandbox, made_once, new_environment, os_store

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs.py"
SERVED = re.compile(f"{pages.SECRET}|{pages.HEIGHT:.0f}[.]|mosquitto version [0-9]")
REFUSED = re.compile(
    "certificate.verify.failed|SSL certificate problem|"
    "unable to get local issuer certificate|self.signed certificate in certificate chain|"
    "alert unknown ca",  # in nginx' log: not every client says why it hung up
    re.IGNORECASE,
)
OTHER_FAULTS = re.compile(
    "(hostname|IP address) mismatch|doesn't match|certificate has expired", re.IGNORECASE
)
VERDICTS = {("served", "refused"): "yes", ("refused", "refused"): "no"}


class Outcome(NamedTuple):
    """What became of a client."""

    word: str
    said: str


@pytest.fixture(scope="session")
def clients(shared: Path, interpreter: str, wheel: str) -> Environment:
    """Return an environment with us and every client."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        install(environment, *NEWEST, wheel)

    return Environment(made_once(shared, "clients", make))


def environment_of(
    row: Row, shared: Path, interpreter: str, wheel: str, all_: Environment
) -> Environment:
    """Return the environment that the client is in: one of its own where it has its pins."""
    if not row.pins:
        return all_

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install(*row.pins, wheel)

    return Environment(made_once(shared, re.sub(r"\W", "-", row.id), make))


def ways(sandbox: Sandbox, ca_file: Path) -> Iterator[Tuple[Dict[str, str], Dict[str, str]]]:
    """Yield the variables of each way, with the CA and without it."""
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    switch = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    yield named, {}
    yield {**named, **switch}, switch
    yield shellenv(sandbox, named, "with"), shellenv(sandbox, {}, "without")


def shellenv(sandbox: Sandbox, env: Dict[str, str], folder: str) -> Dict[str, str]:
    """Return what `shellenv` says; nothing else is to help, so we stay out of the way then."""
    cache = {"XDG_CACHE_HOME": str(sandbox.home.parent / folder)}
    arguments = "-m", "certifi_system_store_wrapper", "shellenv", "--json"
    done = sandbox.run(*arguments, env={**env, **cache})
    assert done.returncode == 0, done
    return {**json.loads(done.stdout)["variables"], "PYTHON_CERTIFI_DISABLE": "1"}


def run(
    sandbox: Sandbox, row: Row, servers: Union[Servers, Elsewhere], env: Dict[str, str]
) -> Outcome:
    """Run the client and tell the three outcomes apart."""
    address = servers.address(row.server)
    servers.news()
    for each in (sandbox.work, sandbox.tmp, sandbox.home):  # PROJ keeps what it has fetched
        shutil.rmtree(each)
        each.mkdir()
    prefix = ()
    if row.layout:
        prefix = os_store.on(row.layout, servers.other_ca, sandbox.home.parent / "store")
    home = {"PIP_CONFIG_FILE": "/dev/null", **env}
    done = sandbox.run(str(PROGRAMS), row.program, address, env=home, prefix=prefix)
    told = done.stdout + done.stderr + servers.news()
    said = f"exit status {done.returncode}\n{told}"
    if SERVED.search(said):
        return Outcome("served", said)
    is_refusal = done.returncode != 0 or row.program == "sentry"  # which never fails a program
    if is_refusal and REFUSED.search(said) and not OTHER_FAULTS.search(said):
        return Outcome("refused", said)
    return Outcome("broken", said)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_client(
    row: Row,
    tmp_path: Path,
    clients: Environment,
    servers: Servers,
    ca_file: Path,
    shared: Path,
    interpreter: str,
    wheel: str,
    record_property: pytest.RecordProperty,
    pytestconfig: pytest.Config,
) -> None:
    """Each way works or meets a certificate error, as docs/clients.md says."""
    sandbox = Sandbox(tmp_path, environment_of(row, shared, interpreter, wheel, clients))
    record_property(table.TABLE, (row.label,))  # until it is known
    verdicts = []
    for env, twin in ways(sandbox, ca_file):
        outcomes = run(sandbox, row, servers, env), run(sandbox, row, servers, twin)
        words = (outcomes[0].word, outcomes[1].word)
        assert words in VERDICTS, "\n\n".join(f"{env}: {each.said[-4000:]}" for each in outcomes)
        verdicts.append(VERDICTS[words])
    why = row.why if "no" in verdicts else ""
    assert why or "no" not in verdicts, f"why not, {verdicts}?"
    line = table.Line(row.label, version(sandbox, row.distribution), *verdicts, why)
    record_property(table.TABLE, tuple(line))
    if not pytestconfig.getoption("--write-table"):
        said = table.read()[row.label]
        assert (said.verdicts, said.why) == (verdicts, why)


class Elsewhere(NamedTuple):
    """A server that is somewhere else than the clients' servers."""

    url: str

    def address(self, _kind: str) -> str:
        """Return where it is."""
        return self.url

    def news(self) -> str:
        """Return nothing: it logs nothing."""
        return ""


def test_what_is_no_certificate_error_is_a_broken_row(
    tmp_path: Path, clients: Environment, ca_file: Path, url: str
) -> None:
    """Nobody listens; somebody else answers; the name is another's: none of them is a verdict."""
    sandbox, row = Sandbox(tmp_path, clients), next(row for row in ROWS if row.id == "requests")
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    another_name = url.replace("localhost", "127.0.0.1")  # the certificate is for localhost alone
    for address in (f"https://localhost:{free_port()}/", url, another_name):
        outcome = run(sandbox, row, Elsewhere(address), trusting)
        assert outcome.word == "broken", outcome.said
    assert "IP address mismatch" in outcome.said


def version(sandbox: Sandbox, distribution: str) -> str:
    """Return the version that is installed."""
    code = f"from importlib.metadata import version; print(version({distribution!r}))"
    return sandbox.run("-c", code).stdout.strip()
