"""pip's settings beside pip itself, of each command; where it checks nothing, that is told."""

from __future__ import annotations

import json
import os
import re
import ssl
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from support import Environment, Sandbox, made_once, minimal_wheel, write
from support.doctor import COMMAND
from support.minting import CA, make
from support.servers import Page, context_for, serving_https
from support.tables import version_of
from support.where import is_wine

ROOT = make("Corp Root", *CA)
WHEEL = "probe-1.0-py3-none-any.whl"
SAYS = "pip checks no certificate of a host in it, so that pip gets through says nothing"


class Index(Page):
    """An index with one project, whatever is asked for."""

    def page(self) -> bytes:
        """Return the wheel, or the list of it."""
        link = f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode()
        return minimal_wheel("probe", "probe") if self.path == f"/{WHEEL}" else link


NO_WINE = "truststore asks Windows there, and Wine trusts any root"
NEWEST = pytest.param("newest", marks=pytest.mark.not_wine(NO_WINE))


@pytest.fixture(scope="module", params=["shipped", NEWEST])
def with_pip(
    shared: Path,
    only_pip: Environment,
    wheel: str,
    housed: Tuple[str, ...],
    request: pytest.FixtureRequest,
) -> Environment:
    """Return an environment with us and a pip, the one of that Python or the newest."""

    def install(folder: Path) -> None:
        made = only_pip.copied(folder)
        newest = ["--upgrade", "pip"] if request.param == "newest" else []
        made.install(*housed, wheel, *newest)

    made = Environment(made_once(shared, f"pip-{request.param}", install))
    if is_wine() and version_of(made, "pip") >= "24.2":
        # By itself on Python 3.10 and later; older ones ship an older pip.
        pytest.skip(f"not_wine: {NO_WINE}")
    return made


@pytest.fixture
def pips(tmp_path: Path, with_pip: Environment) -> Sandbox:
    """Return a sandbox with that pip."""
    return Sandbox(tmp_path, with_pip)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Return host and port of the index: nobody trusts its CA."""
    with serving_https(Index, context_for(make("index", by=ROOT, names=["localhost"]))) as host:
        yield host


def gets_through(sandbox: Sandbox, host: str, env: Dict[str, str]) -> bool:
    """Whether pip downloads the wheel; if not, then because of the certificate."""
    pip = ("-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--retries=0")
    index = ("--no-cache-dir", "--index-url", f"https://{host}/simple/", "probe")
    done = sandbox.run(*pip, *index, env=env)
    assert (done.returncode == 0) == (sandbox.work / WHEEL).exists(), done
    refusals = ("CERTIFICATE_VERIFY_FAILED", "Could not find a suitable TLS CA certificate bundle")
    refused = any(each in done.stdout + done.stderr for each in refusals)
    assert refused == (done.returncode != 0), done
    return done.returncode == 0


def doctor(
    sandbox: Sandbox, *arguments: str, env: Dict[str, str]
) -> Tuple[int, List[Dict[str, Any]], Dict[str, Any]]:
    """Return the status, what is said of trusted-host, and the whole answer."""
    done = sandbox.run(*COMMAND, "--json", *arguments, env=env)
    data = json.loads(done.stdout)
    return done.returncode, [e for e in data["findings"] if SAYS in e["message"]], data


def rows_of_pip(data: Dict[str, Any]) -> List[bool]:
    """Return what the rows say of pip."""
    named = [(each["trusted"], " ".join(each["clients"])) for each in data["trusts"]]
    return [trusted for trusted, clients in named if "pip " in clients]


def settings(sandbox: Sandbox, text: str) -> Dict[str, str]:
    """Write settings of pip, and return the variable that names them."""
    return {"PIP_CONFIG_FILE": str(write(sandbox.work / "pip.conf", text.encode()))}


@pytest.mark.parametrize("port", ["", ":{port}"])
def test_a_host_that_pip_does_not_check(pips: Sandbox, host: str, port: str) -> None:
    """pip gets through, and the doctor's one row for it agrees; that is a problem, not "ok"."""
    named = "LocalHost" + port.format(port=host.partition(":")[2])
    hosts = ("other", named, *(["localhost"] if port else []))
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(write(pips.work / "root.pem", ROOT.pem))}
    for env in (
        {"PIP_TRUSTED_HOST": " ".join(hosts)},
        settings(pips, f"[global]\ntrusted-host =\n  other\n  {named}\n"),
    ):
        for more in ({}, trusting):
            status, told, data = doctor(pips, host, env={**env, **more})
            assert (status, [each["level"] for each in told]) == (1, ["problem"]), data
            assert "ok" not in [each["level"] for each in data["findings"]]
            assert rows_of_pip(data) == [True], data
            assert "`add` the CA" in told[0]["remedy"]
        assert gets_through(pips, host, env)
        (pips.work / WHEEL).unlink()


