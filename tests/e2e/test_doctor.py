"""doctor: the right cause for each fault, and none where all is well."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import pytest
import trustme

from conformance.minting import encode_pem, mint, private_key_pem, trusted_pem
from support import Sandbox, write

COMMAND = ("-m", "certifi_system_store_wrapper", "doctor")


class Echo(socketserver.BaseRequestHandler):
    """Shakes hands and hangs up."""

    def handle(self) -> None:
        """Do nothing more than the handshake."""
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as connection:
                connection.recv(1)
        except OSError:  # whoever does not trust it hangs up
            return


class Plain(socketserver.BaseRequestHandler):
    """Speaks HTTP where TLS is expected."""

    def handle(self) -> None:
        """Answer as a web server does."""
        self.request.recv(100)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Tunnel(socketserver.BaseRequestHandler):
    """A proxy that knows CONNECT."""

    def handle(self) -> None:
        """Connect to where it is asked to, and carry bytes both ways."""
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(100)
        self.server.asked.append(head)
        port = int(head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=carry, args=(upstream, self.request))
            back.start()
            carry(self.request, upstream)
            back.join()


def carry(source: socket.socket, to: socket.socket) -> None:
    """Copy until one side has enough."""
    try:
        while True:
            data = source.recv(4096)
            if not data:
                break
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        return


class Server(socketserver.ThreadingTCPServer):
    """A server on a free port of this machine."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: Any, context: Optional[ssl.SSLContext] = None) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.context = context
        self.asked: List[bytes] = []


