"""Something happens between any two system calls of publishing and of releasing: nobody suffers."""

from __future__ import annotations

import textwrap

import pytest

from support import Sandbox

pytestmark = pytest.mark.posix("forks and signals are Unix'")

# A service that was forked before anything was held runs whole neighbours on request. The victim
# is a fork too; at one of its system calls an action comes in between.
PROGRAM = """
import certifi, os, shutil, signal, sys
from certifi_system_store_wrapper.activation import answer
from certifi_system_store_wrapper.publishing import temporary as bundle_file, cleanup, hold

PLACE, PHASE, ACTION = os.environ["TMPDIR"], sys.argv[1], sys.argv[2]
CALLS = "mkdir open lstat stat chmod write fchmod lseek read fstat replace rmdir unlink".split()
CALLS.append("listdir")
real, taken, at, steps = os, False, -1, 0

def good(path):
    with open(path, "rb") as file:
        return file.read().count(b"END CERTIFICATE") > 100

def in_fork(work):
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    status = 1
    try:
        work()
        cleanup.run()
        status = 0
    finally:
        os._exit(status)

def neighbour():
    path = certifi.where()
    assert good(path)

asks, asked = os.pipe()
tells, told = os.pipe()
if os.fork() == 0:
    os.close(asked)
    while os.read(asks, 1):
        os.write(told, b"0" if in_fork(neighbour) == 0 else b"1")
    os._exit(0)

def run_neighbour():
    os.write(asked, b"?")
    assert os.read(tells, 1) == b"0"

def fork_that_stays():  # as another thread may at any time
    if os.fork() == 0:
        import time
        time.sleep(0.02)
        os._exit(0)

def everything_goes():
    shutil.rmtree(PLACE)
    os.mkdir(PLACE)

ACTIONS = {
    "neighbour": run_neighbour,
    "fork": fork_that_stays,
    "cleaner": everything_goes,
    "SIGINT": lambda: os.kill(os.getpid(), signal.SIGINT),
    "SIGTERM": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
}

def step():
    global steps, armed
    if armed:
        steps += 1
        if steps - 1 == at:
            armed = False
            ACTIONS[ACTION]()
            armed = True

class Stepping:
    def __getattr__(self, name):
        value = getattr(real, name)
        if name not in CALLS:
            return value
        def call(*arguments, **more):
            step()
            return value(*arguments, **more)
        return call

def locking(*arguments, flock=hold.flock):
    step()
    return flock(*arguments)

def closing(descriptor, close=hold.close):
    step()
    return close(descriptor)

armed = False
bundle_file.os = hold.os = Stepping()
hold.flock, hold.close, bundle_file.close = locking, closing, closing

def done(call):
    interrupted = False
    try:
        answer = call()
    except KeyboardInterrupt:
        interrupted, answer = True, call()
    assert interrupted == (ACTION == "SIGINT" and armed and steps > at), (steps, at)
    return answer

def victim():
    global armed
    armed = PHASE == "publish"
    path = done(certifi.where)
    armed = False
    assert good(certifi.where())
    assert ACTION == "cleaner" or certifi.where() == path
    path = certifi.where()
    run_neighbour()  # which sweeps
    assert good(path)
    armed = PHASE == "release"
    done(cleanup.run)
    armed = False
    with open(report, "w") as file:
        file.write(str(steps))

report = os.environ["HOME"] + "/report"
at = 0
reached = 0
while True:
    steps = 0
    if os.path.exists(report):
        os.unlink(report)
    status = in_fork(victim)
    died = {"SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}.get(ACTION, 0)
    finished = os.path.exists(report)
    if finished:
        assert status == 0, (at, status)
    else:
        assert died and status == died, (at, status)
    reached += 1
    if finished and int(open(report).read()) <= at:
        break
    if not finished:
        run_neighbour()  # sweeps what the kill left
    import time
    for _ in range(100):  # a fork that stays lets go
        if not os.listdir(PLACE):
            break
        time.sleep(0.005)
        run_neighbour()
    assert not os.listdir(PLACE), (at, os.listdir(PLACE))
    at += 1
assert reached > 8, reached
print(reached)
"""


@pytest.mark.parametrize("phase", ["publish", "release"])
@pytest.mark.parametrize("action", ["neighbour", "fork", "cleaner", "SIGINT", "SIGTERM", "SIGKILL"])
def test_between_any_two_steps(sandbox: Sandbox, phase: str, action: str) -> None:
    """A neighbour that sweeps, a fork, a cleaner, a signal: everybody's path stays good."""
    done = sandbox.run("-W", "ignore", "-c", textwrap.dedent(PROGRAM), phase, action)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert int(done.stdout) > 8
