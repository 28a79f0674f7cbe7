"""doctor HOST where some clients go by a proxy that others do not use; they are run beside it."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest

from support import SUPPORT, Environment, Sandbox, made_once, write
from support.doctor import COMMAND, trusting
from support.minting import CA, Made, make
from support.servers import Tunnel, context_for, recording, serving

ROOT, INSPECTOR = make("Private Root", *CA), make("Inspecting Proxy CA", *CA)


def _served(by: Made) -> Made:
    return make("a server", by=by, names=["localhost", "127.0.0.1"])


class Redirecting(Tunnel):
    """A proxy that leads everybody to one server, whatever they ask for."""

    def port(self, _head: bytes) -> int:
        """Return where that one is."""
        return int(self.server.to)


class Picky(Redirecting):
    """A proxy that takes what has certain bytes in it, and hangs up on all else."""

    def port(self, head: bytes) -> int:
        """Return where that one is."""
        if self.server.wanted not in head:
            self.request.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
            raise ConnectionAbortedError
        return super().port(head)


class Scene(NamedTuple):
    """A server under the private root, and a proxy that inspects."""

    server: Any
    inspected: Any
    proxy: str

    @property
    def host(self) -> str:
        """Return where the server is."""
        return f"localhost:{self.server.server_port}"


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Serve both."""
    with ExitStack() as stack:
        server = stack.enter_context(recording(context_for(_served(ROOT))))
        inspected = stack.enter_context(recording(context_for(_served(INSPECTOR))))
        proxy = stack.enter_context(serving(Redirecting))
        proxy.to = inspected.server_port  # type: ignore[attr-defined]
        yield Scene(server, inspected, f"127.0.0.1:{proxy.port}")


@pytest.fixture
def beside_pip(tmp_path: Path, shared: Path, only_pip: Environment, wheel: str) -> Sandbox:
    """Return a sandbox with pip."""

    def install(folder: Path) -> None:
        only_pip.copied(folder).install(wheel)

    return Sandbox(tmp_path, Environment(made_once(shared, "pip-alone", install)))


@pytest.fixture(
    params=[
        "24.1.2",
        *(
            pytest.param(each, marks=pytest.mark.not_wine("truststore asks it, and it trusts any"))
            for each in ("24.3.1", "newest")
        ),
    ]
)
def pips(
    tmp_path: Path, shared: Path, only_pip: Environment, wheel: str, request: pytest.FixtureRequest
) -> Sandbox:
    """Return a sandbox with a pip before truststore, or one that gives it to proxies or not."""
    pip = "pip" if request.param == "newest" else f"pip=={request.param}"

    def install(folder: Path) -> None:
        only_pip.copied(folder).install(wheel, "--upgrade", pip)

    sandbox = Sandbox(tmp_path, Environment(made_once(shared, f"{pip}-by-proxy", install)))
    if sandbox.run("-m", "pip", "--version").returncode:
        pytest.skip(f"{pip} does not run on this Python")
    return sandbox


def asked(sandbox: Sandbox, host: str, env: Dict[str, str]) -> Dict[str, Any]:
    """Return what the doctor says."""
    done = sandbox.run(*COMMAND, host, "--json", env=env)
    assert "s3cret" not in done.stdout + done.stderr
    data: Dict[str, Any] = json.loads(done.stdout)
    assert data["healthy"] == (done.returncode == 0)
    return data


def trusted(data: Dict[str, Any]) -> List[str]:
    """Return the clients that a row says to trust the server."""
    rows = [each for each in data["trusts"] if each["trusted"]]
    return [client.split()[0] for row in rows for client in row["clients"]]


def levels(data: Dict[str, Any], level: str) -> List[str]:
    """Return the messages of that level."""
    return [each["message"] for each in data["findings"] if each["level"] == level]


