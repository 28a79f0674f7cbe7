"""A command as a person sees it: on a terminal of some width."""

from __future__ import annotations

import os
import struct
import subprocess
from typing import Sequence

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
