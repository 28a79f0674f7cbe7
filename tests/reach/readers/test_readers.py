"""Case 82: whoever reads the bundle verifies a server under every root in it, and no other.

    python -m pip install -r tests/requirements.txt -r tests/reach/readers/requirements.txt .
    python -m pytest tests/reach/readers --readers TREES

On Linux, as root or where users may have namespaces. openssl, curl and node are those on PATH.
TREES is a folder with a Debian tree of each OpenSSL that the machine does not have: TREES/bullseye
for 1.1.1, TREES/bookworm for 3.0, TREES/trixie for 3.5, TREES/forky for later ones, each made by

    mmdebstrap --variant=minbase --include=openssl SUITE TREES/SUITE

The CACHE of tests/reach/interpreters.py will do for forky. (Such a small tree will not do there.)
Whatever is missing fails and says how to get it; nothing is skipped.
"""

from __future__ import annotations

import base64
import os
import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Set, Tuple

import pytest

from reach.readers.readers import READERS, Absent, served
from reach.readers.roots import KINDS, Root, mint
from reach.readers.servers import Servers
from support import Environment, Sandbox, os_store, write
from support.differential import default_store
from support.minting import encode_pem

WHERE = "import certifi; print(certifi.where())"
BLOCK = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
Publish = Callable[[str], str]


@pytest.fixture(scope="module")
def roots() -> Dict[str, Root]:
    """Return a root of each kind."""
    return {name: mint(name) for name in KINDS}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Return the servers, which start when they are asked for."""
    started = Servers(tmp_path_factory.mktemp("servers"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def machine_store() -> Set[bytes]:
    """Return the CA certificates that this machine came with, as DER."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            patch.delenv(name, raising=False)
        return default_store()


@pytest.fixture(scope="module")
def publish(
    roots: Dict[str, Root],
    machine_store: Set[bytes],
    installed: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Publish:
    """Return a function that has the installed wheel publish a bundle with all roots but one."""
    folder = tmp_path_factory.mktemp("bundles")
    sandbox = Sandbox(folder, installed)
    files = write_files(folder, roots)

    @lru_cache(maxsize=None)
    def published(without: str) -> str:
        to = folder / "published" / re.sub(r"\W", "_", without or "nothing")
        store = [roots["system store"].der] if without != "system store" else []
        text = b"".join(encode_pem(der) for der in [*store, *sorted(machine_store)])
        store_file = write(folder / "store.pem", text)
        named = [str(path) for name, path in files.items() if name != without]
        env = {"PYTHON_CERTIFI_CERT_FILES": os.pathsep.join(named)}
        env["PYTHON_CERTIFI_BUNDLE_DIR"] = str(to)
        prefix = os_store.on("debian", store_file, folder / "aside")
        done = sandbox.run_code(WHERE, env=env, prefix=prefix)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert Path(done.stdout.strip()).parent == to
        return done.stdout.strip()

    return published


def write_files(folder: Path, roots: Dict[str, Root]) -> Dict[str, Path]:
    """Write the file of each root that a person names, and return where they are."""
    named = [root for root in roots.values() if root.file]
    return {
        root.name: write(folder / "files" / f"{number}.pem", root.file)
        for number, root in enumerate(named)
    }


def anchors(path: str) -> List[bytes]:
    """Return the DER of every block of a bundle."""
    return [base64.b64decode(body) for body in BLOCK.findall(Path(path).read_text("ascii"))]


@lru_cache(maxsize=None)
def found(name: str, trees: str) -> Tuple[List[str], str, str]:
    """Return the command of a reader and its version, or neither and what to do about it."""
    if not trees:
        return [], "", "say where the trees are: --readers TREES, see the top of this file"
    reader = READERS[name]
    folder = Path(trees).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        command = reader.command(folder)
    except Absent as error:
        return [], "", str(error)
    version = reader.version(command)
    wrong = "" if re.search(reader.is_version, version) else f"{command} is {version}, not {name}"
    return command, version, wrong


def test_a_bundle_has_the_roots_that_it_should(
    publish: Publish, roots: Dict[str, Root], machine_store: Set[bytes]
) -> None:
    """The bundles differ in the one root alone, and the machine's store is in each of them."""
    whole = anchors(publish(""))
    assert len(whole) == len(set(whole))
    assert set(whole) >= {root.der for root in roots.values()}
    assert len(machine_store & set(whole)) >= len(machine_store) - 3  # some may be distrusted
    for root in roots.values():
        assert set(anchors(publish(root.name))) == set(whole) - {root.der}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(publish(""))
    assert context.cert_store_stats()["x509"] == len(whole)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("reader", READERS)
def test_case_82_every_reader_verifies_every_root(
    reader: str,
    name: str,
    roots: Dict[str, Root],
    publish: Publish,
    servers: Servers,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    """The bundle makes it trust the server, and one that lacks the root makes it refuse."""
    record_property("reader", reader)
    record_property("root", name)
    command, version, problem = found(reader, pytestconfig.getoption("--readers") or "")
    record_property("version", version)
    if problem:
        pytest.fail(problem, pytrace=False)
    program, root = READERS[reader], roots[name]
    port = servers.grpc_port(root) if program.grpc else servers.https_port(root)
    answer = program.ask(command, publish(""), port)
    assert served(answer), f"{reader} does not trust {name}: {answer.said}"
    answer = program.ask(command, publish(name), port)
    assert answer.status != 0, f"{reader} trusts {name} without its root: {answer.said}"
    assert re.search(program.refuses, answer.said), answer.said
