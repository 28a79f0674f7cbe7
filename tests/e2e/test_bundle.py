"""The bundle that certifi's users are handed, and its life."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
import trustme

from support import MODULE, NAME, POWERLESS, Environment, Sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done

BLOCK = re.compile(
    r"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n)"
    r"-----END CERTIFICATE-----\n"
)
CONTENTS = "import certifi, sys; sys.stdout.buffer.write(open(certifi.where(), 'rb').read())"
# A parent in the background would hand down an ignored SIGINT; no program's own choice.
WAIT = """
    import certifi, signal, sys, time
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(certifi.where(), flush=True)
    sys.stdin.read()
"""
posix = pytest.mark.posix("there are no such signals")


def bundle(sandbox: Sandbox, **variables: str) -> bytes:
    """Return the bytes of the bundle of a new process."""
    done = sandbox.run_code(CONTENTS, env=variables)
    assert done.stderr == ""
    return done.stdout.encode("utf-8")


def blocks(text: str) -> List[bytes]:
    """Return the DER of every block."""
    return [base64.b64decode(match) for match in BLOCK.findall(text)]


def test_two_runs_make_the_same_bytes(sandbox: Sandbox, ca_file: Path) -> None:
    """Unchanged inputs make the same bundle in every process."""
    first, second = (
        bundle(sandbox, PYTHON_CERTIFI_CERT_FILES=str(ca_file), PYTHONHASHSEED=seed)
        for seed in ("1", "2")
    )
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


def test_there_is_one_block_per_certificate_and_nothing_else(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """Beside comments there are only well-formed blocks in ASCII, each of another certificate."""
    twice = os.pathsep.join([str(ca_file), str(ca_file)])
    text = bundle(sandbox, PYTHON_CERTIFI_CERT_FILES=twice).decode("ascii")
    found = blocks(text)
    assert len(found) > 100
    assert len(found) == len(set(found)) == text.count("BEGIN")
    assert found.count(private_der) == 1
    assert "\r" not in text
    rest = BLOCK.sub("", text)
    assert [line for line in rest.splitlines() if not line.startswith("#")] == []


def test_the_roots_of_certifi_are_all_there(sandbox: Sandbox) -> None:
    """Adding sources removes nothing that the system does not distrust."""
    own = sandbox.environment.own_list.read_bytes()
    found = blocks(bundle(sandbox).decode("ascii"))
    begin, end = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
    bodies = [part.split(end)[0] for part in own.split(begin)[1:]]
    missing = {base64.b64decode(body) for body in bodies} - set(found)
    assert len(missing) <= 3  # this machine's administrator may distrust some


def test_what_the_ssl_module_trusts_by_default_is_all_there(sandbox: Sandbox) -> None:
    """The bundle takes nothing from a program that has been working with the system's store."""
    code = """
        import certifi, ssl
        default = ssl.create_default_context()
        ours = ssl.create_default_context(cafile=certifi.where())
        there, here = (set(c.get_ca_certs(binary_form=True)) for c in (default, ours))
        print(len(there - here), len(there))
    """
    missing, trusted = map(int, sandbox.run_code(code).stdout.split())
    assert missing <= trusted // 50  # this machine's administrator may distrust some


def test_openssl_loads_every_block(sandbox: Sandbox, ca_file: Path) -> None:
    """A context that is given the path holds as many certificates as there are blocks."""
    code = """
        import certifi, ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certifi.where())
        print(context.cert_store_stats()["x509"], certifi.contents().count("BEGIN CERTIFICATE"))
    """
    loaded, written = sandbox.run_code(
        code, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    ).stdout.split()
    assert loaded == written


