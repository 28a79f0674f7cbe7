"""The command: is it active, what is in the bundle, what was left out and why."""

from __future__ import annotations

import json
from pathlib import Path

from support import Sandbox, write

COMMAND = ("-m", "certifi_system_store_wrapper")


def test_status_when_all_is_well(sandbox: Sandbox, ca_file: Path) -> None:
    """Version, active, path and a row per source; status 0."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run(*COMMAND, "--verbose", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith("certifi-system-store-wrapper 1.")
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["active"] and rows["bundle"][0].endswith("cacert.pem")
    assert rows["user"][:2] == ["1", "1"]
    assert int(rows["certifi"][0]) > 100
    assert int(rows["together"][0]) >= int(rows["certifi"][0]) + 1


def test_the_console_script_is_the_same(sandbox: Sandbox) -> None:
    """The installed command prints the same as the module."""
    folder = sandbox.environment.python.parent
    script = next(folder.glob("certifi-system-store-wrapper*"))
    done = sandbox.run(str(script)) if script.suffix != ".exe" else sandbox.run(*COMMAND)
    assert done.returncode == 0
    assert done.stdout.splitlines()[2].split()[0] == "python"


def test_what_a_person_named_and_lost_is_a_problem(sandbox: Sandbox, tmp_path: Path) -> None:
    """The file and the reason are shown; status 1."""
    garbage = write(tmp_path / "garbage.pem", b"nothing")
    done = sandbox.run(*COMMAND, env={"PYTHON_CERTIFI_CERT_FILES": str(garbage)})
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if str(garbage) in line and "problem" in line]


def test_why_not_active(sandbox: Sandbox) -> None:
    """Disabled and -S are told apart; status 1."""
    disabled = sandbox.run(*COMMAND, env={"PYTHON_CERTIFI_DISABLE": "1"})
    packages = str(sandbox.environment.site_packages)
    without_site = sandbox.run("-S", *COMMAND, env={"PYTHONPATH": packages})
    assert (disabled.returncode, without_site.returncode) == (1, 1)
    assert "PYTHON_CERTIFI_DISABLE" in disabled.stdout
    assert "python -S" in without_site.stdout


def test_certifis_own_list_is_no_bundle(sandbox: Sandbox) -> None:
    """Where the settings leave no source: the answer is certifi's, and is not called ours."""
    env = {"PYTHON_CERTIFI_SOURCES": "nothing"}
    done = sandbox.run(*COMMAND, env=env)
    assert done.returncode == 1
    assert "inactive  PYTHON_CERTIFI_SOURCES names no source" in done.stdout
    assert "trusts    what certifi's own list has" in done.stdout
    assert "answers from the bundle" not in done.stdout
    assert "cacert.pem" not in done.stdout
    assert "answers from the bundle" not in sandbox.run(*COMMAND, "doctor", env=env).stdout


def test_a_hook_that_failed_says_why(sandbox: Sandbox) -> None:
    """A wrapt that cannot be imported is named, and what to do."""
    write(sandbox.work / "wrapt.py", b"raise ImportError('no wrapt here')\n")
    done = sandbox.run(*COMMAND, env={"PYTHONPATH": str(sandbox.work)})
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("inactive")]
    assert "no wrapt here" in line
    assert "reinstall wrapt" in line
    done = sandbox.run(*COMMAND, "doctor", "--json", env={"PYTHONPATH": str(sandbox.work)})
    (told,) = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "active"]
    assert "no wrapt here" in told["message"] and "no wrapt here" not in told["remedy"]
    assert told["remedy"].startswith("certifi_system_store_wrapper.activate() tries again")
    write(sandbox.work / "wrapt.py", b"")
    done = sandbox.run(*COMMAND, env={"PYTHONPATH": str(sandbox.work)})
    taken = f"{sandbox.work / 'wrapt.py'} is taken for wrapt; rename it if it is yours"
    assert taken in done.stdout and "or reinstall wrapt" in done.stdout
    (sandbox.work / "wrapt.py").unlink()
    # What is left of an installation that was removed by hand.
    (sandbox.work / "wrapt").mkdir()
    write(sandbox.work / "wrapt" / "__init__.py", b"__file__ = None\n")
    done = sandbox.run(*COMMAND, env={"PYTHONPATH": str(sandbox.work)})
    assert f"{sandbox.work / 'wrapt'} is taken for wrapt" in done.stdout


def test_usage(sandbox: Sandbox) -> None:
    """A wrong word is status 2, on stderr."""
    done = sandbox.run(*COMMAND, "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "nonsense" in done.stderr


def test_a_pipe_that_closes_early(sandbox: Sandbox) -> None:
    """`… | head -1` is no traceback."""
    code = """
        import subprocess, sys
        command = [sys.executable, "-m", "certifi_system_store_wrapper"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_variable_that_names_what_cannot_be_used(sandbox: Sandbox) -> None:
    """The bundle is temporary where the folder is none, and the log file is missed, too."""
    file = write(sandbox.work / "file", b"")
    named = {"PYTHON_CERTIFI_BUNDLE_DIR": str(file), "PYTHON_CERTIFI_LOG_FILE": str(file / "log")}
    for name, value in named.items():
        done = sandbox.run(*COMMAND, "--json", env={name: value})
        data = json.loads(done.stdout)
        assert (done.returncode, data["active"], data["persistent"]) == (1, True, False)
        assert [name in each["message"] for each in data["problems"]] == [True]
    kept = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")}
    assert json.loads(sandbox.run(*COMMAND, "--json", env=kept).stdout)["persistent"] is True


def test_no_certificate_at_all_is_said_to_be_that(sandbox: Sandbox) -> None:
    """And not that nothing can be written, nor that all is well."""
    env = {"PYTHON_CERTIFI_SOURCES": "user"}
    done = sandbox.run(*COMMAND, env=env)
    assert done.returncode == 1
    assert "inactive  no source has a certificate" in done.stdout
    doctor = sandbox.run(*COMMAND, "doctor", env=env).stdout
    assert "not answered from the bundle: no source has a certificate" in doctor
    assert "written" not in doctor and "certifi answers from" not in doctor
