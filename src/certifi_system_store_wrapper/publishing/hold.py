"""Holds on files and folders, and the removal of those that no process holds.

A hold is an open descriptor with a shared lock. To remove something needs an exclusive lock.
"""

from __future__ import annotations

import mmap
import os
import sys
from contextlib import suppress
from typing import Callable, List, Optional, Set, Tuple, Union

from ..machine.files import names

LOCKS = False
if sys.platform == "win32":
    close = os.close
    FILE = FOLDER = os.O_RDONLY | os.O_BINARY
    _FILE_TO_REMOVE = os.O_RDWR
else:
    import posix

    # These follow no link, and do not wait for a FIFO.
    FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY
    # NFS gives an exclusive lock only on a file that is open for writing.
    _FILE_TO_REMOVE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    # Not os.close: that of gevent closes nothing at exit, once its hub is gone. But a descriptor
    # that pyfakefs has opened in a test, only its os.close can close.
    close = posix.close if os.open is posix.open else os.close
    # WebAssembly has no locks.
    with suppress(ImportError):
        from fcntl import F_DUPFD_CLOEXEC, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, fcntl, flock

        LOCKS = True

Identity = Tuple[int, int]
# Tests of applications replace os.stat, maybe while this is imported; where() must not call theirs.
_real_stat: Callable[[Union[str, bytes]], os.stat_result] = sys.modules[os.name].stat
# Mappings that cannot be closed any more.
_kept: List[mmap.mmap] = []


class Hold:
    """Keeps others from removing a file or folder, in this process, its forks and after exec."""

    def __init__(self, path: str, flags: int) -> None:
        """Hold what `path` names; raises OSError, also where somebody is about to remove it."""
        self._mapping: Optional[_Mapping] = None
        self.descriptor = open_locked(path, flags, exclusive=False)
        try:
            status = os.fstat(self.descriptor)
            # A program that replaces this one by exec must keep the lock.
            os.set_inheritable(self.descriptor, LOCKS)
        except BaseException:
            close(self.descriptor)
            raise
        self.identity, self.size = identity(status), status.st_size
        if flags == FILE and sys.platform == "linux":
            # Without /proc or a free descriptor there is no mapping, and the lock must suffice.
            with suppress(OSError, ValueError):
                self._mapping = _Mapping(self.descriptor, self.identity)

    def is_ours(self) -> bool:
        """Whether the descriptor still is the one that we opened."""
        return _identity_of(self.descriptor) == self.identity

    def read(self) -> bytes:
        """Return the content of the file, also of one without a name; b"" if it is lost."""
        if not self.is_ours():
            return b""
        size = os.fstat(self.descriptor).st_size
        if sys.platform != "win32":
            return os.pread(self.descriptor, size, 0)
        # Nobody else reads through this descriptor.
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return os.read(self.descriptor, size)

    def release(self) -> None:
        """Close what is still ours."""
        if self._mapping is not None:
            self._mapping.close()
        if self.is_ours():
            close(self.descriptor)
        self.descriptor = -1


class _Mapping:
    """A mapping of a file: on Linux it keeps the lock when a daemon closes all descriptors.

    Before Python 3.13 a mapping has a descriptor of its own, and closes it by its number. Where
    other code has that number by then, we keep the mapping until the interpreter ends.
    """

    def __init__(self, descriptor: int, file: Identity) -> None:
        """Map the file behind `descriptor`; raises OSError or ValueError where that fails."""
        self._file, self._number = file, -1
        if sys.version_info >= (3, 13):
            self._mmap = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ, trackfd=False)
        else:
            # It takes the lowest free number, and other code reads and writes 0 to 2.
            low = [os.dup(descriptor) for n in range(3) if _identity_of(n) is None]
            try:
                before = _numbers_of(file)
                self._mmap = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
                self._number = max(_numbers_of(file) - before)
            finally:
                for number in low:
                    close(number)

    def close(self) -> None:
        """Unmap, unless that would close a descriptor of other code."""
        number = self._number
        with suppress(OSError):
            if number < 0 or _identity_of(number) == self._file or _has_filled(number):
                self._mmap.close()
                return
        _kept.append(self._mmap)


