"""Whatever else has changed certifi, Python's import or logging: everybody keeps working."""

from __future__ import annotations

import datetime as dt
import os
import textwrap
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from support import MODULE, Sandbox, write

OURS = "certifi-system-store-wrapper-"


def ed25519_root() -> bytes:
    """Return a root that only OpenSSL itself can vouch for."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Ed25519")])
    begin, end = (dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc) for year in (2020, 2049))
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM)


def local_certifi(sandbox: Sandbox, core: str) -> Path:
    """Put a certifi of our own making before the installed one; return its list of roots."""
    package = sandbox.work / "certifi"
    write(package / "__init__.py", b"from .core import *\n__version__ = '2019.11.28'\n")
    write(package / "core.py", textwrap.dedent(core).encode())
    root = trustme.CA(organization_name="certifi's own").cert_pem.bytes()
    return write(package / "cacert.pem", root)


def test_a_certifi_without_contents(sandbox: Sandbox) -> None:
    """As it was before 2020."""
    core = """
        import os
        def where():
            return os.path.join(os.path.dirname(__file__), "cacert.pem")
    """
    own = local_certifi(sandbox, core)
    code = """
        import certifi, certifi.core
        print(certifi.where())
        assert certifi.where() == certifi.core.where()
        assert not hasattr(certifi, "contents")
        assert open("certifi/cacert.pem").read() in open(certifi.where()).read()
    """
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert (done.returncode, done.stderr) == (0, "")
    assert OURS in done.stdout
    assert str(own) not in done.stdout


def test_a_patched_where_is_what_certifi_contributes(sandbox: Sandbox, ca_file: Path) -> None:
    """A distribution that patched it means it, also where cacert.pem still lies beside it."""
    core = """
        import os
        def where():
            beside = os.path.join(os.path.dirname(__file__), "cacert.pem")
            return os.environ.get("ADMIN_CA") or beside
        def contents():
            return open(where()).read()
    """
    own = local_certifi(sandbox, core)
    code = "import certifi; print(certifi.contents())"
    variables = {"PYTHONPATH": str(sandbox.work)}
    done = sandbox.run_code(code, env={**variables, "ADMIN_CA": str(ca_file)})
    assert ca_file.read_text() in done.stdout
    assert own.read_text() not in done.stdout
    assert own.read_text() in sandbox.run_code(code, env=variables).stdout


def test_what_wrapt_wraps_before_us_is_what_certifi_contributes(
    sandbox: Sandbox, ca_file: Path
) -> None:
    """A wrapper has the code of what it wraps, and answers something else."""
    code = f"""
        import wrapt
        @wrapt.when_imported("certifi")
        def patch(certifi):
            wrapt.wrap_function_wrapper(certifi, "where", lambda *_: {str(ca_file)!r})
        import certifi
        print(certifi.contents().count("BEGIN"))
        assert open({str(ca_file)!r}).read() in certifi.contents()
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_SOURCES": "certifi"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_a_certifi_without_its_file(sandbox: Sandbox, ca_file: Path) -> None:
    """Before Python 3.11 certifi's own where() raises then; the other sources still count."""
    core = """
        def where():
            raise FileNotFoundError("cacert.pem")
    """
    local_certifi(sandbox, core).unlink()
    code = f"""
        import certifi
        assert open({str(ca_file)!r}).read() in open(certifi.where()).read()
    """
    env = {"PYTHONPATH": str(sandbox.work), "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert "the file does not exist" in done.stderr


@pytest.mark.parametrize(
    ("module", "question"),
    [
        ("def where(file, root='.'): return file", "where('mine', root='/')"),
        ("def where(file='mine'): return file", "where(file='mine')"),
        ("where = 'mine'", "where"),
    ],
)
def test_a_module_of_somebody_else_named_certifi(
    sandbox: Sandbox, module: str, question: str
) -> None:
    """What its own `where` is for still works."""
    write(sandbox.work / "certifi.py", module.encode())
    done = sandbox.run_code(f"import certifi; print(certifi.{question})")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine\n", "")


def test_a_stub_that_has_every_attribute(sandbox: Sandbox) -> None:
    """As those that build documentation: it says yes to all, and is no endless loop."""
    stub = b"""
class Stub:
    def __getattr__(self, name):
        return self
    def __call__(self):
        return "mine"
where = Stub()
"""
    write(sandbox.work / "certifi.py", stub)
    done = sandbox.run_code("import certifi; print(certifi.where())")
    assert (done.returncode, done.stdout) == (0, "mine\n")
    assert done.stderr.count("\n") == 1 and "cannot be patched" in done.stderr


def test_a_module_named_certifi_without_a_where(sandbox: Sandbox) -> None:
    """Our own where() says what certifi.where() would, and the command sends to the doctor."""
    write(sandbox.work / "certifi.py", b"answer = 42")
    done = sandbox.run_code(
        "import certifi_system_store_wrapper; certifi_system_store_wrapper.where()"
    )
    assert "AttributeError: module 'certifi' has no attribute 'where'" in done.stderr
    status = sandbox.run("-m", MODULE)
    assert status.returncode == 1
    assert "has no attribute 'where'" in status.stderr and "doctor" in status.stderr


def test_what_the_application_put_there_stays(sandbox: Sandbox) -> None:
    """An answer of its own is not taken away by a second activation."""
    code = """
        import certifi, certifi_system_store_wrapper as ours
        certifi.where()
        certifi.where = lambda: "mine"
        ours.activate()
        assert certifi.where() == "mine"
        ours.deactivate()
        assert certifi.where() == "mine"
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_another_patch_that_was_first_is_extended(sandbox: Sandbox, ca_file: Path) -> None:
    """What another start-up file makes certifi answer is merged, not forgotten."""
    code = f"""
        import certifi
        certifi.where = lambda: {str(ca_file)!r}
        import certifi_system_store_wrapper as ours
        ours.activate()
        assert open({str(ca_file)!r}).read() in open(certifi.where()).read()
    """
    packages = str(sandbox.environment.site_packages)
    done = sandbox.run_code(code, "-S", env={"PYTHONPATH": packages})
    assert (done.returncode, done.stderr) == (0, "")


def test_an_import_of_certifi_in_another_thread(sandbox: Sandbox) -> None:
    """Somebody who asks for the spec while certifi is being imported disturbs nothing."""
    core = """
        import sys
        for finder in list(sys.meta_path):
            finder.find_spec("certifi", None)
        def where():
            import os
            return os.path.join(os.path.dirname(__file__), "cacert.pem")
        def contents():
            return open(where()).read()
    """
    local_certifi(sandbox, core)
    code = "import certifi; print(certifi.where())"
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert (done.returncode, done.stderr) == (0, "")
    assert OURS in done.stdout


def test_finders_and_modules_that_raise(sandbox: Sandbox) -> None:
    """Neither a finder that cannot be compared nor an entry of sys.modules that is no module."""
    code = """
        import sys
        class Raising:
            def __eq__(self, other): raise RuntimeError("compared")
            __hash__ = object.__hash__
            def find_spec(self, *arguments): return None
        class Strange:
            def __getattribute__(self, name): raise RuntimeError(name)
        sys.meta_path.insert(0, Raising())
        sys.modules["strange"] = Strange()
        import certifi
        from certifi import where
        import certifi_system_store_wrapper as ours
        ours.deactivate()
        ours.activate()
        print(where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert OURS in done.stdout


def test_a_logging_of_somebody_else_is_no_reason_to_fail(sandbox: Sandbox) -> None:
    """A file called logging.py beside the script, and a wrapt that cannot be imported."""
    write(sandbox.work / "logging.py", b"raise ImportError('not the real one')\n")
    write(sandbox.work / "wrapt.py", b"raise ImportError('broken')\n")
    code = "import certifi; print(certifi.where())"
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1 and "ImportError('broken')" in done.stderr
    assert done.stdout.strip().endswith(os.path.join("certifi", "cacert.pem"))


@pytest.mark.parametrize("stderr", ["None", "open(os.devnull)"])
def test_no_logging_and_no_stderr(sandbox: Sandbox, stderr: str) -> None:
    """Nobody can be told; nothing comes out of the import, and nothing on stdout."""
    write(sandbox.work / "logging.py", b"raise ImportError('not the real one')\n")
    write(sandbox.work / "wrapt.py", b"raise ImportError('broken')\n")
    code = f"import os, sys; sys.stderr = {stderr}; import certifi; certifi.where()"
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_threading_of_the_applications_is_no_reason_to_fail(sandbox: Sandbox) -> None:
    """Nor a threading.py in the working directory: certifi stays as it is."""
    write(sandbox.work / "threading.py", b"WEAVE = 'sixteen threads to the inch'\n")
    done = sandbox.run_code("import certifi; print(certifi.where())")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stdout.strip().endswith(os.path.join("certifi", "cacert.pem"))


def test_ctrl_c_while_wrapt_is_imported(sandbox: Sandbox) -> None:
    """Before Python 3.12 it came disguised as a RuntimeError where a class is being made."""
    wrapt = """
        import signal
        class Descriptor:
            def __set_name__(self, owner, name):
                signal.raise_signal(signal.SIGINT)
        class Owner:
            attribute = Descriptor()
    """
    write(sandbox.work / "wrapt.py", textwrap.dedent(wrapt).encode())
    code = """
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            import certifi
        except KeyboardInterrupt:
            print("interrupted")
    """
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert done.stdout == "interrupted\n" and "KeyboardInterrupt" not in done.stderr


def test_the_first_question_deep_in_a_recursion(sandbox: Sandbox) -> None:
    """It gets certifi's own answer there, or the whole bundle; the next one the whole bundle."""
    code = """
        import certifi, logging, sys
        if sys.implementation.name == "pypy":
            sys.exit()  # it counts otherwise
        logging.disable()
        def depth():
            try:
                return 1 + depth()
            except RecursionError:
                return 0
        def at(level):
            return certifi.where() if level == 0 else at(level - 1)
        whole = None
        for left in range(2, 200, 3):
            try:
                path = at(depth() - left)
            except RecursionError:  # plain certifi needs as much room for its first answer
                assert whole is None
                continue
            text = open(path).read()
            if "certifi-system-store-wrapper" in path:
                whole = whole or text
                assert text == whole
        import certifi_system_store_wrapper as ours
        assert open(ours.refresh()).read() == whole
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.posix("no Python that says it is another is like Windows'")
def test_a_python_without_tls(sandbox: Sandbox, ca_file: Path) -> None:
    """In a browser certifi's own list answers; tests/reach/interpreters.py tries it in Pyodide."""
    code = """
        import sys
        sys.platform = "emscripten"
        import certifi, os
        assert certifi.where() == os.path.join(os.path.dirname(certifi.__file__), "cacert.pem")
        from certifi_system_store_wrapper.commands.status import why_inactive
        from certifi_system_store_wrapper.settings import Settings
        assert "no TLS" in why_inactive(Settings()).what
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.posix("a library that is loaded cannot be removed there")
@pytest.mark.parametrize("stage", ["", "; certifi.where()"])
def test_uninstalled_meanwhile(fresh: Sandbox, stage: str, ca_file: Path) -> None:
    """What has answered goes on without our files; what comes too late is certifi's own answer."""
    code = f"""
        import certifi_system_store_wrapper as ours, os, shutil
        import certifi{stage}
        packages = os.path.dirname(os.path.dirname(ours.__file__))
        for name in ("certifi_system_store_wrapper", "wrapt"):
            shutil.rmtree(os.path.join(packages, name))
        print(open({str(ca_file)!r}).read() in certifi.contents())
        assert open(certifi.where(), encoding="utf-8").read() == certifi.contents()
    """
    done = fresh.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stdout) == (0, f"{bool(stage)}\n"), done
    assert done.stderr.count("restart this process") == (not stage)
    assert not fresh.left


def test_modules_taken_from_sys_modules(sandbox: Sandbox) -> None:
    """As tests do with what they imported: another copy of ours answers, and nothing is left."""
    code = """
        import sys
        from unittest import mock
        with mock.patch.dict(sys.modules):
            import certifi
            first = certifi.where()
        import certifi
        assert first != certifi.where()
        print(open(first).read() == certifi.contents())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert not sandbox.left


def test_a_reload_of_what_was_emptied(sandbox: Sandbox) -> None:
    """As IPython's autoreload does it."""
    code = """
        import certifi, importlib, requests
        path, loader = certifi.where(), certifi.__loader__
        vars(certifi).clear()
        vars(certifi).update(__name__="certifi", __loader__=loader)
        importlib.reload(certifi)
        assert certifi.where() == path and open(path).read() == certifi.contents()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("first", ["import certifi", "import certifi; certifi.where()"])
@pytest.mark.parametrize("error", ["FileNotFoundError(2, 'mocked')", "OSError"])
def test_imported_while_stat_is_mocked(sandbox: Sandbox, first: str, error: str) -> None:
    """Whatever was kept of it, where() asks the real one from then on, and raises nothing.

    Windows' Python answers from 3.12 on without os.stat, so that there is a bundle all the same.
    """
    code = f"""
        import certifi_system_store_wrapper as ours, logging, sys, time
        from unittest import mock
        logging.disable()
        with mock.patch("os.stat", side_effect={error}):
            {first}
        time.sleep(1.1)
        path, refreshed = certifi.where(), ours.refresh()
        assert path == refreshed or sys.platform == "win32"
        assert certifi.where() == refreshed
        assert "certifi-system-store-wrapper-" in certifi.where() and certifi.contents()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_files_that_are_hidden_for_a_while(sandbox: Sandbox) -> None:
    """As pyfakefs hides all that there are: the same bundle answers when they are back."""
    own = local_certifi(
        sandbox,
        """
        import os
        def where():
            return os.path.join(os.path.dirname(__file__), "cacert.pem")
        def contents():
            return open(where()).read()
        """,
    )
    code = f"""
        import certifi, os
        path, text = certifi.where(), certifi.contents()
        shown = [os.path.dirname(os.path.dirname(path)), {str(own)!r}]
        os.closerange(3, 100)
        [os.rename(each, each + ".hidden") for each in shown]
        assert certifi.where() == {str(own)!r}
        [os.rename(each + ".hidden", each) for each in shown]
        assert certifi.where() == path and certifi.contents() == text
    """
    env = {"PYTHONPATH": str(sandbox.work), "PYTHON_CERTIFI_SOURCES": "certifi"}
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert ["no bundle can be" in line for line in done.stderr.splitlines()] == [True], done


REPLACED = [
    *("os.stat", "os.lstat", "os.path.isfile", "os.path.join", "os.close", "builtins.open"),
    "os.listdir",
]


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("place", ["temporary", "persistent"])
def test_a_test_that_replaces_what_we_call(sandbox: Sandbox, replaced: str, place: str) -> None:
    """unittest.mock has it raise what nobody expects: certifi would not have asked it."""
    code = """
        import certifi, os, sys
        from unittest import mock
        def answer(where):
            try:
                return where()
            except KeyError:
                return None
        if "early" in sys.argv:
            with mock.patch(sys.argv[1], side_effect=KeyError("mock")):
                assert answer(certifi.where) or not answer(certifi.where.__wrapped__)
        path, text = certifi.where(), certifi.contents()
        assert text.count("END CERTIFICATE") > 100
        with mock.patch(sys.argv[1], side_effect=KeyError("mock")):
            plain = "early" in sys.argv and not answer(certifi.where.__wrapped__)
            assert answer(certifi.where) in ((path, None) if plain else (path,))
            plain = "early" in sys.argv and not answer(certifi.contents.__wrapped__)
            assert plain or certifi.contents() == text
        assert certifi.where() == path
    """
    folder = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "ca")}
    env = folder if place == "persistent" else {}
    done = sandbox.run("-c", textwrap.dedent(code), replaced, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not sandbox.left
    done = sandbox.run("-c", textwrap.dedent(code), replaced, "early", env=env)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert all("WARNING" in line for line in done.stderr.splitlines())


def test_a_test_that_replaces_open_while_certifi_is_imported(sandbox: Sandbox) -> None:
    """Each file is what the test says then; afterwards the bundle answers."""
    code = """
        from unittest import mock
        with mock.patch("builtins.open", mock.mock_open(read_data="hello")):
            import certifi
        assert certifi.contents().count("END CERTIFICATE") > 100
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "certifi-system-store-wrapper-" in done.stdout


def test_descriptors_of_a_tests_own_os(sandbox: Sandbox) -> None:
    """What a replaced os has opened (pyfakefs numbers them anew) is closed by it, or not at all."""
    code = """
        import os
        from unittest import mock
        theirs = [os.open(os.devnull, os.O_RDONLY) for _ in range(40)]
        fake, numbers = mock.Mock(), iter(theirs)
        def close(descriptor):
            fake.closed(descriptor)
        opened = lambda *arguments, **options: next(numbers)
        with mock.patch("os.open", opened), mock.patch("os.close", close):
            with mock.patch("os.pipe", lambda: theirs[:2]):
                import certifi
                assert os.path.isabs(certifi.where())
        assert fake.closed.called
        [os.fstat(each) for each in theirs]
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("mocked", "returns"),
    [
        ("os.open", "mine"),
        ("os.open", "mock.DEFAULT"),
        ("os.read", "mock.DEFAULT"),
        ("os.write", "mock.DEFAULT"),
        ("os.replace", "None"),
        ("os.listdir", "[]"),
        ("os.lstat", "mock.DEFAULT"),
        ("os.environ", "mock.DEFAULT"),
        ("os.path.expanduser", "'/nowhere'"),
        ("os.path.exists", "False"),
    ],
)
def test_a_first_where_beside_a_mock(sandbox: Sandbox, mocked: str, returns: str) -> None:
    """A test of the application counts its calls, and it says nothing true: nobody asks it."""
    code = f"""
        import os, time
        from unittest import mock
        import certifi
        own, mine = certifi.where.__wrapped__(), os.open("mine", os.O_RDWR | os.O_CREAT)
        with mock.patch({mocked!r}, return_value={returns}) as replaced:
            assert certifi.where() == own
            assert not replaced.mock_calls, replaced.mock_calls
        os.write(mine, b"it is open")
        time.sleep(1.1)
        assert certifi.contents().count("END CERTIFICATE") > 100 and certifi.where() != own
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f".{mocked.rpartition('.')[2]} is mocked" in done.stderr
    assert os.listdir(sandbox.work) == ["mine"]


def test_a_first_where_beside_what_replaces_nothing(sandbox: Sandbox) -> None:
    """A function that moves no file, and says that it did: the answer is a file that is there."""
    code = """
        import os
        import certifi
        os.replace = os.rename = lambda *arguments, **options: None
        assert os.path.getsize(certifi.where()) > 1000
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_first_where_beside_what_writes_nothing(sandbox: Sandbox) -> None:
    """It does not write for ever."""
    code = """
        import os, time
        import certifi
        real, os.write = os.write, lambda *arguments: 0
        assert os.path.getsize(certifi.where()) > 1000
        os.write = real
        time.sleep(1.1)
        assert "certifi-system-store-wrapper-" in certifi.where()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_an_interpreter_that_imports_lazily(sandbox: Sandbox) -> None:
    """Python 3.15 can be told to; all that an upgrade could replace is there with the answer."""
    code = """
        import certifi, sys
        certifi.where()
        print(*(name for name in sys.modules if name.startswith("certifi_system_store_wrapper")))
    """
    builds = {"PYTHON_CERTIFI_STORE": "0"}
    eager = sandbox.run_code(code, env=builds)
    lazy = sandbox.run_code(code, env={**builds, "PYTHON_LAZY_IMPORTS": "all"})
    assert (lazy.returncode, lazy.stderr) == (0, "")
    missing = set(eager.stdout.split()) - set(lazy.stdout.split())
    assert missing <= {f"{MODULE}.reporting.log_handlers"}  # which needs a logging that is loaded


def test_a_finder_that_leaves_by_its_place(sandbox: Sandbox) -> None:
    """As pyfakefs does it: who was first on sys.meta_path before certifi's import still is."""
    code = """
        import sys
        class Finder:
            def find_spec(name, path=None, target=None):
                return None
        sys.meta_path.insert(0, Finder)
        import certifi
        assert sys.meta_path.pop(0) is Finder
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert OURS in done.stdout


def test_a_finder_that_raises_what_finders_do_not(sandbox: Sandbox) -> None:
    """The application gets that error, and no WARNING that blames us; then the bundle."""
    code = """
        import sys
        class Finder:
            def find_spec(name, path=None, target=None):
                if name == "certifi":
                    raise LookupError("mine")
        sys.meta_path.insert(1, Finder)
        try:
            import certifi
        except LookupError as error:
            print(error)
        sys.meta_path.remove(Finder)
        import certifi
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine\n") and OURS in done.stdout