def test_all_ways_of_asking_certifi_agree(sandbox: Sandbox) -> None:
    """The functions of certifi and of certifi.core, bound or not, before or after a reload."""
    code = """
        import importlib
        from certifi import contents, where
        import certifi, certifi.core
        first = where()
        assert first == certifi.where() == certifi.core.where()
        assert open(first, encoding="ascii").read() == contents() == certifi.core.contents()
        importlib.reload(certifi.core)
        importlib.reload(certifi)
        assert first == where() == certifi.where() == certifi.core.where()
        assert certifi.where.__name__ == "where" and certifi.where.__module__ == "certifi.core"
        import copy, pickle
        assert pickle.loads(pickle.dumps(certifi.where))() == copy.deepcopy(where)() == first
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.linux("it lies in another place")
def test_the_path_is_in_a_folder_of_this_user_and_process(sandbox: Sandbox) -> None:
    """Everybody may read the file whose path they were told; nobody else may list the folders."""
    code = """
        import certifi, os
        path = certifi.where()
        print(path)
        print(oct(os.stat(path).st_mode), oct(os.stat(os.path.dirname(path)).st_mode))
    """
    done = sandbox.run_code(code)
    path, modes = done.stdout.splitlines()
    parts = Path(path).relative_to(sandbox.tmp).parts
    assert (parts[0], parts[2]) == (f"{NAME}-{os.geteuid()}", "cacert.pem")
    assert re.fullmatch("[0-9a-f]{16}", parts[1])
    assert modes == "0o100644 0o40711"
    assert list(sandbox.tmp.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "status"),
    [("pass", 0), ("sys.exit(3)", 3), ("raise ValueError('as ever')", 1)],
    ids=["normal", "sys.exit", "exception"],
)
def test_nothing_is_left_when_a_process_ends(sandbox: Sandbox, ending: str, status: int) -> None:
    """The file and its folder are gone after every ordinary end of a process."""
    code = f"import certifi, os, sys; assert os.path.isfile(certifi.where()); {ending}"
    done = sandbox.run_code(code)
    assert done.returncode == status
    assert done.stderr.endswith("ValueError: as ever\n" if status == 1 else "")
    assert sandbox.left == []


def ended_by(sandbox: Sandbox, code: str, number: int) -> Done:
    """Start the code, wait for its first line, send the signal, and return how it ended."""
    with sandbox.start_code(code) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            if os.path.basename(first.strip()) == "cacert.pem":
                assert os.path.isfile(first.strip())
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    return subprocess.CompletedProcess([], process.returncode, first + stdout, stderr)


@posix
def test_sigterm_still_kills_and_leaves_nothing(sandbox: Sandbox) -> None:
    """The status is that of a process killed by SIGTERM, and the bundle is gone."""
    done = ended_by(sandbox, WAIT, signal.SIGTERM)
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")
    assert done.stdout.strip().endswith("cacert.pem")
    assert sandbox.left == []


@posix
def test_ctrl_c_is_a_keyboard_interrupt_as_ever_and_leaves_nothing(
    sandbox: Sandbox, plain: Environment
) -> None:
    """Status and last line are those of an interpreter without us, and the bundle is gone."""
    without = WAIT.replace("certifi, ", "").replace("certifi.where()", "1")
    expected = ended_by(Sandbox(sandbox.work, plain), without, signal.SIGINT)
    done = ended_by(sandbox, WAIT, signal.SIGINT)
    assert "KeyboardInterrupt" in done.stderr.splitlines()[-1]
    assert done.returncode == expected.returncode
    assert sandbox.left == []


@posix
def test_what_a_killed_process_left_is_swept_by_the_next(sandbox: Sandbox) -> None:
    """SIGKILL leaves a bundle behind, until another process makes its own."""
    done = ended_by(sandbox, WAIT, signal.SIGKILL)
    assert Path(done.stdout.strip()).is_file()
    assert sandbox.run_code("import certifi; certifi.where()").stderr == ""
    assert sandbox.left == []


@posix
def test_a_fork_keeps_the_bundle_of_its_parent(sandbox: Sandbox) -> None:
    """A child that outlives its parent still has the file, and removes it as the last."""
    code = """
        import certifi, os, sys
        path = certifi.where()
        parent, ours = os.pipe()
        if os.fork():
            os._exit(0) if "hard" in sys.argv else sys.exit()
        os.close(ours)
        while os.read(parent, 1):  # until the parent is gone
            pass
        assert certifi.where() == path and os.path.isfile(path)
        print("child", flush=True)
    """
    done = sandbox.run_code(code)
    assert (done.stdout, done.stderr) == ("child\n", "")
    assert sandbox.left == []


def test_the_path_that_python_m_certifi_prints_outlives_it(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """What another program is to be given stays where it is, and holds the CA of the user."""
    variables = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run("-m", "certifi", env=variables)
    path = Path(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert private_der in blocks(path.read_text(encoding="ascii"))
    assert sandbox.run("-m", "certifi", env=variables).stdout == done.stdout
    assert list(sandbox.tmp.iterdir()) == []


CERTIFI_FAILS = """
    import certifi, os, sys
    own = os.path.join(os.path.dirname(certifi.__file__), "cacert.pem")
    real = os.open
    def failing(path, *more, **named):
        if path == own:
            raise OSError(5, "Input/output error", path)
        return real(path, *more, **named)
    os.open = failing
