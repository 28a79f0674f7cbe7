"""Runs ``security`` of macOS, several commands at once, for TIMEOUT seconds at most."""

from __future__ import annotations

import os
from contextlib import suppress
from time import monotonic
from typing import IO, TYPE_CHECKING, Dict, List, Optional, Sequence

from ...machine.signals import interruptible
from ...record import Record

if TYPE_CHECKING:
    from subprocess import Popen

SECURITY = "/usr/bin/security"
# Seconds for all runs together; a Mac needs 0.2.
TIMEOUT = 10.0
_CHUNK = 1 << 16
# So many bytes of one stream are read: some 15,000 certificates.
_MOST = 32 << 20
# So many characters of an error message are kept.
_SAID = 200


class Answer(Record):
    """What one run printed, and its exit status; None if it was stopped."""

    output: bytes
    errors: bytes
    status: Optional[int]

    def __str__(self) -> str:
        """Return how the run ended, for people."""
        if self.status is None:
            return f"stopped after {TIMEOUT:g} seconds or {_MOST >> 20} MiB"
        said = self.errors.decode("utf-8", "replace").strip().partition("\n")[0][:_SAID]
        return f"exit status {self.status}, {said}" if said else f"exit status {self.status}"


def run_all(commands: Sequence[Sequence[str]]) -> List[Answer]:
    """Return the answer to each command; raise OSError if `security` cannot be started."""
    deadline = monotonic() + TIMEOUT
    running: List[Popen[bytes]] = []
    try:
        for command in commands:
            # One by one: if one cannot be started, `finally` ends those before it.
            running += [_start(command)]
        printed = _read(running, deadline)
        return [_answer(process, printed, deadline) for process in running]
    finally:
        for process in running:
            _end(process)


def _start(command: Sequence[str]) -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen

    return Popen([SECURITY, *command], stdin=DEVNULL, stdout=PIPE, stderr=PIPE)  # noqa: S603


def _read(running: List[Popen[bytes]], deadline: float) -> Dict[Optional[IO[bytes]], bytes]:
    """Read all streams at once, until they end or the time is up; return what each gave."""
    from selectors import EVENT_READ, DefaultSelector

    pipes = [pipe for process in running for pipe in (process.stdout, process.stderr) if pipe]
    printed = {pipe: bytearray() for pipe in pipes}
    with DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, EVENT_READ, pipe)
        while selector.get_map() and monotonic() < deadline:
            for key, _ in interruptible(selector.select, deadline - monotonic()):
                chunk = os.read(key.fd, _CHUNK)
                printed[key.data] += chunk
                if not chunk or len(printed[key.data]) > _MOST:
                    selector.unregister(key.data)
                    # A process that still writes to it ends then.
                    key.data.close()
    return {pipe: bytes(data) for pipe, data in printed.items()}


def _answer(
    process: Popen[bytes], printed: Dict[Optional[IO[bytes]], bytes], deadline: float
) -> Answer:
    output, errors = printed[process.stdout], printed[process.stderr]
    # It may have ended well with more in the pipe than was read.
    is_whole = len(output) <= _MOST
    return Answer(output, errors, _status(process, deadline) if is_whole else None)


def _status(process: Popen[bytes], deadline: float) -> Optional[int]:
    from subprocess import TimeoutExpired

    try:
        return interruptible(process.wait, max(0.0, deadline - monotonic()))
    except TimeoutExpired:
        return None


def _end(process: Popen[bytes]) -> None:
    """End a process that still runs, and close its pipes."""
    from subprocess import TimeoutExpired

    if process.poll() is None:
        process.kill()
        # SIGKILL does not end a process that hangs in the kernel.
        with suppress(TimeoutExpired):
            process.wait(1.0)
    for stream in filter(None, (process.stdout, process.stderr)):
        stream.close()
