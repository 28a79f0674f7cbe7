"""Run in Pyodide by pyodide.mjs, which prints the value of the last line."""

import importlib
import io
import json
import os
import pkgutil
import site
import ssl
import sys

MODULE = "certifi_system_store_wrapper"


def check_start():
    """The start-up file runs, and only two modules of ours are loaded."""
    site.addsitedir("/site")
    assert sys.meta_path[0].__module__ == f"{MODULE}.bootstrap"
    assert {name for name in sys.modules if MODULE in name} == {MODULE, f"{MODULE}.bootstrap"}


def check_certifi():
    """certifi answers with its own list."""
    os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
    import certifi

    assert certifi.where() == "/site/certifi/cacert.pem"
    with open(certifi.where(), encoding="ascii") as file:
        assert certifi.contents() == file.read()


def check_activate():
    """The line for places without start-up files changes nothing."""
    import certifi

    import certifi_system_store_wrapper as ours

    ours.activate()
    assert certifi.where() == "/site/certifi/cacert.pem"


def check_status():
    """The command says why."""
    from certifi_system_store_wrapper.commands.status import why_inactive
    from certifi_system_store_wrapper.settings import Settings

    assert "has no TLS" in why_inactive(Settings()).what


def check_every_module():
    """Every file imports on every system."""
    for found in pkgutil.walk_packages([f"/site/{MODULE}"], f"{MODULE}."):
        if not found.name.endswith(("__main__", "_pyinstaller")):
            importlib.import_module(found.name)


def check_silence():
    """Nothing was printed or logged by all of that."""
    printed = sys.stdout.getvalue() + sys.stderr.getvalue()
    assert printed == "", printed


def run():
    """Run every check, in this order."""
    stdout, stderr = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    failed, checks = [], [f for name, f in globals().items() if name.startswith("check_")]
    for check in checks:
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is to be printed
            failed.append(f"{check.__name__}: {error!r}")
    sys.stdout, sys.stderr = stdout, stderr
    version = sys.version.split()[0]
    passed = len(checks) - len(failed)
    answer = {"passed": passed, "failed": failed, "version": version}
    return json.dumps({**answer, "openssl": ssl.OPENSSL_VERSION})


run()
