"""The bundle on a real Windows: held by open files, in odd accounts, left by killed processes."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
from pathlib import Path
from typing import Dict, List

import pytest

from support import Sandbox

pytestmark = pytest.mark.windows("these are its ways")

# Runs on, with a file open that a program before it has named, until its stdin ends.
HOLDER = """
import ctypes, sys
create = ctypes.WinDLL("kernel32").CreateFileW
create.restype = ctypes.c_void_p
path, access, shared = sys.argv[1], int(sys.argv[2], 16), int(sys.argv[3])
handle = create(path, ctypes.c_uint32(access), shared, None, 3, 0, None)
print(handle not in (None, ctypes.c_void_p(-1).value), flush=True)
sys.stdin.read()
"""
READS, DELETES = "80000000", "10000"


def left(sandbox: Sandbox) -> List[Path]:
    """Return the files in its home, temp folder and working directory, but for what is stored."""
    folders = (sandbox.home, sandbox.tmp, sandbox.work)
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if path.name != "stored.pem"]


def hold(sandbox: Sandbox, path: str, access: str, shared: int) -> subprocess.Popen[str]:
    """Start a process that opens a file, as a virus scanner does; the caller ends it."""
    return subprocess.Popen(
        [str(sandbox.environment.python), "-I", "-S", "-c", HOLDER, path, access, str(shared)],
        env=sandbox.variables({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="ascii",
    )


def test_refresh_where_nothing_has_changed(sandbox: Sandbox) -> None:
    """The same path, and neither a folder nor a descriptor more."""
    code = """
        import certifi, os
        import certifi_system_store_wrapper as ours
        def opened():
            found = []
            for number in range(3, 64):
                try:
                    os.fstat(number)
                except OSError:
                    continue
                found.append(number)
            return found
        path = certifi.where()
        before = opened()
        print({ours.refresh() for _ in range(5)} == {path}, opened() == before)
        parent = os.path.dirname(os.path.dirname(path))
        print(len(os.listdir(parent)))
    """
    done = sandbox.run_code(code)
    assert (done.stdout, done.stderr) == ("True True\n1\n", "")
    assert not sandbox.left


def test_refresh_where_something_has_changed(sandbox: Sandbox, ca_file: Path) -> None:
    """Another path, with what is new; the old one stays good."""
    code = """
        import certifi, os, sys
        import certifi_system_store_wrapper as ours
        path, before = certifi.where(), certifi.contents()
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = sys.argv[1]
        new = ours.refresh()
        print(new != path, open(path).read() == before)
        print(certifi.contents().count("BEGIN") - before.count("BEGIN"))
    """
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file))
    assert (done.stdout, done.stderr) == ("True True\n1\n", "")
    assert not sandbox.left


def test_what_is_appended_counts_in_this_process(sandbox: Sandbox, private_der: bytes) -> None:
    """As with certifi's own file; the text is read back as it is, byte for byte."""
    code = """
        import certifi, sys
        path = certifi.where()
        with open(path, "ab") as file:
            file.write(b"# somebody's own\\r\\n\\x1a more\\n")
        print(certifi.where() == path, open(path, "rb").read().endswith(b"\\x1a more\\n"))
    """
    done = sandbox.run_code(code)
    assert (done.stdout, done.stderr) == ("True True\n", "")
    assert not sandbox.left


@pytest.mark.parametrize("mode", range(8), ids=lambda bits: f"shares {bits}")
@pytest.mark.parametrize("access", [READS, DELETES], ids=["reads", "deletes"])
def test_a_bundle_that_a_scanner_opens(sandbox: Sandbox, access: str, mode: int) -> None:
    """It stays good for whoever asked, in silence; the next process sweeps what is left."""
    code = """
        import certifi, sys
        print(certifi.where(), flush=True)
        sys.stdin.readline()
        print(certifi.where(), certifi.contents().count("BEGIN") > 50, flush=True)
    """
    asking = sandbox.start_code(code)
    assert asking.stdin and asking.stdout and asking.stderr
    path = asking.stdout.readline().strip()
    scanner = hold(sandbox, path, access, mode)
    assert scanner.stdin and scanner.stdout
    opened = scanner.stdout.readline().strip() == "True"
    # It cannot open a file for itself alone that we have open.
    assert opened == bool(mode & 1 and access == READS), "what a hold refuses"
    answer, said = asking.communicate("go on\n", timeout=120)
    assert (answer, said) == (f"{path} True\n", "")
    scanner.communicate(timeout=120)
    assert sandbox.run_code("import certifi; certifi.where()").stderr == ""
    assert not sandbox.left