@pytest.mark.posix("pip's copy of certifi is left alone there, and trusts neither")
@pytest.mark.parametrize("by", ["a variable", "a file"])
def test_a_proxy_of_pips_own(beside_pip: Sandbox, scene: Scene, by: str) -> None:
    """pip alone goes by it, and is refused as its row says, until that CA is trusted, too."""
    url = f"http://me:s3cret@{scene.proxy}"
    config = write(beside_pip.work / "pip.conf", f"[global]\nproxy = {url}\n".encode())
    told = {"PIP_PROXY": url} if by == "a variable" else {"PIP_CONFIG_FILE": str(config)}
    asking = ("-c", "import sys, five_clients; five_clients.pip(sys.argv[1]).wait()")
    for trusted in ([ROOT], [ROOT, INSPECTOR]):
        env = {**trusting(beside_pip, *trusted), "PYTHON_CERTIFI_SSL_DEFAULTS": "1", **told}
        site = {"PYTHONPATH": str(SUPPORT)}
        beside_pip.run(*asking, f"https://{scene.host}/pip/", env={**env, **site})
        data = asked(beside_pip, scene.host, env)
        (row,) = [each for each in data["trusts"] if each["clients"]]
        assert row["name"].endswith("by its own proxy")
        assert row["trusted"] == bool(scene.inspected.through) == (INSPECTOR in trusted)
        assert len(levels(data, "ok")) == (INSPECTOR in trusted), data
    assert not scene.server.through