@pytest.mark.parametrize("part", ["wrapt", "activation", "publishing"])
def test_a_finder_that_raises_for_what_only_we_import(sandbox: Sandbox, part: str) -> None:
    """Without us nobody would have asked it, so nothing comes out; one line says what helps."""
    code = f"""
        import sys
        class Finder:
            raised = False
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                if {part!r} in name and not cls.raised:
                    cls.raised = True
                    raise ValueError("mine")
        sys.meta_path.insert(0, Finder)
        import certifi
        print(certifi.where())
        import certifi_system_store_wrapper
        certifi_system_store_wrapper.activate()
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    plain, ours = done.stdout.splitlines()
    assert done.returncode == 0 and OURS not in plain and OURS in ours
    (line,) = done.stderr.splitlines()
    assert "mine" in line and "activate() tries again" in line


def test_a_python_without_ssl(sandbox: Sandbox, ca_file: Path) -> None:
    """There is no complaint; what is in the bundle needed no word of OpenSSL."""
    code = """
        import sys
        sys.modules.update(ssl=None, _ssl=None)
        import certifi
        print(certifi.contents())
    """
    unproven = write(sandbox.work / "ed25519.pem", ed25519_root())
    env = {"PYTHON_CERTIFI_SOURCES": "user", "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stderr) == (0, "") and ca_file.read_text() in done.stdout
    env["PYTHON_CERTIFI_CERT_FILES"] += f"{os.pathsep}{unproven}"
    done = sandbox.run_code(code, env=env)
    assert done.stderr.count("\n") == 1 and "ed25519.pem: a certificate in it is not" in done.stderr
    assert ca_file.read_text() in done.stdout and unproven.read_text() not in done.stdout


def test_a_wrapt_that_is_a_mock(sandbox: Sandbox) -> None:
    """Nothing of it gets into Python's import system: certifi's own list answers."""
    code = """
        import sys
        from unittest import mock
        sys.modules["wrapt"] = mock.MagicMock()
        import certifi, colorsys
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.path.isfile(done.stdout.strip()) and OURS not in done.stdout


