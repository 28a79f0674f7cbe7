"""A signal comes at any line of importing certifi and of the first where(): nothing half done."""

from __future__ import annotations

import sys
import textwrap

import pytest

from support import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it forks at every line")

# One run is traced. At each line it forks, past Python (whose fork hooks would put right what is
# to be tried), and the signal comes in the fork, which then goes its way as an application does.
PROGRAM = """
import ctypes, os, signal, sys
EVERY, WHAT = int(sys.argv[1]), sys.argv[2]
CLOSELY = ("bootstrap.py", "hook.py", "answer.py", "importer.py")
fork = ctypes.PyDLL(None).fork
seen, struck, tried = set(), "", 0

class Stop(BaseException):
    pass

def stop(signum, frame):
    raise Stop

if WHAT == "SIGALRM":
    signal.signal(signal.SIGALRM, stop)
RAISED = Stop if WHAT == "SIGALRM" else KeyboardInterrupt

def is_due(place):
    file, line, _ = place
    ours = "certifi_system_store_wrapper" in file or "wrapt" in file
    closely = ours and os.path.basename(file) in CLOSELY
    return (hash(file) + line) % (EVERY if closely else 499) == 0

def trace(frame, event, arg):
    global struck, tried
    code = frame.f_code
    if "__class__" in code.co_cellvars and not code.co_flags & 2:
        return None  # Python < 3.12 would lose the name __class__ in such a class by tracing it
    place = code.co_filename, frame.f_lineno, code.co_firstlineno
    if event != "line" or code.co_filename == "<string>" or place in seen:
        return trace
    seen.add(place)
    if not is_due(place):
        return trace
    tried += 1
    pid = fork()
    if pid:
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("not as it should be: %r" % (place,))
        return trace
    sys.settrace(None)
    struck = place
    os.kill(os.getpid(), getattr(signal, WHAT))
    for _ in range(3):
        pass

def application():
    came = 0
    for _ in range(2):
        try:
            import certifi
        except RAISED:
            came += 1
    for _ in range(3):
        try:
            path = certifi.where()
        except RAISED:
            came += 1
    assert hasattr(certifi.where, "__certifi_system_store_wrapper__"), "certifi is plain"
    assert open(path).read().count("END CERTIFICATE") > 100 and certifi.where() == path
    assert "certifi-system-store-wrapper-" in path
    sys.settrace(None)
    import asyncio  # half imported by wrapt, nobody could import it any more
    from certifi_system_store_wrapper.activation import hook
    from certifi_system_store_wrapper.machine import signals
    from certifi_system_store_wrapper.publishing import cleanup
    assert not signals.steps and not hook._finding and len(cleanup._bundles) == 1
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()), "signals stay blocked"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert came == bool(struck), (came, struck)

sys.settrace(trace)
application()
if not struck:
    print(tried)
"""


@pytest.mark.parametrize(("signal", "every"), [("SIGINT", 1), ("SIGALRM", 5)])
def test_a_signal_at_any_line(sandbox: Sandbox, signal: str, every: int) -> None:
    """What its handler raises comes out of the application's own statement; the next works."""
    env = {"PYTHONHASHSEED": "1"}
    program = textwrap.dedent(PROGRAM)
    done = sandbox.run("-c", program, str(every), signal, env=env, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 180 // every
    assert not list(sandbox.place.iterdir())


# The hook is C code: Python sees the signal when os.open returns, and not before.
AT_OPENING = """
import ctypes, functools, os, signal, sys
if sys.version_info >= (3, 14):
    os._exit(3)
from certifi_system_store_wrapper.sources import reader
signal.signal(signal.SIGINT, signal.default_int_handler)
path, status = sys.executable, os.stat(sys.executable)
asked = {
    "known_block": functools.partial(reader.Reader().known_block, path),
    "read_regular": functools.partial(reader.read_regular, path, status),
}[sys.argv[1]]
kill = ctypes.CDLL(None).kill
kill.argtypes = ctypes.c_int, ctypes.c_int, ctypes.py_object, ctypes.py_object
free = os.dup(1)
os.close(free)
hook = functools.partial(kill, os.getpid(), signal.SIGINT.value)
try:
    sys.addaudithook(hook)
    asked()
except KeyboardInterrupt:
    os._exit(0 if os.dup(1) == free else 1)
os._exit(2)
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="what is one step is CPython's")
@pytest.mark.parametrize("asked", ["known_block", "read_regular"])
def test_ctrl_c_while_a_file_is_opened(sandbox: Sandbox, asked: str) -> None:
    """The descriptor is closed, although nobody has been told its number yet."""
    status = sandbox.run("-c", AT_OPENING, asked).returncode
    if status == 3:
        pytest.skip("from Python 3.14 on the hook, a foreign function, is audited itself")
    assert status == 0
