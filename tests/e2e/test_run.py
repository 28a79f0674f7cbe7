"""`run`: a command with the variables of shellenv, as if it had been started by itself."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Dict, List

import pytest
import trustme

from certifi_system_store_wrapper.commands import run
from support import MODULE, Sandbox, write

RUN = ("-m", MODULE, "run")
ON_UNIX = pytest.mark.posix("no process takes another's place there")
CURL = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")


@CURL
def test_a_client_trusts_the_users_ca(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """In one call and without a shell; without the CA curl says that it is a certificate."""
    curl = (*RUN, "--", "curl", "--silent", "--show-error", "--output", os.devnull, url)
    done = sandbox.run(*curl, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    without = sandbox.run(*curl)
    assert without.returncode == 60  # curl: peer certificate cannot be authenticated
    assert "certificate" in without.stderr


@CURL
def test_the_bundle_is_fresh_each_time(
    sandbox: Sandbox, url: str, tmp_path: Path, private_ca: trustme.CA, other_ca: trustme.CA
) -> None:
    """What a file of CAs has become since the last call counts."""
    named = write(tmp_path / "cas.pem", other_ca.cert_pem.bytes())
    curl = (*RUN, "curl", "--silent", "--output", os.devnull, url)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(named)}
    assert sandbox.run(*curl, env=env).returncode == 60
    write(named, other_ca.cert_pem.bytes() + private_ca.cert_pem.bytes())
    assert sandbox.run(*curl, env=env).returncode == 0


@pytest.mark.parametrize(
    "variable",
    ["SSL_CERT_FILE", pytest.param("NIX_SSL_CERT_FILE", marks=pytest.mark.linux("it is of Nix"))],
)
def test_what_a_variable_named_stays_trusted(
    sandbox: Sandbox, ca_file: Path, variable: str
) -> None:
    """Inside, the variable names our bundle, and certifi answers as it does outside."""
    python, asking = str(sandbox.environment.python), "import certifi; print(certifi.contents())"
    again, plain, isolated = (python, *RUN, "--"), (python, "-c", asking), (python, "-Ic", asking)
    for command in (plain, isolated, (*again, *plain), (*again, *again, *plain)):
        done = sandbox.run(*RUN, "--", *command, env={variable: str(ca_file)})
        assert (done.returncode, done.stderr) == (0, "")
        assert ca_file.read_text("ascii") in done.stdout
        assert ca_file.read_text("ascii") not in sandbox.run(*RUN, "--", *command).stdout


ASKING = {
    "run": (*RUN, "--", sys.executable, "-c", "import sys; sys.exit(7)"),
    "shellenv": ("-m", MODULE, "shellenv", "--format", "json"),
}


@pytest.mark.parametrize("command", ASKING)
def test_a_ca_that_is_lost_is_told(sandbox: Sandbox, ca_file: Path, command: str) -> None:
    """Once for each file, with the command that keeps it; nothing else changes."""
    names = ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    env = dict.fromkeys(names, os.path.relpath(ca_file, sandbox.work))
    before, done = sandbox.run(*ASKING[command]), sandbox.run(*ASKING[command], env=env)
    assert (done.returncode, done.stdout) == (before.returncode, before.stdout)
    assert before.stderr == ""
    (line,) = done.stderr.splitlines()
    assert all(name in line for name in names)
    file = os.path.realpath(ca_file)
    assert "tests" in line  # of its subject
    adding = f"certifi-system-store-wrapper add {file}"
    assert line.replace('"', "").endswith(adding)
    assert sandbox.run("-m", MODULE, "add", file).returncode == 0
    assert sandbox.run(*ASKING[command], env=env).stderr == ""


def test_a_ca_of_a_home_or_a_folder_is_lost_as_well(
    sandbox: Sandbox, ca_file: Path, other_ca: trustme.CA
) -> None:
    """A path with ~; of a folder, what OpenSSL finds there by the hash in its name, in one line."""
    folder = sandbox.home / "cas"
    hashed = write(folder / "0123abcd.0", ca_file.read_bytes())
    write(folder / "0123abcd.1", other_ca.cert_pem.bytes())
    write(folder / "unhashed.pem", trustme.CA(organization_name="Unhashed").cert_pem.bytes())
    for value, named in ((os.path.join("~", "cas", hashed.name), hashed), (str(folder), folder)):
        (line,) = sandbox.run(*ASKING["run"], env={"PIP_CERT": value}).stderr.splitlines()
        assert f"PIP_CERT named {os.path.realpath(named)}, of which the bundle lacks" in line
        assert line.replace('"', "").endswith(f"add {os.path.realpath(hashed)}")
        assert "Unhashed" not in line


def test_of_a_whole_list_one_is_to_be_added(sandbox: Sandbox, ca_file: Path) -> None:
    """Who added all of it would trust for ever what others have put into it."""
    plain = sandbox.environment.own_list
    file = write(sandbox.work / "all.pem", plain.read_bytes() + ca_file.read_bytes())
    sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca_file.read_text("ascii"))).hexdigest()
    (line,) = sandbox.run(*ASKING["run"], env={"PIP_CERT": str(file)}).stderr.splitlines()
    assert f"the SHA-256 {sha256} out of it, and `add` that" in line
    assert "add /" not in line


@ON_UNIX
def test_what_is_not_lost_is_not_told(sandbox: Sandbox, ca_file: Path) -> None:
    """What the bundle has, certifi's own list, another bundle of ours, and what is no file."""
    own = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    ours = sandbox.run("-m", MODULE, "export", env=own).stdout.strip()
    os.mkfifo(sandbox.work / "fifo")
    plain = sandbox.environment.own_list
    for value in (plain, ours, sandbox.work, sandbox.work / "fifo", sandbox.work / "no", ""):
        assert sandbox.run(*ASKING["run"], env={"CURL_CA_BUNDLE": str(value)}).stderr == ""
    assert sandbox.run(*ASKING["run"], env={"CURL_CA_BUNDLE": str(ca_file), **own}).stderr == ""