@contextmanager
def serving(handler: Any, context: Optional[ssl.SSLContext] = None) -> Iterator[Server]:
    """Serve in a thread."""
    with Server(handler, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def context_of(certificate: trustme.LeafCert, *, chain: bool = True) -> ssl.SSLContext:
    """Return a server's context; without `chain` it keeps the intermediates to itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pems = certificate.cert_chain_pems if chain else certificate.cert_chain_pems[:1]
    with certificate.private_key_pem.tempfile() as key:
        pem = b"".join(each.bytes() for each in pems)
        Path(f"{key}.chain").write_bytes(pem)
        try:
            context.load_cert_chain(f"{key}.chain", key)
        finally:
            os.unlink(f"{key}.chain")
    return context


def doctor(
    sandbox: Sandbox, *arguments: str, env: Optional[Mapping[str, str]] = None
) -> Tuple[int, str, Dict[str, Any]]:
    """Return exit status, text and JSON of one question."""
    text = sandbox.run(*COMMAND, *arguments, env=env)
    data = sandbox.run(*COMMAND, *arguments, "--json", env=env)
    assert "Traceback" not in text.stderr + data.stderr
    assert text.returncode == data.returncode
    return text.returncode, text.stdout, json.loads(data.stdout)


def problems(data: Dict[str, Any]) -> List[str]:
    """Return which checks found a problem."""
    return [each["check"] for each in data["findings"] if each["level"] == "problem"]


def trusting(sandbox: Sandbox, *pems: bytes) -> Dict[str, str]:
    """Return the variable that names these as the user's CAs."""
    path = write(sandbox.work / "user.pem", b"".join(pems))
    return {"PYTHON_CERTIFI_CERT_FILES": str(path)}


def ask(
    sandbox: Sandbox, context: ssl.SSLContext, env: Mapping[str, str], host: str = "localhost"
) -> Tuple[int, str, Dict[str, Any]]:
    """Ask the doctor about a server with that context."""
    with serving(Echo, context) as server:
        return doctor(sandbox, f"{host}:{server.server_address[1]}", env=env)


def test_a_server_that_is_trusted(sandbox: Sandbox) -> None:
    """By the user's CA; certifi alone refuses it, and that is no problem."""
    ca = trustme.CA()
    env = trusting(sandbox, ca.cert_pem.bytes())
    status, text, data = ask(sandbox, context_of(ca.issue_cert("localhost")), env)
    assert (status, data["healthy"]) == (0, True)
    assert data["outcomes"]["the bundle"]["trusted"]
    assert not data["outcomes"]["certifi alone"]["trusted"]
    assert data["outcomes"]["the bundle, strict"]["trusted"]
    assert "trusted by the user source" in text


def test_the_root_is_missing(sandbox: Sandbox) -> None:
    """The issuer is named, and what to do."""
    ca = trustme.CA(organization_name="Corp", organization_unit_name="Corp Root")
    status, text, data = ask(sandbox, context_of(ca.issue_cert("localhost")), {})
    assert (status, problems(data)) == (1, ["root"])
    assert "OU=Corp Root" in text and "add" in text


def test_an_intermediate_is_missing(sandbox: Sandbox) -> None:
    """The root is trusted, and the server keeps the certificate in between to itself."""
    root = trustme.CA(organization_name="Corp", organization_unit_name="Corp Root")
    child = root.create_child_ca()
    env = trusting(sandbox, root.cert_pem.bytes())
    context = context_of(child.issue_cert("localhost", organization_name="x"), chain=False)
    status, text, data = ask(sandbox, context, env)
    assert status == 1
    assert problems(data) in (["intermediate"], ["root"])
    assert "intermediate" in text
    whole = context_of(child.issue_cert("localhost"))
    assert ask(sandbox, whole, env)[0] == 0


@pytest.mark.parametrize(("days", "check"), [((-9, -1), "expired"), ((1, 9), "not yet valid")])
def test_the_wrong_time(sandbox: Sandbox, days: Tuple[int, int], check: str) -> None:
    """Of the server's own certificate."""
    leaf = mint(f"a {check} leaf", issuer="root", ca=False, days=days, san="localhost")
    context = minted(sandbox, leaf, key=f"a {check} leaf")
    status, text, data = ask(sandbox, context, trusting(sandbox, encode_pem(mint("root"))))
    assert (status, problems(data)) == (1, [check])
    assert "the server's own certificate" in text


def test_the_wrong_name(sandbox: Sandbox) -> None:
    """The names that would do are told."""
    ca = trustme.CA()
    context = context_of(ca.issue_cert("other.example", "127.0.0.2"))
    status, text, data = ask(sandbox, context, trusting(sandbox, ca.cert_pem.bytes()))
    assert (status, problems(data)) == (1, ["name"])
    assert "other.example" in text and "127.0.0.2" in text


def minted(sandbox: Sandbox, *ders: bytes, key: str) -> ssl.SSLContext:
    """Return a context with certificates of conformance/minting.py."""
    path = write(
        sandbox.work / "server.pem", private_key_pem(key) + b"".join(map(encode_pem, ders))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(path))
    return context


def test_a_ca_that_is_none(sandbox: Sandbox) -> None:
    """Somebody issued a certificate with the key of a server."""
    leaf = mint("its leaf", issuer="no CA", ca=False, san="localhost")
    context = minted(sandbox, leaf, key="its leaf")
    env = trusting(sandbox, encode_pem(mint("no CA", ca=False)))
    status, _, data = ask(sandbox, context, env)
    assert (status, problems(data)) == (1, ["no-ca"])


def test_a_client_that_never_asks_certifi(sandbox: Sandbox, ca_file: Path) -> None:
    """Installed, and named with what helps it."""
    _, _, data = doctor(sandbox)
    told = {e["message"]: e["remedy"] for e in data["findings"] if e["check"] == "clients"}
    (defaults,) = [message for message in told if message.startswith("uses OpenSSL's defaults")]
    assert "aiohttp" in defaults
    assert "PYTHON_CERTIFI_SSL_DEFAULTS" in told[defaults]


def test_a_self_signed_server(sandbox: Sandbox) -> None:
    """It is its own issuer; named by the user, it is trusted."""
    leaf = mint("localhost", ca=False)
    context = minted(sandbox, leaf, key="localhost")
    status, text, data = ask(sandbox, context, {})
    assert (status, problems(data)) == (1, ["self-signed"])
    assert "CN=localhost" in text


def test_a_distrusted_root(sandbox: Sandbox) -> None:
    """A TRUSTED block that rejects it stands in what SSL_CERT_FILE names."""
    root = trustme.CA(organization_name="Rejected")
    der = ssl.PEM_cert_to_DER_cert(root.cert_pem.bytes().decode())
    path = write(sandbox.work / "store.pem", trusted_pem(der, reject=["serverAuth"]))
    env = {"SSL_CERT_FILE": str(path)}
    status, text, data = ask(sandbox, context_of(root.issue_cert("localhost")), env)
    assert (status, problems(data)) == (1, ["distrusted"])
    assert str(path) in text


def test_an_inspecting_proxy(sandbox: Sandbox) -> None:
    """Its name gives it away."""
    ca = trustme.CA(organization_name="Zscaler Inc.", organization_unit_name="Zscaler Root CA")
    context = context_of(ca.issue_cert("localhost"))
    status, text, data = ask(sandbox, context, {})
    assert (status, problems(data)) == (1, ["inspection"])
    status, text, data = ask(sandbox, context, trusting(sandbox, ca.cert_pem.bytes()))
    assert status == 0
    assert "inspecting" in text


def test_nothing_listens(sandbox: Sandbox) -> None:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    status, text, data = doctor(sandbox, f"localhost:{port}")
    assert (status, problems(data)) == (1, ["connection"])
    assert "refused" in text


def test_plain_http(sandbox: Sandbox) -> None:
    """The port is right for HTTP, not for HTTPS."""
    with serving(Plain) as server:
        status, text, data = doctor(sandbox, f"https://localhost:{server.server_address[1]}/x?y")
    assert (status, problems(data)) == (1, ["connection"])
    assert "does not speak TLS" in text


def test_by_a_proxy(sandbox: Sandbox) -> None:
    """CONNECT with what the variable says, which is shown to nobody; NO_PROXY goes around."""
    ca = trustme.CA()
    env = trusting(sandbox, ca.cert_pem.bytes())
    with serving(Tunnel) as proxy, serving(Echo, context_of(ca.issue_cert("localhost"))) as server:
        url = f"http://me:s3cret@127.0.0.1:{proxy.server_address[1]}"
        where = f"localhost:{server.server_address[1]}"
        status, text, data = doctor(sandbox, where, env={**env, "HTTPS_PROXY": url})
        assert (status, problems(data)) == (0, [])
        assert b"Proxy-Authorization: Basic bWU6czNjcmV0" in proxy.asked[0]
        assert "s3cret" not in text + json.dumps(data)
        count = len(proxy.asked)
        around = {**env, "HTTPS_PROXY": url, "NO_PROXY": "localhost"}
        assert doctor(sandbox, where, env=around)[0] == 0
        assert len(proxy.asked) == count


def test_the_strict_checks_alone(sandbox: Sandbox) -> None:
    """A CA without key usage and key identifier: Python 3.13 refuses it, and says why."""
    root = mint("strictless")
    env = trusting(sandbox, encode_pem(root))
    status, text, data = doctor(sandbox, env=env)
    told = [each for each in data["findings"] if "Python 3.13" in each["message"]]
    assert len(told) == 1
    assert "it has no key usage" in text
    version = sandbox.run_code("import sys; print(sys.version_info >= (3, 13))").stdout.strip()
    assert (status, told[0]["level"]) == ((1, "problem") if version == "True" else (0, "note"))


# The installation itself.


def test_healthy(sandbox: Sandbox, ca_file: Path) -> None:
    """No problem: as installed, with a CA, with a right variable, under -I, with a proxy."""
    bundle = sandbox.run("-m", "certifi", env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    own = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    for env in (
        {},
        own,
        {**own, "SSL_CERT_FILE": bundle.stdout.strip()},
        {"HTTPS_PROXY": "http://x"},
    ):
        status, text, data = doctor(sandbox, env=env)
        assert (status, problems(data)) == (0, []), text
    assert sandbox.run("-I", *COMMAND).returncode == 0


@pytest.mark.parametrize(
    ("variables", "check"),
    [
        ({"REQUESTS_CA_BUNDLE": "/no/such.pem"}, "variable"),
        ({"SSL_CERT_FILE": "{other}", "PYTHON_CERTIFI_CERT_FILES": "{ca}"}, "variable"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{garbage}"}, "sources"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{key}"}, "sources"),
        ({"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}, "sources"),
        ({"PYTHON_CERTIFI_LOG_LEVEL": "LOUD"}, "settings"),
        ({"PYTHON_CERTIFI_DISABLE": "1"}, "active"),
    ],
)
def test_what_is_wrong_here(
    sandbox: Sandbox, ca_file: Path, variables: Dict[str, str], check: str
) -> None:
    """One problem each, which names what to do."""
    files = {
        "ca": ca_file,
        "other": write(sandbox.work / "other.pem", trustme.CA().cert_pem.bytes()),
        "garbage": write(sandbox.work / "garbage.pem", b"none"),
        "key": write(sandbox.work / "key.pem", private_key_pem("key")),
    }
    env = {name: value.format(**files) for name, value in variables.items()}
    status, text, data = doctor(sandbox, env=env)
    assert (status, problems(data)) == (1, [check]), text


def test_without_site(sandbox: Sandbox) -> None:
    """python -S is named."""
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    done = sandbox.run("-S", *COMMAND, env=env)
    assert done.returncode == 1
    assert "-S" in done.stdout


def test_the_start_up_file_is_missing(fresh: Sandbox) -> None:
    """Somebody copied the package, or removed the file."""
    for suffix in (".pth", ".start"):
        (fresh.environment.site_packages / f"certifi_system_store_wrapper{suffix}").unlink()
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "start-up file" in done.stdout


def test_without_wrapt_and_without_certifi(fresh: Sandbox) -> None:
    """Each is named, with the command that mends it."""
    packages = fresh.environment.site_packages
    (packages / "wrapt").rename(packages / "no-wrapt")
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "wrapt" in done.stdout
    (packages / "certifi").rename(packages / "no-certifi")
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "pip install certifi" in done.stdout


def test_activated_late(fresh: Sandbox) -> None:
    """Another start-up file imports certifi before ours."""
    write(fresh.environment.site_packages / "aaa.pth", b"import certifi\n")
    done = fresh.run(*COMMAND)
    assert "activated late" in done.stdout


def test_ctrl_c_is_clean(sandbox: Sandbox) -> None:
    """While a server that never answers is waited for."""
    if os.name == "nt":
        pytest.skip("there are no such signals")
    import signal
    import subprocess

    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [str(sandbox.environment.python), *COMMAND]
        process = subprocess.Popen(
            [*command, f"localhost:{silent.getsockname()[1]}"],
            env=sandbox.variables({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        connection.close()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
