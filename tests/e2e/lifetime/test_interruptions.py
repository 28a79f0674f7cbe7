"""A signal whose handler raises comes at any line of ours: it comes out once, nothing half done."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from support import Sandbox

STEPPING = Path(__file__).parent / "stepping.py"
CASES = [
    (what, threads)
    for what in ("SIGINT", "TimeoutError", "Exception")
    for threads in ("alone", "thread")
]

pytestmark = pytest.mark.posix("it forks at every line")


@pytest.mark.slow
@pytest.mark.parametrize(("what", "threads"), CASES)
def test_a_signal_at_any_line(sandbox: Sandbox, what: str, threads: str, *, slow: bool) -> None:
    """What its handler raises comes out of the application's own statement; the next works."""
    every = (7 if (what, threads) == ("Exception", "thread") else 23) if slow else 151
    every = 1 if os.environ.get("EVERY_LINE") else every
    # Each case stops at other lines.
    first = every * CASES.index((what, threads)) // len(CASES)
    arguments = str(every), str(first), what, threads
    env = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    done = sandbox.run(str(STEPPING), *arguments, env=env, timeout=3600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    told = (sandbox.home / "told").read_text("utf-8").splitlines()
    assert [each for each in told if each != "good"] == []
    assert len(told) > 800 // every
    assert not sandbox.left


@pytest.mark.posix("there are no forks")
def test_threads_that_ask_first_at_once(sandbox: Sandbox) -> None:
    """What a fork does is done once, so no signal stays blocked after it."""
    code = """
        import os, signal, threading
        import certifi_system_store_wrapper as ours
        ours.deactivate()
        import certifi, certifi_system_store_wrapper.activation.patch
        from certifi_system_store_wrapper.activation import hook
        register, both = os.register_at_fork, threading.Barrier(2)
        def slowly(**named):
            try:
                "before" in named and both.wait(1)
            except threading.BrokenBarrierError:
                pass
            register(**named)
        os.register_at_fork = slowly
        threads = [threading.Thread(target=hook.current) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Its handler of SIGTERM is what a fork puts off.
        ours.where()
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
    """
    done = sandbox.run_code(textwrap.dedent(code))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_finalizer_between_two_lines_of_the_lock(sandbox: Sandbox) -> None:
    """It asks certifi as soon as this thread has the lock: nobody waits for anybody."""
    code = """
        import certifi, certifi_system_store_wrapper.activation.hook as hook
        answer = hook.current()
        class Lock:
            real, asked = answer._lock, []
            def acquire(self, **named):
                got = self.real.acquire(**named)
                if not self.asked:
                    self.asked.append("")
                    self.asked[:] = [certifi.where()]
                return got
            def release(self):
                self.real.release()
        lock = answer._lock = Lock()
        assert certifi.where() == lock.asked[0] == certifi.where()
        assert "certifi-system-store-wrapper-" in certifi.where()
    """
    done = sandbox.run_code(textwrap.dedent(code))
    assert (done.returncode, done.stderr) == (0, "")


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


# A signal comes in code of the application, which where() runs while a guard of ours is open.
MKDIR = """
real = os.mkdir

def struck(*arguments):
    os.mkdir = real
    signal.raise_signal(signal.SIGALRM)
    return real(*arguments)
"""


def test_a_handler_within_a_guard_of_ssl(sandbox: Sandbox) -> None:
    """What makes a context gets what the handler raised, and then a context with the bundle."""
    code = """
    import certifi, ssl
    os.mkdir = struck
    assert stopped(ssl.create_default_context)
    anchors = certifi.contents().count("END CERTIFICATE")
    assert len(ssl.create_default_context().get_ca_certs()) == anchors
    """
    code = ALARM + MKDIR + textwrap.dedent(code) + ANSWERS
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
    assert (done.returncode, done.stderr) == (0, "")


def test_an_activation_that_is_interrupted(fresh: Sandbox) -> None:
    """It was to replace what requests took from certifi: the next one does."""
    code = f"""
    sys.path.append({str(fresh.environment.site_packages)!r})
    import requests
    import certifi_system_store_wrapper as ours
    os.mkdir = struck
    assert stopped(ours.activate)
    ours.activate()
    assert requests.utils.DEFAULT_CA_BUNDLE_PATH == ours.where()
    """
    done = fresh.run_code(ALARM + MKDIR + textwrap.dedent(code) + ANSWERS, "-S")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refresh_that_is_interrupted(sandbox: Sandbox) -> None:
    """The next one still knows what answered before, and answers with it: nothing has changed."""
    code = """
    import certifi
    import certifi_system_store_wrapper as ours
    path, real = certifi.where(), os.scandir

    def struck(*arguments):
        signal.raise_signal(signal.SIGALRM)
        return real(*arguments)

    for _ in range(3):
        os.scandir = struck
        assert stopped(ours.refresh)
        os.scandir = real
        assert ours.refresh() == path
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("builder", "asked"),
    [
        ("certifi.where", "certifi.where"),
        ("certifi.where", "ssl.create_default_context"),
        ("ours.build", "certifi.where"),
    ],
)
def test_a_thread_that_builds(sandbox: Sandbox, builder: str, asked: str) -> None:
    """While another one builds, for a minute, handlers run soon, also in a context of ssl."""
    code = f"""
    # PyPy would load it meanwhile, and no import goes on while the finder below waits.
    import encodings.ascii
    import certifi, ssl
    import certifi_system_store_wrapper as ours
    builds, ends = threading.Event(), threading.Event()

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.endswith(".publishing.storing"):
                builds.set()
                ends.wait(60)

    sys.meta_path.insert(0, Finder)
    thread = threading.Thread(target={builder})
    thread.start()
    builds.wait()
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    began = time.monotonic()
    assert stopped({asked}) and time.monotonic() - began < 10
    ends.set()
    thread.join()
    """
    code = ALARM + textwrap.dedent(code) + ANSWERS
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
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
    # The next call logs it.
    assert (done.returncode, done.stderr.count("/nowhere"), done.stderr.count("\n")) == (0, 1, 1)


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


WHAT_ELSE_THEY_DO = {
    "one that interrupts another is caught by it": """
        import certifi, logging

        class Mine(Exception):
            pass

        def other(signum, frame):
            raise Mine

        def handler(signum, frame):
            try:
                signal.raise_signal(signal.SIGUSR1)
            except Mine:
                came.append("caught")

        class Interrupted(logging.Handler):
            def emit(self, record):
                signal.raise_signal(signal.SIGUSR2)

        came = []
        signal.signal(signal.SIGUSR1, other)
        signal.signal(signal.SIGUSR2, handler)
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
        logging.getLogger().addHandler(Interrupted())
        certifi.where()
        assert "caught" in came
        logging.getLogger().handlers.clear()
    """,
    "a time limit of the application's own log": """
        import certifi, logging

        class Limited(logging.Handler):
            def emit(self, record):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                try:
                    time.sleep(5)
                except Stop:
                    came.append("gave up")

        came = []
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
        logging.getLogger().addHandler(Limited())
        certifi.where()
        assert came
        logging.getLogger().handlers.clear()
    """,
    "thousands of one kind": """
        import certifi, logging

        class Slow(logging.Handler):
            def emit(self, record):
                end = time.monotonic() + 0.5
                while time.monotonic() < end:
                    pass

        came = []
        signal.signal(signal.SIGALRM, lambda *due: came.append(1))
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
        logging.getLogger().addHandler(Slow())
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        certifi.where()
        certifi.contents()
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert came
        signal.signal(signal.SIGALRM, stop)
        logging.getLogger().handlers.clear()
    """,
    "one that was saved meanwhile and is put back later": """
        saved = []

        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "wrapt" and not saved:
                    saved.append(signal.signal(signal.SIGALRM, signal.SIG_IGN))

        sys.meta_path.insert(0, Finder)
        import certifi
        certifi.where()
        signal.signal(signal.SIGALRM, saved[0])
        assert stopped(lambda: signal.raise_signal(signal.SIGALRM))
        signal.signal(signal.SIGALRM, stop)
    """,
    "system calls that go on after a signal, as event loops ask for": """
        import asyncio, ctypes

        def goes_on(signum):
            read, write = os.pipe()
            other = threading.Timer(0.2, os.kill, (os.getpid(), signum))
            then = threading.Timer(0.4, os.write, (write, b"x"))
            for each in (other, then):
                each.start()
            number = ctypes.CDLL(None).read(read, ctypes.create_string_buffer(1), 1)
            then.join()
            return number == 1

        class Loop:
            __module__ = "uvloop"

            def handle(self, signum, frame):
                pass

        async def ask():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, int)
            signal.signal(signal.SIGUSR2, Loop().handle)
            signal.siginterrupt(signal.SIGUSR2, False)
            import certifi
            certifi.where()
            assert goes_on(signal.SIGUSR1)
            assert goes_on(signal.SIGUSR2)
            loop.remove_signal_handler(signal.SIGUSR1)

        asyncio.run(ask())
    """,
    "one of C code for Ctrl-C, before Python's own, as cysignals has it": """
        import faulthandler, types
        import certifi_system_store_wrapper as ours
        sys.modules["cysignals"] = types.ModuleType("cysignals")
        with open("dumps", "w+") as file:
            faulthandler.register(signal.SIGINT, file, all_threads=False)
            import certifi
            certifi.where()
            signal.raise_signal(signal.SIGINT)
            ours.refresh()
            signal.raise_signal(signal.SIGINT)
            file.seek(0)
            assert file.read().count("most recent call first") == 2
            faulthandler.unregister(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            came = True
        assert came
    """,
    "a fork by another thread meanwhile": """
        begun, children = threading.Event(), []

        def fork():
            begun.wait()
            pid = os.fork()
            if pid == 0:
                os._exit(0 if stopped(lambda: signal.raise_signal(signal.SIGALRM)) else 1)
            children.append(pid)

        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "wrapt":
                    begun.set()
                    time.sleep(0.1)

        thread = threading.Thread(target=fork)
        thread.start()
        sys.meta_path.insert(0, Finder)
        import certifi
        thread.join()
        assert os.waitpid(children[0], 0)[1] == 0
    """,
    "one that forks in the middle of a build": """
        import certifi
        from certifi_system_store_wrapper import bundle

        build, children = bundle.build, []

        def interrupted(*arguments):
            signal.raise_signal(signal.SIGALRM)
            return build(*arguments)

        bundle.build = interrupted
        signal.signal(signal.SIGALRM, lambda *due: children.append(os.fork()))
        assert "certifi-system-store-wrapper-" in certifi.where()
        if not children[0]:
            os._exit(0)
        assert os.waitpid(children[0], 0)[1] == 0
        signal.signal(signal.SIGALRM, stop)
    """,
    "handlers that are no functions": """
        import functools
        came = []
        signal.signal(signal.SIGALRM, functools.partial(lambda *due: came.append(due[0]), 5))
        signal.signal(signal.SIGUSR1, came.__contains__)
        import certifi
        certifi.where()
        assert signal.getsignal(signal.SIGUSR1) == came.__contains__
        signal.raise_signal(signal.SIGALRM)
        assert came == [5]
        signal.signal(signal.SIGALRM, stop)
    """,
    "handlers whose module is no text": """
        class Meta(type):
            @property
            def __module__(cls):
                raise RuntimeError

        class Odd(metaclass=Meta):
            def handle(self, *due):
                came.append(due)

        class Untold:
            def __str__(self):
                raise RuntimeError

        came = []
        signal.signal(signal.SIGUSR1, Odd().handle)
        handle = lambda *due: came.append(due)
        handle.__module__ = Untold()
        signal.signal(signal.SIGUSR2, handle)
        import certifi
        certifi.where()
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        assert len(came) == 2
    """,
    "a log, where gevent or eventlet has replaced what tells threads apart": """
        import _thread, logging
        _thread.get_ident = lambda: 1
        import certifi

        class Loud(logging.Handler):
            def emit(self, record):
                came.append(stopped(lambda: signal.raise_signal(signal.SIGALRM)))

        came = []
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/nowhere"
        logging.getLogger().addHandler(Loud())
        certifi.where()
        assert came and all(came)
        logging.getLogger().handlers.clear()
    """,
    "thousands that raise, while certifi is imported": """
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "wrapt":
                    for _ in range(3000):
                        os.kill(os.getpid(), signal.SIGALRM)

        sys.meta_path.insert(0, Finder)
        assert stopped(lambda: __import__("certifi"))
    """,
    "one that comes at any line while another is on its way": """
        import certifi
        real, lines, came = os.stat, 0, []

        def other(signum, frame):
            came.append(signum)
            raise Stop

        def trace(frame, event, arg):
            global lines
            if "/certifi_system_store_wrapper/" not in frame.f_code.co_filename:
                return None
            lines += event == "line"
            if lines == number:
                sys.settrace(None)
                os.kill(os.getpid(), signal.SIGUSR1)
            return trace

        def strikes(path, *arguments, **named):
            if path == "/etc/passwd":
                os.stat = real
                sys.settrace(trace)
                os.kill(os.getpid(), signal.SIGALRM)
            return real(path, *arguments, **named)

        def child():
            signal.signal(signal.SIGUSR1, other)
            os.stat = strikes
            os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/etc/passwd"
            assert stopped(certifi.where)
            sys.settrace(None)
            del os.environ["PYTHON_CERTIFI_CERT_FILES"]
            assert len(certifi.where()) > 40 and signal.getsignal(signal.SIGALRM) is stop
            os._exit(0 if came else 3)

        for number in range(1, 1000, 3):
            pid = os.fork()
            if not pid:
                try:
                    child()
                except BaseException as error:
                    print(number, repr(error), file=sys.stderr)
                    os._exit(1)
            status = os.waitpid(pid, 0)[1] >> 8
            if status == 3:
                break
            assert not status, number
        assert number > 20, number
    """,
    "one that sets another": """
        import certifi

        def strikes_in(name):
            real = getattr(os, name)

            def struck(*arguments):
                setattr(os, name, real)
                signal.raise_signal(signal.SIGALRM)
                return real(*arguments)

            setattr(os, name, struck)

        signal.signal(signal.SIGALRM, lambda *due: signal.signal(signal.SIGALRM, stop))
        strikes_in("listdir")
        strikes_in("urandom")
        assert stopped(certifi.where)
    """,
    "one that sets another, at any time": """
        import certifi, logging
        import certifi_system_store_wrapper as ours

        class Lost(logging.Handler):
            def emit(self, record):
                lost.append(record.getMessage())

        lost = []
        logging.getLogger().addHandler(Lost())
        came, end = 0, time.monotonic() + 5
        while time.monotonic() < end or not came:
            signal.signal(signal.SIGALRM, lambda *due: signal.signal(signal.SIGALRM, stop))
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.002)

            def ask():
                try:
                    ours.refresh()
                finally:
                    signal.signal(signal.SIGALRM, signal.SIG_IGN)

            came += stopped(ask)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert not lost, (came, lost)
        signal.signal(signal.SIGALRM, stop)
    """,
    "one that asks certifi, in the middle of a build": """
        import certifi
        real = os.listdir

        def struck(*arguments):
            os.listdir = real
            signal.raise_signal(signal.SIGALRM)
            return real(*arguments)

        signal.signal(signal.SIGALRM, lambda *due: __import__("requests"))
        os.listdir = struck
        path = certifi.where()
        import requests
        assert requests.utils.DEFAULT_CA_BUNDLE_PATH == path
        assert requests.adapters.DEFAULT_CA_BUNDLE_PATH == path
        signal.signal(signal.SIGALRM, stop)
    """,
    "one whose attributes raise": """
        import types

        class Proxy:
            def __getattribute__(self, name):
                raise RuntimeError("outside of the application's context")

            def __call__(self, signum, frame):
                came.append(signum)

        came = []
        signal.signal(signal.SIGUSR1, Proxy())
        signal.signal(signal.SIGUSR2, types.MethodType(lambda *due: came.append(due[1]), Proxy()))
        import certifi
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        assert came == [signal.SIGUSR1, signal.SIGUSR2]
    """,
    "one that raises StopIteration while a context is made": """
        def of_the_application(signum, frame):
            raise StopIteration

        import certifi, ssl
        real = os.mkdir

        def struck(*arguments):
            os.mkdir = real
            signal.raise_signal(signal.SIGUSR1)
            return real(*arguments)

        os.mkdir = struck
        signal.signal(signal.SIGUSR1, of_the_application)
        try:
            ssl.create_default_context()
        except StopIteration:
            os.mkdir = None
        assert os.mkdir is None
        os.mkdir = real
    """,
    "one that asks certifi for another bundle, and is interrupted": """
        import certifi, io
        import certifi_system_store_wrapper as ours
        certifi.where()
        real_open, real_list = io.open, os.listdir

        class File:
            def __init__(self, file):
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *failure):
                self.file.close()

            def read(self):
                signal.raise_signal(signal.SIGUSR1)
                return self.file.read()

        def opened(*arguments, **named):
            io.open, os.listdir = real_open, listed
            return File(real_open(*arguments, **named))

        def listed(*arguments):
            os.listdir = real_list
            signal.raise_signal(signal.SIGALRM)
            return real_list(*arguments)

        signal.signal(signal.SIGUSR1, lambda *due: ours.refresh())
        io.open = opened
        assert stopped(certifi.contents)
    """,
    "one that mentions us, and is interrupted meanwhile": """
        import certifi, _signal
        import certifi_system_store_wrapper as ours
        real_list, real_get = os.listdir, _signal.getsignal

        def listed(*arguments):
            os.listdir = real_list
            signal.raise_signal(signal.SIGUSR1)
            return real_list(*arguments)

        def got(signum):
            if signum == signal.SIGTERM:
                _signal.getsignal = real_get
                signal.raise_signal(signal.SIGALRM)
            return real_get(signum)

        def mention(signum, frame):
            _signal.getsignal = got
            ours.where

        signal.signal(signal.SIGUSR1, mention)
        os.listdir = listed
        assert stopped(certifi.where)
    """,
    "one that comes at any line while a context is made": """
        import certifi, ssl
        anchors = certifi.contents().count("END CERTIFICATE")
        number = lines = 0

        def trace(frame, event, arg):
            global lines
            if frame.f_code.co_name in ("load_default_certs", "set_default_verify_paths"):
                lines += event == "line"
                if event == "line" and lines == number:
                    os.kill(os.getpid(), signal.SIGALRM)
                return trace

        while lines >= number:
            number, lines = number + 1, 0
            sys.settrace(trace)
            stopped(ssl.create_default_context)
            sys.settrace(None)
            context = ssl.create_default_context()
            assert len(context.get_ca_certs()) == anchors, number
        assert number > 5
    """,
    "activate() in place of the start-up files": """
        class Finder:
            @staticmethod
            def find_spec(name, path=None, target=None):
                if name == "certifi_system_store_wrapper.activation.hook":
                    os.kill(os.getpid(), signal.SIGALRM)

        import certifi_system_store_wrapper as ours
        sys.meta_path.insert(0, Finder)
        assert stopped(lambda: ours.activate())
        ours.activate()
        assert ours.build().anchors
    """,
}


@pytest.mark.parametrize("what", WHAT_ELSE_THEY_DO)
def test_handlers_go_on_as_they_did(sandbox: Sandbox, what: str) -> None:
    """What an application does with its signals works as without us, and where() answers."""
    options = ("-S",) if "activate" in what else ()
    prelude = f"import sys; sys.path.insert(1, {str(sandbox.environment.site_packages)!r})\n"
    code = prelude + ALARM + textwrap.dedent(WHAT_ELSE_THEY_DO[what]) + ANSWERS
    env = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"} if "context" in what else {}
    done = sandbox.run_code(code, "-W", "ignore", *options, env=env)
    assert done.returncode == 0, done.stderr


def test_a_fork_that_is_interrupted(sandbox: Sandbox) -> None:
    """At any line that we run for it: Python loses what a handler raises there, blocked is nothing.

    A parent that ignored SIGTERM from then on, and its children, could not be ended any more.
    """
    code = """
    import certifi
    certifi.where()
    number = lines = 0

    def trace(frame, event, arg):
        global lines
        if "/certifi_system_store_wrapper/" in frame.f_code.co_filename:
            lines += event == "line"
            if event == "line" and lines == number:
                os.kill(os.getpid(), signal.SIGALRM)
            return trace

    def blocked():
        return len(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    def fork():
        global child
        child = os.fork()
        if not child:
            sys.settrace(None)
            os._exit(blocked())

    while lines >= number:
        number, lines = number + 1, 0
        sys.settrace(trace)
        stopped(fork)
        sys.settrace(None)
        status = os.waitpid(-1, 0)[1]
        assert (status, blocked()) == (0, 0), (number, status, blocked())
    assert number > 10, number
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert done.returncode == 0, done.stderr


def test_build_lets_out_what_a_handler_raises(sandbox: Sandbox) -> None:
    """TimeoutError is an OSError: it is no problem of the file that is read just then."""
    code = """
    import certifi_system_store_wrapper as ours
    ours.build()
    came = 0

    def late(signum, frame):
        raise TimeoutError("of the application")

    signal.signal(signal.SIGALRM, late)
    for number in range(60):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.0001 * number + 0.0001)
            built = ours.build()
            time.sleep(0.02)
        except TimeoutError:
            came += 1
        else:
            assert "of the application" not in str(built.problems)
    assert came == 60, came
    signal.signal(signal.SIGALRM, stop)
    """
    done = sandbox.run_code(ALARM + textwrap.dedent(code) + ANSWERS)
    assert (done.returncode, done.stderr) == (0, "")