def test_what_was_appended_to_a_copy_of_ours_is_told(sandbox: Sandbox, ca_file: Path) -> None:
    """The copy is one of ours, and what a person put behind it is not in any other."""
    ours = Path(sandbox.run("-m", MODULE, "export").stdout.strip())
    copy = write(sandbox.work / "corp.pem", ours.read_bytes() + ca_file.read_bytes())
    (line,) = sandbox.run(*ASKING["run"], env={"CURL_CA_BUNDLE": str(copy)}).stderr.splitlines()
    assert "corp.pem, of which the bundle lacks" in line and "out of it, and `add` that" in line


def test_without_the_source_no_add_is_advised(sandbox: Sandbox, ca_file: Path) -> None:
    """It would change nothing: the variable that leaves the user's CAs out is named."""
    env = {"CURL_CA_BUNDLE": str(ca_file), "PYTHON_CERTIFI_SOURCES": "certifi,system"}
    (line,) = sandbox.run(*ASKING["run"], env=env).stderr.splitlines()
    assert "PYTHON_CERTIFI_SOURCES leaves `user` out" in line


def test_what_certifi_has_removed_is_not_to_be_added(sandbox: Sandbox, ca_file: Path) -> None:
    """An old list of certifi's is replaced without a word; its roots were removed for a reason."""
    code = """
        import hashlib, ssl, sys
        from certifi_system_store_wrapper import commands
        from certifi_system_store_wrapper.commands import whose

        der = ssl.PEM_cert_to_DER_cert(open(sys.argv[1]).read())
        known = {hashlib.sha256(der).hexdigest(): {"last": "2020.1.1"}}
        whose._removed = lambda: known if sys.argv[2] == "removed" else {}
        sys.exit(commands.main(["shellenv", "--format", "json"]))
    """
    program = write(sandbox.work / "program.py", textwrap.dedent(code).encode())
    for state, lines in (("kept", 1), ("removed", 0)):
        env = {"CURL_CA_BUNDLE": str(ca_file)}
        done = sandbox.run(str(program), str(ca_file), state, env=env)
        assert (done.returncode, len(done.stderr.splitlines())) == (0, lines)


@pytest.mark.parametrize("separator", [(), ("--",)])
def test_arguments_and_the_exit_status_are_the_commands_own(
    sandbox: Sandbox, separator: List[str]
) -> None:
    """Options that look like ours, too, and every variable names the one bundle."""
    code = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)])); sys.exit(7)"
    python, options = str(sandbox.environment.python), ("--json", "--", "-h", "a b", "")
    done = sandbox.run(*RUN, *separator, python, "-c", code, *options)
    assert (done.returncode, done.stderr) == (7, "")
    arguments, environment = json.loads(done.stdout)
    assert arguments == list(options)
    paths = {environment[name] for name in run.VARIABLES}
    assert len(paths) == 1
    assert Path(paths.pop()).read_text("ascii").count("BEGIN") > 50