@pytest.mark.parametrize(
    "changed",
    [
        {"LOCALAPPDATA": ""},
        {"LOCALAPPDATA": "", "USERPROFILE": "", "HOME": ""},
        {"LOCALAPPDATA": r"\\?\{home}\AppData\Local"},
        {"LOCALAPPDATA": r"\\?\{home}\{long}\{long}"},
        {"LOCALAPPDATA": r"\\localhost\C$\nobody", "USERPROFILE": r"\\localhost\C$\nobody"},
        {"LOCALAPPDATA": r"{home}\systemprofile\AppData\Local", "USERPROFILE": r"{home}\none"},
    ],
    ids=["none", "no home", "extended", "beyond 260", "a share that is away", "SYSTEM"],
)
def test_odd_accounts(sandbox: Sandbox, changed: Dict[str, str]) -> None:
    """A service has no folder of its own, a profile lies deep or on a server: all get a bundle."""
    places = {"home": str(sandbox.home), "long": "x" * 150}
    env = {name: value.format(**places) for name, value in changed.items()}
    if env["LOCALAPPDATA"].endswith("x"):
        os.makedirs(env["LOCALAPPDATA"])
    code = """
        import certifi, ssl, sys, os
        path = certifi.where()
        ssl.create_default_context(cafile=path)
        print(certifi.contents().startswith("# certifi-system-store-wrapper"), path.isascii())
    """
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
    assert not left(sandbox)


@pytest.mark.not_wine("it has no limit on the length of a path")
def test_a_profile_beyond_max_path(sandbox: Sandbox) -> None:
    """There is a bundle all the same, or one WARNING and certifi's own list."""
    deep = rf"{sandbox.home}\{'x' * 150}\{'x' * 150}"
    os.makedirs(rf"\\?\{deep}")
    code = """
        import certifi, os, ssl
        path = certifi.where()
        ssl.create_default_context(cafile=path)
        print(os.path.dirname(path) == os.path.dirname(certifi.__file__))
    """
    done = sandbox.run_code(code, env={"LOCALAPPDATA": deep})
    assert done.returncode == 0, done.stderr
    warned = len(done.stderr.splitlines())
    assert (done.stdout, warned) in [("False\n", 0), ("True\n", 1)], done
    assert not left(sandbox)


# Nobody else can have a new file held: these lines do what a scanner that opens it at once does.
REFUSED = """
import certifi, os
def refused(path, new):
    raise OSError(0, "Access is denied", path, {number}, new)
os.replace = refused
"""


@pytest.mark.parametrize("number", [5, 32], ids=["no right to delete", "held"])
@pytest.mark.parametrize("kept", ["", "kept"], ids=["temporary", "persistent"])
def test_a_folder_whose_new_files_cannot_be_renamed(
    sandbox: Sandbox, number: int, kept: str
) -> None:
    """Each place costs a second; a WARNING says why a folder that was asked for is not used."""
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / kept)} if kept else {}
    code = "import time; begun = time.monotonic(); certifi.where(); print(time.monotonic() - begun)"
    done = sandbox.run_code(REFUSED.format(number=number) + code, env=env)
    assert float(done.stdout) < 15, done
    assert "no bundle can be published" in done.stderr
    assert ("Access is denied" in done.stderr) == bool(kept), done.stderr
    assert not left(sandbox)


def test_ctrl_c(sandbox: Sandbox) -> None:
    """It is KeyboardInterrupt, and the exit handlers run: nothing is left."""
    code = "import certifi, signal; certifi.where(); signal.raise_signal(signal.SIGINT)"
    done = sandbox.run_code(code)
    assert done.returncode != 0 and done.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert not sandbox.left


@pytest.mark.not_wine("it has no console that events are sent to")
def test_ctrl_break(sandbox: Sandbox) -> None:
    """It ends a process at once: its bundle stays until the next process ends."""
    code = "import certifi, time; print(certifi.where(), flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [str(sandbox.environment.python), "-c", code],
        env=sandbox.variables({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        creationflags=vars(subprocess)["CREATE_NEW_PROCESS_GROUP"],
    )
    assert process.stdout
    path = process.stdout.readline().strip()
    os.kill(process.pid, vars(signal)["CTRL_BREAK_EVENT"])
    process.wait(timeout=60)
    assert os.path.isfile(path)
    assert sandbox.run_code("import certifi; certifi.where()").stderr == ""
    assert not sandbox.left


def test_a_process_that_is_terminated(sandbox: Sandbox) -> None:
    """TerminateProcess lets nobody clean up: its bundle stays until the next process ends."""
    killed = sandbox.start_code(
        """
        import certifi, sys
        print(certifi.where(), flush=True)
        sys.stdin.read()
        """
    )
    assert killed.stdout
    path = killed.stdout.readline().strip()
    killed.kill()
    killed.communicate(timeout=120)
    assert os.path.isfile(path)
    assert sandbox.run_code("import certifi; certifi.where()").stderr == ""
    assert not sandbox.left


def test_a_worker_that_is_terminated(sandbox: Sandbox) -> None:
    """Those of multiprocessing end so; the bundle of the process that goes on stays good."""
    code = textwrap.dedent(
        """
        import certifi, multiprocessing, os, time

        def work(queue):
            queue.put(certifi.where())
            time.sleep(60)

        if __name__ == "__main__":
            path, queue = certifi.where(), multiprocessing.Queue()
            worker = multiprocessing.Process(target=work, args=(queue,))
            worker.start()
            its = queue.get(timeout=60)
            worker.terminate()
            worker.join()
            print(os.path.isfile(path), os.path.isfile(its), its != path)
        """
    )
    (sandbox.work / "program.py").write_text(code, "ascii")
    done = sandbox.run("program.py")
    assert (done.stdout, done.stderr) == ("True True True\n", "")
    assert not sandbox.left
