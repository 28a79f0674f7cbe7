"""Workers in ways that are asking for trouble: the path stays good, and the end leaves nothing.

See test_clusters.py for what it needs.
"""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest

from reach.workers.fleets import bundles, named, variables
from support import Sandbox

NESTED = """
    import certifi, multiprocessing, os, sys
    from concurrent.futures import ProcessPoolExecutor

    path = certifi.where()

    def good(_):
        return os.path.getsize(certifi.where()) > 1000

    def run(what, over, method):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            return list(pool.map(what, over))

    def inner(method):
        return run(good, range(3), method)

    if __name__ == "__main__":
        assert run(inner, ["fork", "spawn", "forkserver"], sys.argv[1]) == [[True] * 3] * 3
        assert good(0) and certifi.where() == path
"""
LATE = """
    import certifi, multiprocessing, os

    path = certifi.where()

    def good(_):
        return os.path.getsize(certifi.where()) > 1000

    if __name__ == "__main__":
        for method in ("spawn", "fork", "forkserver"):
            multiprocessing.set_start_method(method, force=True)
            pool = multiprocessing.Pool(2)
            assert pool.map(good, range(3)) == [True] * 3
            pool.close()
            pool.join()
        assert certifi.where() == path
"""
THREADS = """
    import certifi, os, threading, warnings

    warnings.simplefilter("ignore")  # of forking with threads: that is what is tried
    ends = []

    def fork():
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if os.path.getsize(certifi.where()) > 1000 else 1)
            ends.append(os.waitpid(pid, 0)[1])

    threads = [threading.Thread(target=fork) for _ in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert ends == [0] * 40 and os.path.exists(certifi.where())
"""
DAEMON = """
    import certifi, os, sys, time
    import daemon

    path, (report, url) = certifi.where(), sys.argv[1:]
    with daemon.DaemonContext(working_directory="/", umask=0o027):
        import requests

        time.sleep(1)
        answer = [os.path.exists(path), certifi.where() == path, requests.get(url).status_code]
        with open(report + ".new", "w") as file:
            file.write(repr(answer))
        os.rename(report + ".new", report)
"""
OTHER_USER = """
    import certifi, os

    path = certifi.where()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        with open(path) as file:
            os._exit(0 if file.read() == certifi.contents() and certifi.where() == path else 1)
    assert os.waitpid(pid, 0)[1] == 0 and certifi.where() == path
"""
SUPERVISED = """
    import random, subprocess, sys, time

    code = "import requests, time; time.sleep(30)"
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", code])
        time.sleep(random.random() * 0.6)
        process.terminate()
        assert process.wait() == -15
"""
KERNEL = """
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    code = "import certifi, os; assert os.path.getsize(certifi.where()) > 1000"
    for kill in (False, True, None):
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive(code, timeout=60)
        assert reply["content"]["status"] == "ok", reply
        if kill is not None:
            manager.restart_kernel(now=kill)
    manager.shutdown_kernel()
"""
PROGRAMS = {
    "nested in fork": (NESTED, "fork"),
    "nested in spawn": (NESTED, "spawn"),
    "nested in forkserver": (NESTED, "forkserver"),
    "start method set late": (LATE,),
    "forks in threads": (THREADS,),
    "a fork of another user": (OTHER_USER,),
    "a Jupyter kernel that is restarted": (KERNEL,),
    "a service that is terminated early": (SUPERVISED,),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_odd_workers(workshop: Sandbox, name: str) -> None:
    """The program itself says what must hold."""
    code, *arguments = PROGRAMS[name]
    program = workshop.work / "odd.py"
    program.write_text(textwrap.dedent(code))
    workshop.tmp.chmod(0o711)  # another user may pass through
    done = workshop.run(str(program), *arguments, env=variables(workshop, {}), timeout=300)
    assert done.returncode == 0, done
    if "kernel" in name:  # which was killed once
        workshop.run_code("import certifi; certifi.where()")
    assert bundles(workshop) == []


def test_a_daemon_that_closes_everything(workshop: Sandbox, url: str, ca_file: Path) -> None:
    """python-daemon's: it still verifies. Before Python 3.13 its bundle goes with the next process.

    A mapping that holds it cannot be undone there once its descriptor has been closed.
    """
    report = workshop.work / "report"
    code = textwrap.dedent(DAEMON)
    done = workshop.run("-c", code, str(report), url, env=named(ca_file))
    assert (done.returncode, done.stderr) == (0, "")
    end = time.monotonic() + 60
    while time.monotonic() < end and not report.exists():
        time.sleep(0.1)
    assert report.read_text() == "[True, True, 200]"
    time.sleep(1)
    workshop.run_code("import certifi; certifi.where()")
    assert bundles(workshop) == []
