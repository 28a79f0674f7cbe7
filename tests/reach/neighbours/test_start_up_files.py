"""Packages whose start-up files run beside ours, whichever is first."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, NamedTuple, Optional, Tuple

import pytest
from virtualenv import cli_run

from reach.neighbours.living import assert_served, installed_with, reorder
from support import Environment, Sandbox, new_environment, write

ORDERS = ("as installed", "before us", "after us")


# What the launchers of these put on PYTHONPATH (ddtrace-run, opentelemetry-instrument and so on):
# a sitecustomize.py that has hooks for what is imported; and the variables that keep them quiet.
INSTRUMENTS: Dict[str, Tuple[Tuple[str, ...], str, Dict[str, str]]] = {
    "ddtrace": (
        ("--only-binary=ddtrace", "ddtrace"),
        "ddtrace/bootstrap",
        {"DD_TRACE_ENABLED": "false", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"},
    ),
    "opentelemetry": (
        ("opentelemetry-distro", "opentelemetry-instrumentation-requests"),
        "opentelemetry/instrumentation/auto_instrumentation",
        {f"OTEL_{each}_EXPORTER": "none" for each in ("TRACES", "METRICS", "LOGS")},
    ),
    "elastic-apm": (
        ("elastic-apm",),
        "elasticapm/instrumentation/wrapper",
        {"ELASTIC_APM_DISABLE_SEND": "true"},
    ),
}


class Neighbour(NamedTuple):
    """What is installed, and the variables that wake it up."""

    requirements: Tuple[str, ...]
    env: Optional[Dict[str, str]] = None


NEIGHBOURS = {
    "autowrapt": Neighbour(("autowrapt",), {"AUTOWRAPT_BOOTSTRAP": "neighbour"}),
    "certifi-linux": Neighbour(("certifi-linux",)),
    "coverage": Neighbour(("coverage",), {"COVERAGE_PROCESS_START": "coverage.cfg"}),
    # It has requests pass by certifi, to the default contexts of ssl.
    "pip-system-certs 4, with SSL_DEFAULTS": Neighbour(
        ("pip-system-certs==4.*",), {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    ),
    "pip-system-certs 5": Neighbour(("pip-system-certs==5.*", "pip")),
    "hunter": Neighbour(("--only-binary=hunter", "hunter"), {"PYTHONHUNTER": "module='nothing'"}),
    "pytest-cov 6": Neighbour(("pytest-cov<7",), {"COV_CORE_SOURCE": "", "COV_CORE_CONFIG": ":"}),
    # Its -nspkg.pth makes a namespace package by hand.
    "sphinxcontrib-jsmath": Neighbour(("sphinxcontrib-jsmath==1.0.1",)),
    "setuptools 65": Neighbour(("setuptools==65.*",)),
    "python-certifi-win32": Neighbour(("python-certifi-win32", "setuptools<80")),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_beside(
    live_with: Callable[..., Sandbox], name: str, order: str, url: str, ca_file: Path
) -> None:
    """What it does it does, and certifi answers from the bundle."""
    neighbour = NEIGHBOURS[name]
    sandbox = live_with(*neighbour.requirements)
    write(sandbox.work / "coverage.cfg", b"[run]\ndata_file = coverage.data\n")
    reorder(sandbox.environment, order)
    assert_served(sandbox, url, ca_file, neighbour.env)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_instrumented_by(
    live_with: Callable[..., Sandbox], name: str, url: str, ca_file: Path
) -> None:
    """What traces imports traces ours, too, and everybody is served."""
    requirements, folder, variables = INSTRUMENTS[name]
    sandbox = live_with(*requirements)
    path = sandbox.environment.site_packages / folder
    assert (path / "sitecustomize.py").exists()
    assert_served(sandbox, url, ca_file, {**variables, "PYTHONPATH": str(path)})


@pytest.mark.parametrize("order", ORDERS)
def test_an_editable_install_beside(
    live_with: Callable[..., Sandbox], tmp_path: Path, order: str, url: str, ca_file: Path
) -> None:
    """The finder that setuptools makes for it puts itself on sys.meta_path."""
    project = tmp_path / "project"
    write(project / "lib" / "neighbour" / "__init__.py", b"")
    text = """
        [build-system]
        requires = ["setuptools>=64"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "neighbour"
        version = "1"
        [tool.setuptools]
        packages = ["neighbour"]
        package-dir = {neighbour = "lib/neighbour"}
    """
    write(project / "pyproject.toml", text.replace("        ", "").encode())
    sandbox = live_with("-e", str(project))
    assert list(sandbox.environment.site_packages.glob("__editable__*finder.py"))
    reorder(sandbox.environment, order)
    assert_served(sandbox, url, ca_file)


@pytest.mark.parametrize("order", ORDERS)
def test_in_an_environment_of_virtualenv(
    tmp_path: Path, interpreter: str, wheel: str, order: str, url: str, ca_file: Path
) -> None:
    """Its start-up file puts a finder on sys.meta_path."""
    cli_run(["--python", interpreter, "--no-seed", str(tmp_path / "venv")])
    environment = installed_with(Environment(tmp_path / "venv"), wheel, "requests")
    assert list(environment.site_packages.glob("_virtualenv.pth"))
    reorder(environment, order)
    assert_served(Sandbox(tmp_path, environment), url, ca_file)


@pytest.mark.parametrize("name", ["aaa.pth", "zzz.pth", "sitecustomize.py"])
def test_imports_requests_in(
    live_with: Callable[..., Sandbox], name: str, url: str, ca_file: Path
) -> None:
    """What asked certifi before our turn is served too."""
    sandbox = live_with()
    write(sandbox.environment.site_packages / name, b"import requests\n")
    assert_served(sandbox, url, ca_file)


@pytest.mark.parametrize("name", ["aaa.pth", "zzz.pth", "sitecustomize.py"])
def test_truststore_injected_in(
    live_with: Callable[..., Sandbox], name: str, url: str, ca_file: Path
) -> None:
    """It replaces ssl.SSLContext; on Linux what certifi answers is asked too."""
    sandbox = live_with("truststore")
    write(
        sandbox.environment.site_packages / name,
        b"import truststore; truststore.inject_into_ssl()\n",
    )
    assert_served(sandbox, url, ca_file)


@pytest.mark.parametrize(
    "place", ["aaa.pth", "zzz.pth", "sitecustomize.py", "first line", "after certifi"]
)
@pytest.mark.parametrize("name", ["gevent", "eventlet"])
def test_patches(
    live_with: Callable[..., Sandbox], name: str, place: str, url: str, ca_file: Path
) -> None:
    """Sockets, threads and ssl of a green library, patched there."""
    sandbox = live_with(name)
    line = {"gevent": "import gevent.monkey; gevent.monkey.patch_all()"}
    patch = line.get(name, "import eventlet; eventlet.monkey_patch()")
    first = "import certifi; certifi.where()\n" if place == "after certifi" else ""
    if "." in place:
        write(sandbox.environment.site_packages / place, patch.encode() + b"\n")
    env = {"PYTHONWARNINGS": "ignore"}  # eventlet says that it is deprecated
    assert_served(sandbox, url, ca_file, env, first="" if "." in place else first + patch)


def test_certifi_system_store_over_certifi(
    live_with: Callable[..., Sandbox], url: str, ca_file: Path
) -> None:
    """It puts itself into certifi's place; what it answers is extended."""
    sandbox = live_with("setuptools<80")
    installed_with(sandbox.environment, "--no-deps", "--link-mode=copy", "certifi-system-store")
    disabled = {"PYTHON_CERTIFI_DISABLE": "1"}
    done = sandbox.run("-m", "certifi", "-v", env=disabled)  # it asks for that
    assert done.returncode == 0 and "3021." in done.stdout, done
    assert_served(sandbox, url, ca_file)


def test_in_the_environment_and_in_the_one_beneath(
    tmp_path: Path, interpreter: str, wheel: str, url: str, ca_file: Path
) -> None:
    """With --system-site-packages both start-up files run, and one of us answers."""
    environment = new_environment(
        interpreter, tmp_path / "venv", "--without-pip", "--system-site-packages"
    )
    beneath = tmp_path / "user"
    environment.install(wheel, "requests")
    sandbox = Sandbox(tmp_path, environment)
    code = "import site; print(site.USER_SITE, site.ENABLE_USER_SITE)"
    env = {"PYTHONUSERBASE": str(beneath)}
    user_site, enabled = sandbox.run_code(code, env=env).stdout.split()
    assert enabled == "True" and user_site.startswith(str(beneath))
    environment.install("--target", user_site, wheel, "certifi", "wrapt")
    assert_served(sandbox, url, ca_file, env)
    done = sandbox.run_code(
        "import certifi_system_store_wrapper as us; print(us.__file__)", env=env
    )
    assert str(environment.folder) in done.stdout or str(beneath) in done.stdout
