"""What a start of the interpreter costs and changes: nothing, until certifi is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import MODULE, NAME, Environment, Sandbox, assert_fetched, write

WHERE = "import certifi; print(certifi.where())"
LOADED = "import sys; print(*set(sys.modules) - set(sys.builtin_module_names))"


def test_a_start_loads_exactly_two_modules(sandbox: Sandbox, plain: Environment) -> None:
    """Beside what any start loads, there are the package and its bootstrap module."""
    with_us = set(sandbox.run_code(LOADED).stdout.split())
    without = set(Sandbox(sandbox.work, plain).run_code(LOADED).stdout.split())
    # Python's own, to read any start-up file: 3.15 even loads pkgutil. What the bootstrap module
    # imports itself is pinned in unit/test_layers.py.
    pythons_own = {"_bootlocale"} | set(getattr(sys, "stdlib_module_names", ()))
    ours = {name for name in with_us - without if name.split(".")[0] not in pythons_own}
    assert ours == {MODULE, f"{MODULE}.bootstrap"}
    assert not with_us & {"certifi", "wrapt", "ssl", "logging", "tempfile"}


@pytest.mark.parametrize("option", ["-B", "-I", "-E", "-s"])
def test_a_start_prints_nothing(sandbox: Sandbox, option: str) -> None:
    """Nobody sees that we are there."""
    done = sandbox.run(option, "-c", "pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_site_certifi_is_left_alone(sandbox: Sandbox) -> None:
    """-S runs no start-up file, so that certifi's own file answers and nothing of ours loads."""
    packages = sandbox.environment.site_packages
    code = f"{WHERE}; {LOADED}"
    path, modules = sandbox.run_code(code, "-S", env={"PYTHONPATH": str(packages)}).stdout.split(
        "\n", 1
    )
    assert Path(path) == packages / "certifi" / "cacert.pem"
    assert not [name for name in modules.split() if name.startswith(MODULE)]


@pytest.mark.parametrize("switch", ["0", "1"])
def test_an_interpreter_that_has_loaded_next_to_nothing(sandbox: Sandbox, switch: str) -> None:
    """Embedded and without site there may be no `os` yet: activate() works, and the switch."""
    code = f"""
        import sys
        sys.modules.pop("os", None)
        import {MODULE}
        {MODULE}.activate()
        import certifi, ssl
        code = ssl.SSLContext.load_default_certs.__code__
        print("{NAME}-" in certifi.where(), "{MODULE}" in code.co_filename)
    """
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    done = sandbox.run_code(code, "-S", env={**env, "PYTHON_CERTIFI_SSL_DEFAULTS": switch})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["True", str(switch == "1")]


@pytest.mark.parametrize("option", ["-I", "-E"])
def test_isolated_interpreters_ignore_the_variables(
    sandbox: Sandbox, option: str, ca_file: Path, private_der: bytes
) -> None:
    """-I and -E make us ignore our variables, as Python ignores its own; we stay active."""
    code = """
        import certifi, os, ssl
        context = ssl.create_default_context(cafile=certifi.where())
        print(os.path.basename(os.path.dirname(os.path.dirname(certifi.where()))))
        print(*[der.hex() for der in context.get_ca_certs(binary_form=True)])
    """
    variables = {
        "PYTHON_CERTIFI_CERT_FILES": str(ca_file),
        "PYTHON_CERTIFI_LOG_LEVEL": "DEBUG",
        "PYTHON_CERTIFI_DISABLE": "1",
    }
    done = sandbox.run_code(code, option, env=variables)
    folder, trusted = done.stdout.splitlines()
    assert folder.startswith("certifi-system-store-wrapper-")
    assert private_der.hex() not in trusted
    assert done.stderr == ""


def test_a_second_bootstrap_changes_nothing(sandbox: Sandbox) -> None:
    """Calling bootstrap() again, before or after certifi's import, leaves everything as it is."""
    code = """
        import atexit, site, sys
        from certifi_system_store_wrapper.bootstrap import bootstrap

        def state():
            exits = getattr(atexit, "_ncallbacks", int)()
            return [*sys.meta_path, site.execsitecustomize, site.execusercustomize, exits]

        def assert_twice_is_once():
            before, modules = state(), set(sys.modules)
            bootstrap()
            bootstrap()
            assert state() == before
            assert set(sys.modules) == modules
            assert [f.__module__ for f in before[-3:-1]] == ["site", "site"]

        assert_twice_is_once()
        import certifi
        path = certifi.where()
        assert_twice_is_once()
        assert certifi.where() == path
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_exit_handlers_of_the_application_can_still_speak_tls(
    sandbox: Sandbox, url: str, ca_file: Path
) -> None:
    """Whenever a handler was registered, the path still serves a fresh context when it runs."""
    code = f"""
        import atexit, ssl, urllib.request

        def speak(when):
            context = ssl.create_default_context(cafile=path)
            with urllib.request.urlopen({url!r}, context=context) as answer:
                print(when, answer.status)

        atexit.register(speak, "before")
        import certifi
        path = certifi.where()
        atexit.register(speak, "after")
    """
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.stdout, done.stderr) == ("after 200\nbefore 200\n", "")
    assert sandbox.left == []


@pytest.mark.parametrize("early", ["aaa.pth", "zzz.pth", "sitecustomize.py"])
def test_what_imports_requests_before_us_is_served_too(
    fresh: Sandbox, early: str, url: str, ca_file: Path
) -> None:
    """Another package's start-up file, or sitecustomize, may import requests before our turn."""
    write(fresh.environment.site_packages / early, b"import requests\n")
    variables = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert_fetched(fresh.fetch("requests", url, variables))
    assert fresh.left == []


def test_a_finder_that_sitecustomize_puts_first_does_not_hide_certifi(
    fresh: Sandbox, url: str, ca_file: Path
) -> None:
    """We go first again once customization has run."""
    code = b"""
import sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "certifi":
            from importlib.machinery import PathFinder
            return PathFinder.find_spec(name, path, target)

sys.meta_path.insert(0, Finder)
"""
    write(fresh.environment.site_packages / "sitecustomize.py", code)
    variables = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert_fetched(fresh.fetch("requests", url, variables))


def test_a_site_module_of_somebody_else(sandbox: Sandbox) -> None:
    """One that hands over to Python's: start-up files run while it has not got a function yet."""
    code = b"""
import importlib.util
import os
file = os.path.join(os.path.dirname(os.__file__), "site.py")
spec = importlib.util.spec_from_file_location("real", file)
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
real.main()
"""
    write(sandbox.work / "site.py", code)
    program = "import certifi; print(certifi.where())"
    not_frozen = ("-X", "frozen_modules=off")  # from 3.11 on Python's own would be built in
    done = sandbox.run_code(program, *not_frozen, env={"PYTHONPATH": str(sandbox.work)})
    assert (done.returncode, done.stderr) == (0, "")
    assert "certifi-system-store-wrapper-" in done.stdout
