"""Lives that a process may lead: in each the bundle is whole, and nothing of it is left."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import List

import pytest

from support import Sandbox

pytestmark = pytest.mark.posix("most of these lives are Unix'")

PRELUDE = """
import atexit, os, signal, sys, threading
def good(path, ours=True):
    with open(path) as file:
        whole = file.read().count("END CERTIFICATE") > 100
    return whole and ("certifi-system-store-wrapper-" in path) == ours
"""
IMPORT = "import certifi; path = certifi.where(); assert good(path)\n"
LIVES = {
    "everybody may write": "os.umask(0);"
    + IMPORT
    + "assert os.stat(path).st_mode & 0o777 == 0o644",
    "nobody may read": "os.umask(0o777);"
    + IMPORT
    + "assert os.stat(path).st_mode & 0o777 == 0o644",
    "little memory": """
import resource
used = 0
if os.path.exists("/proc/self/statm"):  # a free-threaded interpreter takes 1 GiB to begin with
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (300 << 20), used + (300 << 20)))
"""
    + IMPORT,
    "asked at exit only": """
def late():
    import certifi
    assert good(certifi.where())
    print("asked")
atexit.register(late)
""",
    "a pool at exit": IMPORT
    + """
import concurrent.futures, time
def work():
    time.sleep(0.2)
    assert good(certifi.where())
    print("asked")
concurrent.futures.ThreadPoolExecutor(2).submit(work)
""",
    "threads that nobody waits for": IMPORT
    + """
def ask():
    while True:
        try:
            assert good(certifi.where(), ours=threading.main_thread().is_alive())
        except (AssertionError, FileNotFoundError):
            if threading.main_thread().is_alive():
                raise
            return
for _ in range(4):
    threading.Thread(target=ask, daemon=True).start()
""",
    "spawned without a fork": IMPORT
    + """
if hasattr(os, "posix_spawn"):  # PyPy has none, and CPython's subprocess may use it
    where = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn("/bin/cat", ["cat", path], {}, file_actions=where)
    assert os.waitpid(pid, 0)[1] == 0
import subprocess
assert subprocess.call(["cat", path], close_fds=False, stdout=subprocess.DEVNULL) == 0
""",
    "asked by a signal's handler": """
import certifi
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(certifi.where()))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
path = certifi.where()
while not heard:
    pass
signal.setitimer(signal.ITIMER_REAL, 0)
assert all(each == path or good(each, ours=False) for each in heard) and good(path)
""",
}
OPTIONS: List[List[str]] = [[], ["-X", "dev", "-W", "error"], ["-I"], ["-OO"]]


@pytest.mark.parametrize("life", LIVES)
def test_a_life(sandbox: Sandbox, life: str) -> None:
    """Whole while it lasts, gone when it ends, and not a word."""
    done = sandbox.run_code(textwrap.dedent(PRELUDE) + LIVES[life])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("asked\n" if "asked" in LIVES[life] else "")
    assert not sandbox.left


def test_what_is_told_at_exit_lets_handlers_run(sandbox: Sandbox, ca_file: Path) -> None:
    """What one raises comes out once, the bundle is gone, and the line is logged after all."""
    code = f"""
        import certifi, logging, signal, time
        came = []
        class Slow(logging.Handler):
            def emit(self, record):
                if not came:
                    signal.setitimer(signal.ITIMER_REAL, 0.05)
                    time.sleep(5)
                print(record.getMessage())
        logging.getLogger().addHandler(Slow())
        def handle(*signal_and_frame):
            came.append(signal_and_frame)
            raise RuntimeError("of a handler")
        signal.signal(signal.SIGALRM, handle)
        with open({str(ca_file)!r}) as source, open(certifi.where(), "a") as bundle:
            bundle.write(source.read())
    """
    done = sandbox.run_code(code)
    assert done.stderr.count("RuntimeError: of a handler") == 1
    assert len(done.stdout.splitlines()) == 1
    assert not sandbox.left


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_options_of_the_interpreter(sandbox: Sandbox, options: List[str]) -> None:
    """No warning is raised, no descriptor left to the garbage collector, no block overrun."""
    code = PRELUDE + IMPORT + "import certifi_system_store_wrapper as ours; ours.refresh()"
    done = sandbox.run_code(code, *options, env={"PYTHONMALLOC": "debug"})
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_an_interpreter_within(sandbox: Sandbox) -> None:
    """A subinterpreter has a bundle of its own, and takes nobody's when it ends."""
    code = (
        PRELUDE
        + """
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    try:
        import _interpreters as interpreters
    except ImportError:
        print("none")
        sys.exit()
def ask():
    inner = interpreters.create()
    failed = interpreters.run_string(inner, "import certifi; open(certifi.where()).close()")
    assert not failed, failed
    interpreters.destroy(inner)
"""
        + IMPORT
        + "ask()\nassert good(path) and certifi.where() == path"
    )
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left
    if done.stdout == "none\n":
        pytest.skip("this Python has no interpreter within")
