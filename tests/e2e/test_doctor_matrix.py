"""doctor HOST beside real clients: for each trust and each fault, its row is their verdict.

This takes a sample; with EVERY_TRUST=1 in the environment it takes
all, with two versions of each client.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

import pytest

from support import SUPPORT, Environment, Sandbox, made_once, new_environment, write
from support.minting import CA, Made, make
from support.servers import HttpsServer, context_for, recording

COMMAND = ("-m", "certifi_system_store_wrapper")
FIVE = ("requests", "httpx", "httpx2", "botocore", "pip")
# Versions with other rules than the newest have.
OLDER = ("requests==2.27.1", "urllib3<2", "httpx==0.27.2", "botocore==1.34.0", "pip==23.2.1")
ROOT, OTHER = make("Private Root", *CA), make("Another Root", *CA)
LOOSE = make("Loose Root", (CA[0][0], False), CA[1], identified=False)
NAMES = ("localhost",)


def _fine() -> Sequence[Made]:
    return (make("fine", by=ROOT, names=NAMES),)


def _another_root() -> Sequence[Made]:
    return (make("another's", by=OTHER, names=NAMES),)


def _no_intermediate() -> Sequence[Made]:
    return (make("below", by=make("In Between", *CA, by=ROOT), names=NAMES),)


def _expired() -> Sequence[Made]:
    return (make("expired", by=ROOT, names=NAMES, days=(-9, -1)),)


def _another_name() -> Sequence[Made]:
    return (make("elsewhere", by=ROOT, names=("example.com",)),)


def _self_signed() -> Sequence[Made]:
    return (make("by itself", names=NAMES),)


def _common_name_alone() -> Sequence[Made]:
    return (make("localhost", by=ROOT),)


def _address_alone() -> Sequence[Made]:
    return (make("localhost", by=ROOT, names=("10.0.0.1",)),)


def _not_strict() -> Sequence[Made]:
    return (make("loose", by=LOOSE, names=NAMES, identified=False),)


def _no_ca() -> Sequence[Made]:
    middle = make("No CA", by=ROOT, names=("no-ca",))
    return (make("below", by=middle, names=NAMES), middle)


FAULTS: Tuple[Callable[[], Sequence[Made]], ...] = (
    _fine, _another_root, _address_alone, _not_strict,
    _no_intermediate, _expired, _another_name, _common_name_alone, _self_signed, _no_ca,
)  # fmt: skip


class Files(NamedTuple):
    """What variables and settings may name."""

    sandbox: Sandbox
    good: Path
    other: Path
    user: Path
    hashed: Path
    unhashed: Path
    empty: Path

    def setting(self, path: str, text: str) -> None:
        """Write a settings file into the home."""
        write(self.sandbox.home / path, text.encode())


Environ = Dict[str, str]
TRUSTS: Dict[str, Callable[[Files], Environ]] = {
    "nothing is set": lambda _: {},
    "the user's CAs": lambda f: {"PYTHON_CERTIFI_CERT_FILES": str(f.user)},
    "requests: other roots": lambda f: {**_user(f), "REQUESTS_CA_BUNDLE": str(f.other)},
    "an empty variable, and curl's": lambda f: {
        "REQUESTS_CA_BUNDLE": "",
        "CURL_CA_BUNDLE": str(f.good),
    },
    "requests: good": lambda f: {"REQUESTS_CA_BUNDLE": str(f.good)},
    "requests: missing": lambda f: {**_user(f), "REQUESTS_CA_BUNDLE": "/no/such.pem"},
    "requests: empty file": lambda f: {**_user(f), "REQUESTS_CA_BUNDLE": str(f.empty)},
    "requests: a hashed folder": lambda f: {"REQUESTS_CA_BUNDLE": str(f.hashed)},
    "requests: no hashed folder": lambda f: {**_user(f), "REQUESTS_CA_BUNDLE": str(f.unhashed)},
    "both variables are empty": lambda f: {
        **_user(f),
        "REQUESTS_CA_BUNDLE": "",
        "CURL_CA_BUNDLE": "",
    },
    "OpenSSL: good": lambda f: {"SSL_CERT_FILE": str(f.good)},
    "OpenSSL: other roots": lambda f: {**_user(f), "SSL_CERT_FILE": str(f.other)},
    "OpenSSL: missing": lambda f: {**_user(f), "SSL_CERT_FILE": "/no/such.pem"},
    "OpenSSL: a hashed folder": lambda f: {"SSL_CERT_DIR": str(f.hashed)},
    "OpenSSL: file before folder": lambda f: {
        "SSL_CERT_FILE": str(f.other),
        "SSL_CERT_DIR": str(f.hashed),
    },
    "OpenSSL: an empty variable": lambda f: {**_user(f), "SSL_CERT_FILE": ""},
    "AWS: good": lambda f: {"AWS_CA_BUNDLE": str(f.good)},
    "AWS: missing": lambda f: {**_user(f), "AWS_CA_BUNDLE": "/no/such.pem"},
    "AWS: a folder": lambda f: {**_user(f), "AWS_CA_BUNDLE": str(f.hashed)},
    "AWS: empty": lambda f: {**_user(f), "AWS_CA_BUNDLE": ""},
    "AWS: the default profile": lambda f: _aws(f, "default"),
    "AWS: a profile": lambda f: {**_aws(f, "profile corp"), "AWS_PROFILE": "corp"},
    "AWS: another profile": lambda f: _aws(f, "profile corp"),
    "AWS: no such profile": lambda f: {**_user(f), "AWS_PROFILE": "corp"},
    "AWS: a profile without a name": lambda f: {**_aws(f, "default"), "AWS_PROFILE": ""},
    "AWS: the section of all": lambda f: _aws(f, "default]\n[DEFAULT"),
    "AWS: no settings": lambda f: {**_user(f), **_wrong(f, ".aws/config", "[default\nx")},
    "AWS: variable before settings": lambda f: {
        **_aws(f, "default"),
        "AWS_CA_BUNDLE": str(f.other),
    },
    "pip: variable": lambda f: {"PIP_CERT": str(f.good)},
    "pip: other roots": lambda f: {**_user(f), "PIP_CERT": str(f.other)},
    "pip: an empty variable": lambda f: {**_user(f), "PIP_CERT": ""},
    "pip: settings": lambda f: _pip(f, "[global]\ncert = {}\n"),
    "pip: of the command": lambda f: _pip(f, "[global]\ncert = /x\n[install]\n--CERT: {}\n"),
    "pip: no settings": lambda f: {**_user(f), **_wrong(f, ".config/pip/pip.conf", "cert = x")},
    "pip: the section of variables": lambda f: _pip(f, "[install]\ncert = /x\n[:env:]\ncert: {}\n"),
    "pip: a variable in any letters": lambda f: {**_user(f), "PIP_Cert": str(f.other)},
    "pip: requests before its own": lambda f: {
        "PIP_CERT": str(f.other),
        "REQUESTS_CA_BUNDLE": str(f.good),
    },
    "pip: a proxy of its own": lambda f: {
        **_user(f),
        "PIP_PROXY": "",
        "REQUESTS_CA_BUNDLE": str(f.other),
    },
    "pip: without truststore": lambda f: {**_user(f), "PIP_USE_DEPRECATED": "legacy-certs"},
    "pip: a trusted host": lambda f: {**_user(f), "PIP_TRUSTED_HOST": "localhost"},
    "a proxy that httpx cannot use": lambda f: {
        **_user(f),
        "ALL_PROXY": "socks://127.0.0.1:1",
        "NO_PROXY": "localhost",
    },
    "an exception that httpx cannot read": lambda f: {**_user(f), "NO_PROXY": "localhost,[::1]"},
    "shellenv": lambda f: {**_user(f), **_shellenv(f)},
    "this package is off": lambda f: {**_user(f), "PYTHON_CERTIFI_DISABLE": "1"},
    "the defaults of ssl": lambda f: {**_user(f), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"},
}
# How many of them are usual.
SAMPLE = 4
EVERY = bool(os.environ.get("EVERY_TRUST"))


def _user(files: Files) -> Environ:
    return {"PYTHON_CERTIFI_CERT_FILES": str(files.user)}


def _aws(files: Files, section: str) -> Environ:
    files.setting(".aws/config", f"[{section}]\nregion = x\nca_bundle = {files.good}\n")
    return {}


def _pip(files: Files, text: str) -> Environ:
    files.setting(".config/pip/pip.conf", text.format(files.good))
    return {}


def _wrong(files: Files, path: str, text: str) -> Environ:
    files.setting(path, text)
    return {}


def _shellenv(files: Files) -> Environ:
    done = files.sandbox.run(*COMMAND, "shellenv", "--json", env=_user(files))
    variables: Environ = json.loads(done.stdout)["variables"]
    return variables


@pytest.fixture(scope="module")
def servers() -> Iterator[Dict[str, HttpsServer]]:
    """Return a server for each fault."""
    with ExitStack() as stack:
        found = {}
        for fault in FAULTS:
            found[fault.__name__[1:]] = stack.enter_context(recording(context_for(*fault())))
        yield found


def five(
    shared: Path, interpreter: str, wheel: str, name: str, requirements: Sequence[str]
) -> Environment:
    """Return an environment with these versions of the five clients."""

    def install(folder: Path) -> None:
        made = new_environment(interpreter, folder)
        command = [str(made.python), "-m", "pip", "install", "-q", wheel, *requirements]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    return Environment(made_once(shared, name, install))


def files_in(sandbox: Sandbox) -> Files:
    """Make the files."""
    folder = sandbox.work / "files"
    own = sandbox.environment.own_list.read_bytes()
    user = b"".join(each.pem for each in (ROOT, LOOSE))
    hashed = folder / "hashed"
    for number, each in enumerate((ROOT, LOOSE)):
        write(hashed / f"{number}.pem", each.pem)
    subprocess.run(["openssl", "rehash", str(hashed)], check=True, capture_output=True)
    return Files(
        sandbox,
        good=write(folder / "good.pem", own + user),
        other=write(folder / "other.pem", own + OTHER.pem),
        user=write(folder / "user.pem", user),
        hashed=hashed,
        unhashed=write(folder / "unhashed" / "root.pem", ROOT.pem).parent,
        empty=write(folder / "empty.pem", b""),
    )


def disagreements(
    sandbox: Sandbox, servers: Dict[str, HttpsServer], env: Environ, faults: Sequence[str]
) -> List[str]:
    """Return where a row of the doctor and a client say different things."""
    hosts = {fault: f"localhost:{servers[fault].server_port}" for fault in faults}
    for fault in faults:
        servers[fault].through.clear()  # type: ignore[attr-defined]
    urls = [f"https://{host}/" for host in hosts.values()]
    sandbox.run(str(SUPPORT / "five_clients.py"), *urls, env=env, timeout=600)
    with ThreadPoolExecutor(2) as pool:
        asked = pool.map(
            lambda host: sandbox.run(*COMMAND, "doctor", host, "--json", env=env), hosts.values()
        )
        answers = dict(zip(faults, asked))
    found = []
    for fault, done in answers.items():
        data = json.loads(done.stdout)
        through: Set[str] = servers[fault].through  # type: ignore[attr-defined]
        rows = verdicts(data)
        expected = {client: client in through for client in FIVE if client in rows}
        if rows != expected:
            found.append(f"{fault}: rows {rows}, clients {expected}")
        if not all(expected.values()) and (done.returncode, data["healthy"]) != (1, False):
            found.append(f"{fault}: a false ok")
    return found


def verdicts(data: Dict[str, Any]) -> Dict[str, bool]:
    """Return what the doctor says of each client: one row says it."""
    found: Dict[str, bool] = {}
    for each in data["trusts"]:
        for client in (name.split()[0] for name in each["clients"] if not each["only"]):
            assert client not in found, data
            found[client] = each["trusted"]
    return {client: found[client] for client in FIVE if client in found}


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to hash a folder with")
@pytest.mark.parametrize("versions", ["newest", "older"] if EVERY else ["newest"])
@pytest.mark.parametrize("name", list(TRUSTS)[: None if EVERY else SAMPLE])
def test_each_row_is_the_verdict_of_its_clients(
    tmp_path: Path,
    servers: Dict[str, HttpsServer],
    shared: Path,
    interpreter: str,
    wheel: str,
    name: str,
    versions: str,
) -> None:
    """Whatever is trusted, and whatever is wrong; and where one is refused, nothing is ok."""
    wanted = FIVE if versions == "newest" else OLDER
    wanted = tuple(each for each in wanted if each != "httpx2" or sys.version_info >= (3, 10))
    environment = five(shared, interpreter, wheel, f"five-{versions}", wanted)
    sandbox = Sandbox(tmp_path, environment)
    faults = list(servers) if EVERY else list(servers)[:4]
    assert disagreements(sandbox, servers, TRUSTS[name](files_in(sandbox)), faults) == []
