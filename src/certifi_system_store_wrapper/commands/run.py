"""`run`: a command with the variables of `shellenv`, for where there is no shell to set them."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Dict, List

from . import replaced
from .export import persistent_path
from .output import Report, WrongUsage, sentence
from .shellenv import VARIABLES

# As env(1), nohup(1) and every shell say it; the first is for failures of our own.
_FAILED, _NOT_EXECUTABLE, _NOT_FOUND = 125, 126, 127
_REMEDIES = {
    errno.ENOENT: "name a program that is there",
    errno.ENOTDIR: "name a program that is there",
    errno.EACCES: "name a file that you may execute (chmod +x FILE)",
    # Of Windows alone, elsewhere a shell takes it.
    errno.ENOEXEC: "name the program that runs it, too: run python FILE",
}
# What Python sets LC_CTYPE to for itself where the locale is C (PEP 538).
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
# Within quotes all is text for cmd but these; as Rust does it since CVE-2024-24576 ("BatBadBut").
_CMDS_OWN = re.compile(r'["%\r\n]')
_NEEDS_NO_QUOTES = re.compile(r"[\w+./:\\-]+", re.ASCII)


def run(*, program: List[str]) -> Report:
    """Run the program with an up-to-date bundle; on Unix it takes the place of this process."""
    program = program[1:] if program[:1] == ["--"] else program
    if not program:
        raise WrongUsage("name a command: run [--] COMMAND [ARGUMENT…]")
    try:
        path = persistent_path()
    except OSError as error:
        return _refused(_FAILED, sentence(error))
    replaced.tell(VARIABLES, path)
    environment = {**_callers_environment(), **dict.fromkeys(VARIABLES, path)}
    try:
        if not program[0]:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        status = (_wait_for if sys.platform == "win32" else _become)(program, environment)
    except OSError as error:
        status = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        why = f"{program[0] or repr('')}: it cannot be run: {error.strerror}"
        return _refused(status, "; ".join(filter(None, [why, _remedy(program[0], error)])))
    return Report({"command": "run", "status": status}, [], status, exact=True)


def _refused(status: int, why: str) -> Report:
    return Report({"command": "run", "error": why}, [], status, errors=[why])


def _remedy(name: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and shutil.which(name):
        return "it is there, but not the interpreter or loader that it names: install that"
    return _REMEDIES.get(error.errno or 0, "")


def _callers_environment() -> Dict[str, str]:
    """Return the environment as the caller set it; only Linux remembers what that was."""
    environment = dict(os.environ)
    if environment.get("LC_CTYPE") in _COERCED:
        with suppress(OSError), open("/proc/self/environ", "rb") as file:
            pairs = [os.fsdecode(each).partition("=") for each in file.read().split(b"\0")]
            del environment["LC_CTYPE"]
            environment.update((name, value) for name, _, value in pairs if name == "LC_CTYPE")
    return environment


def _become(program: List[str], environment: Dict[str, str]) -> int:
    """Execute it: its signals, its descriptors and its exit status are nobody else's."""
    # Python ignores these, and what is ignored stays so.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    found = shutil.which(program[0])
    # Where nothing is found, the search of execvpe() says why.
    execute = os.execve if found else os.execvpe
    try:
        execute(found or program[0], program, environment)
    except OSError as error:
        if not found or error.errno != errno.ENOEXEC:
            raise
        # A script that does not say what runs it: as execvp(3) and every shell do.
        execute("/bin/sh", ["sh", "--", found, *program[1:]], environment)


def _wait_for(program: List[str], environment: Dict[str, str]) -> int:
    """Start it and return its exit status: on Windows no process takes another's place."""
    # CreateProcess does not look for .cmd and .bat, such as npm.
    found = shutil.which(program[0]) or program[0]
    is_batch = found.rstrip(". ").lower().endswith((".cmd", ".bat"))
    command = for_cmd(found, program[1:]) if is_batch else [found, *program[1:]]
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - the user named it
        while True:
            # Ctrl-C reaches it as well, and it decides.
            with suppress(KeyboardInterrupt):
                return _signed(process.wait())


def for_cmd(batch: str, arguments: List[str]) -> str:
    """Return the command line of a batch file, which cmd reads anew, with its syntax in quotes.

    Raises OSError for what no quotes keep from cmd.
    """
    for word in (batch, *arguments):
        if _CMDS_OWN.search(word):
            what = f"cmd, which runs {batch}, takes % and double quotes and line breaks for its own"
            raise OSError(0, f"{what}, as in {word!r}; name the program that {batch} starts")
    return " ".join([f'"{batch}"', *map(_quoted, arguments)])


def _quoted(word: str) -> str:
    # A backslash before the last quote would make that a part of the word.
    whole = re.sub(r"(\\+)$", r"\1\1", word)
    return word if _NEEDS_NO_QUOTES.fullmatch(word) else f'"{whole}"'


def _signed(status: int) -> int:
    """Return the exit status as sys.exit() takes it: before 2024 that made -1 of a crash's."""
    return status - (1 << 32) if status >= 1 << 31 else status
