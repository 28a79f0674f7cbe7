"""The inputs of a bundle: every path that was looked at, and whether it is still as it was.

First what stat() says is compared; where only that differs, what the files hold.
"""

from __future__ import annotations

import os
import stat
from operator import attrgetter
from typing import Iterable, List, Set, Tuple

from .files import read_regular
from .signals import interruptible

# A path and its state: mode, device, inode, owner, group, size, and the times of the last change of
# its content and of its status, in nanoseconds. () is the state of what is absent.
Input = Tuple[str, Tuple[int, ...]]
_STATE = attrgetter(
    *("st_mode", "st_dev", "st_ino", "st_uid", "st_gid", "st_size", "st_mtime_ns", "st_ctime_ns")
)
# Who else may write to it, and whether they may only add to a folder.
_SHARED = stat.S_IWGRP | stat.S_IWOTH | stat.S_ISVTX
# So many links are followed. The kernel follows no more either.
_LINKS = 40


def describe(path: str, status: os.stat_result) -> Input:
    """Return the state of a path that is there."""
    return path, _STATE(status)


def has_number(state: Tuple[int, ...]) -> bool:
    """Whether its file system gives each file a number of its own."""
    return state[2] != 0


def guard(state: Tuple[int, ...]) -> Tuple[int, ...]:
    """Return who may change it, as far as a status says it; () for what is absent."""
    if not state:
        return ()
    group = state[4] if state[0] & stat.S_IWGRP else 0
    return state[3], group, state[0] & _SHARED


def guards(inputs: Iterable[Input]) -> List[Tuple[str, Tuple[int, ...]]]:
    """Return who may change the folders above the inputs; on Windows no status says that."""
    above: Set[str] = set()
    for path, state in inputs:
        folder = path.rpartition(os.sep)[0]
        while state and folder not in above and os.name != "nt":
            above.add(folder)
            folder = folder.rpartition(os.sep)[0]
    return [(path, guard(state)) for path, state in look(each or os.sep for each in sorted(above))]


def look(paths: Iterable[str]) -> List[Input]:
    """Return the state of the paths now; they need not be there."""
    return interruptible(lambda: [_state_of(path) for path in paths])


def _state_of(path: str) -> Input:
    try:
        return describe(path, os.stat(path))
    except (OSError, ValueError):
        # ValueError: there is a NUL in the path.
        return path, ()


def content(path: str, state: Tuple[int, ...]) -> bytes:
    """Return what a path holds; raises OSError if it cannot be read."""
    if not state:
        return b""
    if stat.S_ISDIR(state[0]):
        return repr(_names(path)).encode("utf-8", "surrogatepass")
    return read_regular(path, interruptible(os.stat, path))


def scan(folder: str) -> List[os.DirEntry[str]]:
    """Return what is in a folder, sorted by name; raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(entries, key=attrgetter("name"))


def _names(folder: str) -> List[Tuple[str, bool, str]]:
    """Return the names in a folder, which of them are folders, and where those lead that are links.

    The interpreter writes its cache when it likes, and no certificate is looked for there.
    """
    entries = [each for each in interruptible(scan, folder) if each.name != "__pycache__"]
    return [
        (
            each.name,
            each.is_dir(follow_symlinks=False),
            os.readlink(each.path) if each.is_symlink() else "",
        )
        for each in entries
    ]


def condensed(inputs: Iterable[Input]) -> List[Input]:
    """Return fewer inputs, sorted, of which one changes whenever one of the given does.

    Looking at all of them again would take much longer. A link in a folder among the inputs changes
    together with that folder, so its target is enough. Where a folder does not exist, the topmost
    missing folder stands for everything below it.
    """
    given = set(inputs)
    folders = {path for path, state in given if state and stat.S_ISDIR(state[0])}
    return sorted({(_target(path, folders) if s else _absent(path), s) for path, s in given})


def _target(path: str, folders: Set[str]) -> str:
    """Follow the links that lie in one of the folders."""
    for _ in range(_LINKS):
        folder = os.path.dirname(path)
        try:
            target = os.readlink(path) if folder in folders else ""
        except OSError:
            # It is no link.
            break
        if not target:
            break
        path = os.path.join(folder, target)
    return path


def _absent(path: str) -> str:
    """Return the topmost folder above the path that does not exist, else the path."""
    above = os.path.dirname(path)
    while len(above) < len(path) and not os.path.exists(above):
        path, above = above, os.path.dirname(above)
    return path
