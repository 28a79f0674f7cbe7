"""PYTHON_CERTIFI_SSL_DEFAULTS beside those who replace ssl.SSLContext or what is behind it.

gevent, eventlet, truststore and pip-system-certs, in environments of their own and in any order.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from support import MODULE, Environment, Sandbox, made_once, new_environment

HELPERS = """
import sys
URL = sys.argv[1]
def urllib():
    from urllib.request import urlopen
    return urlopen(URL, timeout=30).status
def requests():
    import requests
    return requests.get(URL, timeout=30).status_code
def urllib3():
    import urllib3
    return urllib3.PoolManager(retries=False).request("GET", URL).status
"""
ALL = "print(urllib(), urllib3(), requests())"
CASES = {
    "gevent first": f"""
        from gevent import monkey
        monkey.patch_all()
        import ssl
        assert ssl.SSLContext.__module__.startswith("gevent")
        context = ssl.create_default_context()
        assert type(context) is ssl.SSLContext
        assert len(context.get_ca_certs()) > 50
        {ALL}
    """,
    "gevent once ssl was used": f"""
        import ssl, warnings
        ssl.create_default_context()
        warnings.simplefilter("ignore")  # gevent's, of ssl
        from gevent import monkey
        monkey.patch_all()
        {ALL}
    """,
    "gevent, and we after it": f"""
        import certifi_system_store_wrapper as ours
        ours.deactivate()
        from gevent import monkey
        monkey.patch_all()
        import ssl
        ours.activate()
        {ALL}
    """,
    "gevent's own handler of Ctrl-C": """
        import gevent, os, signal
        came = []
        gevent.signal_handler(signal.SIGINT, came.append, 1)
        statuses = urllib(), urllib(), requests()
        os.kill(os.getpid(), signal.SIGINT)
        gevent.sleep(0.1)
        assert came
        print(*statuses)
    """,
    "gevent's own handler of SIGTERM": """
        import gevent, os, signal
        import certifi_system_store_wrapper as ours
        statuses = urllib(), urllib(), requests()
        came = []
        gevent.signal_handler(signal.SIGTERM, came.append, 1)
        ours.refresh()
        os.kill(os.getpid(), signal.SIGTERM)
        gevent.sleep(0.1)
        assert came
        print(*statuses)
    """,
    "gevent's greenlets": """
        from gevent import monkey
        monkey.patch_all()
        import gevent
        tasks = [gevent.spawn(urllib) for _ in range(8)]
        gevent.joinall(tasks, raise_error=True)
        statuses = {task.value for task in tasks}
        print(*statuses, *statuses, *statuses)
    """,
    "eventlet": f"""
        import eventlet
        eventlet.monkey_patch()
        {ALL}
    """,
    "eventlet once ssl was used": f"""
        import ssl
        ssl.create_default_context()
        import eventlet
        eventlet.monkey_patch()
        {ALL}
    """,
    "eventlet, and what it imports anew": """
        import eventlet
        request = eventlet.import_patched("urllib.request")
        requests = eventlet.import_patched("requests")
        print(request.urlopen(URL).status, urllib(), requests.get(URL, timeout=30).status_code)
    """,
    "truststore first": f"""
        import truststore
        truststore.inject_into_ssl()
        import ssl
        assert ssl.SSLContext is truststore.SSLContext
        assert type(ssl.create_default_context()) is truststore.SSLContext
        {ALL}
    """,
    "truststore once all were used": f"""
        import truststore
        urllib(), urllib3(), requests()
        truststore.inject_into_ssl()
        {ALL}
    """,
    "truststore, and we after it": f"""
        import certifi_system_store_wrapper as ours
        ours.deactivate()
        import ssl, truststore
        truststore.inject_into_ssl()
        ours.activate()
        assert ssl.SSLContext is truststore.SSLContext
        {ALL}
    """,
    "truststore, come and gone": f"""
        import ssl, truststore
        before = ssl.SSLContext
        truststore.inject_into_ssl()
        urllib()
        truststore.extract_from_ssl()
        assert ssl.SSLContext is before
        {ALL}
    """,
}
PSC = f"""
    import ssl
    assert ssl.SSLContext.__module__ == "pip._vendor.truststore._api", ssl.SSLContext
    {ALL}
"""


@pytest.fixture(scope="session")
def neighbours(shared: Path, interpreter: str, wheel: str) -> Environment:
    """Return an environment with us, gevent, eventlet and truststore."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        environment.install(wheel, "requests", "gevent", "eventlet", "truststore")

    return Environment(made_once(shared, "neighbours", make))


def ask(sandbox: Sandbox, code: str, url: str, ca_file: Path) -> None:
    """With the CA everything is served, without it nothing is, and nothing else is said."""
    code = HELPERS + textwrap.dedent(code)
    switch = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    trusting = {**switch, "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    quiet = "-W", "ignore"  # of eventlet, which says that it is deprecated
    done = sandbox.run(*quiet, "-c", code, url, env=trusting)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200 200 200\n", "")
    twin = sandbox.run("-c", code, url, env=switch)
    assert (twin.returncode, twin.stdout) == (1, "")
    assert "CERTIFICATE_VERIFY_FAILED" in twin.stderr


@pytest.mark.parametrize("case", CASES)
def test_neighbour(
    case: str, tmp_path: Path, neighbours: Environment, url: str, ca_file: Path
) -> None:
    """The neighbour does what it is there for, and so do we."""
    ask(Sandbox(tmp_path, neighbours), CASES[case], url, ca_file)


@pytest.mark.parametrize("first", [True, False], ids=["we start first", "we start last"])
def test_pip_system_certs(
    first: bool, tmp_path: Path, interpreter: str, wheel: str, url: str, ca_file: Path
) -> None:
    """It puts truststore into every process at its start, before or after us."""
    environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
    environment.install(wheel, "requests", "pip>=24.2", "pip-system-certs")
    ours = environment.site_packages / f"{MODULE}.pth"
    ours.rename(ours.with_name("aaa.pth" if first else "zzz.pth"))
    ask(Sandbox(tmp_path, environment), PSC, url, ca_file)
