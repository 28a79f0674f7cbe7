from __future__ import annotations

import os
import shutil
import signal
import ssl
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence, Tuple

import pytest
import trustme

from support import (
    BUILT_ON,
    CLIENTS,
    NAME,
    Environment,
    Sandbox,
    build_distributions,
    copy_checkout,
    made_once,
    new_environment,
    run_here,
    where,
    write,
)
from support.differences import skip_differences
from support.installed import why_not_this_checkout
from support.rooms import CORE, about
from support.servers import HttpsServer, Page

if TYPE_CHECKING:
    from support.windows_stores import Stores
    from support.world import World

# What is longer names no test.
LONGEST_ID = 100

# Any of these makes clients pass by certifi, or adds what a test does not expect.
VARIABLES = (
    "AWS_CA_BUNDLE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HTTPLIB2_CA_CERTS",
    "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TWINE_CERT",
)
HERE = Path(__file__).parent
# Rooms that need more than the tests' requirements.
BY_NAME_ALONE = (HERE / "quality", HERE / "reach")
# httpx2 is for Python 3.10 and later.
HTTPX2 = "httpx2; python_version >= '3.10'"
# What Linux trusts, and what that is made of.
STORES = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates")
# See requirements.txt for that version.
_OURS = ("certifi", "wrapt", "wincertstore==0.2", "hatchling>=1.27", "editables", "pip")
HOUSED = (*CLIENTS, HTTPX2, *_OURS)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let CI test the wheel that it built, and other interpreters than the one that runs pytest."""
    parser.addoption("--built", metavar="DIR", help="test the wheel and sdist in DIR, build none")
    parser.addoption("--measure", metavar="DIR", help="leave the coverage of every process there")
    parser.addoption("--interpreter", metavar="PYTHON", help="what to run the product with")
    parser.addoption("--slow", action="store_true", help="take a larger sample where one is taken")
    parser.addoption("--write-table", action="store_true", help="keep what an opt-in run measures")
    parser.addoption(
        "--alter-this-machine", action="store_true", help="it is thrown away: change its store"
    )
    parser.addoption(
        "--system-site-packages",
        action="store_true",
        help="test beside what the interpreter itself has, such as Debian's certifi",
    )


def pytest_report_header(config: pytest.Config) -> List[str]:
    """Say before the first test how long all of them take."""
    if config.getoption("-m") or config.getoption("-k"):
        return []  # nobody knows how long a selection takes
    return about([room for room in (*CORE, *BY_NAME_ALONE) if is_run(room, config)])


class Progress:
    """Shows what is written at once, also in a file or a pipe."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self) -> None:
        """Write out the dots and percentages."""
        self.config.get_terminal_writer().flush()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of the rooms that need more, unless they are named."""
    is_left_out = collection_path in BY_NAME_ALONE and not is_named(collection_path, config)
    return True if is_left_out else None


def is_run(folder: Path, config: pytest.Config) -> bool:
    """Whether all of a room is run: it is named, or all are and it waits for no name."""
    started_in = config.invocation_params.dir
    named = {Path(os.path.abspath(started_in / each)) for each in config.args}
    return folder in named or (HERE in named and folder not in BY_NAME_ALONE)


def is_named(folder: Path, config: pytest.Config) -> bool:
    """Whether the command line names this folder or something in it."""
    started_in = config.invocation_params.dir
    named = [Path(os.path.abspath(started_in / each.split("::")[0])) for each in config.args]
    return any(folder in (path, *path.parents) for path in named)


def pytest_make_parametrize_id(val: object, argname: str) -> Optional[str]:
    """Name no test by a certificate: each worker makes its own, and pytest 8 prints it whole."""
    is_long = isinstance(val, (bytes, str)) and len(val) > LONGEST_ID
    return argname if is_long else None


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    """Leave out what says nothing with the interpreter under test."""
    skip_differences(config, items)
    where.skip_elsewhere(items)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test anything but this checkout; begin to measure, where that is asked for."""
    where.add_markers(config)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `&`; children inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        built = config.getoption("--built")
        reason = why_not_this_checkout(Path(built).resolve() if built else None)
        if reason:
            raise pytest.UsageError(reason)
        config.pluginmanager.register(Progress(config))
    folder = config.getoption("--measure")
    if folder:
        from quality import measuring

        measured = measuring.start(Path(folder))
        config.add_cleanup(measured.save)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what the workers of this run shared."""
    if not hasattr(session.config, "workerinput") and hasattr(session.config, "_tmp_path_factory"):
        base = session.config._tmp_path_factory.getbasetemp()
        shutil.rmtree(base / "shared", ignore_errors=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no variable of this machine steer a test."""
    for name in list(os.environ):
        if name in VARIABLES or name.startswith("PYTHON_CERTIFI_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def interpreter(pytestconfig: pytest.Config) -> str:
    """Return the interpreter that the product is tested with."""
    return str(pytestconfig.getoption("--interpreter") or sys.executable)


@pytest.fixture(scope="session")
def slow(pytestconfig: pytest.Config) -> bool:
    """Whether a test marked slow is to take a larger sample."""
    return bool(pytestconfig.getoption("--slow"))


@pytest.fixture(scope="session")
def venv_options(pytestconfig: pytest.Config) -> Tuple[str, ...]:
    """Return how environments are made."""
    more = ("--system-site-packages",)
    return "--without-pip", *(more if pytestconfig.getoption("--system-site-packages") else ())


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """Return the folder that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if hasattr(pytestconfig, "workerinput") else base
    (base / "shared").mkdir(exist_ok=True)
    return base / "shared"


@pytest.fixture(scope="session")
def distributions(shared: Path, pytestconfig: pytest.Config) -> Path:
    """Return a folder with one wheel and one sdist of this checkout."""
    given = pytestconfig.getoption("--built")
    if given:
        return Path(given).resolve()

    def make(folder: Path) -> None:
        checkout = shared / "checkout"
        checkout.mkdir()
        build_distributions(copy_checkout(checkout), folder)

    return made_once(shared, "distributions", make)


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> str:
    """Return the path of the wheel under test."""
    return str(next(distributions.glob("*.whl")))


@pytest.fixture(scope="session")
def sdist(distributions: Path) -> str:
    """Return the path of the sdist under test."""
    return str(next(distributions.glob("*.tar.gz")))


@pytest.fixture(scope="session")
def wheelhouse(shared: Path, interpreter: str) -> str:
    """Return a folder with the wheels of everything that tests install beside us."""

    def make(folder: Path) -> None:
        tools = new_environment(interpreter, shared / "tools", "--without-pip")
        run_here("pip", "--python", str(tools.python), "wheel", "-q", "-w", str(folder), *HOUSED)

    return str(made_once(shared, "wheelhouse", make))


@pytest.fixture
def index(tmp_path: Path, wheel: str, wheelhouse: str) -> Path:
    """Return a folder with our wheel and all that it needs."""
    folder = tmp_path / "index"
    shutil.copytree(wheelhouse, folder)
    shutil.copy(wheel, folder)
    return folder


@pytest.fixture(scope="session")
def housed(wheelhouse: str) -> Tuple[str, ...]:
    """Return the options that make an installer use the wheelhouse and no network."""
    return "--no-index", "--find-links", wheelhouse


@pytest.fixture(scope="session")
def installed(
    shared: Path,
    interpreter: str,
    wheel: str,
    housed: Tuple[str, ...],
    venv_options: Tuple[str, ...],
) -> Environment:
    """Return an environment with us and all clients. Nobody changes it."""

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, *venv_options).install(*housed, wheel, *CLIENTS)

    return Environment(made_once(shared, "installed", make))


@pytest.fixture(scope="session")
def plain(shared: Path, interpreter: str, venv_options: Tuple[str, ...]) -> Environment:
    """Return an environment without us. Nobody changes it."""

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, *venv_options)

    return Environment(made_once(shared, "plain", make))


@pytest.fixture(scope="session")
def only_pip(shared: Path, interpreter: str) -> Environment:
    """Return an environment with the pip of that Python, and nothing else. Nobody changes it."""
    return Environment(
        made_once(shared, "only_pip", lambda folder: new_environment(interpreter, folder))
    )


@pytest.fixture(scope="session")
def bare(shared: Path, interpreter: str, housed: Tuple[str, ...]) -> Environment:
    """Return an environment without us, with what we build on. Nobody changes it."""

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install(*housed, *BUILT_ON)

    return Environment(made_once(shared, "bare", make))


@pytest.fixture(scope="session")
def with_requests(
    shared: Path,
    interpreter: str,
    wheel: str,
    housed: Tuple[str, ...],
    venv_options: Tuple[str, ...],
) -> Environment:
    """Return an environment with us and requests. Nobody changes it."""

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, *venv_options).install(*housed, wheel, "requests")

    return Environment(made_once(shared, "with_requests", make))


@pytest.fixture
def fresh(tmp_path: Path, with_requests: Environment) -> Sandbox:
    """Return a sandbox with an environment of its own, with us and requests."""
    return Sandbox(tmp_path, with_requests.copied(tmp_path / "venv"))


@pytest.fixture(scope="session", autouse=True)
def _this_machines_store(pytestconfig: pytest.Config) -> Iterator[None]:
    """Stay as it is: what a test changes lies in a folder or a mount namespace of its own."""
    before = states(STORES)
    yield
    if not pytestconfig.getoption("--alter-this-machine"):
        assert states(STORES) == before, "somebody changed what this machine trusts"


def states(folders: Sequence[str]) -> Dict[str, Tuple[int, ...]]:
    """Return kind, size and time of all that lies in the folders."""
    paths = [path for each in folders for path in (Path(each), *Path(each).rglob("*"))]
    found = [(str(path), path.lstat()) for path in paths if os.path.lexists(path)]
    return {path: (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in found}


@pytest.fixture
def sandbox(tmp_path: Path, installed: Environment) -> Sandbox:
    """Return a sandbox for the shared environment."""
    return Sandbox(tmp_path, installed)


@pytest.fixture
def stores(shared: Path, pytestconfig: pytest.Config) -> Iterator[Stores]:
    """Return the real stores of this Windows, for one test at a time."""
    from filelock import FileLock

    from support.windows_stores import Stores

    if not (where.is_wine() or pytestconfig.getoption("--alter-this-machine")):
        pytest.skip("it fills the real stores: only with --alter-this-machine")
    with FileLock(str(shared / "stores.lock")):
        stores = Stores()
        yield stores
        stores.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a machine with nothing but certifi's own list."""
    from support.world import World  # which imports the product: after --measure has begun

    return World(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def private_ca() -> trustme.CA:
    """Return the CA of the HTTPS server: no list in the world has it."""
    return trustme.CA(organization_name=f"{NAME} tests")


@pytest.fixture(scope="session")
def other_ca() -> trustme.CA:
    """Return a CA that has nothing to do with the HTTPS server."""
    return trustme.CA(organization_name="Somebody else")


@pytest.fixture
def ca_file(tmp_path: Path, private_ca: trustme.CA) -> Path:
    """Return a PEM file with the CA of the HTTPS server."""
    return write(tmp_path / "private-ca.pem", private_ca.cert_pem.bytes())


@pytest.fixture(scope="session")
def private_der(private_ca: trustme.CA) -> bytes:
    """Return the DER of the CA of the HTTPS server."""
    return ssl.PEM_cert_to_DER_cert(private_ca.cert_pem.bytes().decode("ascii"))


@pytest.fixture(scope="session")
def url(private_ca: trustme.CA) -> Iterator[str]:
    """Return the address of a real HTTPS server on this machine, vouched for by the private CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert("localhost").configure_cert(context)
    with HttpsServer(("127.0.0.1", 0), Page) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()