@pytest.mark.posix("pip's copy of certifi is left alone there")
def test_a_proxy_of_pips_own_with_another_name(beside_pip: Sandbox, scene: Scene) -> None:
    """Its CA is trusted, and so its name alone is the problem."""
    elsewhere = context_for(make("a server", by=INSPECTOR, names=["blocked.example"]))
    scene.inspected.context = elsewhere
    env = {**trusting(beside_pip, ROOT, INSPECTOR), "PIP_PROXY": f"http://{scene.proxy}"}
    data = asked(beside_pip, scene.host, {**env, "PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
    (told,) = levels(data, "problem")
    assert "pip" in told and "(62)" in told and not levels(data, "ok")


@pytest.mark.parametrize("name", ["PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_a_home_in_a_variable_of_pip(beside_pip: Sandbox, scene: Scene, name: str) -> None:
    """pip replaces a ~ in its own variable alone, and its row says what pip meets."""
    own = beside_pip.environment.own_list.read_bytes()
    write(beside_pip.home / "whole.pem", own + ROOT.pem)
    env = {**trusting(beside_pip, ROOT), name: "~/whole.pem", "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    asking = ("-c", "import sys, five_clients; five_clients.pip(sys.argv[1]).wait()")
    beside_pip.run(*asking, f"https://{scene.host}/pip/", env={**env, "PYTHONPATH": str(SUPPORT)})
    data = asked(beside_pip, scene.host, env)
    (row,) = [each for each in data["trusts"] if each["clients"]]
    assert row["trusted"] == data["healthy"] == bool(scene.server.through) == (name == "PIP_CERT")


@pytest.mark.parametrize("way", ["http", "https", "https, named", "an address", "a name"])
def test_the_trusts_of_pips(pips: Sandbox, scene: Scene, way: str) -> None:
    """By a proxy some ask OpenSSL alone, and with an address some fail: as their row says."""
    own = pips.environment.own_list.read_bytes()
    whole = str(write(pips.work / "whole.pem", own + ROOT.pem))
    named = {"PIP_CERT": whole} if "named" in way else {}
    env = {**trusting(pips, ROOT), **named, "PIP_CONFIG_FILE": os.devnull}
    host = scene.host.replace("localhost", "127.0.0.1") if way == "an address" else scene.host
    asking = ("-c", "import sys, five_clients; five_clients.pip(sys.argv[1]).wait()")
    with ExitStack() as stack:
        context = context_for(_served(ROOT)) if "https" in way else None
        proxy = stack.enter_context(serving(Tunnel, context=context))
        if "http" in way:
            env["HTTPS_PROXY"] = f"{way.partition(',')[0]}://localhost:{proxy.port}"
        data = asked(pips, host, env)
        scene.server.through.clear()
        pips.run(*asking, f"https://{host}/pip/", env={**env, "PYTHONPATH": str(SUPPORT)})
    (row,) = [each for each in data["trusts"] if each["clients"]]
    assert row["trusted"] == bool(scene.server.through) == bool(levels(data, "ok")), data


def test_a_proxy_of_pips_own_that_is_down(beside_pip: Sandbox, scene: Scene) -> None:
    """The row says so, and every other trust is tried all the same."""
    env = {**trusting(beside_pip, ROOT), "PIP_PROXY": "http://me:s3cret@127.0.0.1:1"}
    env["PIP_CONFIG_FILE"] = os.devnull
    data = asked(beside_pip, scene.host, env)
    (told,) = levels(data, "problem")
    assert "pip" in told and "127.0.0.1:1 cannot be reached" in told
    assert data["outcomes"]["the bundle"]["trusted"]


def test_a_network_in_no_proxy(sandbox: Sandbox, scene: Scene) -> None:
    """requests goes past the proxy, httpx does not, and so nothing is ok; nor is it a problem."""
    env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    env.update(HTTPS_PROXY=f"http://{scene.proxy}", NO_PROXY="127.0.0.0/8")
    address = scene.host.replace("localhost", "127.0.0.1")
    data = asked(sandbox, address, env)
    assert sandbox.fetch("requests", f"https://{address}/", env).stdout == "200\n"
    assert sandbox.fetch("httpx", f"https://{address}/", env).returncode
    assert (levels(data, "ok"), levels(data, "problem")) == ([], [])
    assert [each["check"] for each in data["findings"]].count("proxy") == 1
    named = asked(sandbox, address, {**env, "NO_PROXY": "127.0.0.1"})
    assert levels(named, "ok") and named["healthy"]
    assert trusted(data) == [] and "httpx" in trusted(named)


def test_a_network_in_no_proxy_where_a_variable_helps(fresh: Sandbox, scene: Scene) -> None:
    """No row names a client then; that only the variable has the CA is no problem all the same."""
    own = fresh.environment.own_list.read_bytes()
    whole = str(write(fresh.work / "whole.pem", own + ROOT.pem))
    env = {"REQUESTS_CA_BUNDLE": whole, "HTTPS_PROXY": f"http://{scene.proxy}"}
    address = scene.host.replace("localhost", "127.0.0.1")
    for excepted in ("127.0.0.1", "127.0.0.0/8"):
        data = asked(fresh, address, {**env, "NO_PROXY": excepted})
        assert data["healthy"] and bool(levels(data, "ok")) == (excepted == "127.0.0.1"), data
    assert trusted(data) == [] and levels(data, "note")


@pytest.mark.parametrize(
    ("variables", "clients", "word"),
    [
        ({"HTTPS_PROXY": "{}", "NO_PROXY": ".localhost"}, ["requests", "httpx"], "NO_PROXY"),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "*,x"}, ["requests", "httpx"], "NO_PROXY"),
        ({"HTTPS_PROXY": "{}", "NO_PROXY": "127.0.0.1:{port}"}, ["requests", "httpx"], "NO_PROXY"),
        ({"ALL_PROXY": "{}"}, ["requests", "botocore"], "botocore"),
    ],
)
def test_ways_that_differ(
    sandbox: Sandbox, scene: Scene, variables: Dict[str, str], clients: List[str], word: str
) -> None:
    """One of two clients goes by the proxy; so that is told, and nothing is ok."""
    env = {**trusting(sandbox, ROOT, INSPECTOR), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    port = str(scene.server.server_port)
    env.update({n: v.format(f"http://{scene.proxy}", port=port) for n, v in variables.items()})
    host = scene.host.replace("localhost", "127.0.0.1") if "127" in str(variables) else scene.host
    for client in clients:
        code = f"import sys, five_clients; five_clients.{client}(sys.argv[1])"
        site = {"PYTHONPATH": str(SUPPORT)}
        sandbox.run("-c", code, f"https://{host}/{client}/", env={**env, **site})
    assert sorted(scene.server.through | scene.inspected.through) == sorted(clients)
    assert len(scene.server.through) == len(scene.inspected.through) == 1
    data = asked(sandbox, host, env)
    assert levels(data, "ok") == []
    assert word in str([each["message"] for each in data["findings"] if each["check"] == "proxy"])


@pytest.mark.parametrize(
    ("proxy", "client"), [("localhost:{}", "requests"), ("HTTP://127.0.0.1:{}", "botocore")]
)
def test_a_proxy_that_some_do_not_understand(
    sandbox: Sandbox, scene: Scene, proxy: str, client: str
) -> None:
    """They fail before they connect; so they are named, and not shown as trusting."""
    env = {**trusting(sandbox, ROOT, INSPECTOR), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    port = scene.proxy.rpartition(":")[2]
    site = {"PYTHONPATH": str(SUPPORT)}
    code = f"import sys, five_clients; five_clients.{client}(sys.argv[1])"
    for named, fails in ((proxy.format(port), True), (f"http://{scene.proxy}", False)):
        env["HTTPS_PROXY"] = named
        done = sandbox.run("-c", code, f"https://{scene.host}/", env={**env, **site})
        data = asked(sandbox, scene.host, env)
        told = [each["message"] for each in data["findings"] if each["check"] == "client"]
        assert ("Proxy" in done.stderr, client in str(told)) == (fails, fails), (done, told)
        assert (client in trusted(data)) == (not fails) == data["healthy"]


@pytest.mark.parametrize(
    ("wanted", "login", "word"),
    [
        (b64encode(b"token:"), "token@", "password"),
        (b64encode("me:p\u00e4ss".encode()), "me:p%C3%A4ss@", "password"),
        (b" HTTP/1.1\r\n", "", "HTTP/1.0"),
        (b"CONNECT", "", "HTTP/1.0"),
    ],
)
def test_a_proxy_that_takes_some(
    sandbox: Sandbox, scene: Scene, wanted: bytes, login: str, word: str
) -> None:
    """Where requests and httpx ask it in different ways, that is told, and nothing is ok."""
    with serving(Picky) as proxy:
        proxy.to, proxy.wanted = scene.server.server_port, wanted  # type: ignore[attr-defined]
        env = {**trusting(sandbox, ROOT), "HTTPS_PROXY": f"http://{login}127.0.0.1:{proxy.port}"}
        data = asked(sandbox, scene.host, {**env, "PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
        got = [sandbox.fetch(c, f"https://{scene.host}/", env) for c in ("requests", "httpx")]
    differ = len({each.stdout == "200\n" for each in got}) == 2
    told = [each["message"] for each in data["findings"] if each["check"] == "proxy"]
    assert (word in str(told), levels(data, "problem")) == (differ, []), (data, got)


def test_a_dot_at_the_end(sandbox: Sandbox, scene: Scene) -> None:
    """requests leaves it out by urllib3 2, and httpx does not; that is told."""
    env = {**trusting(sandbox, INSPECTOR), "HTTPS_PROXY": f"http://{scene.proxy}"}
    host = scene.host.replace("localhost", "localhost.")
    got = [sandbox.fetch(c, f"https://{host}/", env).stdout for c in ("requests", "httpx")]
    data = asked(sandbox, host, {**env, "PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
    is_new = sandbox.run_code("import urllib3; print(urllib3.__version__[0])").stdout == "2\n"
    assert [each == "200\n" for each in got] == [is_new, False]
    assert "name" in [each["check"] for each in data["findings"]] and not levels(data, "ok")


def test_who_passes_over_the_variable(sandbox: Sandbox, scene: Scene) -> None:
    """aiohttp meets the server itself, which nobody has tried then, so nothing is ok."""
    env = {**trusting(sandbox, INSPECTOR), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    env["HTTPS_PROXY"] = f"http://{scene.proxy}"
    assert sandbox.fetch("requests", f"https://{scene.host}/", env).stdout == "200\n"
    assert "verify code" in sandbox.fetch("aiohttp", f"https://{scene.host}/", env).stdout
    data = asked(sandbox, scene.host, env)
    assert (levels(data, "ok"), levels(data, "problem")) == ([], [])
    (told,) = [each for each in data["findings"] if each["check"] == "proxy"]
    assert "aiohttp" in told["message"] and "NO_PROXY=localhost" in told["remedy"]
    assert "requests" in trusted(data) and "aiohttp" not in trusted(data)
    past = asked(sandbox, scene.host, {**env, "NO_PROXY": "localhost"})
    assert levels(past, "problem") and not past["healthy"]
