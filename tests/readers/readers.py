"""Every program that reads the bundle verifies a server under every root in it (case 82).

    python -m pip install -r tests/requirements.txt -r tests/readers/requirements.txt .
    OTHER_TREES=DIR:DIR python -m pytest tests/readers/readers.py -s

Programs: openssl, curl and node from PATH. OTHER_TREES names file trees with another OpenSSL in
usr/bin/openssl, entered by chroot as root: `mmdebstrap --include=openssl bullseye DIR` has
1.1.1, a newer suite 3.5 or later. What is not there fails; nothing is skipped.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import ssl
import subprocess
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from support import Sandbox

KINDS = ("rsa", "p256", "p384", "unicode", "same subject 1", "same subject 2", "expired soon")
FORMATS = ("pem", "der", "crlf", "bom", "utf-16", "trusted")


class Root(NamedTuple):
    """A root, and a server's certificate and key under it, in one PEM."""

    pem: bytes
    der: bytes
    leaf: bytes


def mint(kind: str) -> Root:
    """Mint a root of that kind."""
    names = {"unicode": "Zürich 測試 CA", "same subject 1": "Twin", "same subject 2": "Twin"}
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names.get(kind, f"Root {kind}"))])
    curve = ec.SECP384R1() if kind == "p384" else ec.SECP256R1()
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(curve)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - as certificates count
    later = dt.datetime(2049, 1, 1)  # noqa: DTZ001
    base = x509.CertificateBuilder().issuer_name(subject).not_valid_before(now)
    base = base.not_valid_after(later)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    usage = dict.fromkeys(
        ("key_agreement", "content_commitment", "data_encipherment", "key_encipherment"), False
    )
    usage.update(encipher_only=False, decipher_only=False)
    ca = (
        base.subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.KeyUsage(key_cert_sign=True, crl_sign=True, digital_signature=False, **usage),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    leaf = (
        base.subject_name(x509.Name([]))
        .public_key(leaf_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        .add_extension(authority, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    private = leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Root(ca.public_bytes(pem), ca.public_bytes(der), leaf.public_bytes(pem) + private)


def encoded(root: Root, form: str) -> bytes:
    """Return the root as a user's file of that form."""
    forms: Dict[str, Callable[[], bytes]] = {
        "der": lambda: root.der,
        "crlf": lambda: root.pem.replace(b"\n", b"\r\n"),
        "bom": lambda: b"\xef\xbb\xbf" + root.pem,
        "utf-16": lambda: root.pem.decode().encode("utf-16"),
        "trusted": lambda: root.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
    }
    return forms.get(form, lambda: root.pem)()


class Page(BaseHTTPRequestHandler):
    """Answers everything with an empty page."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Clients that hang up are half of the tests."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def roots() -> Dict[str, Root]:
    """Mint one root of each kind."""
    return {kind: mint(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def servers(
    roots: Dict[str, Root], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dict[str, Tuple[int, int]]]:
    """Run an HTTPS and a gRPC server under each root; return their ports."""
    import grpc

    folder, ports, running = tmp_path_factory.mktemp("leafs"), {}, []
    for number, (kind, root) in enumerate(roots.items()):
        file = folder / f"{number}.pem"
        file.write_bytes(root.leaf)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server = Server(("127.0.0.1", 0), Page)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        certificate, _, key = root.leaf.partition(b"-----BEGIN PRIVATE")
        grpc_server = grpc.server(futures.ThreadPoolExecutor(2))
        credentials = grpc.ssl_server_credentials([(b"-----BEGIN PRIVATE" + key, certificate)])
        grpc_port = grpc_server.add_secure_port("127.0.0.1:0", credentials)
        grpc_server.start()
        running.append((server, grpc_server))
        ports[kind] = (server.server_port, grpc_port)
    yield ports
    for server, grpc_server in running:
        server.shutdown()
        server.server_close()
        grpc_server.stop(None).wait()


@pytest.fixture
def bundle(sandbox: Sandbox, roots: Dict[str, Root]) -> Callable[[str], str]:
    """Return a function that has the installed product publish all roots but one."""

    def publish(without: str) -> str:
        folder = sandbox.work / f"roots without {without}"
        folder.mkdir()
        files: List[str] = []
        for number, (kind, root) in enumerate(roots.items()):
            if kind != without:
                file = folder / f"{number}.pem"
                file.write_bytes(encoded(root, FORMATS[number % len(FORMATS)]))
                file.chmod(0o644)
                files.append(str(file))
        done = sandbox.run("-m", "certifi", env={"PYTHON_CERTIFI_CERT_FILES": ":".join(files)})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return publish


def run(*command: str, **env: str) -> Tuple[int, str]:
    """Run a program in an empty environment; return its status and all that it said."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def openssl(bundle: str, port: int, root: str = "") -> Tuple[int, str]:
    """Ask with openssl s_client, in a tree of its own where one is given."""
    if root:
        shutil.copy(bundle, f"{root}/tmp/bundle-under-test.pem")
        bundle = "/tmp/bundle-under-test.pem"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", bundle]
    command += ["-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost"]
    return run(*(["chroot", root] if root else []), *command)


def curl(bundle: str, port: int) -> Tuple[int, str]:
    """Ask with curl."""
    return run("curl", "-sS", "--cacert", bundle, f"https://localhost:{port}/")


def node(bundle: str, port: int) -> Tuple[int, str]:
    """Ask with Node.js."""
    code = f"require('https').get('https://localhost:{port}/', r => r.resume())"
    return run("node", "-e", code, NODE_EXTRA_CA_CERTS=bundle)


def uv(bundle: str, port: int) -> Tuple[int, str]:
    """Ask with uv for a package that is not there: that it is not there took a handshake."""
    index = f"https://localhost:{port}/simple"
    arguments = ["pip", "install", "--no-cache", "--index-url", index, "--target", "/nonexistent"]
    command = [sys.executable, "-m", "uv", *arguments, "no-such-package"]
    status, said = run(*command, SSL_CERT_FILE=bundle, UV_HTTP_RETRIES="0")
    return (0 if "was not found" in said or "no versions" in said else status), said


def program(code: str) -> Callable[[str, int], Tuple[int, str]]:
    """Return a reader that is some lines of Python."""
    return lambda bundle, port: run(sys.executable, "-c", code, bundle, str(port))


PYCURL = """
import pycurl, sys
asked = pycurl.Curl()
asked.setopt(pycurl.URL, f"https://localhost:{sys.argv[2]}/")
asked.setopt(pycurl.CAINFO, sys.argv[1])
asked.perform()
"""
CURL_CFFI = """
import sys
from curl_cffi import requests
requests.get(f"https://localhost:{sys.argv[2]}/", verify=sys.argv[1])
"""
GRPC = """
import grpc, sys
credentials = grpc.ssl_channel_credentials(open(sys.argv[1], "rb").read())
channel = grpc.secure_channel(f"localhost:{sys.argv[2]}", credentials)
grpc.channel_ready_future(channel).result(timeout=4)
"""
READERS: Dict[str, Callable[[str, int], Tuple[int, str]]] = {
    "openssl": openssl,
    "curl": curl,
    "pycurl": program(PYCURL),
    "curl_cffi": program(CURL_CFFI),
    "grpcio": program(GRPC),
    "node": node,
    "uv": uv,
}
for tree in filter(None, os.environ.get("OTHER_TREES", "").split(":")):
    READERS[f"openssl of {Path(tree).name}"] = lambda b, p, tree=tree: openssl(b, p, tree)  # type: ignore[misc]

REFUSALS = ("certificate", "CERT", "UnknownIssuer", "FutureTimeoutError")


@pytest.mark.parametrize("reader", READERS)
def test_case_82_every_reader_verifies_every_root(
    reader: str,
    bundle: Callable[[str], str],
    roots: Dict[str, Root],
    servers: Dict[str, Tuple[int, int]],
) -> None:
    """With the bundle it succeeds under each root, and without that root it is refused."""
    everything = bundle("")
    for kind in roots:
        port = servers[kind][reader == "grpcio"]
        status, said = READERS[reader](everything, port)
        assert status == 0, f"{reader} under {kind}: {said}"
        status, said = READERS[reader](bundle(kind), port)
        assert status != 0, f"{reader} trusts {kind} without its root"
        assert any(word in said for word in REFUSALS), said
    print(f"{reader}: {len(roots)} of {len(roots)} roots verified")
