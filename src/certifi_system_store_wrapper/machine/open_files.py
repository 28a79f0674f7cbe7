"""Which programs run already and hold a file; only Linux tells that by files."""

from __future__ import annotations

import os
from typing import Iterator, NamedTuple, Sequence

from .files import names


class Program(NamedTuple):
    """A running program, by its process and the start of its command."""

    process: int
    name: str


def holding(beginnings: Sequence[str]) -> Iterator[Program]:
    """Yield the other programs of this user that have a file open whose path begins so."""
    for entry in names("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            # Nothing where it has ended, or belongs to somebody else.
            folder = f"/proc/{entry}/fd"
            targets = (_target(os.path.join(folder, name)) for name in names(folder))
            if any(target.startswith(tuple(beginnings)) for target in targets):
                yield Program(int(entry), _command(entry))


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def _command(entry: str) -> str:
    """Return the program and its first argument; what follows may hold a secret."""
    try:
        with open(f"/proc/{entry}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
    except OSError:
        return "?"
    return " ".join(os.path.basename(os.fsdecode(word)) for word in words[:2] if word)
