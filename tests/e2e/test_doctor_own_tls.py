"""doctor HOST beside clients whose TLS is not Python's: each row is their verdict."""

from __future__ import annotations

import json
import os
import socketserver
import ssl
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from support import CHECKOUT, Environment, Sandbox, made_once, new_environment, write
from support.doctor import COMMAND, trusting
from support.minting import CA, Made, key_usage, make
from support.servers import context_for, serving

ROOT = make("Private Root", *CA)
LEAF = make("a server", by=ROOT, names=["localhost"])
WHOLE_NAME = "a whole file"
POLICY = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)
POLICIES = x509.CertificatePolicies([POLICY])
AS_A_CAS = (CA[0], key_usage("digital_signature", "key_cert_sign", "crl_sign"))


def _with(key: Any) -> Made:
    return make("a server", by=ROOT, names=["localhost"], key=key)


# Servers that OpenSSL lets pass, also where it is strict, and some of these clients do not.
FAULTS = {
    "a common name alone": make("localhost", by=ROOT),
    "a CA's certificate": make("a server", *AS_A_CAS, by=ROOT, names=["localhost"]),
    "old ciphers alone": LEAF,
    "critical policies": make("a server", (POLICIES, True), by=ROOT, names=["localhost"]),
    "an Ed448 key": _with(ed448.Ed448PrivateKey.generate()),
    "an Ed25519 key": _with(ed25519.Ed25519PrivateKey.generate()),
    "a key of P-521": _with(ec.generate_private_key(ec.SECP521R1())),
    "a key of P-384": _with(ec.generate_private_key(ec.SECP384R1())),
    "an RSA key": _with(rsa.generate_private_key(65537, 2048)),
}
PROGRAMS = CHECKOUT / "tests" / "reach" / "clients" / "programs.py"
# The distributions, and the program that uses each.
CLIENTS = {"uv": "uv", "grpcio": "grpc", "curl-cffi": "curl_cffi", "treq": "treq"}
SYSTEMS = "/etc/ssl/certs/ca-certificates.crt"
WHOLE = "whole.pem"
# With the file "$1" as the system's store.
MOUNTED = 'mount --bind "$1" "$2"; shift 2; exec "$@"'
Environ = Dict[str, str]


def _all(path: str) -> Environ:
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
    return dict.fromkeys(names, path)


def _settings_of_uv(folder: Path) -> Environ:
    """Have a project that does without the system's store, whatever the user says."""
    write(folder / "uv.toml", b"system-certs = false")
    write(folder / "uv" / "uv.toml", b"system-certs = true")
    return {"XDG_CONFIG_HOME": str(folder)}


def _unchecked_by_uv(folder: Path) -> Environ:
    hosts = b'allow-insecure-host = [\n  "other",\n  "localhost",\n]\n'
    write(folder / "uv" / "uv.toml", hosts)
    return {"XDG_CONFIG_HOME": str(folder)}


def _folders(whole: Path, *before: str) -> Environ:
    for name in before:
        (whole.parent / name).mkdir()
    folder = write(whole.parent / "folder" / "root.pem", whole.read_bytes()).parent
    return {
        "SSL_CERT_DIR": os.pathsep.join([*(str(whole.parent / n) for n in before), str(folder)])
    }


