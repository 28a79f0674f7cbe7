"""A hold on a file or folder (an open descriptor with a shared lock), and removal of what has none.

Whatever runs when a bundle is released also runs after the interpreter has taken down its
modules (see cleanup.py): it uses nothing but builtins, `os` and what is defined here.
"""

from __future__ import annotations

import io
import mmap
import os
import stat
import sys
from contextlib import suppress
from typing import Callable, List, Optional, Set, Tuple, Union

LOCKS = False
if sys.platform == "win32":
    close = os.close
    FILE = FOLDER = os.O_RDONLY
    _FILE_TO_REMOVE = os.O_RDWR
else:
    import posix

    # Neither follows a link, nor waits for a FIFO.
    FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY
    # NFS locks exclusively only what may be written to.
    _FILE_TO_REMOVE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    # The system's own, not os.close: gevent's closes nothing once its hub is gone, at exit. But
    # what the os of a test (pyfakefs) has opened, only that os can close.
    close = posix.close if os.open is posix.open else os.close
    # WebAssembly has no locks.
    with suppress(ImportError):
        from fcntl import F_DUPFD_CLOEXEC, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, fcntl, flock

        LOCKS = True

# In place of os.path.join, which is gone when release() runs.
SEPARATOR = os.sep

Identity = Tuple[int, int]
# What a test puts into the place of os.stat, where() does not ask: nor would certifi.
real_stat = os.stat
# Mappings that cannot be closed any more.
_kept: List[mmap.mmap] = []


class Hold:
    """Keeps others from removing a file or folder, in this process, its forks and after exec."""

    def __init__(self, path: str, flags: int) -> None:
        """Hold what `path` names; raises OSError, also where somebody is about to remove it."""
        self._mapping: Optional[_Mapping] = None
        self.descriptor = open_locked(path, flags, exclusive=False)
        self.identity = identity(os.fstat(self.descriptor))
        # Where there are locks, a program that replaces this one has to go on holding it.
        os.set_inheritable(self.descriptor, LOCKS)
        if flags == FILE and sys.platform == "linux":
            # Without /proc, or with no descriptor left, the lock of the descriptor has to do.
            with suppress(OSError, ValueError):
                self._mapping = _Mapping(self.descriptor, self.identity)

    def is_ours(self) -> bool:
        """Whether the descriptor still is what we opened."""
        return _identity_of(self.descriptor) == self.identity

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


class _Mapping:
    """Keeps the lock of a file on Linux where a daemon closes all descriptors; reads nothing.

    Before Python 3.13 a mapping also has a descriptor of its own, which it closes by number.
    Where the number is somebody else's by then, the mapping is kept until the interpreter ends.
    """

    def __init__(self, descriptor: int, file: Identity) -> None:
        """Map the file behind `descriptor`; raises OSError or ValueError where it cannot be."""
        self._file = file
        self._number = -1
        if sys.version_info >= (3, 13):
            self._mmap = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, trackfd=False)
        else:
            self._mmap, self._number = _map(descriptor, file)

    def close(self) -> None:
        """Unmap, unless that would close a descriptor of somebody else."""
        file = _identity_of(self._number)
        if file not in (None, self._file):
            _kept.append(self._mmap)
            return
        try:
            if file is None and self._number >= 0:
                _fill(self._number)
            self._mmap.close()
        except OSError:
            return


def _fill(number: int) -> None:
    """Open something under a free number: PyPy's mapping unmaps nothing if it cannot close it."""
    opened = os.open(SEPARATOR, os.O_RDONLY)
    if opened != number:
        os.dup2(opened, number)
        close(opened)


def _map(descriptor: int, file: Identity) -> Tuple[mmap.mmap, int]:
    """Return a mapping and the number of its own descriptor, which is above 2; raises OSError."""
    low = [number for number in range(3) if _identity_of(number) is None]
    duplicates = []
    try:
        for _ in low:
            duplicate = os.dup(descriptor)
            duplicates.append(duplicate)
        before = _numbers_of(file)
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        return mapped, max(_numbers_of(file) - before)
    finally:
        for duplicate in duplicates:
            close(duplicate)


def _numbers_of(file: Identity) -> Set[int]:
    """Return which of our descriptors are open on that file; raises OSError without /proc."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return {number for number in numbers if _identity_of(number) == file}


def open_locked(path: str, flags: int, *, exclusive: bool) -> int:
    """Open and lock what `path` names, without waiting and without following a link.

    Raises OSError: BlockingIOError where others hold it, FileNotFoundError where the path has
    lost it by the time it is locked.
    """
    descriptor = above_stderr(os.open(path, flags))
    try:
        _lock(descriptor, exclusive=exclusive)
        is_there = identity(os.lstat(path)) == identity(os.fstat(descriptor))
    except BaseException:
        close(descriptor)
        raise
    if not is_there:
        close(descriptor)
        raise FileNotFoundError(2, "it was replaced meanwhile", path)
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
            descriptor = open_locked(file, _FILE_TO_REMOVE, exclusive=True)
            locked.append(descriptor)
        for file in files:
            os.unlink(file)
        if prefix:
            os.rmdir(path)
    except OSError:
        # It is held, swept by somebody else, or not what we make.
        return
    finally:
        for descriptor in locked:
            # A fork in between must not keep the lock.
            _unlock(descriptor)
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
        return identity(real_stat(path)) == wanted
    except OSError:
        return False


def begins_with(path: str, text: bytes) -> bool:
    """Whether a file at `path`, and no link, says that and perhaps more."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        # Not with open(): tests replace it.
        with io.FileIO(path) as file:
            return file.read(len(text)) == text
    except OSError:
        return False


def identity(status: os.stat_result) -> Identity:
    """Return what tells one file from every other that exists at the same time."""
    return status.st_dev, status.st_ino


def _identity_of(descriptor: int) -> Optional[Identity]:
    """Return the identity of an open file, None where nothing is open under that number."""
    try:
        return identity(os.fstat(descriptor))
    except OSError:
        return None