"""


@pytest.mark.parametrize("persistent", [False, True])
def test_certifis_own_list_answers_while_it_cannot_be_read(
    sandbox: Sandbox, *, persistent: bool
) -> None:
    """A bundle without its roots is never published; the next attempt comes a second later."""
    code = (
        CERTIFI_FAILS
        + """
    print(certifi.where() == own)
    os.open = real
    import time
    time.sleep(1.1)
    print(certifi.where() == own, open(certifi.where()).read().count("BEGIN") > 100)
    """
    )
    folder = sandbox.home / "bundle"
    done = sandbox.run_code(
        code, env={"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)} if persistent else {}
    )
    assert done.stdout.split() == ["True", "False", "True"]
    (line,) = done.stderr.splitlines()
    assert "certifi's own list" in line
    assert "cacert.pem: Input/output error" in line
    assert (folder / "cacert.pem").exists() == persistent


@pytest.mark.posix("modes say nothing there")
@pytest.mark.parametrize("kind", ["closed", "a FIFO", "a folder"])
def test_a_list_of_certifis_own_that_nobody_could_use(
    fresh: Sandbox, ca_file: Path, kind: str
) -> None:
    """As where it is missing: the other sources answer, where plain certifi could not."""
    if kind != "closed" and sys.version_info[:2] == (3, 9):
        pytest.skip("importlib.resources opens it there when certifi itself is asked for its path")
    own = fresh.environment.own_list
    # Never a list outside of it, which may be the store of this machine.
    assert fresh.environment.site_packages in own.parents
    if kind == "closed":
        own.chmod(0)
    else:
        own.unlink()
        os.mkfifo(own) if kind == "a FIFO" else own.mkdir()
    code = "import certifi, sys; sys.stdout.write(certifi.contents())"
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = fresh.run_code(code, env=env, prefix=POWERLESS if os.geteuid() == 0 else [])
    assert ca_file.read_text() in done.stdout
    (line,) = done.stderr.splitlines()
    assert f"{own}: cannot be read" in line and "reinstall it" in line


@pytest.mark.parametrize("command", [["status"], ["doctor"], ["export"], ["export", "-o", "copy"]])
def test_commands_say_that_certifis_own_list_cannot_be_read(
    sandbox: Sandbox, command: List[str]
) -> None:
    """Nothing is exported without its roots, and the file is named."""
    code = (
        CERTIFI_FAILS
        + f"""
    from certifi_system_store_wrapper.commands import main
    sys.exit(main({command!r}))
    """
    )
    done = sandbox.run_code(code)
    assert done.returncode not in (0, None)
    assert "cacert.pem: Input/output error" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(sandbox.work.iterdir()) == []


COMMANDS = ("doctor", "status")


@pytest.mark.linux("root may write everywhere elsewhere")
@pytest.mark.parametrize("what", ["nothing", "file", "variable"])
def test_a_bundle_of_an_image_that_does_not_fit(sandbox: Sandbox, ca_file: Path, what: str) -> None:
    """Which input differs is told, and what to do; where none does, the bundle is used."""
    kept = sandbox.work / "kept"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(kept), "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    assert sandbox.run("-m", "certifi", env=env).returncode == 0
    kept.chmod(0o555)
    if what == "file":
        ca_file.write_bytes(trustme.CA().cert_pem.bytes())
    elif what == "variable":
        env["PYTHON_CERTIFI_SOURCES"] = "certifi,user"
    prefix = POWERLESS if os.geteuid() == 0 else []
    done = sandbox.run_code("import certifi; print(certifi.where())", env=env, prefix=prefix)
    asked = [sandbox.run("-m", MODULE, each, env=env, prefix=prefix) for each in COMMANDS]
    kept.chmod(0o755)
    if what == "nothing":
        assert (done.stdout, done.stderr) == (f"{kept / 'cacert.pem'}\n", "")
        return
    assert str(kept) not in done.stdout
    told = f"because {ca_file} has changed: in an image, run `python -m certifi` as the last step"
    if what == "variable":
        told = "because PYTHON_CERTIFI_SOURCES is ('certifi', 'user'), and was not set: in an image"
    for said in (done.stderr, *(each.stdout for each in asked)):
        assert told in said and "only you can write to" not in said, said