def _has_filled(number: int) -> bool:
    """Open something under that number if it is free; return whether it was.

    Else the number may be another thread's by the time of the unmapping; and PyPy unmaps nothing
    where it cannot close that number. Raises OSError.
    """
    opened = os.open(os.sep, os.O_RDONLY)
    if sys.platform != "win32" and opened != number:
        low = opened
        try:
            # It takes the lowest free number from that one on, and never one that is in use.
            opened = fcntl(low, F_DUPFD_CLOEXEC, number)
        finally:
            close(low)
    if opened != number:
        close(opened)
    return opened == number


def _numbers_of(file: Identity) -> Set[int]:
    """Return which of our descriptors are open on that file; raises OSError without /proc."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return {number for number in numbers if _identity_of(number) == file}


def open_locked(path: str, flags: int, *, exclusive: bool) -> int:
    """Open and lock what `path` names, without waiting and without following a link.

    Raises OSError: BlockingIOError where another process holds it, FileNotFoundError where the
    path names something else by the time it is locked.
    """
    descriptor = above_stderr(os.open(path, flags))
    try:
        lock(descriptor, exclusive=exclusive)
        if identity(os.lstat(path)) == identity(os.fstat(descriptor)):
            return descriptor
    except BaseException:
        close(descriptor)
        raise
    close(descriptor)
    raise FileNotFoundError(2, "it was replaced meanwhile", path)


def lock(descriptor: int, *, exclusive: bool) -> None:
    """Lock an open file; raises OSError where another process has it locked."""
    if sys.platform != "win32" and LOCKS:
        flock(descriptor, (LOCK_EX if exclusive else LOCK_SH) | LOCK_NB)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32" and LOCKS:
        flock(descriptor, LOCK_UN)


def remove_unheld(folder: str, prefix: str) -> None:
    """Remove a folder and the files in it whose names begin with `prefix`; never raise.

    Remove nothing where any process holds any of them.
    """
    locked: List[int] = []
    try:
        if LOCKS:
            locked.append(open_locked(folder, FOLDER, exclusive=True))
        files = [os.path.join(folder, name) for name in names(folder) if name.startswith(prefix)]
        for file in files if LOCKS else ():
            descriptor = open_locked(file, _FILE_TO_REMOVE, exclusive=True)
            locked.append(descriptor)
        for file in files:
            os.unlink(file)
        os.rmdir(folder)
    except OSError:
        # Another process holds it or has removed it, or it is not one of our folders.
        return
    finally:
        _release(locked)


def remove_unlocked(file: str) -> None:
    """Remove a file that no process has locked (on Windows: opened); never raise."""
    locked: List[int] = []
    with suppress(OSError):
        try:
            locked += [open_locked(file, _FILE_TO_REMOVE, exclusive=True)] if LOCKS else []
            os.unlink(file)
        finally:
            _release(locked)


def remove_drafts(folder: str, prefix: str) -> None:
    """Remove the files with that prefix that killed writers left; never raise."""
    for name in names(folder):
        if name.startswith(prefix):
            remove_unlocked(os.path.join(folder, name))


def _release(locked: List[int]) -> None:
    for descriptor in locked:
        # A child that was forked meanwhile must not keep the lock.
        _unlock(descriptor)
        close(descriptor)


def quietly(call: Callable[[str], object], path: str) -> None:
    """Call with the path; ignore an OSError."""
    with suppress(OSError):
        call(path)


def above_stderr(descriptor: int) -> int:
    """Return the descriptor with a number above 2: daemons open other files as 0 to 2."""
    if sys.platform != "win32" and LOCKS and descriptor <= 2:
        try:
            return fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        finally:
            close(descriptor)
    return descriptor


def status_of(path: Union[str, bytes]) -> Optional[os.stat_result]:
    """Return the status of the file at `path`, None where there is none. Each where() asks this."""
    try:
        return _real_stat(path)
    except OSError as error:
        # A signal handler of the application may raise an OSError here, too. That one passes.
        if error.filename != path:
            raise
        return None


def is_at(path: Union[str, bytes], wanted: Identity, size: int) -> bool:
    """Whether `path` names the file of that identity, and it has that size."""
    status = status_of(path)
    return status is not None and identity(status) == wanted and status.st_size == size


def identity(status: os.stat_result) -> Identity:
    """Return what tells one file from every other that exists at the same time."""
    return status.st_dev, status.st_ino


def _identity_of(descriptor: int) -> Optional[Identity]:
    """Return the identity of an open file, None where nothing is open under that number."""
    try:
        return identity(os.fstat(descriptor))
    except OSError:
        return None
