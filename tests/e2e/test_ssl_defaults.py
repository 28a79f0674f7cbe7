"""PYTHON_CERTIFI_SSL_DEFAULTS: clients that never ask certifi; servers stay as they are."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Dict, Tuple

import pytest
import trustme

from support import UNTRUSTED, Sandbox, os_store, write

CLIENTS = {
    "urllib": "from urllib.request import urlopen; print(urlopen(URL).status)",
    "urllib3": "import urllib3; print(urllib3.PoolManager().request('GET', URL).status)",
    "http.client": """
        import http.client, ssl
        from urllib.parse import urlsplit
        connection = http.client.HTTPSConnection(urlsplit(URL).netloc)
        connection.request("GET", "/")
        print(connection.getresponse().status)
    """,
    "ssl was there first": """
        import ssl, certifi_system_store_wrapper as ours
        ours.deactivate(); ours.activate()
        from urllib.request import urlopen
        print(urlopen(URL).status)
    """,
    "a context of before Python 3.6": """
        import ssl, socket, warnings
        from urllib.parse import urlsplit
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
        context.verify_mode, context.check_hostname = ssl.CERT_REQUIRED, True
        context.load_default_certs()
        host, port = urlsplit(URL).netloc.split(":")
        with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host):
            print(200)
    """,
    "a subclass": """
        import ssl
        from urllib.request import urlopen
        class Context(ssl.SSLContext):
            def load_verify_locations(self, *arguments, **named):
                raise AssertionError("this is the program's own business")
        context = Context(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        print(urlopen(URL, context=context).status)
    """,
    "OpenSSL's paths by name": """
        import ssl
        from urllib.request import urlopen
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
        print(urlopen(URL, context=context).status)
    """,
    "threads at once": """
        import ssl, threading
        from urllib.request import urlopen
        statuses = []
        def ask():
            try:
                statuses.append(urlopen(URL, context=ssl.create_default_context()).status)
            except OSError as error:
                # Tracebacks of several threads at once Python 3.8 itself garbles.
                statuses.append(error)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        failures = [each for each in statuses if each != 200]
        if failures:
            raise failures[0]
        print(*set(statuses))
        assert len(statuses) == 8
    """,
    "aiohttp": """
        import aiohttp, asyncio
        async def ask():
            async with aiohttp.ClientSession() as session:
                async with session.get(URL) as answer:
                    print(answer.status)
        asyncio.run(ask())
    """,
}


def with_switch(ca_file: Path, value: str = "1") -> Dict[str, str]:
    """Return the environment of somebody who wants it."""
    return {"PYTHON_CERTIFI_SSL_DEFAULTS": value, "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}


def run(sandbox: Sandbox, code: str, url: str, env: Dict[str, str]) -> Tuple[int, str, str]:
    """Return what became of it."""
    done = sandbox.run("-c", f"URL = {url!r}\n{textwrap.dedent(code)}", env=env)
    return done.returncode, done.stdout, done.stderr


# The ssl of Windows calls what this one forbids, also without us.
SUBCLASS = pytest.param("a subclass", marks=pytest.mark.posix("its ssl loads Windows' stores so"))


@pytest.mark.parametrize("client", [*sorted(CLIENTS.keys() - {"a subclass"}), SUBCLASS])
def test_clients_that_never_ask_certifi(
    sandbox: Sandbox, client: str, url: str, ca_file: Path
) -> None:
    """With the switch they trust the user's CA, without it they do not."""
    code = CLIENTS[client]
    assert run(sandbox, code, url, with_switch(ca_file)) == (0, "200\n", "")
    status, _, error = run(sandbox, code, url, with_switch(ca_file, "0"))
    assert status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in error


def test_nothing_of_it_is_loaded_without_the_switch(sandbox: Sandbox) -> None:
    """ssl is as it was, and we know nothing of its import."""
    code = """
        import ssl, sys
        assert not [name for name in sys.modules if name.startswith("certifi_system_store_wrapper.")
                    and not name.endswith("bootstrap")]
        assert not hasattr(ssl.SSLContext.load_default_certs, "__wrapped__")
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("off", ["-E", "-I", "PYTHON_CERTIFI_DISABLE=1"])
def test_what_switches_it_off(sandbox: Sandbox, ca_file: Path, off: str) -> None:
    """-E and -I ignore the variable, and PYTHON_CERTIFI_DISABLE goes before it."""
    code = """
        import ssl
        assert not hasattr(ssl.SSLContext.load_default_certs, "__wrapped__")
        assert "set_default_verify_paths" not in vars(ssl.SSLContext)
    """
    name, _, value = off.partition("=")
    options, more = ((), {name: value}) if value else ((off,), {})
    done = sandbox.run_code(code, *options, env={**with_switch(ca_file), **more})
    assert (done.returncode, done.stderr) == (0, "")


LOADS = """
    import ssl, sys
    from urllib.request import urlopen
    name, path = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**{name: path})
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_verify_locations(**{name: path})
    print(len(server.get_ca_certs()), urlopen(URL, context=context).status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the layouts are those of Linux")
@pytest.mark.parametrize(
    ("layout", "name", "path"),
    [
        ("debian", "cafile", "/etc/ssl/certs/ca-certificates.crt"),
        ("debian", "cafile", "another-name.pem"),
        ("debian", "capath", "/etc/ssl/certs"),
        ("rhel", "cafile", "/etc/pki/tls/certs/ca-bundle.crt"),
    ],
)
def test_who_names_the_systems_store_asks_for_the_defaults(
    sandbox: Sandbox,
    tmp_path: Path,
    url: str,
    ca_file: Path,
    other_ca: trustme.CA,
    layout: str,
    name: str,
    path: str,
) -> None:
    """By whatever name; a server gets no more than that file, and without the CA it fails."""
    (sandbox.work / "another-name.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")
    unrelated = write(tmp_path / "other.pem", other_ca.cert_pem.bytes())
    prefix = os_store.on(layout, unrelated, tmp_path / "store")
    code = f"URL = {url!r}\n{textwrap.dedent(LOADS)}"
    done = sandbox.run("-c", code, name, path, env=with_switch(ca_file), prefix=prefix)
    in_server = 0 if name == "capath" else 1  # OpenSSL looks into a folder later
    assert (done.stdout, done.stderr) == (f"{in_server} 200\n", "")
    twin = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    without = sandbox.run("-c", code, name, path, env=twin, prefix=prefix)
    assert (without.returncode, "CERTIFICATE_VERIFY_FAILED" in without.stderr) == (1, True)


def test_who_names_a_file_or_checks_nothing_gets_no_more(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path, other_ca: trustme.CA
) -> None:
    """cafile= is all that is trusted then, and an unverified context holds nothing."""
    named = write(tmp_path / "named.pem", other_ca.cert_pem.bytes())
    code = f"""
        import ssl
        def count(context):
            return context.cert_store_stats()["x509"]
        assert hasattr(ssl.SSLContext.load_default_certs, "__wrapped__")
        assert count(ssl.create_default_context(cafile={str(named)!r})) == 1
        assert count(ssl._create_unverified_context()) == 0
        assert count(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) == 0
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_authenticates_clients_is_not_touched(
    sandbox: Sandbox, ca_file: Path
) -> None:
    """It accepts no certificate more than before, whatever purpose it asks for."""
    code = """
        import ssl, warnings, certifi_system_store_wrapper as ours
        warnings.simplefilter("ignore", DeprecationWarning)
        SERVER, CLIENT = ssl.Purpose.SERVER_AUTH, ssl.Purpose.CLIENT_AUTH
        def loaded(protocol, *purposes):
            context = ssl.SSLContext(protocol)
            for purpose in purposes:
                context.load_default_certs(purpose)
            if not purposes:
                context.set_default_verify_paths()
            return context.cert_store_stats()
        def measure():
            either = [loaded(protocol, *purposes)
                for protocol in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS)
                for purposes in ((), (CLIENT,), (SERVER,), (CLIENT, SERVER))]
            created = ssl.create_default_context(CLIENT).cert_store_stats()
            return [*either, created, loaded(ssl.PROTOCOL_TLS_CLIENT, CLIENT)]
        assert hasattr(ssl.SSLContext.load_default_certs, "__wrapped__")
        active = measure()
        ours.deactivate()
        assert active == measure()
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_context_keeps_its_class_and_its_methods(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """get_ca_certs() tells of the CA, nothing is there twice, and deactivate() gives it back."""
    code = f"""
        import ssl, certifi_system_store_wrapper as ours
        context = ssl.create_default_context()
        assert type(context) is ssl.SSLContext
        ders = context.get_ca_certs(binary_form=True)
        assert bytes.fromhex({private_der.hex()!r}) in ders
        assert len(set(ders)) == len(ders)
        assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
        ours.deactivate()
        assert not hasattr(ssl.SSLContext.load_default_certs, "__wrapped__")
        assert "set_default_verify_paths" not in vars(ssl.SSLContext)
        assert ssl.__spec__.loader is ssl.__loader__ and "certifi" not in str(type(ssl.__loader__))
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


MUTUAL = """
    import socket, ssl, sys, threading
    ca, server_chain, client_chain, protocol, named = sys.argv[1:]
    server = ssl.SSLContext(getattr(ssl, protocol))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(server_chain)
    server.load_default_certs()  # a mistake of many a program: the purpose is not named
    server.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    if named:
        server.load_verify_locations(named)
    client = ssl.create_default_context(cafile=ca)
    client.load_cert_chain(client_chain)
    here, there = socket.socketpair()
    def ask():
        try:
            with client.wrap_socket(here, server_hostname="localhost") as connection:
                connection.recv(1)
        except OSError:
            pass
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        server.wrap_socket(there, server_side=True).close()
        print("accepted")
    except ssl.SSLCertVerificationError as error:
        print("verify code", error.verify_code)
    thread.join()
"""


@pytest.mark.parametrize("protocol", ["PROTOCOL_TLS_SERVER", "PROTOCOL_TLS"])
def test_a_client_certificate_of_the_users_ca_opens_no_door(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path, private_ca: trustme.CA, protocol: str
) -> None:
    """A server that authenticates clients refuses it, unless its program names that CA."""
    server, client = (
        write(
            tmp_path / f"{name}.pem",
            private_ca.issue_cert(name).private_key_and_cert_chain_pem.bytes(),
        )
        for name in ("localhost", "client")
    )
    for named, said in (("", UNTRUSTED), (str(ca_file), ["accepted"])):
        done = sandbox.run(
            *("-W", "ignore", "-c", textwrap.dedent(MUTUAL)),
            *(str(ca_file), str(server), str(client), protocol, named),
            env=with_switch(ca_file),
        )
        assert done.stdout.strip() in said, done
        assert (done.returncode, done.stderr) == (0, "")


def test_the_bundle_is_parsed_once(sandbox: Sandbox, ca_file: Path) -> None:
    """A hundred contexts cost one reading of the certificates."""
    code = """
        import ssl
        ssl.create_default_context()
        from certifi_system_store_wrapper.activation import anchors
        def parse(data):
            raise AssertionError("again")
        anchors.parsing.parse = parse
        counts = {len(ssl.create_default_context().get_ca_certs()) for _ in range(100)}
        assert len(counts) == 1, counts
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bundle_that_was_collected_again(sandbox: Sandbox, tmp_path: Path, ca_file: Path) -> None:
    """What refresh() finds is trusted by the next context."""
    code = f"""
        import ssl, os, certifi_system_store_wrapper as ours
        before = len(ssl.create_default_context().get_ca_certs())
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = {str(ca_file)!r}
        ours.refresh()
        assert len(ssl.create_default_context().get_ca_certs()) == before + 1
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "broken",
    [
        "assert os.environ['PYTHON_CERTIFI_SOURCES'] == 'nothing'",
        "sys.modules['certifi'] = None",
        "import certifi_system_store_wrapper.activation.answer as answer; answer.publishing = None",
    ],
)
def test_without_a_bundle_ssl_is_as_it_is(sandbox: Sandbox, ca_file: Path, broken: str) -> None:
    """Whatever fails, a context holds what it would without us, and one WARNING says so."""
    code = f"""
        import os, ssl, sys, certifi_system_store_wrapper as ours
        def loaded():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_default_certs()
            return context.get_ca_certs()
        {broken}
        active = [loaded(), loaded(), loaded()]
        ours.deactivate()
        assert active == [loaded()] * 3
    """
    more = {"PYTHON_CERTIFI_SOURCES": "nothing"} if "SOURCES" in broken else {}
    done = sandbox.run_code(code, env={**with_switch(ca_file), **more})
    assert (done.returncode, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_what_the_application_wraps_around_ours_stays(sandbox: Sandbox, ca_file: Path) -> None:
    """It looks like ours, by functools.wraps, and is the application's."""
    code = """
        import certifi_system_store_wrapper as ours, functools, ssl
        @functools.wraps(ssl.SSLContext.load_default_certs)
        def counted(self, *arguments, _ours=ssl.SSLContext.load_default_certs):
            calls.append(self)
            return _ours(self, *arguments)
        calls = []
        ssl.SSLContext.load_default_certs = counted
        mark = "__certifi_system_store_wrapper__"
        for name in ("load_default_certs", "set_default_verify_paths", "load_verify_locations"):
            assert hasattr(getattr(ssl.SSLContext, name), mark)
        full = len(ssl.create_default_context().get_ca_certs())
        ours.deactivate()
        assert ssl.SSLContext.load_default_certs is counted
        assert len(ssl.create_default_context().get_ca_certs()) < full
        ours.activate()
        assert ssl.SSLContext.load_default_certs is counted
        assert hasattr(ssl.SSLContext.set_default_verify_paths, mark)
        assert len(ssl.create_default_context().get_ca_certs()) == full
        assert len(calls) == 3
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


def test_an_ssl_that_is_not_as_expected_is_left_alone(sandbox: Sandbox, ca_file: Path) -> None:
    """Its import goes on, and one WARNING says so."""
    code = """
        import sys, types
        from certifi_system_store_wrapper.activation import ssl_contexts as ssl_defaults
        ssl_defaults.patch(types.ModuleType("ssl"))
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert done.returncode == 0
    assert "ssl's defaults stay as they are" in done.stderr


@pytest.mark.posix("a context has Windows' stores beside the bundle there")
def test_the_variable_of_a_running_process(sandbox: Sandbox, ca_file: Path) -> None:
    """It counts from activate() on, as in a cell of a notebook."""
    code = """
        import certifi, certifi_system_store_wrapper as ours, os, ssl
        anchors = certifi.contents().count("END CERTIFICATE")
        os.environ["PYTHON_CERTIFI_SSL_DEFAULTS"] = "1"
        assert len(ssl.create_default_context().get_ca_certs()) < anchors
        ours.activate()
        assert len(ssl.create_default_context().get_ca_certs()) == anchors
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
