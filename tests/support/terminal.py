"""A command as a person sees it: on a terminal of some width, or in a pipe that ends early."""

from __future__ import annotations

import os
import struct
import subprocess
from typing import Sequence, Tuple

from support import MODULE, Sandbox


def on_a_terminal(
    sandbox: Sandbox, arguments: Sequence[str], *, columns: int = 40, **env: str
) -> str:
    """Return what the command shows on a terminal."""
    import fcntl
    import pty
    import termios

    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [str(sandbox.environment.python), "-m", MODULE, *arguments],
        env=sandbox.variables({"TERM": "xterm", **env}),
        cwd=sandbox.work,
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    try:
        while True:
            read = os.read(ours, 4096)
            if not read:
                break
            shown += read
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(ours)
    process.wait(timeout=120)
    return shown.decode().replace("\r\n", "\n")


def into_a_closed_pipe(sandbox: Sandbox, arguments: Sequence[str]) -> Tuple[int, bytes]:
    """Run a command whose reader has gone; return its status and what it says on stderr."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [str(sandbox.environment.python), "-m", MODULE, *arguments],
        env=sandbox.variables({}),
        cwd=sandbox.work,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
    )
    os.close(writer)
    _, stderr = process.communicate(timeout=120)
    return process.returncode, stderr