TRUSTS: Dict[str, Callable[[Path], Environ]] = {
    "the switch": lambda _: {},
    WHOLE_NAME: lambda whole: _all(str(whole)),
    "a missing file": lambda _: _all("/no/such.pem"),
    "the system's file": lambda _: _all(SYSTEMS),
    "uv with the system's": lambda _: {"UV_SYSTEM_CERTS": "true"},
    "uv's project before its user": lambda whole: _settings_of_uv(whole.parent),
    "a host that uv does not check": lambda _: {"UV_INSECURE_HOST": "localhost"},
    "no host that uv checks": lambda _: {"UV_INSECURE_HOST": "*"},
    "hosts that uv is told not to check": lambda whole: _unchecked_by_uv(whole.parent),
    "a folder without hashes": lambda whole: _folders(whole, "empty"),
    "a missing folder": lambda whole: {"SSL_CERT_DIR": str(whole.parent / "missing")},
    "a folder beside a file": lambda whole: {**_folders(whole), "SSL_CERT_FILE": "/no/such.pem"},
    "a switch that uv cannot read": lambda _: {"UV_SYSTEM_CERTS": "maybe"},
    "requests' variable alone": lambda whole: {"REQUESTS_CA_BUNDLE": str(whole)},
}


class Handshakes(socketserver.BaseRequestHandler):
    """Notes what comes after the handshake: gRPC ends it if it trusts us, curl says no more."""

    def handle(self) -> None:
        """Hear the first byte, if there is one."""
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as connection:
                self.server.asked.append(b"")
                self.server.asked.append(connection.recv(1))
        except (OSError, ssl.SSLError):
            return


@pytest.fixture
def beside(tmp_path: Path, shared: Path, interpreter: str, wheel: str) -> Sandbox:
    """Return a sandbox with the newest of these clients."""

    def install(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install_wheels(*CLIENTS, wheel)

    return Sandbox(tmp_path, Environment(made_once(shared, "own-tls", install)))


def through(sandbox: Sandbox, server: Any, env: Environ, prefix: Sequence[str]) -> List[str]:
    """Return the clients that trust the server."""
    found = []
    for client, program in CLIENTS.items():
        server.asked.clear()
        where = f"localhost:{server.port}"
        address = where if client == "grpcio" else f"https://{where}/"
        once = {**env, "UV_HTTP_RETRIES": "0"}
        done = sandbox.run(str(PROGRAMS), program, address, env=once, prefix=prefix)
        is_through = server.asked if client == "grpcio" else any(server.asked)
        # Twisted compares names when it has sent what it has to say.
        found += (
            [client] if is_through and "subjectAltName" not in done.stdout + done.stderr else []
        )
    return found


@pytest.mark.linux("the system's store is a file there")
@pytest.mark.skipif(sys.version_info < (3, 10), reason="the newest of them need a newer Python")
@pytest.mark.parametrize(
    ("name", "fault"), [*((n, "") for n in TRUSTS), *((WHOLE_NAME, f) for f in FAULTS)]
)
def test_its_row_is_their_verdict(beside: Sandbox, name: str, fault: str) -> None:
    """PYTHON_CERTIFI_SSL_DEFAULTS is on, and helps none of them; who is refused is a problem."""
    own = beside.environment.own_list.read_bytes()
    whole = write(beside.work / WHOLE, own + ROOT.pem)
    env = {**trusting(beside, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1", **TRUSTS[name](whole)}
    # Only root may mount.
    mounted = ["unshare", "-m", "sh", "-ec", MOUNTED, "sh", str(whole), SYSTEMS]
    prefix = mounted if os.geteuid() == 0 else []
    context = context_for(FAULTS.get(fault, LEAF))
    if "ciphers" in fault:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AES128:!AESGCM:!AESCCM")
    with serving(Handshakes, context) as server:
        got = through(beside, server, env, prefix)
        where = f"localhost:{server.port}"
        done = beside.run(*COMMAND, where, "--json", env=env, prefix=prefix)
    data = json.loads(done.stdout)
    always = [row for row in data["trusts"] if not row["only"]]
    rows = {c.split()[0]: row["trusted"] for row in always for c in row["clients"]}
    assert rows == {client: client in got for client in CLIENTS}
    told = [each["message"] for each in data["findings"] if each["level"] == "problem"]
    assert (done.returncode == 0) == (got == list(CLIENTS)), told
    refused = [client for client in CLIENTS if client not in got]
    assert all(any(client in each for each in told) for client in refused), told
