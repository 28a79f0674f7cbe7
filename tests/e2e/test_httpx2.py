"""httpx2, and all that is made of it: what httpcore2 trusts by default is the bundle, too."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Dict, Tuple

import pytest
import trustme

from support import Environment, Sandbox, made_once, new_environment, os_store, write

pytestmark = pytest.mark.not_wine("truststore asks Windows there, and Wine trusts any root")

ASYNC = """
    import asyncio, httpx2
    async def ask():
        async with httpx2.AsyncClient({options}) as client:
            print((await client.get(URL)).status_code)
    asyncio.run(ask())
"""
AS_ON = """
    import truststore, platform  # which has seen the system that this is
    platform.system = lambda: {system!r}
    import httpx2
    assert type(httpx2.create_ssl_context()) is truststore.SSLContext
    print(httpx2.get(URL).status_code)
"""
CLIENTS = {
    "sync": "import httpx2; print(httpx2.get(URL).status_code)",
    "async": ASYNC.format(options=""),
    "HTTP/1 alone, async": ASYNC.format(options="http2=False"),
    "without the environment": "import httpx2; print(httpx2.get(URL, trust_env=False).status_code)",
    "a client that is shared": """
        import httpx2, threading
        with httpx2.Client() as client:
            statuses = []
            def ask():
                statuses.append(client.get(URL).status_code)
            threads = [threading.Thread(target=ask) for _ in range(8)]
            [each.start() for each in threads]
            [each.join() for each in threads]
        print(*set(statuses))
        assert len(statuses) == 8
    """,
    "httpcore2 alone": """
        import httpcore2
        with httpcore2.ConnectionPool() as pool:
            print(pool.request("GET", URL).status)
    """,
    "truststore in the place of ssl's": """
        import truststore
        truststore.inject_into_ssl()
        import httpx2
        print(httpx2.get(URL).status_code)
    """,
    "as on macOS": AS_ON.format(system="Darwin"),
    "as on Windows": AS_ON.format(system="Windows"),
    "httpx2 was there first": """
        import sys
        import httpx2
        before = httpx2.Client
        sys.path.insert(0, PACKAGES)
        import certifi_system_store_wrapper as ours
        ours.activate()
        print(httpx2.get(URL).status_code)
    """,
    "activated again": """
        import httpx2, certifi_system_store_wrapper as ours
        ours.deactivate(); ours.activate()
        print(httpx2.get(URL).status_code)
    """,
}


@pytest.fixture(scope="session")
def with_httpx2(shared: Path, interpreter: str, wheel: str, housed: Tuple[str, ...]) -> Environment:
    """Return an environment with us and httpx2. Nobody changes it."""

    def make(folder: Path) -> None:
        environment = new_environment(interpreter, folder, "--without-pip")
        environment.install(*housed, wheel, "httpx2; python_version >= '3.10'")

    environment = Environment(made_once(shared, "httpx2", make))
    if not (environment.site_packages / "httpx2").exists():
        pytest.skip("httpx2 is for Python 3.10 and later")
    return environment


@pytest.fixture
def sandbox(tmp_path: Path, with_httpx2: Environment) -> Sandbox:
    """Return a sandbox for that environment."""
    return Sandbox(tmp_path, with_httpx2)


def run(
    sandbox: Sandbox, code: str, url: str, env: Dict[str, str], *prefix: str
) -> Tuple[int, str, str]:
    """Return what became of it."""
    packages = str(sandbox.environment.site_packages)
    known = f"URL, PACKAGES = {url!r}, {packages!r}\n"
    options, more = [], dict(env)
    if "PACKAGES" in code:
        options, more["PYTHONPATH"] = ["-S"], packages
    done = sandbox.run(*options, "-c", known + textwrap.dedent(code), env=more, prefix=prefix)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_the_users_ca_is_trusted(sandbox: Sandbox, client: str, url: str, ca_file: Path) -> None:
    """By installing alone; without the CA the same program meets a certificate error."""
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert run(sandbox, CLIENTS[client], url, named) == (0, "200\n", "")
    status, _, error = run(sandbox, CLIENTS[client], url, {})
    assert status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in error


@pytest.mark.parametrize("version", ["2.3.0", "2.14.0"])
def test_one_that_asks_truststore_by_itself(
    *,
    tmp_path: Path,
    shared: Path,
    interpreter: str,
    wheel: str,
    with_httpx2: Environment,
    version: str,
    url: str,
    ca_file: Path,
) -> None:
    """Until 2.15.1, which is all that Python 3.10 gets, httpx2 made its contexts itself."""
    del with_httpx2  # it skips where there is none

    def make(folder: Path) -> None:
        new_environment(interpreter, folder, "--without-pip").install(wheel, f"httpx2=={version}")

    sandbox = Sandbox(tmp_path, Environment(made_once(shared, f"httpx2-{version}", make)))
    for client in ("sync", "without the environment"):
        test_the_users_ca_is_trusted(sandbox, client, url, ca_file)
    chosen = "import httpx2, ssl; print(httpx2.get(URL, verify=ssl.create_default_context()))"
    status, _, error = run(sandbox, chosen, url, {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (status, "CERTIFICATE_VERIFY_FAILED" in error) == (1, True)


COUNT = """
import httpx2, ssl, warnings
warnings.simplefilter("ignore")
def held(context):
    return len(getattr(context, "_ctx", context).get_ca_certs())  # truststore's has one within it