@pytest.mark.parametrize(
    ("hosts", "is_global"),
    [("other", False), ("other", True), ("localhost:1", True), ("sub.localhost", True)],
)
def test_a_host_that_it_checks(pips: Sandbox, host: str, hosts: str, is_global: bool) -> None:
    """pip is refused, and the doctor's row for it agrees; the settings of a command count most."""
    commands = f"[download]\ntrusted-host = {hosts}\n[install]\ntrusted-host = {hosts}\n"
    text = ("[global]\ntrusted-host = localhost\n" if is_global else "") + commands
    env = settings(pips, text)
    status, told, data = doctor(pips, host, env=env)
    assert (status, rows_of_pip(data)) == (1, [False, True] if is_global else [False]), data
    assert ["for other commands of pip" in each["message"] for each in told] == [True] * is_global
    assert not gets_through(pips, host, env)
    trusting = {**env, "PIP_CERT": str(write(pips.work / "root.pem", ROOT.pem))}
    assert rows_of_pip(doctor(pips, host, env=trusting)[2])[:1] == [True]
    assert gets_through(pips, host, trusting)


def test_the_variable_counts_more(pips: Sandbox, host: str) -> None:
    """The one that is set replaces the settings, of which it says nothing."""
    text = "[global]\ntrusted-host = localhost\n"
    env = {**settings(pips, text), "PIP_TRUSTED_HOST": "other"}
    assert doctor(pips, host, env=env)[1] == []
    assert not gets_through(pips, host, env)


def test_of_another_command(pips: Sandbox, host: str) -> None:
    """What `pip download` alone is told is as bad; the row of `pip install` is its own."""
    env = settings(pips, "[download]\ntrusted-host = localhost\n")
    _, told, data = doctor(pips, host, env=env)
    assert [each["level"] for each in told] == ["problem"]
    assert "for pip download" in told[0]["message"]
    assert rows_of_pip(data) == [False, True]
    assert gets_through(pips, host, env)


def test_without_a_host(pips: Sandbox) -> None:
    """It is a risk that is named, with the hosts, and no reason to fail."""
    env = {"PIP_TRUSTED_HOST": "one.example two.example:8443"}
    _, told, _ = doctor(pips, env=env)
    assert [each["level"] for each in told] == ["note"]
    assert "PIP_TRUSTED_HOST=one.example two.example:8443" in told[0]["message"]
    assert "anybody may read along" in told[0]["message"]
    assert told[0]["remedy"].startswith("unset PIP_TRUSTED_HOST")
    assert doctor(pips, env={"PIP_TRUSTED_HOST": ""})[1] == []


def test_where_there_is_no_pip(sandbox: Sandbox, host: str) -> None:
    """Other environments obey the variable; a settings file concerns nobody here."""
    for env, levels in (
        ({"PIP_TRUSTED_HOST": "localhost"}, ["problem"]),
        (settings(sandbox, "[global]\ntrusted-host = localhost\n"), ["note"]),
    ):
        _, told, _ = doctor(sandbox, host, env=env)
        assert [each["level"] for each in told] == levels


