"""Start programs that serve until a signal ends them, and ask them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Callable, Iterator, List, Mapping
from urllib.parse import urlencode

from reach.workers.fleets import SIZE, Report, meeting, variables
from support import Sandbox

PATIENCE = 60.0


class Running:
    """A program that was started; used as a context it does not outlive the test."""

    def __init__(self, sandbox: Sandbox, command: List[str], env: Mapping[str, str]) -> None:
        """Start a command of the sandbox's environment in its own process group."""
        self.sandbox, self.log = sandbox, sandbox.home / "log"
        self.port = free_port()
        bin_folder = sandbox.environment.python.parent
        program, *arguments = [each.format(port=self.port) for each in command]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(bin_folder / program), *arguments],
                env=sandbox.variables(variables(sandbox, env)),
                cwd=sandbox.work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Running:  # noqa: PYI034 - Python 3.8 has no Self
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self, signum: int) -> int:
        """End it by a signal, and return its exit status when all of its processes are gone."""
        self.process.send_signal(signum)
        status = self.process.wait(PATIENCE)
        wait_until(lambda: not members(self.process.pid), self)
        return status

    def ask(self, **query: object) -> str:
        """Return the answer to one request."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/?" + urlencode(query))
            response = connection.getresponse()
            assert response.status == 200, self.log.read_text()
            return response.read().decode()

    def up(self) -> Running:
        """Wait until it serves."""

        def serves() -> bool:
            with suppress(OSError):
                return self.ask(sleep=0) == '"slept"'
            assert self.process.poll() is None, self.log.read_text()
            return False

        return self.once(serves)

    def once(self, true: Callable[[], bool]) -> Running:
        """Wait for it to be so; else it does not outlive that."""
        try:
            wait_until(true, self)
        except BaseException:
            self.__exit__()
            raise
        return self

    def wave(self, url: str) -> List[Report]:
        """Have every worker ask the server; return what each of them reports."""
        where = meeting(self.sandbox)
        query = {"url": url, "meeting": where, "size": SIZE}
        with ThreadPoolExecutor(64) as threads:
            asked = []
            for _ in range(64):  # one worker may take several
                asked.append(threads.submit(self.ask, **query))
                time.sleep(0.1)
                if len(os.listdir(where)) >= SIZE:
                    break
            return [json.loads(each.result()) for each in asked]


def members(group: int) -> List[int]:
    """Return the living processes of a process group."""
    return [pid for pid in processes() if group_of(pid) == group]


def processes() -> Iterator[int]:
    """Yield the processes that there are."""
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def group_of(pid: int) -> int:
    """Return the process group of a living process, 0 if it is none."""
    try:
        state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return 0
    return 0 if state == "Z" else int(group)


def wait_until(true: Callable[[], bool], running: Running) -> None:
    """Wait, but not for ever."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, running.log.read_text()
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