def count(**options):
    return held(httpx2.create_ssl_context(**options))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it needs a mount namespace")
def test_an_image_without_a_store(
    sandbox: Sandbox, tmp_path: Path, url: str, ca_file: Path, other_ca: trustme.CA
) -> None:
    """certifi's roots are trusted there, and the user's CA; without us there is none at all."""
    unrelated = write(tmp_path / "other.pem", other_ca.cert_pem.bytes())
    prefix = os_store.on("empty", unrelated, tmp_path / "store")
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert run(sandbox, CLIENTS["sync"], url, named, *prefix) == (0, "200\n", "")
    status, _, error = run(sandbox, CLIENTS["sync"], url, {}, *prefix)
    assert status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in error
    code = COUNT + "import certifi; print(count(), certifi.contents().count('BEGIN'))"
    _, said, _ = run(sandbox, code, url, {}, *prefix)
    here, there = map(int, said.split())
    assert here == there > 50
    _, without_us, _ = run(sandbox, code, url, {"PYTHON_CERTIFI_DISABLE": "1"}, *prefix)
    assert without_us.startswith("0 ")


def test_an_explicit_choice_wins(
    sandbox: Sandbox, tmp_path: Path, url: str, ca_file: Path, other_ca: trustme.CA
) -> None:
    """A file, a folder or a context that somebody names is all that is trusted then."""
    chosen = write(tmp_path / "chosen.pem", other_ca.cert_pem.bytes())
    folder = tmp_path / "hashed"
    os_store.hashed(chosen, folder)
    code = f"""
        assert count(verify={str(chosen)!r}) == 1
        assert count(verify=ssl.create_default_context(cafile={str(chosen)!r})) == 1
        assert count(verify=False) == 0
        print(count())
    """
    code = COUNT + textwrap.dedent(code)
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert run(sandbox, code, url, {**named, "SSL_CERT_FILE": str(chosen)}) == (0, "1\n", "")
    # OpenSSL looks into a folder only when it meets an issuer.
    assert run(sandbox, code, url, {**named, "SSL_CERT_DIR": str(folder)}) == (0, "0\n", "")
    for variable, value in (("SSL_CERT_FILE", chosen), ("SSL_CERT_DIR", folder)):
        env = {**named, variable: str(value)}
        status, _, error = run(sandbox, CLIENTS["sync"], url, env)
        assert (status, "CERTIFICATE_VERIFY_FAILED" in error) == (1, True)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the newest httpx2 there is by truststore")
