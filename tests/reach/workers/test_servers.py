"""gunicorn, uvicorn and uwsgi: every worker verifies, also the next generation; the end is clean.

See test_clusters.py for what it needs.
"""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, Mapping, Set

import pytest

from reach.workers.fleets import (
    SERVERS,
    SIZE,
    TABLE,
    Record,
    Report,
    assert_all_refused,
    assert_all_served,
    assert_kept,
    bundles,
    files,
    kept,
    named,
    row,
    version,
)
from reach.workers.serving import Running, wait_until
from support import Sandbox

# As the first variable says, nothing of ours is loaded: how a tool behaves by itself.
WITHOUT_US = {"PYTHON_CERTIFI_DISABLE": "1"}
# With or without us the others wait there for as long as a worker may take.
NO_SUCCESSOR = "gunicorn gevent --preload"
RELOADING = [name for name in SERVERS if not name.startswith("uvicorn")]


def command(name: str, patience: int) -> List[str]:
    """Return the command of a server."""
    tool, *options = name.split()
    if tool == "gunicorn":
        kind, *rest = options
        threads = ["--threads", "2"] if kind == "gthread" else []
        threads += ["--worker-connections", "4"]  # so that one worker does not take all
        common = ["-w", str(SIZE), "--timeout", str(patience), "--no-control-socket", "--bind"]
        module = "patched" if kind == "gevent" and rest else "web"
        options = ["-k", kind, *rest, *threads, *common]
        return ["gunicorn", *options, "127.0.0.1:{port}", f"{module}:wsgi"]
    if tool == "uvicorn":
        return ["uvicorn", "--workers", str(SIZE), "--port", "{port}", "web:asgi"]
    common = ["--need-app", "--http-socket", "127.0.0.1:{port}", "--module", "web:wsgi"]
    return ["uwsgi", *options, "--master", "--processes", str(SIZE), "--enable-threads", *common]


def ending(name: str) -> int:
    """Return the signal that ends the server: SIGTERM, unless that means to reload."""
    return signal.SIGINT if name.startswith("uwsgi") and "die" not in name else signal.SIGTERM


def started(workshop: Sandbox, name: str, env: Mapping[str, str], patience: int = 60) -> Running:
    """Return a server that serves; some have patience with a worker for so many seconds."""
    return Running(workshop, command(name, patience), env).up()


def inherits(name: str) -> bool:
    """Whether the application is imported before the workers are forked."""
    return "--preload" in name or (name.startswith("uwsgi") and "lazy" not in name)


def left_over(workshop: Sandbox, name: str) -> str:
    """Return what the end has left: for some no process of theirs is there to remove it.

    uWSGI's master goes last and runs nothing of Python's at its end. uvicorn's workers end by
    the default action of SIGTERM, and their parent has not imported certifi.
    """
    found = len(bundles(workshop))
    if name.startswith("uwsgi"):
        assert found == int(inherits(name))
    elif name.startswith("uvicorn"):
        assert found <= SIZE
    else:
        assert found == 0
    workshop.run_code("import certifi; certifi.where()")
    assert bundles(workshop) == []
    return f"{found}, none after the next process" if found else "0"


def workers(reports: List[Report]) -> Set[int]:
    """Return who they are."""
    return {each["worker"] for each in reports}


@pytest.mark.parametrize("name", SERVERS)
def test_every_worker_verifies_and_the_end_leaves_nothing(
    workshop: Sandbox, url: str, ca_file: Path, name: str, record_property: Record
) -> None:
    """Workers that inherit the application share one file; the exit status is the tool's."""
    record_property(TABLE, [name])
    with started(workshop, name, WITHOUT_US) as server:
        assert_all_refused(server.wave(url))
        status = server.end(ending(name))
    with started(workshop, name, {}) as server:
        assert_all_refused(server.wave(url))
        assert server.end(ending(name)) == status
    with started(workshop, name, named(ca_file)) as server:
        reports = server.wave(url)
        meanwhile = bundles(workshop)
        assert server.end(ending(name)) == status
    assert_all_served(reports)
    assert files(reports) == len(meanwhile) == (1 if inherits(name) else SIZE)
    left = left_over(workshop, name)
    with started(workshop, name, {**named(ca_file), **kept(workshop)}) as server:
        reports = server.wave(url)
        assert server.end(ending(name)) == status
    assert_kept(workshop, reports)
    found = version(workshop, name.split(maxsplit=1)[0])
    record_property(TABLE, row(name, found, SERVERS[name], len(meanwhile), left))


@pytest.mark.parametrize("name", RELOADING)
def test_a_reload_changes_the_workers_and_nothing_else(
    workshop: Sandbox, url: str, ca_file: Path, name: str
) -> None:
    """The next generation verifies, and that of before leaves nothing."""
    with started(workshop, name, named(ca_file)) as server:
        before = server.wave(url)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not any(map(alive, workers(before))), server)
        after = server.up().wave(url)
        assert len(bundles(workshop)) == files(after)
        server.end(ending(name))
    assert_all_served(after)
    assert not workers(before) & workers(after)
    left_over(workshop, name)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGABRT, signal.SIGKILL])
@pytest.mark.parametrize("name", [name for name in SERVERS if name != NO_SUCCESSOR])
def test_a_worker_that_is_ended_takes_nothing_along(
    workshop: Sandbox, url: str, ca_file: Path, name: str, signum: int
) -> None:
    """The others go on, its successor verifies, and nothing is left in the end."""
    with started(workshop, name, named(ca_file)) as server:
        before = server.wave(url)
        victim = before[0]["worker"]
        os.kill(victim, signum)
        wait_until(lambda: not alive(victim), server)
        after = server.up().wave(url)
        server.end(ending(name))
    assert_all_served(after)
    assert len(workers(before) & workers(after)) == SIZE - 1
    left_over(workshop, name)


@pytest.mark.parametrize("name", ["gunicorn sync", "gunicorn sync --preload"])
def test_a_worker_that_hangs_is_replaced(
    workshop: Sandbox, url: str, ca_file: Path, name: str
) -> None:
    """gunicorn aborts it after its timeout."""
    with started(workshop, name, named(ca_file), patience=4) as server:
        before = server.wave(url)
        with ThreadPoolExecutor(1) as threads:
            hanging = threads.submit(server.ask, sleep=60)
            assert hanging.exception() is not None
        after = server.up().wave(url)
        assert "WORKER TIMEOUT" in server.log.read_text()
        server.end(signal.SIGTERM)
    assert_all_served(after)
    assert len(workers(before) & workers(after)) == SIZE - 1
    left_over(workshop, name)


@pytest.mark.parametrize("name", [name for name in SERVERS if "uwsgi" not in name])
def test_a_request_in_flight_is_answered_before_the_end(
    workshop: Sandbox, url: str, ca_file: Path, name: str
) -> None:
    """Graceful stays graceful."""
    with started(workshop, name, named(ca_file)) as server:
        assert_all_served(server.wave(url))
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(server.ask, sleep=2)
            time.sleep(0.7)  # by then a worker has it
            server.end(signal.SIGTERM)
            assert slow.result() == '"slept"'
    left_over(workshop, name)


def alive(pid: int) -> bool:
    """Whether that process still runs."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
