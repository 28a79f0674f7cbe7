"""Other users, the system's cleaner, pools, C handlers, upgrades: what comes from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from support import Sandbox

pytestmark = pytest.mark.linux("acts as Linux lets it")
needs_root = pytest.mark.root("acts as two users")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

GREEDY = """
import fcntl, os, select, sys
held = []
while not select.select([sys.stdin], [], [], 0)[0]:
    for folder, folders, files in os.walk(sys.argv[1]):
        for name in [folder, *(os.path.join(folder, each) for each in [*folders, *files])]:
            try:
                held.append(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pass
"""


@needs_root
def test_locks_of_another_user_hold_nothing_up(sandbox: Sandbox) -> None:
    """Somebody takes every lock that he can get and keeps it: no wait, no litter."""
    place = Path("/tmp") / f"strangers-{os.getpid()}"  # other users get to this one
    place.mkdir()
    place.chmod(0o1777)
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        pytest.skip("no interpreter that another user may run")
    command = [*NOBODY, python, "-c", GREEDY, str(place)]
    greedy = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        code = "import certifi; assert open(certifi.where()).read().count('END') > 100"
        for _ in range(5):
            done = sandbox.run_code(code, env={"TMPDIR": str(place)})
            assert (done.returncode, done.stderr) == (0, "")
        assert greedy.poll() is None
        assert list(place.iterdir()) == []
    finally:
        greedy.communicate()
        shutil.rmtree(place)


@needs_root
@pytest.mark.skipif(not shutil.which("systemd-tmpfiles"), reason="no systemd-tmpfiles")
def test_the_systems_cleaner_leaves_a_held_bundle_alone(sandbox: Sandbox) -> None:
    """systemd-tmpfiles with an age of 0 removes what nobody holds, and not what we hold."""
    rules = sandbox.work / "rules.conf"
    rules.write_text(f"d {sandbox.tmp} 1777 root root 0\n")
    (sandbox.tmp / "old").write_text("")
    code = """
        import certifi, os, subprocess, sys, time
        path = certifi.where()
        time.sleep(0.1)
        subprocess.run([sys.argv[1], "--clean", sys.argv[2]], check=True)
        assert os.path.exists(path) and certifi.where() == path
    """
    program = str(shutil.which("systemd-tmpfiles"))
    done = sandbox.run("-c", textwrap.dedent(code), program, str(rules))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(sandbox.tmp.iterdir()) == []


def test_a_pool_always_ends(sandbox: Sandbox) -> None:
    """terminate() finds workers that die at once: none has a handler of ours."""
    program = sandbox.work / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import certifi, multiprocessing, signal
            certifi.where()
            def handler(number):
                certifi.where()
                return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            if __name__ == "__main__":
                for method in ("fork", "spawn"):
                    with multiprocessing.get_context(method).Pool(2) as pool:
                        assert all(pool.map(handler, range(4))), method
            """
        )
    )
    done = sandbox.run("-W", "ignore", str(program))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("pointer", ["ctypes.cast(handler, ctypes.c_void_p).value", "SIG_IGN"])
def test_what_c_code_does_with_sigterm_stays(sandbox: Sandbox, pointer: str) -> None:
    """uWSGI's handlers are unknown to Python's signal module; they are not replaced."""
    code = f"""
        import ctypes, signal
        handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda signum: None)
        libc, SIG_IGN = ctypes.CDLL(None), 1
        libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
        pointer = {pointer}
        libc.signal(signal.SIGTERM, pointer)
        import certifi
        certifi.where()
        assert libc.signal(signal.SIGTERM, None) == pointer
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_descriptors_below_3_are_left_to_others(sandbox: Sandbox) -> None:
    """A program without stdin, stdout and stderr neither prints into the bundle nor reads it."""
    code = """
        import os, ssl  # for which PyPy keeps one of its own
        for number in range(3): os.close(number)
        import certifi
        path = certifi.where()
        before, still_open = os.path.getsize(path), 0
        for number in range(3):
            try: still_open += 1 + len(os.read(number, 1))
            except OSError: pass
            try: os.write(number, b"garbage")
            except OSError: pass
        os._exit(0 if os.path.getsize(path) == before and not still_open else 1)
    """
    assert sandbox.run_code(code).returncode == 0


def test_an_upgrade_in_place(fresh: Sandbox) -> None:
    """Once where() has answered, none of our files is asked for: they may be others by then."""
    code = """
        import certifi, certifi_system_store_wrapper as ours, os, shutil
        path = certifi.where()
        for folder, _, names in os.walk(os.path.dirname(ours.__file__)):
            for name in names:
                if name.endswith(".py"):
                    open(os.path.join(folder, name), "w").write("raise SystemExit('new code')")
        os.unlink(path)
        assert certifi.where() == path and certifi.contents() == open(path).read()
        if os.fork() == 0:
            assert certifi.where() == path
            raise SystemExit
        assert os.wait()[1] == 0
    """
    done = fresh.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert fresh.left == []


@needs_root
def test_baked_into_an_image(sandbox: Sandbox) -> None:
    """A persistent bundle goes through tar, and another user's process reads it as it is."""
    baked, image = sandbox.work / "baked", sandbox.work / "image"
    image.mkdir()
    code = "import certifi; print(certifi.where())"
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_BUNDLE_DIR": str(baked)})
    assert (done.returncode, done.stderr) == (0, "")
    for command in (["cf", "../layer.tar"], ["xf", "../layer.tar", "-C", "../image"]):
        folder = [] if "xf" in command else ["cacert.pem"]
        subprocess.run(["tar", *command, *folder], cwd=baked, check=True)
    where = image / "cacert.pem"
    before = where.stat()
    image.chmod(0o555)
    prefix = [*NOBODY, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_BUNDLE_DIR": str(image)}, prefix=prefix)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{where}\n")
    assert where.stat().st_mtime_ns == before.st_mtime_ns
