"""PYTHON_CERTIFI_SSL_DEFAULTS: clients that never ask certifi; servers stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from support import Sandbox

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


def run(sandbox: Sandbox, code: str, url: str, env: Dict[str, str]) -> tuple[int, str, str]:
    """Return what became of it."""
    import textwrap

    done = sandbox.run("-c", f"URL = {url!r}\n{textwrap.dedent(code)}", env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("client", sorted(CLIENTS))
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


def test_under_isolation_the_switch_is_ignored(sandbox: Sandbox, ca_file: Path) -> None:
    """-E and -I ignore the variable."""
    code = "import ssl; assert not hasattr(ssl.SSLContext.load_default_certs, '__wrapped__')"
    done = sandbox.run_code(code, "-E", env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_authenticates_clients_is_not_touched(
    sandbox: Sandbox, ca_file: Path
) -> None:
    """It accepts no certificate more than before, whatever purpose it asks for."""
    code = """
        import ssl
        def count(context):
            return context.cert_store_stats()["x509"]
        own = ssl.SSLContext.load_default_certs.__wrapped__
        for protocol, purposes in (
            (ssl.PROTOCOL_TLS_SERVER, (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)),
            (ssl.PROTOCOL_TLS_CLIENT, (ssl.Purpose.CLIENT_AUTH,)),
        ):
            for purpose in purposes:
                ours, plain = ssl.SSLContext(protocol), ssl.SSLContext(protocol)
                ours.load_default_certs(purpose)
                own(plain, purpose)
                assert count(ours) == count(plain), (protocol, purpose)
        assert count(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)) == 0
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
        assert ssl.__spec__.loader is ssl.__loader__ and "certifi" not in str(type(ssl.__loader__))
    """
    done = sandbox.run_code(code, env=with_switch(ca_file))
    assert (done.returncode, done.stderr) == (0, "")
