"""`run`: a command with the variables of `shellenv`, for where there is no shell to set them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Dict, List

from .export import persistent_path
from .output import Report, WrongUsage
from .shellenv import VARIABLES

# As env(1), nohup(1) and every shell say it.
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def run(*, program: List[str]) -> Report:
    """Run the program with an up-to-date bundle; on Unix it takes the place of this process."""
    program = program[1:] if program[:1] == ["--"] else program
    if not program:
        raise WrongUsage("name a command: run [--] COMMAND [ARGUMENT…]")
    path = persistent_path()
    environment = {**os.environ, **dict.fromkeys(VARIABLES, path)}
    try:
        status = (_wait_for if sys.platform == "win32" else _become)(program, environment)
    except OSError as error:
        status = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        why = f"{program[0]}: it cannot be run: {error.strerror}; name a program that is there"
        return Report({"command": "run", "error": why}, [], status, errors=[why])
    return Report({"command": "run", "status": status}, [], status, exact=True)


def _become(program: List[str], environment: Dict[str, str]) -> int:
    """Execute it: its signals, its descriptors and its exit status are nobody else's."""
    # Python ignores these, and what is ignored stays so.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execvpe(program[0], program, environment)  # noqa: S606 - the user named it


def _wait_for(program: List[str], environment: Dict[str, str]) -> int:
    """Start it and return its exit status: on Windows no process takes another's place."""
    # CreateProcess does not look for .cmd and .bat, such as npm.
    found = shutil.which(program[0]) or program[0]
    with subprocess.Popen([found, *program[1:]], env=environment) as process:  # noqa: S603 - as above
        while True:
            # Ctrl-C reaches it as well, and it decides.
            with suppress(KeyboardInterrupt):
                return process.wait()