def test_only_what_is_lacking_is_loaded(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """Nothing is there twice, the bundle is parsed once, and deactivate() gives all of it back."""
    code = """
        import certifi, httpcore2, httpcore2._ssl, ssl, certifi_system_store_wrapper as ours
        from certifi_system_store_wrapper.activation import anchors
        loaded = []
        class Context(ssl.SSLContext):
            def load_verify_locations(self, *arguments, cadata=None):
                loaded.append(cadata)
                super().load_verify_locations(*arguments, cadata=cadata)
        ssl.SSLContext = Context
        context = httpcore2.default_ssl_context()
        ders = context.get_ca_certs(binary_form=True)
        assert len(set(ders)) == len(ders)
        added = loaded[-1].count("BEGIN")
        anchors.parsing.parse = None
        assert httpcore2.default_ssl_context().get_ca_certs(binary_form=True) == ders
        ours.deactivate()
        own = httpcore2.default_ssl_context()
        assert httpcore2.default_ssl_context is httpcore2._ssl.default_ssl_context
        assert "certifi_system_store_wrapper" not in str(vars(own).keys())
        assert len(ders) == len(own.get_ca_certs()) + added
        assert set(own.get_ca_certs(binary_form=True)) < set(ders)
    """
    done = run(sandbox, code, url, {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert done == (0, "", "")


def test_nothing_of_it_is_loaded_before_httpx2_is(sandbox: Sandbox, url: str) -> None:
    """Who only asks certifi pays nothing for it."""
    code = """
        import sys, certifi
        certifi.where()
        ours = [each for each in sys.modules if each.endswith(("httpcore2", "anchors"))]
        assert not ours, ours
    """
    assert run(sandbox, code, url, {}) == (0, "", "")


@pytest.mark.parametrize(
    "source",
    [
        "import ssl\ndef default_ssl_context(trust): return ssl.create_default_context()",
        "import ssl, functools as f; default_ssl_context = f.partial(ssl.create_default_context)",
        "import ssl\ndef default_ssl_context(_trust_env=True): return ssl.create_default_context()",
        "import ssl",
    ],
)
def test_a_release_that_is_not_known_stays_as_it_is(
    sandbox: Sandbox, tmp_path: Path, url: str, ca_file: Path, source: str
) -> None:
    """Its import goes on, its contexts are its own, and one WARNING says what to do."""
    package = tmp_path / "newer" / "httpcore2"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "_ssl.py").write_text(source)
    code = f"""
        import sys
        sys.path.insert(0, {str(package.parent)!r})
        from httpcore2 import _ssl
        assert _ssl.__file__.startswith(sys.path[0])
        assert not hasattr(getattr(_ssl, "default_ssl_context", None), "__wrapped__")
    """
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    status, said, error = run(sandbox, code, url, named)
    assert (status, said, len(error.splitlines())) == (0, "", 1)
    assert "upgrade certifi-system-store-wrapper" in error


def test_what_of_ours_cannot_be_loaded_leaves_httpx2_alone(sandbox: Sandbox, url: str) -> None:
    """Its import goes on, and one WARNING says what became of it."""
    code = """
        import sys
        class Finder:
            def find_spec(name, path=None, target=None):
                if name.endswith("activation.httpcore2"):
                    raise ImportError("not while I am here")
        sys.meta_path.insert(0, Finder)
        from httpcore2 import _ssl
        assert not hasattr(_ssl.default_ssl_context, "__wrapped__")
    """
    status, said, error = run(sandbox, code, url, {})
    assert (status, said, len(error.splitlines())) == (0, "", 1), error
    assert error.startswith("certifi-system-store-wrapper")
    assert "httpcore2._ssl stays as it is" in error and "not while I am here" in error


@pytest.mark.parametrize(
    "broken",
    [
        "assert os.environ['PYTHON_CERTIFI_SOURCES'] == 'nothing'",
        "sys.modules['certifi'] = None",
        "import certifi_system_store_wrapper.activation.answer as answer; answer.publishing = None",
    ],
)
def test_without_a_bundle_httpx2_is_as_it_is(
    sandbox: Sandbox, url: str, ca_file: Path, broken: str
) -> None:
    """Whatever fails, its contexts hold what they would without us, and one WARNING says so."""
    code = f"""
        import os, sys, httpcore2, certifi_system_store_wrapper as ours
        {broken}
        active = [held(httpcore2.default_ssl_context()) for _ in range(3)]
        ours.deactivate()
        assert active == [held(httpcore2.default_ssl_context())] * 3
    """
    code = COUNT + textwrap.dedent(code)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    if "SOURCES" in broken:
        env["PYTHON_CERTIFI_SOURCES"] = "nothing"
    status, said, error = run(sandbox, code, url, env)
    assert (status, said, len(error.splitlines())) == (0, "", 1), error
