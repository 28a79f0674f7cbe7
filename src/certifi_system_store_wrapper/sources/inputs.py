"""What was looked at for a bundle: as few paths as tell whether anything has changed since."""

from __future__ import annotations

import os
from stat import S_ISDIR, ST_MODE, ST_MTIME, ST_SIZE
from typing import Iterable, List, Set, Tuple

Input = Tuple[str, int, int]  # path, size, modification time in whole seconds; -1: absent
_LINKS = 40  # that are followed; the kernel follows no more either


def describe(path: str, status: os.stat_result) -> Input:
    """Return how a path stands; what a folder holds shows in its time."""
    return path, 0 if S_ISDIR(status[ST_MODE]) else status[ST_SIZE], int(status[ST_MTIME])


def look(paths: Iterable[str]) -> List[Input]:
    """Return how the paths stand now."""
    inputs: List[Input] = []
    for path in paths:
        try:
            inputs.append(describe(path, os.stat(path)))
        except (OSError, ValueError):
            inputs.append((path, -1, -1))
    return inputs


def condensed(inputs: Iterable[Input]) -> List[Input]:
    """Return inputs that change whenever one of these does, sorted.

    For a thousandth of the second that looking at all of them takes: links within a folder that
    is looked at itself change with it, so that what they lead to is enough; and what is not there
    because a folder above it is not there either needs no line of its own.
    """
    given = set(inputs)
    folders = {path for path, size, _ in given if not size}
    return sorted({(_target(i[0], folders) if i[1] >= 0 else _absent(i[0]), *i[1:]) for i in given})


def _target(path: str, folders: Set[str]) -> str:
    """Return where the links lead that lie in one of the folders."""
    for _ in range(_LINKS):
        folder = os.path.dirname(path)
        try:
            target = os.readlink(path) if folder in folders else ""
        except OSError:  # no link
            break
        if not target:
            break
        path = os.path.join(folder, target)
    return path


def _absent(path: str) -> str:
    """Return the topmost folder above that is not there, else the path."""
    above = os.path.dirname(path)
    while len(above) < len(path) and not os.path.exists(above):
        path, above = above, os.path.dirname(above)
    return path
