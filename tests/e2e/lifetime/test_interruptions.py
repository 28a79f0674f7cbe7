"""A signal whose handler raises comes at any line of ours: it comes out once, nothing half done."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from support import Sandbox

STEPPING = Path(__file__).parent / "stepping.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it forks at every line")


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["alone", "thread"])
@pytest.mark.parametrize("what", ["SIGINT", "TimeoutError", "Exception"])
def test_a_signal_at_any_line(sandbox: Sandbox, what: str, threads: str, *, slow: bool) -> None:
    """What its handler raises comes out of the application's own statement; the next works."""
    every = (3 if (what, threads) == ("Exception", "thread") else 11) if slow else 41
    done = sandbox.run(str(STEPPING), str(every), what, threads, timeout=900)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = (sandbox.home / "told").read_text("utf-8").splitlines()
    assert [each for each in told if each != "good"] == []
    assert len(told) > 800 // every
    assert not list(sandbox.place.iterdir())


# What the rest of this page has in common: an alarm whose handler raises.
ALARM = """
import os, signal, sys, threading, time

class Stop(Exception):
    pass

def stop(signum, frame):
    raise Stop

signal.signal(signal.SIGALRM, stop)

def stopped(call):
    try:
        call()
    except Stop:
        return True
    return False
"""
ANSWERS = """
import certifi
assert hasattr(certifi.where, "__certifi_system_store_wrapper__"), "certifi is plain"
assert "certifi-system-store-wrapper-" in certifi.where()
assert signal.getsignal(signal.SIGALRM) is stop
"""


@pytest.mark.parametrize("name", ["activation", "activation.hook", "machine.signals", "wrapt"])
def test_a_finder_that_is_interrupted(sandbox: Sandbox, name: str) -> None:
    """The signal comes while a module of ours, or wrapt, is looked for."""
    code = f"""
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name in ({name!r}, "certifi_system_store_wrapper.{name}"):
                os.kill(os.getpid(), signal.SIGALRM)

    sys.meta_path.insert(0, Finder)
    assert stopped(lambda: __import__("certifi"))
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_finder_that_raises_once(sandbox: Sandbox) -> None:
    """It is asked for certifi, raises, and will not do so again: plain certifi lets that out."""
    code = """
    class Finder:
        raised = 0

        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name == "certifi" and not cls.raised:
                cls.raised += 1
                raise Stop

    sys.meta_path.append(Finder)
    sys.meta_path.insert(1, sys.meta_path.pop())
    assert stopped(lambda: __import__("certifi")) and Finder.raised == 1
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_lock_that_another_thread_holds(sandbox: Sandbox) -> None:
    """While where() waits for it, handlers run: at most a second late."""
    code = """
    import certifi
    from certifi_system_store_wrapper.activation import hook

    lock, ends = hook.current()._lock, threading.Event()

    def hold():
        with lock:
            held.set()
            ends.wait(60)

    held = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    began = time.monotonic()
    assert stopped(certifi.where)
    assert time.monotonic() - began < 1.5
    ends.set()
    thread.join()
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("call", ["stat", "scandir", "read"])
def test_a_file_system_that_hangs(sandbox: Sandbox, call: str) -> None:
    """A system call for the user's own folder does not come back: a handler ends it."""
    code = f"""
    import certifi, os
    real = os.{call}

    def hangs(*arguments):
        if os.environ.get("HANGS") and {call!r} == "read" or arguments[0] == os.environ["FOLDER"]:
            time.sleep(60)
        return real(*arguments)

    os.{call} = hangs
    os.environ.update(HANGS="1", PYTHON_CERTIFI_CERT_FILES=os.environ["FOLDER"])
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    began = time.monotonic()
    where = certifi.where
    assert stopped(where) and time.monotonic() - began < 1.5
    os.{call} = real
    del os.environ["PYTHON_CERTIFI_CERT_FILES"]
    """
    folder = sandbox.home / "named"
    folder.mkdir()
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS, env={"FOLDER": str(folder)})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_log_that_takes_long(sandbox: Sandbox) -> None:
    """What a handler raises while the application's log is written is not the log's fault."""
    code = """
    import certifi, logging

    class Slow(logging.Handler):
        def emit(self, record):
            time.sleep(60)

    logging.getLogger().addHandler(Slow())
    os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    assert stopped(certifi.where)
    logging.getLogger().handlers.clear()
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")


def test_where_raises_what_a_handler_raised_as_oserror(sandbox: Sandbox) -> None:
    """TimeoutError is an OSError, and where() asks the file system: that is not taken for one."""
    code = """
    import certifi
    certifi.where()
    real, came = os.stat, []

    def late(signum, frame):
        raise TimeoutError("of the application")

    signal.signal(signal.SIGALRM, late)
    from certifi_system_store_wrapper.publishing import hold

    def struck(path, *more):
        status = real(path, *more)
        if not came:
            came.append(1)
            signal.raise_signal(signal.SIGALRM)
        return status

    hold._real_stat = struck
    try:
        certifi.where()
    except TimeoutError:
        came.append(2)
    assert came == [1, 2], came
    signal.signal(signal.SIGALRM, stop)
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")