def test_a_server_of_rsa_key_exchange(pips: Sandbox) -> None:
    """urllib3 in older pips chooses that, and Python's own contexts do not; its row agrees."""
    leaf = make("index", by=ROOT, names=["localhost"], rsa_bits=2048)
    context = context_for(leaf)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-GCM-SHA384:@SECLEVEL=0")
    trusting = {"PIP_CERT": str(write(pips.work / "root.pem", ROOT.pem))}
    pip = ("-m", "pip", "download", "--no-deps", "--retries=0", "--no-cache-dir", "probe")
    with serving_https(Index, context) as host:
        _, _, data = doctor(pips, host, env=trusting)
        done = pips.run(*pip, "--index-url", f"https://{host}/simple/", env=trusting)
    assert rows_of_pip(data) == [done.returncode == 0], (data, done)


MISSING = "/no/such.pem"


@pytest.mark.parametrize(
    ("text", "environ", "when"),
    [
        ("[global]\ncert = {good}\n[download]\ncert = {}\n", {}, "for pip download"),
        ("[install]\ncert = {good}\n[global]\ncert = {}\n", {}, "for other commands of pip"),
        ("[:env:]\ncert = {}\n[download]\ncert = {good}\n", {}, ""),
        ("[global]\ncert = {good}\n", {"PIP_Cert": "{}"}, ""),
    ],
)
def test_what_a_command_is_told(
    pips: Sandbox, host: str, text: str, environ: Dict[str, str], when: str
) -> None:
    """`pip download` is refused, whoever says so, and that is a problem; with roots it is not."""
    own = pips.environment.own_list.read_bytes()
    good = str(write(pips.work / "good.pem", own + ROOT.pem))
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(write(pips.work / "root.pem", ROOT.pem))}
    for path in (MISSING, good):
        env = {name: value.format(path) for name, value in environ.items()}
        env.update(settings(pips, text.format(path, good=good)), **trusting)
        status, _, data = doctor(pips, host, env=env)
        through = gets_through(pips, host, env)
        assert (through, status == 0, data["healthy"]) == (path == good,) * 3, data
        wrong = [each for each in data["findings"] if each["level"] == "problem"]
        assert all("does not exist" in e["message"] and when in e["message"] for e in wrong)
        assert len(wrong) == (path == MISSING)


def test_a_file_without_a_ca_that_the_bundle_has(pips: Sandbox, host: str) -> None:
    """Newer pips trust the bundle beside it, and so nothing is missing in it."""
    root = str(write(pips.work / "root.pem", ROOT.pem))
    env = {"PIP_CERT": str(pips.environment.own_list), "PYTHON_CERTIFI_CERT_FILES": root}
    through = gets_through(pips, host, env)
    for where in ([], [host]):
        told = doctor(pips, *where, env=env)[2]["findings"]
        wrong = [each["message"] for each in told if each["level"] == "problem"]
        assert bool(wrong) != through, told
        assert all("PIP_CERT" in each for each in wrong)


def test_within_another_truststore(pips: Sandbox, host: str) -> None:
    """What a sitecustomize puts into ssl, pip's own cannot stand; older pips have none."""
    if pips.run("-c", "import sys; sys.exit(sys.version_info < (3, 10))").returncode:
        pytest.skip("there is no truststore for this Python")
    site = pips.work / "site"
    pips.environment.install("--target", str(site), "truststore")
    write(site / "sitecustomize.py", b"import truststore; truststore.inject_into_ssl()")
    root = str(write(pips.work / "root.pem", ROOT.pem))
    env = {"PYTHONPATH": str(site), "PYTHON_CERTIFI_CERT_FILES": root}
    env["PIP_CONFIG_FILE"] = os.devnull
    pip = ("-m", "pip", "download", "--no-deps", "--retries=0", "--no-cache-dir", "probe")
    done = pips.run(*pip, "--index-url", f"https://{host}/simple/", env=env)
    data = doctor(pips, host, env=env)[2]
    assert rows_of_pip(data) == [done.returncode == 0], done
    if done.returncode:
        assert any("set PIP_USE_DEPRECATED=legacy-certs" in e["remedy"] for e in data["findings"])
        # CPython and PyPy look the attribute up in different ways.
        assert re.search("RecursionError|AttributeError: 'super'", done.stderr)
        env["PIP_USE_DEPRECATED"] = "legacy-certs"
        assert gets_through(pips, host, env)
        assert rows_of_pip(doctor(pips, host, env=env)[2]) == [True]