def test_a_meta_path_that_is_put_back(sandbox: Sandbox) -> None:
    """As pytest's own tests do it: wrapt believes that its finder still is there."""
    code = """
        import sys
        import wrapt
        before = sys.meta_path[:]
        import certifi
        path = certifi.where()
        sys.meta_path[:] = before
        del sys.modules["certifi"], sys.modules["certifi.core"]
        import certifi
        assert certifi.where() == certifi.core.where() == path
        assert type(sys.meta_path[0]) is type  # ours, not wrapt's, is first again
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_that_import_what_we_import(sandbox: Sandbox) -> None:
    """Python asks finders with its import lock held, for which other threads' imports wait.

    Not requests: a finder of urllib3 1.26 imports with that lock held, whoever else imports.
    """
    code = """
        import faulthandler, threading
        import typing  # or dataclasses, from Python 3.14 on, meets it half imported, and raises
        faulthandler.dump_traceback_later(60, exit=True)
        answers = []
        def by_another():
            import asyncio, email.message, http.client, logging
            answers.append(None)
        def by_certifi():
            import certifi
            answers.append(certifi.where())
        threads = [threading.Thread(target=ask) for ask in (by_another, by_certifi) * 8]
        [each.start() for each in threads]
        [each.join() for each in threads]
        faulthandler.cancel_dump_traceback_later()
        assert len(answers) == 16 and len(set(answers)) == 2, answers
        print(*answers)
    """
    for _ in range(5):
        done = sandbox.run_code(code)
        assert (done.returncode, done.stderr) == (0, "")
        assert OURS in done.stdout


@pytest.mark.parametrize("environ", ["mock.Mock()", "{'PYTHON_CERTIFI_CERT_FILES': 5}", "None"])
def test_where_under_an_environment_that_is_none(sandbox: Sandbox, environ: str) -> None:
    """A test of the application replaces os.environ: nothing raises, and later it answers."""
    code = f"""
        import certifi, os, time
        from unittest import mock
        with mock.patch("os.environ", {environ}):
            assert os.path.getsize(certifi.where()) > 1000
        time.sleep(1.1)
        assert "system-store" in certifi.where()
    """
    done = sandbox.run_code(code)
    assert done.returncode == 0, done.stderr


def test_a_failure_under_a_frozen_clock_does_not_last(sandbox: Sandbox) -> None:
    """What seems to be years ahead is no second to wait for."""
    code = """
        import certifi, os
        from unittest import mock
        from certifi_system_store_wrapper.activation import answer
        with mock.patch("os.write", side_effect=OSError(28, "full")):
            with mock.patch.object(answer, "monotonic", lambda: 2e9):
                assert "system-store" not in certifi.where()
        assert "system-store" in certifi.where()
    """
    done = sandbox.run_code(code)
    assert done.returncode == 0, done.stderr
