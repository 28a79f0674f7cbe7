"""What doctor says of a file, a folder or a ~ in a variable, beside the clients that read it."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from support import POWERLESS, SUPPORT, Environment, Sandbox, made_once, new_environment, write
from support.doctor import COMMAND, trusting
from support.minting import CA, Made, make
from support.servers import Http2, Tunnel, context_for, recording, serving

ROOT, PROXY_CA = make("Private Root", *CA), make("Root of the Proxy", *CA)
LEAF = make("a server", by=ROOT, names=["localhost"])
CLIENTS = ("requests", "httpx", "botocore")
# What the strict checks refuse, and what is no root.
LOOSE = make("Loose Root", CA[0])
MIDDLE = make("Middle", *CA, by=ROOT)
BROKEN = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
# OpenSSL 3 finds no such provider, and has no cipher then.
PROVIDER = b"openssl_conf = a\n[a]\nproviders = b\n[b]\nnone = c\n[c]\nactivate = 1\n"
SYSTEMS = "/etc/ssl/certs/ca-certificates.crt"
Environ = Dict[str, str]
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl for `rehash`")


def _whole(sandbox: Sandbox) -> bytes:
    own = sandbox.environment.own_list
    return own.read_bytes() + ROOT.pem


def _at_home(name: str) -> Callable[[Sandbox], Environ]:
    def tell(sandbox: Sandbox) -> Environ:
        write(sandbox.home / "whole.pem", _whole(sandbox))
        return {name: "~/whole.pem"}

    return tell


def _of_aws(path: str) -> Callable[[Sandbox], Environ]:
    def tell(sandbox: Sandbox) -> Environ:
        write(sandbox.home / "whole.pem", _whole(sandbox))
        write(sandbox.home / ".aws" / "config", f"[default]\nca_bundle = {path}\n".encode())
        return {}

    return tell


def _written(change: Callable[[bytes], bytes]) -> Callable[[Sandbox], Environ]:
    def tell(sandbox: Sandbox) -> Environ:
        path = write(sandbox.work / "written.pem", change(_whole(sandbox)))
        return {"REQUESTS_CA_BUNDLE": str(path)}

    return tell


def _hashed(sandbox: Sandbox) -> Path:
    folder = write(sandbox.work / "hashed" / "root.pem", ROOT.pem).parent
    own = sandbox.environment.own_list.read_text("utf-8")
    for number, block in enumerate(own.split("-----BEGIN CERTIFICATE-----")[1:]):
        write(folder / f"{number}.pem", f"-----BEGIN CERTIFICATE-----{block}".encode())
    subprocess.run(["openssl", "rehash", str(folder)], check=True, capture_output=True)
    return folder


def _folders(sandbox: Sandbox) -> Environ:
    return {"SSL_CERT_DIR": f"{_hashed(sandbox)}:/no/such"}


def _file_and_folder(sandbox: Sandbox) -> Environ:
    path = write(sandbox.work / "whole.pem", _whole(sandbox))
    return {"SSL_CERT_FILE": str(path), "SSL_CERT_DIR": "/no/such"}


# What clients use, and what is told of what they cannot.
FINE: Dict[str, Callable[[Sandbox], Environ]] = {
    "AWS_CA_BUNDLE at home": _at_home("AWS_CA_BUNDLE"),
    "ca_bundle at home": _of_aws("~/whole.pem"),
    "the system's file": lambda _: {"REQUESTS_CA_BUNDLE": SYSTEMS},
    "a list of folders": _folders,
    "a file beside a missing folder": _file_and_folder,
}
WRONG: Dict[str, Callable[[Sandbox], Environ]] = {
    "REQUESTS_CA_BUNDLE at home": _at_home("REQUESTS_CA_BUNDLE"),
    "UTF-16": _written(lambda pem: pem.decode().encode("utf-16")),
    "indented": _written(lambda pem: b"  " + pem.replace(b"\n", b"\n  ")),
    "a broken block first": _written(lambda pem: BROKEN + pem),
    "a broken block last": _written(lambda pem: pem + BROKEN),
    "ca_bundle missing": _of_aws("~/none.pem"),
}
SAYS = {
    "REQUESTS_CA_BUNDLE at home": "that file does not exist",
    "ca_bundle missing": "that file does not exist",
}


def through(sandbox: Sandbox, server: Any, env: Environ) -> List[str]:
    """Return the clients that get through to the server."""
    code = "import sys, five_clients as c; getattr(c, sys.argv[1])(sys.argv[2])"
    for client in CLIENTS:
        url = f"https://localhost:{server.server_port}/{client}/"
        sandbox.run("-c", code, client, url, env={**env, "PYTHONPATH": str(SUPPORT)})
    return sorted(server.through)


def asked(sandbox: Sandbox, *host: str, env: Environ) -> Dict[str, Any]:
    """Return what the doctor says."""
    done = sandbox.run(*COMMAND, *host, "--json", env=env)
    data: Dict[str, Any] = json.loads(done.stdout)
    assert data["healthy"] == (done.returncode == 0), done
    return data


def trusted(data: Dict[str, Any]) -> List[str]:
    """Return the clients whose rows say so."""
    rows = [row for row in data["trusts"] if row["trusted"]]
    return sorted(c.split()[0] for row in rows for c in row["clients"] if c.split()[0] in CLIENTS)


def is_bad(finding: Dict[str, str]) -> bool:
    """Whether it is a problem of a client's.

    That a folder is missing which adds to our own sources is one of ours, whoever else reads it.
    """
    return finding["level"] == "problem" and finding["check"] != "sources"


@needs_openssl
@pytest.mark.linux("the system's store is a file there")
@pytest.mark.parametrize("name", [*FINE, *WRONG])
def test_its_verdict_is_that_of_the_clients(sandbox: Sandbox, name: str) -> None:
    """Each row is, at a server and without one; what all can use is no problem."""
    env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    env.update({**FINE, **WRONG}[name](sandbox))
    with recording(context_for(LEAF)) as server:
        got = through(sandbox, server, env)
        at_server = asked(sandbox, f"localhost:{server.server_port}", env=env)
    assert trusted(at_server) == got
    assert (name in FINE) == (got == sorted(CLIENTS))
    for data in (at_server, asked(sandbox, env=env)):
        told = [each["message"] for each in data["findings"] if is_bad(each)]
        assert len(told) == (name in WRONG), told
        assert all(SAYS.get(name, "OpenSSL cannot load that file") in each for each in told)


@pytest.mark.not_wine("its ssl is of another release than its OpenSSL, and names no such alert")
@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,), reason="ssl has no name for that alert there")
def test_a_server_of_http_2_alone(sandbox: Sandbox) -> None:
    """It is trusted, and refuses those who offer HTTP/1.1: they are told once, and to what end."""
    env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    with serving(Http2, context_for(LEAF)) as server:
        url = f"https://localhost:{server.port}/"
        for client in ("requests", "httpx"):
            assert "alert no application protocol" in sandbox.fetch(client, url, env).stderr.lower()
        data = asked(sandbox, url, env=env)
    assert trusted(data) == []
    assert data["outcomes"]["the bundle"]["trusted"]
    (told,) = [each for each in data["findings"] if each["level"] == "problem"]
    assert all(client in told["message"] for client in (*CLIENTS, "does not speak HTTP/1.1"))
    assert "http2=True" in told["remedy"]


@pytest.mark.parametrize(
    ("users", "named", "among", "refused"),
    [
        ([ROOT, PROXY_CA], "REQUESTS_CA_BUNDLE", [ROOT], ["botocore", "requests"]),
        ([ROOT, PROXY_CA], "SSL_CERT_FILE", [ROOT], []),
        ([ROOT], "REQUESTS_CA_BUNDLE", [ROOT, PROXY_CA], ["httpx"]),
        ([ROOT], "REQUESTS_CA_BUNDLE", [ROOT], list(CLIENTS)),
    ],
)
def test_a_proxy_over_tls(
    sandbox: Sandbox, users: List[Made], named: str, among: List[Made], refused: List[str]
) -> None:
    """Each row verifies it as its clients do; httpx has a context of its own for a proxy."""
    own = sandbox.environment.own_list.read_bytes()
    path = write(sandbox.work / "named.pem", own + b"".join(each.pem for each in among))
    presented = context_for(make("a proxy", by=PROXY_CA, names=["localhost"]))
    with recording(context_for(LEAF)) as server, serving(Tunnel, presented) as proxy:
        env = {
            **trusting(sandbox, *users),
            "HTTPS_PROXY": f"https://me:s3cret@localhost:{proxy.port}",
        }
        env.update({named: str(path), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
        got = through(sandbox, server, env)
        data = asked(sandbox, f"localhost:{server.server_port}", env=env)
    assert trusted(data) == got == sorted(set(CLIENTS) - set(refused))
    told = [each["message"] for each in data["findings"] if is_bad(each)]
    assert bool(told) == bool(refused) and all("proxy" in m.lower() for m in told)
    assert "s3cret" not in str(data)


def test_an_intermediate_alone(sandbox: Sandbox) -> None:
    """Some contexts take it from Python 3.13 on; who does not is told to add its issuer's."""
    middle = make("Middle", *CA, by=ROOT)
    leaf = make("a server", by=middle, names=["localhost"])
    env = {**trusting(sandbox, middle), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    with recording(context_for(leaf)) as server:
        got = through(sandbox, server, env)
        data = asked(sandbox, f"localhost:{server.server_port}", env=env)
    assert trusted(data) == got != sorted(CLIENTS)
    told = [each for each in data["findings"] if is_bad(each)]
    assert told and all("issued anew" not in each["remedy"] for each in told), told
    assert any("`add`" in each["remedy"] for each in told), told


@pytest.fixture
def injected(tmp_path: Path, shared: Path, installed: Environment) -> Sandbox:
    """Return a sandbox in which truststore is put into ssl at each start of Python."""

    def make(folder: Path) -> None:
        environment = installed.copied(folder)
        environment.install_wheels("truststore", "requests")
        line = b"import truststore; truststore.inject_into_ssl()"
        write(environment.site_packages / "injected.pth", line)

    return Sandbox(tmp_path, Environment(made_once(shared, "injected", make)))


@pytest.mark.skipif(sys.version_info < (3, 10), reason="there is no truststore for this Python")
@pytest.mark.linux("truststore asks OpenSSL there, and the system's own verifier elsewhere")
@pytest.mark.parametrize("trusted_by", ["the system", "the variable", "us", "nobody"])
def test_beside_an_injected_truststore(injected: Sandbox, trusted_by: str) -> None:
    """All contexts trust OpenSSL's defaults there, beside what they are given."""
    own = injected.environment.own_list
    whole = str(write(injected.work / "whole.pem", _whole(injected)))
    env = {
        "the system": {"SSL_CERT_FILE": whole, "REQUESTS_CA_BUNDLE": str(own)},
        "the variable": {"SSL_CERT_FILE": str(own), "REQUESTS_CA_BUNDLE": whole},
        "us": {**trusting(injected, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"},
        "nobody": {"REQUESTS_CA_BUNDLE": str(own)},
    }[trusted_by]
    with recording(context_for(LEAF)) as server:
        got = through(injected, server, env)
        data = asked(injected, f"localhost:{server.server_port}", env=env)
    assert trusted(data) == got
    by_variable = ["botocore", "requests"] if trusted_by == "the variable" else []
    assert got == {"nobody": []}.get(trusted_by, by_variable or sorted(CLIENTS))
    told = [each["message"] for each in data["findings"] if is_bad(each)]
    assert bool(told) == (got != sorted(CLIENTS)), told


@pytest.fixture(params=["urllib3<2", "urllib3"], ids=["over 1", "over 2"])
def future(
    tmp_path: Path, shared: Path, interpreter: str, wheel: str, request: pytest.FixtureRequest
) -> Sandbox:
    """Return a sandbox in which urllib3-future takes the place of urllib3."""

    def make(folder: Path) -> None:
        made = new_environment(interpreter, folder)
        made.install_wheels("requests", request.param, "urllib3-future", wheel)

    name = f"future-{'1' if '<2' in request.param else '2'}"
    return Sandbox(tmp_path, Environment(made_once(shared, name, make)))


# What urllib3, urllib3 before 2 and urllib3-future do not all take in the same way.
ODD = {
    "nothing": (ROOT, LEAF),
    "a common name alone": (ROOT, make("localhost", by=ROOT)),
    "RSA key exchange alone": (ROOT, make("a server", by=ROOT, names=["localhost"], rsa_bits=2048)),
    "a root without key usage": (LOOSE, make("a server", by=LOOSE, names=["localhost"])),
    "an intermediate alone": (MIDDLE, make("a server", by=MIDDLE, names=["localhost"])),
}


@pytest.mark.parametrize("name", ODD)
def test_beside_urllib3_future(future: Sandbox, name: str) -> None:
    """The rules are those of what is imported, whatever the distribution urllib3 says."""
    trust, leaf = ODD[name]
    context = context_for(leaf)
    if "exchange" in name:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256")
    env = {**trusting(future, trust), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    with recording(context) as server:
        got = through(future, server, env)
        data = asked(future, f"localhost:{server.server_port}", env=env)
    (row,) = [each for each in data["trusts"] if "requests" in str(each["clients"])]
    assert row["trusted"] == ("requests" in got)
    # Which ciphers a Python chooses, its distribution decides.
    if "exchange" not in name:
        assert row["trusted"] == (name in ("nothing", "a root without key usage"))


def _conf(text: bytes, mode: int) -> Callable[[Sandbox], str]:
    def tell(sandbox: Sandbox) -> str:
        path = write(sandbox.work / "openssl.cnf", text)
        path.chmod(mode)
        return str(path)

    return tell


@pytest.mark.linux("root may read everything elsewhere")
@pytest.mark.parametrize(
    ("conf", "level"),
    [
        (lambda _: "/no/such.cnf", "note"),
        (_conf(PROVIDER, 0), "note"),
        (_conf(b"[", 0o644), ""),
        (lambda _: "/dev/null", ""),
        (lambda _: "/etc/ssl", ""),
        (_conf(PROVIDER, 0o644), "problem"),
    ],
    ids=["missing", "closed", "garbage", "no file", "a folder", "no provider"],
)
def test_openssls_own_settings(
    sandbox: Sandbox, conf: Callable[[Sandbox], str], level: str
) -> None:
    """They are a problem where a client fails by them; none does with OpenSSL 1.1.1."""
    env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    env["OPENSSL_CONF"] = conf(sandbox)
    with recording(context_for(LEAF)) as server:
        url = f"https://localhost:{server.server_port}/"
        got = sandbox.fetch("requests", url, env, prefix=POWERLESS)
        done = sandbox.run(*COMMAND, url, "--json", env=env, prefix=POWERLESS)
    found = json.loads(done.stdout)["findings"]
    assert (done.returncode == 0) == (got.stdout == "200\n"), (got, done)
    told = [each["level"] for each in found if "OPENSSL_CONF" in each["message"]]
    is_as_of_old = level == "problem" and done.returncode == 0
    assert told == ([] if is_as_of_old or not level else [level])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (" http://me:s3 cret@127.0.0.1:1", "HTTPS_PROXY begins or ends"),
        ("socks://me:s3 cret@127.0.0.1:1", "HTTPS_PROXY"),
    ],
)
def test_a_password_is_not_shown(sandbox: Sandbox, value: str, told: str) -> None:
    """Not even with a blank in it, and one before the whole."""
    for host in ((), ("localhost",)):
        done = sandbox.run(*COMMAND, *host, env={"HTTPS_PROXY": value})
        assert (done.returncode, told in done.stdout) == (1, True)
        assert "cret" not in done.stdout + done.stderr


@pytest.mark.linux("root may read everything elsewhere")
@pytest.mark.parametrize("closed", ["file", "folder"])
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_what_this_user_may_not_read(sandbox: Sandbox, name: str, closed: str) -> None:
    """It is there, and so the remedy is a right and not another file."""
    path = write(sandbox.work / "closed" / "hashed" / "0123abcd.0", ROOT.pem)
    path = path.parent if name == "SSL_CERT_DIR" else path
    barred = path.parent if closed == "folder" else path
    barred.chmod(0)
    done = sandbox.run(*COMMAND, env={name: str(path)}, prefix=POWERLESS)
    barred.chmod(0o755)
    assert "it cannot be read: Permission denied; as who owns it: chmod go+rX" in done.stdout
    assert (done.returncode, f"go+rX {barred}\n" in done.stdout) == (1, True), done
    assert "rehash" not in done.stdout and "does not exist" not in done.stdout
