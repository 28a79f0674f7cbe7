"""A hold on a file or folder (an open descriptor with a shared lock), and removal of what has none.

Whatever runs when a bundle is released also runs after the interpreter has taken down its
modules (see cleanup.py): it uses nothing but builtins, `os` and what is defined here.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import suppress
from typing import Callable, List, Optional, Tuple, Union

from .mapping import Mapping

LOCKS = False
if sys.platform == "win32":
    from os import close as close  # noqa: PLC0414 - others import it from here
else:
    import posix

    # The system's own, not os.close: gevent's closes nothing once its hub is gone, at exit. But
    # what the os of a test (pyfakefs) has opened, only that os can close.
    close = posix.close if os.open is posix.open else os.close
    with suppress(ImportError):  # WebAssembly
        from fcntl import F_DUPFD_CLOEXEC, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, fcntl, flock

        LOCKS = True

FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
_FILE_TO_REMOVE = os.O_RDWR | getattr(os, "O_NONBLOCK", 0)  # NFS wants that for LOCK_EX
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
SEPARATOR = os.sep  # in place of os.path.join, which is gone when release() runs

Identity = Tuple[int, int]
real_stat = os.stat  # what a test puts into its place, where() does not ask: nor would certifi


class Hold:
    """Keeps others from removing a file or folder, in this process, its forks and after exec."""

    def __init__(self, path: str, flags: int) -> None:
        """Hold what `path` names; raises OSError, also where somebody is about to remove it."""
        self._mapping: Optional[Mapping] = None
        self.descriptor = open_locked(path, flags, exclusive=False)
        self.identity = identity(os.fstat(self.descriptor))
        if LOCKS:
            os.set_inheritable(self.descriptor, True)  # noqa: FBT003 - positional only
        if flags == FILE and sys.platform == "linux":
            self._mapping = Mapping(self.descriptor)

    def is_ours(self) -> bool:
        """Whether the descriptor still is what we opened."""
        try:
            return self.descriptor >= 0 and identity(os.fstat(self.descriptor)) == self.identity
        except OSError:
            return False

    def read(self) -> bytes:
        """Return the file's content, also when it has no name any more; b"" if that is lost."""
        if sys.platform == "win32" or not self.is_ours():
            return b""
        return os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)

    def release(self) -> None:
        """Close what is ours, once."""
        if self._mapping is not None:
            self._mapping.close()
            self._mapping = None
        if self.is_ours():
            close(self.descriptor)
        self.descriptor = -1


def open_locked(path: str, flags: int, *, exclusive: bool) -> int:
    """Open and lock what `path` names, without waiting and without following a link.

    Raises OSError: BlockingIOError where others hold it, FileNotFoundError where the path has
    lost it by the time it is locked.
    """
    descriptor = above_stderr(os.open(path, flags | _NO_LINK))
    try:
        _lock(descriptor, exclusive=exclusive)
        if identity(os.lstat(path)) != identity(os.fstat(descriptor)):
            raise FileNotFoundError(2, "it was replaced meanwhile", path)  # noqa: TRY301
    except BaseException:
        close(descriptor)
        raise
    return descriptor


def lock_shared(descriptor: int) -> None:
    """Hold an open file until it is closed, where there are locks."""
    with suppress(OSError):
        _lock(descriptor, exclusive=False)


# At the very end sys.platform is None, on Windows as well; LOCKS still is what it was.


def _lock(descriptor: int, *, exclusive: bool) -> None:
    if sys.platform != "win32" and LOCKS:
        flock(descriptor, (LOCK_EX if exclusive else LOCK_SH) | LOCK_NB)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32" and LOCKS:
        flock(descriptor, LOCK_UN)


def remove_unheld(path: str, prefix: str = "") -> None:
    """Remove a file, or with `prefix` a folder and the files in it named so; never raises.

    Nothing is removed where any process holds any of it.
    """
    locked: List[int] = []
    files = [path]
    try:
        if prefix and LOCKS:
            locked.append(open_locked(path, FOLDER, exclusive=True))
        if prefix:
            files = [path + SEPARATOR + each for each in names(path) if each.startswith(prefix)]
        for file in files if LOCKS else ():
            locked.append(open_locked(file, _FILE_TO_REMOVE, exclusive=True))  # noqa: PERF401
        for file in files:
            os.unlink(file)
        if prefix:
            os.rmdir(path)
    except OSError:  # held, swept by somebody else, or not what we make
        return
    finally:
        for descriptor in locked:
            _unlock(descriptor)  # a fork in between must not keep the lock
            close(descriptor)


def quietly(call: Callable[[str], object], path: str) -> None:
    """Do it to the path, or let it be."""
    try:
        call(path)
    except OSError:
        return


def names(folder: str) -> List[str]:
    """Return the names in a folder, none where it cannot be listed."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def above_stderr(descriptor: int) -> int:
    """Return it with a number above 2: what is closed there is opened anew by somebody else."""
    if sys.platform != "win32" and LOCKS and descriptor <= 2:
        try:
            return fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        finally:
            close(descriptor)
    return descriptor


def is_at(path: Union[str, bytes], wanted: Identity) -> bool:
    """Whether `path` names the file of that identity; every where() asks this."""
    try:
        status = real_stat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == wanted


def begins_with(path: str, text: bytes) -> bool:
    """Whether a file at `path`, and no link, says that and perhaps more."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with io.open(path, "rb") as file:  # noqa: UP020 - tests replace open
            return file.read(len(text)) == text
    except OSError:
        return False


def identity(status: os.stat_result) -> Identity:
    """Return what tells one file from every other that exists at the same time."""
    return status.st_dev, status.st_ino