@ON_UNIX
def test_it_takes_our_place(sandbox: Sandbox) -> None:
    """It has the process that was started, what Python ignores is not ignored, nothing is left."""
    code = "import os; print(os.getppid(), flush=True); os.kill(os.getpid(), 15)"
    state = "grep -E 'SigIgn' /proc/self/status" if sys.platform == "linux" else "true"
    script = f"{state}; exec {sandbox.environment.python} -c '{code}'"
    process = subprocess.Popen(
        [str(sandbox.environment.python), *RUN, "sh", "-c", script],
        env=sandbox.variables({}),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    said, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGTERM
    assert str(os.getpid()) in said.split()
    ignored = int(said.split()[1], 16) if sys.platform == "linux" else 0
    assert not ignored & (1 << (signal.SIGPIPE - 1))
    assert sandbox.left == []


@ON_UNIX
@pytest.mark.parametrize(
    ("name", "status", "helps"),
    [
        ("no-such-program-\x1b", 127, "name a program that is there"),
        ("", 127, "name a program that is there"),
        ("./text", 126, "chmod +x"),
        ("./orphan", 127, "interpreter"),
    ],
)
def test_what_cannot_be_run_is_told_as_shells_do(
    sandbox: Sandbox, name: str, status: int, helps: str
) -> None:
    """127 is not there, 126 cannot be executed; one line says which, and what helps."""
    write(sandbox.work / "text", b"no program")
    write(sandbox.work / "orphan", b"#!/no/such/interpreter\n").chmod(0o755)
    done = sandbox.run(*RUN, "--", name)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (status, "")
    assert "cannot be run" in line and helps in line and "\x1b" not in line
    assert ("that is there" in line) == ("name a program" in helps)


def test_without_a_command_it_is_wrong_usage(sandbox: Sandbox) -> None:
    """There is nothing to run, and the line says what to name."""
    nothing = sandbox.run(*RUN)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "name a command" in nothing.stderr


@ON_UNIX
@pytest.mark.parametrize("name", ["./script", "script", "./-script"])
def test_a_script_that_does_not_say_what_runs_it(sandbox: Sandbox, name: str) -> None:
    """A shell runs it, as execvp(3) has it: in this place or on PATH, with all it is given."""
    code = b'printf "%s|" "$0" "$@"; printf %s "$SSL_CERT_FILE"; exit 7\n'
    for each in ("script", "-script"):
        write(sandbox.work / each, code).chmod(0o755)
    path = f"{sandbox.work}{os.pathsep}{os.defpath}"
    done = sandbox.run(*RUN, "--", name, "-a", "b c", "", env={"PATH": path})
    itself, *arguments, bundle = done.stdout.split("|")
    assert (done.returncode, done.stderr, arguments) == (7, "", ["-a", "b c", ""])
    assert Path(itself).name == Path(name).name
    assert bundle.endswith("cacert.pem")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what the caller set")
@pytest.mark.parametrize("given", [{}, {"LC_CTYPE": "C"}, {"LC_CTYPE": "C.UTF-8"}, {"LANG": "C"}])
def test_the_locale_is_the_callers(sandbox: Sandbox, given: Dict[str, str]) -> None:
    """Python sets LC_CTYPE for itself where the locale is C (PEP 538)."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    variables = {k: v for k, v in sandbox.variables({}).items() if k not in names}
    said = subprocess.run(
        [str(sandbox.environment.python), *RUN, "env"],
        env={**variables, **given},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = [line for line in said.stdout.splitlines() if line.partition("=")[0] in names]
    assert lines == [f"{name}={value}" for name, value in given.items()]


def test_without_a_bundle_nothing_is_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """A command that would trust the wrong CAs is worse than none."""
    mark = tmp_path / "ran"
    folder = write(tmp_path / "a-file", b"")
    code = f"open({str(mark)!r}, 'w')"
    done = sandbox.run(
        *(*RUN, str(sandbox.environment.python), "-c", code),
        env={"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHON_CERTIFI_SOURCES": "user"},
    )
    assert done.returncode == 125
    assert done.stderr
    assert not mark.exists()


def test_where_no_process_takes_anothers_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows: it is waited for, and its exit status is handed on."""
    # Not of sys itself: shutil would ask Windows.
    monkeypatch.setattr(run, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(run, "persistent_path", lambda: str(tmp_path / "cacert.pem"))
    code = "import os, sys; sys.exit(3 if os.environ['SSL_CERT_FILE'].endswith('.pem') else 1)"
    assert run.run(program=["--", sys.executable, "-c", code]).status == 3
    assert run.run(program=["no-such-program"]).status == 127


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("ci", "ci"),
        ("--flag=a", '"--flag=a"'),
        ("a b", '"a b"'),
        ("a&b|c^d<e>f(g)", '"a&b|c^d<e>f(g)"'),
        ("C:\\a\\", "C:\\a\\"),
        ("C:\\a b\\", '"C:\\a b\\\\"'),
        ("", '""'),
    ],
)
def test_cmd_takes_an_argument_for_itself(argument: str, quoted: str) -> None:
    """A batch file is run by cmd, which reads the line anew: in quotes nothing of it is syntax."""
    line = run.for_cmd("C:\\my tools\\npm.cmd", [argument, "x"])
    assert line == f'"C:\\my tools\\npm.cmd" {quoted} x'


@pytest.mark.parametrize("argument", ["100%", "%PATH%", 'a" & calc', "a\nb", "a\rb"])
def test_what_no_quotes_keep_from_cmd_is_refused(argument: str) -> None:
    """With the argument and what to name in its place."""
    with pytest.raises(OSError, match=r"takes %.*name the program that C:.npm.cmd starts"):
        run.for_cmd("C:\\npm.cmd", [argument])
