"""Celery's prefork pool on a real redis. See test_clusters.py for what it needs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Iterator, List, Mapping

import pytest

from reach.workers.fleets import (
    CELERY,
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
    meeting,
    named,
    row,
    variables,
    version,
)
from reach.workers.serving import Running, free_port
from support import Sandbox

WITHOUT_US = {"PYTHON_CERTIFI_DISABLE": "1"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Dict[str, str]]:
    """Return the variable that names a redis of the test's own."""
    program = shutil.which("redis-server")
    assert program, "apt-get install redis-server"
    port = str(free_port())
    command = [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        yield {"BROKER": f"redis://127.0.0.1:{port}/0"}
        server.terminate()


class Workers:
    """Workers that are up, and their broker."""

    def __init__(self, workshop: Sandbox, name: str, env: Mapping[str, str]) -> None:
        self.workshop, self.env = workshop, env
        options = ["--max-tasks-per-child", "1"] if "--max" in name else []
        command = ["celery", "-A", "jobs", "worker", "-P", "prefork", "-c", str(SIZE), "-l", "INFO"]
        self.running = Running(workshop, [*command, *options], env)

    def __enter__(self) -> Workers:  # noqa: PYI034 - Python 3.8 has no Self
        self.running.once(lambda: " ready." in self.running.log.read_text())
        return self

    def __exit__(self, *exception: object) -> None:
        self.running.__exit__(*exception)

    def give(self, *arguments: str) -> str:
        """Return what they answer to some tasks; who gives them is none of us."""
        env = variables(self.workshop, {**self.env, **WITHOUT_US})
        done = self.workshop.run(str(self.workshop.work / "boss.py"), *arguments, env=env)
        assert done.returncode == 0, (done, self.running.log.read_text())
        return done.stdout

    def wave(self, url: str) -> List[Report]:
        """Have every worker ask the server."""
        found: List[Report] = json.loads(
            self.give("work", url, str(meeting(self.workshop)), str(SIZE))
        )
        return found


@pytest.mark.parametrize("name", CELERY)
def test_every_worker_verifies_and_the_end_leaves_nothing(
    workshop: Sandbox,
    url: str,
    ca_file: Path,
    broker: Mapping[str, str],
    name: str,
    record_property: Record,
) -> None:
    """They share the one file of their parent, which a new generation of them does, too."""
    record_property(TABLE, [name])
    with Workers(workshop, name, {**broker, **WITHOUT_US}) as workers:
        assert_all_refused(workers.wave(url))
        status = workers.running.end(signal.SIGTERM)
    with Workers(workshop, name, broker) as workers:
        assert_all_refused(workers.wave(url))
        assert workers.running.end(signal.SIGTERM) == status
    assert bundles(workshop) == []
    with Workers(workshop, name, {**broker, **named(ca_file)}) as workers:
        reports, later = workers.wave(url), workers.wave(url)
        meanwhile = bundles(workshop)
        assert workers.running.end(signal.SIGTERM) == status
    assert_all_served(reports)
    assert_all_served(later)
    same = {each["worker"] for each in reports} == {each["worker"] for each in later}
    assert same == ("--max" not in name)
    assert files([*reports, *later]) == len(meanwhile) == 1
    assert bundles(workshop) == []
    with Workers(workshop, name, {**broker, **named(ca_file), **kept(workshop)}) as workers:
        reports = workers.wave(url)
        workers.running.end(signal.SIGTERM)
    assert_kept(workshop, reports)
    record_property(TABLE, row(name, version(workshop, "celery"), CELERY[name], len(meanwhile)))


def test_a_warm_shutdown_waits_for_its_task(
    workshop: Sandbox, url: str, ca_file: Path, broker: Mapping[str, str]
) -> None:
    """SIGTERM lets the task end, and then nothing is left."""
    with Workers(workshop, "celery", {**broker, **named(ca_file)}) as workers:
        assert_all_served(workers.wave(url))
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(workers.give, "sleep", "4")
            workers.running.once(lambda: "Task jobs.sleep[" in workers.running.log.read_text())
            assert workers.running.end(signal.SIGTERM) == 0
            assert json.loads(slow.result()) == "slept"
    assert bundles(workshop) == []


def test_a_cold_shutdown_ends_as_without_us(
    workshop: Sandbox, ca_file: Path, url: str, broker: Mapping[str, str]
) -> None:
    """SIGQUIT gives up the task, with the exit status that Celery has by itself."""
    ends = []
    for more in (WITHOUT_US, named(ca_file)):
        with Workers(workshop, "celery", {**broker, **more}) as workers:
            workers.wave(url)
            workers.running.process.send_signal(signal.SIGQUIT)
            ends.append(workers.running.process.wait(60))
    assert ends[0] == ends[1]
    workshop.run_code("import certifi; certifi.where()")
    assert bundles(workshop) == []
