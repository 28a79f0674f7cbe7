"""What programs and people do with certifi and Python's import system."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Callable, Dict, Tuple

import pytest

from reach.neighbours.living import (
    AGREE,
    OURS,
    assert_nothing_left,
    assert_served,
    assert_silent,
    named,
)
from support import Sandbox, new_environment, write

OPTIONS: Tuple[Tuple[str, ...], ...] = (
    ("-X", "dev"),
    ("-X", "frozen_modules=on"),
    ("-X", "frozen_modules=off"),
    ("-X", "utf8"),
    ("-X", "faulthandler"),
    ("-W", "error"),
    ("-b", "-b"),
    ("-B",),
    ("-O",),
    ("-O", "-O"),
    ("-P",),
    ("-s",),
    ("-u",),
)
VARIABLES: Tuple[Dict[str, str], ...] = (
    {"PYTHONSAFEPATH": "1"},
    {"PYTHONNOUSERSITE": "1"},
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONWARNINGS": "error"},
    {"PYTHONDEVMODE": "1"},
    {"PYTHONUTF8": "1"},
    {"PYTHONPATH": "/nowhere:"},
    {"PYTHONINSPECT": ""},
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C"},
    {"PYTHONHASHSEED": "0"},
    {"PYTHONUNBUFFERED": "1"},
)
LOOKS = {
    "a reload": """
        import certifi, importlib
        importlib.reload(certifi)
    """,
    "another import": """
        import certifi, sys
        first = certifi.where()
        for name in [name for name in sys.modules if name.split(".")[0] == "certifi"]:
            del sys.modules[name]
        import certifi
        assert certifi.where() == first
    """,
    "another import by importlib": """
        import certifi, sys
        old = sys.modules.pop("certifi")
        import importlib
        assert importlib.import_module("certifi").where() == old.where()
        del sys.modules["certifi"], sys.modules["certifi.core"]
    """,
    "pickle": """
        import certifi, copy, pickle
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(certifi.where, protocol))() == certifi.where()
        assert copy.deepcopy(certifi.where)() == copy.copy(certifi.where)() == certifi.where()
    """,
    "cloudpickle": """
        import certifi, cloudpickle, pickle
        assert pickle.loads(cloudpickle.dumps(certifi.where))() == certifi.where()
        assert pickle.loads(cloudpickle.dumps(lambda: certifi.where()))() == certifi.where()
    """,
    "a wiped meta_path": """
        import certifi, sys
        kept, path = sys.meta_path[:], certifi.where()
        sys.meta_path[:] = []
        assert certifi.where() == path and certifi.contents()
        sys.meta_path[:] = kept
    """,
    "a meta_path with somebody else first": """
        import sys
        class Finder:
            def find_spec(name, path=None, target=None):
                return None
        sys.meta_path.insert(0, Finder)
        import certifi
    """,
    "a meta_path without us, and the line that activates": """
        import sys
        sys.meta_path[:] = [each for each in sys.meta_path if "frozen" in each.__module__]
        import certifi
        assert "certifi-system-store-wrapper-" not in certifi.where()
        import certifi_system_store_wrapper
        certifi_system_store_wrapper.activate()
    """,
    "an import hook that logs": """
        import builtins, logging, sys
        original = builtins.__import__
        def logged(name, *arguments, **named):
            logging.getLogger("imports").debug("%s", name)
            return original(name, *arguments, **named)
        builtins.__import__ = logged
        class Finder:
            def find_spec(name, path=None, target=None):
                logging.getLogger("finder").debug("%s", name)
        sys.meta_path.insert(0, Finder)
        import certifi
    """,
    "a module __getattr__ and dir()": """
        import certifi, inspect
        assert "where" in dir(certifi) and inspect.signature(certifi.where).parameters == {}
        assert certifi.where.__module__ == "certifi.core" and certifi.where.__name__ == "where"
        assert inspect.getsource(certifi)
    """,
    "modules taken from sys.modules": """
        import sys
        from unittest import mock
        with mock.patch.dict(sys.modules):
            import requests, certifi
            certifi.where()
    """,
    "mock.patch": """
        import certifi
        from unittest import mock
        with mock.patch("certifi.where", autospec=True, return_value="mine"):
            assert certifi.where() == "mine"
        with mock.patch.object(certifi, "contents", lambda: "mine"):
            assert certifi.contents() == "mine"
    """,
    "a debugger and a profiler": """
        import sys, threading
        def traced(frame, event, argument):
            return traced
        sys.settrace(traced)
        sys.setprofile(traced)
        threading.settrace(traced)
    """,
    "a lazy import as Python documents it": """
        import importlib.util, sys
        spec = importlib.util.find_spec("certifi")
        spec.loader = importlib.util.LazyLoader(spec.loader)
        certifi = sys.modules["certifi"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(certifi)
        assert certifi.where()
    """,
    "a lazy finder before ours": """
        import importlib.util, sys
        class Lazy:
            busy = set()
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                if name != "certifi" or name in cls.busy:
                    return None
                cls.busy.add(name)
                spec = importlib.util.find_spec(name)
                spec.loader = importlib.util.LazyLoader(spec.loader)
                return spec
        sys.meta_path.insert(0, Lazy)
        import certifi
        certifi.where()
    """,
    "reloads of who asks": """
        import importlib, certifi, requests.certs, requests.utils, requests.adapters
        for each in (certifi.core, certifi, requests.certs, requests.utils, requests.adapters):
            importlib.reload(each)
        assert requests.utils.DEFAULT_CA_BUNDLE_PATH == certifi.where()
    """,
    "importlib.resources": """
        import certifi, importlib.util
        assert importlib.util.find_spec("certifi").origin == certifi.__file__
        try:
            from importlib.resources import files
        except ImportError:
            pass
        else:
            assert files("certifi").joinpath("cacert.pem").is_file()
    """,
    "threads that import it at once": """
        import sys, threading
        answers, start = [], threading.Barrier(8)
        def ask():
            start.wait()
            import certifi
            answers.append(certifi.where())
        threads = [threading.Thread(target=ask) for _ in range(8)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        assert len(answers) == 8 and len(set(answers)) == 1, answers
    """,
}


# What must be installed for it, and what it does.
TOOLS = {
    "lazy_loader": (
        ("lazy_loader",),
        """
        import lazy_loader
        assert lazy_loader.load("certifi").where()
        """,
    ),
    "pyfakefs": (
        ("pyfakefs",),
        """
        import certifi, os, requests, ssl
        from pyfakefs.fake_filesystem_unittest import Patcher
        path, text = certifi.where(), certifi.contents()
        with Patcher() as patcher:
            assert certifi.where() == path and not os.path.exists(path)
            patcher.fs.add_real_file(certifi.where())  # its own recipe
            assert certifi.contents() == text
            ssl.create_default_context(cafile=path)
            requests.adapters.HTTPAdapter().cert_verify(
                requests.packages.urllib3.HTTPSConnectionPool("localhost"), "https://", True, None
            )
        assert certifi.where() == path and certifi.contents() == text
        """,
    ),
    "pyfakefs, asked there first": (
        ("pyfakefs",),
        """
        import os, sys
        from pyfakefs.fake_filesystem_unittest import Patcher
        with Patcher() as patcher:
            import certifi
            patcher.fs.add_real_file(certifi.where())
            assert os.path.basename(certifi.where()) == "cacert.pem"
        for name in [name for name in sys.modules if name.startswith("certifi")]:
            del sys.modules[name]  # what is imported there knows no other files, ever
        """,
    ),
    "pyfakefs, imported there, where another client has woken us": (
        ("pyfakefs", "httpx2"),
        """
        import httpx2
        from pyfakefs.fake_filesystem_unittest import Patcher
        with Patcher():
            import certifi
            certifi.where()
        """,
    ),
    "freezegun": (
        ("freezegun",),
        """
        import freezegun
        freezegun.freeze_time("2001-01-01").start()
        """,
    ),
    "IPython's autoreload": (
        ("ipython",),
        """
        import certifi, requests, sys
        from IPython.extensions.autoreload import superreload
        superreload(certifi)
        certifi.core = sys.modules["certifi.core"]  # it forgets that, with and without us
        superreload(requests.certs)
        """,
    ),
    "debugpy": (
        ("debugpy",),
        """
        import os
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or it talks of frozen modules
        import debugpy
        debugpy.configure(subProcess=False)
        debugpy.listen(("127.0.0.1", 0), in_process_debug_adapter=True)
        """,
    ),
    "eventlet.import_patched()": (
        ("eventlet",),
        """
        import warnings
        warnings.simplefilter("ignore")
        import eventlet
        assert "certifi-system-store-wrapper-" in eventlet.import_patched("requests").certs.where()
        """,
    ),
}


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_option(
    sandbox: Sandbox, python_version: Tuple[int, int], options: Tuple[str, ...], ca_file: Path
) -> None:
    """An option of the interpreter changes nothing."""
    if options == ("-P",) and python_version < (3, 11):
        pytest.skip("-P came with Python 3.11")
    assert_silent(sandbox, AGREE, *options, env=named(ca_file))


@pytest.mark.parametrize("variables", VARIABLES, ids=lambda v: "=".join(*v.items()).strip("="))
def test_variable(sandbox: Sandbox, variables: Dict[str, str], ca_file: Path) -> None:
    """A variable of the interpreter changes nothing."""
    assert_silent(sandbox, AGREE, env={**named(ca_file), **variables})


@pytest.mark.parametrize("option", ["-v", "-X importtime"])
def test_chatty(sandbox: Sandbox, option: str, ca_file: Path) -> None:
    """Python tells what it imports, and nobody else says anything."""
    done = sandbox.run_code(AGREE, *option.split(), env=named(ca_file))
    assert (done.returncode, done.stdout) == (0, "")
    assert "certifi" in done.stderr and "WARNING" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(sandbox.place.iterdir())


@pytest.mark.parametrize("name", LOOKS)
def test_survives(live_with: Callable[..., Sandbox], name: str, ca_file: Path) -> None:
    """Whatever was done to it, certifi answers from the bundle."""
    sandbox = live_with("cloudpickle")
    code = textwrap.dedent(LOOKS[name])
    assert_silent(sandbox, code + AGREE, env=named(ca_file))


@pytest.mark.parametrize("name", TOOLS)
def test_beside_the_tool(live_with: Callable[..., Sandbox], name: str, ca_file: Path) -> None:
    """Whatever it does to modules, files or time, certifi answers from the bundle."""
    requirements, code = TOOLS[name]
    sandbox = live_with(*requirements)
    assert_silent(sandbox, textwrap.dedent(code) + AGREE, env=named(ca_file))


def test_a_wrapt_that_is_too_old_is_refused(tmp_path: Path, interpreter: str, wheel: str) -> None:
    """As TensorFlow up to 2.14 asks for: an installer says so, and does not install either."""
    environment = new_environment(interpreter, tmp_path / "venv", "--without-pip")
    command = (sys.executable, "-m", "pip", "--python", str(environment.python), "install")
    done = subprocess.run(
        [*command, wheel, "wrapt<1.15"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode != 0
    assert "depends on wrapt>=1.15" in done.stdout + done.stderr
    assert not (environment.site_packages / "wrapt").exists()


def test_beside_beartype_all(live_with: Callable[..., Sandbox], ca_file: Path) -> None:
    """It wraps all of ours in what does not work any more at the end: the next process cleans."""
    sandbox = live_with("beartype>=0.20")  # before, it refused every context manager with types
    first = "import warnings; warnings.simplefilter('ignore')\n"
    first += "from beartype.claw import beartype_all; beartype_all()\n"
    done = sandbox.run_code(first + AGREE, env=named(ca_file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert_silent(sandbox, AGREE, env=named(ca_file))


def test_in_a_run_of_pytest(live_with: Callable[..., Sandbox], ca_file: Path) -> None:
    """Its finder, which rewrites assertions, is first on sys.meta_path."""
    sandbox = live_with("pytest")
    test = "def test_all():" + textwrap.indent(AGREE, "    ")
    write(sandbox.work / "test_it.py", test.encode())
    done = sandbox.run("-m", "pytest", "-q", "-p", "no:cacheprovider", env=named(ca_file))
    assert (done.returncode, done.stderr) == (0, "") and "1 passed" in done.stdout, done
    assert_nothing_left(sandbox)


def test_a_certifi_of_another_name(sandbox: Sandbox) -> None:
    """A copy within another package is that package's, and left alone."""
    installed = sandbox.environment.site_packages / "certifi"
    for path in installed.glob("*.p*"):
        write(sandbox.work / "app" / "_vendor" / "certifi" / path.name, path.read_bytes())
    code = """
        import app._vendor.certifi as vendored, certifi
        assert vendored.__file__ != certifi.__file__
        assert certifi.where() != vendored.where() and certifi.contents() != vendored.contents()
    """
    assert_silent(sandbox, code)


@pytest.mark.parametrize("command", ["certifi", "certifi --contents"])
def test_python_m(sandbox: Sandbox, command: str, ca_file: Path) -> None:
    """``python -m certifi`` prints a path that lasts, or the same text."""
    done = sandbox.run("-m", *command.split(), env=named(ca_file))
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout if "contents" in command else Path(done.stdout.strip()).read_text()
    assert ca_file.read_text() in text


@pytest.mark.parametrize("name", ["certifi", "certifi.core"])
def test_runpy(sandbox: Sandbox, name: str, ca_file: Path) -> None:
    """A module that is run is another copy; the imported one stays patched."""
    target = "certifi.__main__" if name == "certifi" else name
    code = f"""
import contextlib, io, runpy, warnings
warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    runpy.run_module({target!r}, alter_sys=True)
"""
    assert_silent(sandbox, code + AGREE, env=named(ca_file))


def test_pip_downloads_nothing_and_runs(live_with: Callable[..., Sandbox]) -> None:
    """``python -m pip`` of every age, with its own certifi."""
    sandbox = live_with("pip")
    for arguments in (["--version"], ["list"], ["check"], ["debug"]):
        done = sandbox.run("-m", "pip", *arguments, env={"PIP_CONFIG_FILE": "/dev/null"})
        assert done.returncode == 0, done
        assert "certifi-system-store-wrapper WARNING" not in done.stderr
    assert not list(sandbox.place.iterdir())


def test_another_certifi_on_pythonpath(
    live_with: Callable[..., Sandbox], tmp_path: Path, url: str, ca_file: Path
) -> None:
    """It is the one that is imported, and the one that is extended."""
    sandbox = live_with()
    installed = sandbox.environment.site_packages / "certifi"
    for path in installed.glob("*.p*"):
        write(tmp_path / "other" / "certifi" / path.name, path.read_bytes())
    env = {"PYTHONPATH": str(tmp_path / "other")}
    assert_served(sandbox, url, ca_file, env)
    done = sandbox.run_code("import certifi; print(certifi.__file__)", env=env)
    assert done.stdout.startswith(str(tmp_path / "other"))


def test_a_zipped_certifi(
    live_with: Callable[..., Sandbox], tmp_path: Path, url: str, ca_file: Path
) -> None:
    """Its list is where importlib.resources puts it."""
    sandbox = live_with()
    installed = sandbox.environment.site_packages / "certifi"
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for path in installed.glob("*.p*"):
            archive.write(path, f"certifi/{path.name}")
    env = {"PYTHONPATH": str(tmp_path / "other.zip")}
    assert_served(sandbox, url, ca_file, env)
    done = sandbox.run_code("import certifi; print(certifi.__file__)", env=env)
    assert done.stdout.startswith(str(tmp_path / "other.zip"))


@pytest.mark.parametrize("first", ["reverse()", "insert(0, importlib.machinery.PathFinder)"])
def test_a_meta_path_with_python_s_own_finder_first(sandbox: Sandbox, first: str) -> None:
    """Whoever is behind it is not asked: certifi's own list answers."""
    code = f"""
        import importlib.machinery, sys
        sys.meta_path.{first}
        import certifi
        print(certifi.where())
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert OURS not in done.stdout and done.stdout.endswith("cacert.pem\n")


def test_a_local_module_named_certifi(sandbox: Sandbox) -> None:
    """A certifi.py of the user's own that has nothing to do with certificates is left alone."""
    write(sandbox.work / "certifi.py", b"answer = 42\n")
    assert_silent(sandbox, "import certifi\nassert certifi.answer == 42")


def test_a_local_module_named_certifi_with_a_where(sandbox: Sandbox, ca_file: Path) -> None:
    """One that answers where() is a certifi, and extended."""
    own = f"def where(): return {str(ca_file)!r}\n"
    write(sandbox.work / "certifi.py", own.encode())
    code = f"import certifi; assert open({str(ca_file)!r}).read() in open(certifi.where()).read()"
    assert_silent(sandbox, code)


@pytest.mark.parametrize("content", ["", "import certifi_of_nobody", "raise OSError('no')", "1 +"])
def test_a_certifi_that_is_broken(sandbox: Sandbox, content: str) -> None:
    """The error is the one that there is without us."""
    folder = sandbox.work / "certifi"
    write(folder / ("__init__.py" if content else "note.txt"), content.encode())
    code = "import certifi; certifi.where()"
    done = sandbox.run_code(code)
    without = sandbox.run_code(code, env={"PYTHON_CERTIFI_DISABLE": "1"})
    assert done.returncode == without.returncode == (1 if content else 0)
    assert done.stderr.splitlines()[-1:] == without.stderr.splitlines()[-1:]
    assert (OURS in sandbox.run_code("import certifi; print(certifi.where())").stdout) == (
        not content
    )
