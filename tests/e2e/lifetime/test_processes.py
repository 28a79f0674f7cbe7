"""Forks, threads, daemons and kills: a path once handed out stays good, and nothing is left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import List

import pytest

from support import Sandbox, write

pytestmark = pytest.mark.posix("forks and signals are Unix'")

PRELUDE = """
    import certifi, os, signal, ssl, subprocess, sys, time
    path = certifi.where()
    def good():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        return context.cert_store_stats()["x509"] > 100
    def neighbour():
        code = "import certifi; certifi.where()"
        subprocess.run([sys.executable, "-c", code], check=True)
    def wait(pid):
        return os.waitpid(pid, 0)[1]
    assert good()
"""


def run(sandbox: Sandbox, code: str, **more: str) -> None:
    """Run the code behind the prelude: it succeeds, says nothing and leaves nothing."""
    done = sandbox.run_code(textwrap.dedent(PRELUDE) + textwrap.dedent(code), env=more)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert left(sandbox) == []


def left(sandbox: Sandbox) -> List[str]:
    """Return what lies in the place for bundles."""
    return sorted(str(path) for each in sandbox.left for path in (each, *each.rglob("*")))


@pytest.mark.parametrize(
    "end",
    [
        "sys.exit(0)",
        "os._exit(0)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "raise SystemExit(3)",
        "certifi.where(); sys.exit(0)",
        "neighbour(); sys.exit(0)",
    ],
)
def test_a_child_never_takes_its_parents_bundle(sandbox: Sandbox, end: str) -> None:
    """However a fork ends, and whatever starts meanwhile, the parent's path stays good."""
    run(
        sandbox,
        f"""
        pid = os.fork()
        if pid == 0:
            {end}
        wait(pid)
        neighbour()
        assert good() and certifi.where() == path
        """,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(sandbox: Sandbox, method: str) -> None:
    """Workers verify with what they have, terminate() harms nobody, nothing is left."""
    program = sandbox.work / "program.py"
    program.write_text(
        textwrap.dedent(PRELUDE)
        + textwrap.dedent(
            f"""
            import multiprocessing
            def work(number):
                assert good()
                return certifi.where() == path
            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                with context.Pool(4) as pool:
                    assert all(pool.map(work, range(8)))
                process = context.Process(target=time.sleep, args=(60,))
                process.start()
                vfork = sys.version_info >= (3, 10) and sys.platform == "linux"
                if not vfork or sys.implementation.name == "pypy":
                    time.sleep(0.5)  # the README tells of the first instant
                process.terminate()
                process.join()
                assert process.exitcode == -15 and good()
            """
        )
    )
    sandbox.tmp = Path(tempfile.mkdtemp(prefix="t"))  # a socket's path must be short
    done = sandbox.run(str(program))
    assert (done.returncode, done.stderr) == (0, "")
    sandbox.run_code("import certifi; certifi.where()")  # a pool kills its workers
    assert left(sandbox) == []
    shutil.rmtree(sandbox.tmp)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("asks", ["at import", "at work"])
def test_workers_that_end_normally_leave_nothing(sandbox: Sandbox, method: str, asks: str) -> None:
    """Also a worker that asked while it imported its main module, and runs no exit handlers."""
    program = sandbox.work / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import certifi, multiprocessing, os, sys
            asks_at_import = {asks == "at import"}
            if asks_at_import:
                certifi.where()
            def work():
                sys.exit(3 if os.path.getsize(certifi.where()) > 1000 else 1)
            if __name__ == "__main__":
                context = multiprocessing.get_context("{method}")
                processes = [context.Process(target=work) for _ in range(3)]
                [process.start() for process in processes]
                [process.join() for process in processes]
                assert [process.exitcode for process in processes] == [3] * 3
            """
        )
    )
    sandbox.tmp = Path(tempfile.mkdtemp(prefix="t"))  # a socket's path must be short
    done = sandbox.run(str(program))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(sandbox.tmp.iterdir()) == left(sandbox) == []
    sandbox.tmp.rmdir()


@pytest.mark.linux("forks its workers")
def test_workers_of_a_fork_of_multiprocessing(sandbox: Sandbox) -> None:
    """They end as its own do: SIGTERM is what it was, and nothing is left."""
    # The packages multiprocess and billiard are copies of it, under another name.
    asked = sandbox.run_code("import multiprocessing; print(multiprocessing.__path__[0])")
    for file in Path(asked.stdout.strip()).glob("*.py"):
        copied = re.sub(r"\bmultiprocessing\b", "multiprocess", file.read_text("utf-8"))
        write(sandbox.work / "multiprocess" / file.name, copied.encode("utf-8"))
    code = """
        import multiprocess, signal
        def ask(number):
            import certifi
            certifi.where()
            return signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        context = multiprocess.get_context("fork")
        with context.Pool(2) as pool:
            assert all(pool.map(ask, range(4), chunksize=1))
            pool.close()
            pool.join()
    """
    done = sandbox.run_code(code, env={"PYTHONPATH": str(sandbox.work)})
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


@pytest.mark.posix("SIGTERM")
def test_sigterm_while_the_main_thread_waits_for_others(sandbox: Sandbox) -> None:
    """A program that is nothing but threads ends at once, as it would without us."""
    code = """
        import certifi, os, signal, threading, time
        certifi.where()
        def end():
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
            print("it went on")
        threading.Thread(target=end).start()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")


@pytest.mark.parametrize("end", ["sys.exit(0)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_who_ends_last_sweeps_what_its_killed_workers_left(sandbox: Sandbox, end: str) -> None:
    """Spark and Ray kill their workers at the end: no next process need come to clean up."""
    worker = "import certifi, os; certifi.where(); os.kill(os.getpid(), 9)"
    code = f"""
        for _ in range(3):
            command = [sys.executable, "-c", {worker!r}]
            assert subprocess.run(command).returncode == -9
        assert good() and len(os.listdir(os.path.dirname(os.path.dirname(path)))) == 2
        {end}
    """
    done = sandbox.run_code(textwrap.dedent(PRELUDE) + textwrap.dedent(code))
    assert (done.returncode, done.stderr) == (0 if "exit" in end else -signal.SIGTERM, "")
    assert left(sandbox) == []


CLOSED = "os.closerange(3, 256);"
LOSSES = {
    "emptied": "os.truncate(path, 0)",
    "cut off": "os.truncate(path, os.path.getsize(path) // 2)",
    "overwritten": "open(path, 'w').write('x' * 300_000)",
    "emptied by a fork": """
        if os.fork():
            assert os.wait()[1] == 0
        else:
            os.truncate(path, 0)
            sys.exit(certifi.where() != path)
    """,
    "emptied under a daemon": CLOSED + "os.truncate(path, 0)",
    "removed under a daemon": CLOSED + "os.unlink(path)",
}


@pytest.mark.linux("closes every descriptor")
@pytest.mark.parametrize("how", LOSSES)
def test_a_bundle_that_is_lost_comes_back_at_its_path(sandbox: Sandbox, how: str) -> None:
    """Nothing holds its text any more: it is built anew, where requests will look for it."""
    run(
        sandbox,
        textwrap.dedent(LOSSES[how])
        + "\nassert certifi.where() == path and good() and certifi.where() == path",
    )


def test_a_daemon_keeps_the_path(sandbox: Sandbox) -> None:
    """A double fork that closes every descriptor outlives its parent, and the path with it."""
    program = textwrap.dedent(PRELUDE) + textwrap.dedent(
        """
        report = sys.argv[1]
        if os.fork():
            os._exit(0) if "hard" in sys.argv else sys.exit(0)
        os.setsid()
        if os.fork():
            os._exit(0)
        os.closerange(0, 256)
        ours = [os.open(os.devnull, os.O_RDWR) for _ in range(8)]
        time.sleep(0.7)
        answers = [good(), certifi.where() == path]
        neighbour()
        answers += [good(), certifi.where() == path]
        answers += [os.fstat(each).st_rdev == os.stat(os.devnull).st_rdev for each in ours]
        with open(report + ".new", "w") as file:
            file.write(repr(answers))
        os.rename(report + ".new", report)
        """
    )
    report = sandbox.work / "report"
    for how in ("soft", "hard"):
        done = sandbox.run("-c", program, str(report), how)
        assert (done.returncode, done.stderr) == (0, "")
        sandbox.run_code("import certifi; certifi.where()")
        for _ in range(200):
            if report.exists():
                break
            sandbox.run_code("import time; time.sleep(0.05)")
        assert report.read_text() == repr([True] * 12)
        report.unlink()


def test_who_closed_every_descriptor_leaves_nothing(sandbox: Sandbox) -> None:
    """As a daemon that ends: its mapping still holds the file, and lets go of it."""
    done = sandbox.run_code(
        textwrap.dedent(PRELUDE) + "os.closerange(0, 256); assert good(); sys.exit(7)"
    )
    assert done.returncode == 7
    assert left(sandbox) == []


def test_what_has_our_numbers_by_then_stays_open(sandbox: Sandbox) -> None:
    """Who closed every descriptor has opened others since: they stay open when it goes."""
    code = """
        import gc
        from certifi_system_store_wrapper.publishing import cleanup
        os.closerange(3, 256)
        ours = [os.open(os.devnull, os.O_RDWR) for _ in range(8)]
        cleanup.run()
        gc.collect()
        assert all(os.fstat(each).st_rdev == os.stat(os.devnull).st_rdev for each in ours)
        """
    done = sandbox.run_code(textwrap.dedent(PRELUDE) + textwrap.dedent(code))
    assert (done.returncode, done.stderr) == (0, "")


def test_exec_keeps_the_path(sandbox: Sandbox) -> None:
    """A program that replaces this one finds the file that SSL_CERT_FILE names, whoever sweeps."""
    done = sandbox.run_code(
        """
        import certifi, os, sys
        code = (
            "import os, subprocess, sys;"
            "sweeping = [sys.executable, '-c', 'import certifi; certifi.where()'];"
            "subprocess.run(sweeping, check=True);"
            "sys.exit(os.path.getsize(sys.argv[1]) <= 1000)"
        )
        os.execv(sys.executable, [sys.executable, "-S", "-c", code, certifi.where()])
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    sandbox.run_code("import certifi; certifi.where()")
    assert left(sandbox) == []


def test_what_kills_left_is_swept(sandbox: Sandbox) -> None:
    """Killed forty times in one place, then one normal run: nothing is left."""
    code = "import certifi, os; certifi.where(); os.kill(os.getpid(), 9)"
    for _ in range(10):
        assert sandbox.run_code(code).returncode == -9
    assert len(list(sandbox.place.rglob("cacert.pem"))) == 1  # each swept the one before
    done = sandbox.run_code(
        f"""
        import subprocess, sys
        command = [sys.executable, "-c", {code!r}]
        for _ in range(3):
            running = [subprocess.Popen(command) for _ in range(10)]
            assert [process.wait() for process in running] == [-9] * 10
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert 1 <= len(list(sandbox.place.rglob("cacert.pem"))) <= 10
    sandbox.run_code("import certifi; certifi.where()")
    assert left(sandbox) == []


@pytest.mark.parametrize("persistent", [False, True])
def test_many_at_once(sandbox: Sandbox, persistent: bool) -> None:
    """Twenty processes start together, all get a good bundle; nothing is left, or one file."""
    folder = sandbox.place / "persistent"
    code = (
        textwrap.dedent(PRELUDE) + "import random; time.sleep(random.random() / 5); assert good()"
    )
    done = sandbox.run_code(
        f"""
        import subprocess, sys
        command = [sys.executable, "-c", {code!r}]
        running = [subprocess.Popen(command) for _ in range(20)]
        assert [process.wait() for process in running] == [0] * 20
        """,
        env={"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)} if persistent else {},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert left(sandbox) == ([str(folder), str(folder / "cacert.pem")] if persistent else [])


def test_threads(sandbox: Sandbox) -> None:
    """64 threads import certifi and ask at once: one path, good in each."""
    done = sandbox.run_code(
        """
        import sys, threading
        sys.setswitchinterval(1e-6)
        barrier, paths = threading.Barrier(64), []
        def ask():
            barrier.wait()
            import certifi
            paths.append(certifi.where())
        threads = [threading.Thread(target=ask) for _ in range(64)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(paths) == 64 and len(set(paths)) == 1, set(paths)
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert left(sandbox) == []


def test_threads_that_ask_us_first(sandbox: Sandbox) -> None:
    """Where no start-up file runs, none of them has patched certifi: there is one path, too."""
    code = """
        import threading, time
        import certifi_system_store_wrapper as ours
        from certifi_system_store_wrapper.activation import patch
        init, barrier, paths = patch.Patch.__init__, threading.Barrier(8), set()
        def slow(*arguments, **named):
            barrier.wait(20)
            init(*arguments, **named)
        patch.Patch.__init__ = slow
        threads = [threading.Thread(target=lambda: paths.add(ours.where())) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(paths) == 1, paths
    """
    packages = str(sandbox.environment.site_packages)
    done = sandbox.run_code(code, "-S", env={"PYTHONPATH": packages})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fork_while_another_thread_publishes(sandbox: Sandbox) -> None:
    """The child waits for no lock that nobody will ever give back."""
    done = sandbox.run_code(
        """
        import certifi, os, threading, time, warnings
        from certifi_system_store_wrapper import bundle
        warnings.simplefilter("ignore")  # of forking with threads: that is what is tried
        build, started = bundle.build, threading.Event()
        def slow(*arguments):
            started.set()
            time.sleep(1)
            return build(*arguments)
        bundle.build = slow
        thread = threading.Thread(target=certifi.where)
        thread.start()
        started.wait()
        pid = os.fork()
        if pid == 0:
            begin = time.monotonic()
            good = os.path.getsize(certifi.where()) > 1000
            os._exit(0 if good and time.monotonic() - begin < 10 else 1)
        assert os.waitpid(pid, 0)[1] == 0
        thread.join()
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_counts_in_a_fork_of_another_thread(sandbox: Sandbox) -> None:
    """While the main thread publishes, and puts signals off, another one forks."""
    code = """
        import certifi, os, signal, threading, time
        inside, forked, status = threading.Event(), threading.Event(), []

        def mkdir(*arguments, make=os.mkdir):
            inside.set()
            assert forked.wait(10)
            make(*arguments)

        def fork():
            assert inside.wait(10)
            child = os.fork()
            if child == 0:
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(1)
                    os._exit(1)
                except KeyboardInterrupt:
                    os._exit(0)
            forked.set()
            status.append(os.waitpid(child, 0)[1])

        os.mkdir = mkdir
        thread = threading.Thread(target=fork)
        thread.start()
        certifi.where()
        thread.join()
        assert status == [0] and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    """
    done = sandbox.run_code(code, "-W", "ignore")
    assert (done.returncode, done.stderr) == (0, "")


def test_exit_handlers_still_speak_tls(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """Exit handlers and threads that outlive main find the bundle."""
    code = """
        import atexit, certifi, socket, ssl, sys, threading, time
        from urllib.parse import urlsplit
        url = urlsplit(sys.argv[1])
        def fetch(name, path=certifi.where()):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(path)
            with socket.create_connection((url.hostname, url.port)) as plain:
                with context.wrap_socket(plain, server_hostname=url.hostname):
                    print(name, flush=True)
        atexit.register(fetch, "atexit")
        def late():
            time.sleep(0.3)
            fetch("thread")
        threading.Thread(target=late).start()
    """
    done = sandbox.run(
        "-c", textwrap.dedent(code), url, env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == ["atexit", "thread"]
    assert left(sandbox) == []


SIGNALS = {
    "default": ("", -signal.SIGTERM),
    "ignored": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", 0),
    "own before": ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))", 7),
}


@pytest.mark.parametrize("case", SIGNALS)
def test_sigterm(sandbox: Sandbox, case: str) -> None:
    """It does what it would do without us, and the file goes."""
    before, status = SIGNALS[case]
    code = f"""
        import signal, sys
        {before}
        import certifi, os
        path = certifi.where()
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000): pass
        assert os.path.exists(path)
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (status, "")
    assert left(sandbox) == []


def test_sigterm_in_a_child_of_a_log_handler(sandbox: Sandbox) -> None:
    """While our code runs and puts handlers off, a fork has the default as any other has it."""
    code = """
        import certifi, certifi_system_store_wrapper as ours, logging, os, signal
        class Forks(logging.Handler):
            def emit(self, record):
                pid = os.fork()
                if not pid:
                    os._exit(signal.getsignal(signal.SIGTERM))
                statuses.append(os.waitpid(pid, 0)[1])
        statuses = []
        certifi.where()
        logging.getLogger().addHandler(Forks())
        logging.getLogger().setLevel(logging.INFO)
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = "/no/such.pem"
        ours.refresh()
        assert statuses and not any(statuses), statuses
        assert signal.getsignal(signal.SIGTERM).__name__ == "_on_sigterm"
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(sandbox) == []


def test_sigterm_handlers_set_later_win(sandbox: Sandbox) -> None:
    """signal.signal and asyncio after us work as ever."""
    code = """
        import asyncio, certifi, os, signal, sys
        path, caught = certifi.where(), []
        async def main():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, caught.append, 1)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.1)
        asyncio.run(main())
        assert caught and os.path.exists(path)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
        os.kill(os.getpid(), signal.SIGTERM)
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (5, "")
    assert left(sandbox) == []


def test_sigterm_handlers_of_c_code_win(sandbox: Sandbox) -> None:
    """As gevent.signal_handler sets them: after a refresh, too. A fork has the system's own."""
    code = """
        import certifi, faulthandler, os, signal, sys, types
        import certifi_system_store_wrapper as ours

        def dumps():
            os.kill(os.getpid(), signal.SIGTERM)
            with open("dumps") as file:
                return file.read().count("most recent call first")

        certifi.where()
        sys.modules["gevent"] = types.ModuleType("gevent")
        with open("dumps", "w") as file:
            faulthandler.register(signal.SIGTERM, file, all_threads=False)
            assert dumps() == 1
            ours.refresh()
            assert dumps() == 2
            faulthandler.unregister(signal.SIGTERM)
        pid = os.fork()
        if not pid:
            dumps()
            os._exit(1)
        assert os.waitpid(pid, 0)[1] == signal.SIGTERM
        print("all of it", flush=True)
        dumps()
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "all of it\n", "")
    assert left(sandbox) == []


def test_no_handler_where_none_is_wanted(sandbox: Sandbox) -> None:
    """The switch, a persistent bundle, and a first use outside the main thread install none."""
    code = """
        import certifi, os, signal, threading
        thread = threading.Thread(target=certifi.where)
        thread.start()
        thread.join()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    """
    assert sandbox.run_code(code).returncode == 0
    code = """
        import certifi, signal
        certifi.where()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    """
    for more in (
        {"PYTHON_CERTIFI_HANDLE_SIGTERM": "0"},
        {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work)},
    ):
        assert sandbox.run_code(code, env=more).returncode == 0


def test_ctrl_c_anywhere(sandbox: Sandbox) -> None:
    """At any moment it is KeyboardInterrupt, and no file stays; swallowed, the bundle is whole."""
    code = """
        import os, signal, threading, sys, time
        delay = float(sys.argv[1])
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
        import certifi
        def strike():
            time.sleep(delay)
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=strike)
        caught = 0
        try:
            thread.start()
            end = time.monotonic() + delay + 5
            while time.monotonic() < end:
                certifi.where()
                time.sleep(0.0001)
        except KeyboardInterrupt:
            caught += 1
        thread.join()
        assert caught == 1 and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert os.path.getsize(certifi.where()) > 1000
        folder = os.path.dirname(certifi.where())
        assert os.listdir(os.path.dirname(folder)) == [os.path.basename(folder)]
        assert os.listdir(folder) == ["cacert.pem"]
    """
    for step in range(24):
        done = sandbox.run("-c", textwrap.dedent(code), str(0.003 + step * 0.0007))
        assert (done.returncode, done.stderr) == (0, ""), (step, done.stderr)
        assert left(sandbox) == []


def test_process_1_is_left_alone(sandbox: Sandbox) -> None:
    """As process 1 of a PID namespace a SIGTERM changes nothing, as without us."""
    code = """
        import certifi, os, signal
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it is ignored below an older unshare
        path = certifi.where()
        assert os.getpid() == 1 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        os.kill(1, signal.SIGTERM)
        assert os.path.exists(path)
    """
    flags = "-mpf" if os.geteuid() == 0 else "-Urmpf"
    done = sandbox.run_code(code, prefix=["unshare", flags, "--mount-proc"])
    assert (done.returncode, done.stderr) == (0, "")


SUBINTERPRETERS = """
    import certifi, os
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    ask = '''if True:
        import certifi, ssl
        path = certifi.where()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        assert context.cert_store_stats()["x509"] > 100
        print(path)
    '''
    path = certifi.where()
    made = [interpreters.create() for _ in range(2)]
    for each in made:
        assert interpreters.run_string(each, ask) is None
    assert len(os.listdir(os.path.dirname(os.path.dirname(path)))) == 3
    for each in made:
        interpreters.destroy(each)
    assert os.listdir(os.path.dirname(path)) == ["cacert.pem"] and certifi.where() == path
    print(path)
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="CPython has subinterpreters")
def test_interpreters_of_one_process_have_a_bundle_each(sandbox: Sandbox) -> None:
    """As under mod_wsgi: each answers with its own, and its end takes it along."""
    done = sandbox.run_code(SUBINTERPRETERS)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(set(done.stdout.split())) == 3
    assert left(sandbox) == []
