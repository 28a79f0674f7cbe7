"""A mapping that keeps a file's lock on Linux when all descriptors are closed (as daemons do)."""

from __future__ import annotations

import mmap
import os
import sys
from typing import List, Optional, Set, Tuple

_HAS_DESCRIPTOR = sys.version_info < (3, 13)
_NONE = (-1, -1)
_kept: List[object] = []


class Mapping:
    """Maps a file for as long as it is not closed, and reads nothing from it.

    Before Python 3.13 a mapping also has a descriptor of its own, which it closes by number.
    Where a daemon has closed it, the number is taken first. Where it is somebody else's by then,
    the mapping is kept for good rather than closing what is not ours.
    """

    def __init__(self, descriptor: int) -> None:
        """Map the file behind `descriptor`; where that cannot be done, do nothing."""
        self._mmap: Optional[mmap.mmap] = None
        self._descriptor = -1
        self._identity = _identity(descriptor)
        try:
            if _HAS_DESCRIPTOR:
                before = _open_descriptors(self._identity)
                self._mmap = _map(descriptor)
                self._descriptor = max(_open_descriptors(self._identity) - before, default=-1)
            else:
                self._mmap = mmap.mmap(  # type: ignore[call-arg,unused-ignore]
                    descriptor, 0, access=mmap.ACCESS_READ, trackfd=False
                )
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Unmap, unless that would close a descriptor of somebody else."""
        mapped, self._mmap = self._mmap, None
        if mapped is None:
            return
        if not _HAS_DESCRIPTOR or self._has_its_number():
            mapped.close()
        else:
            _keep_for_good(mapped)

    def _has_its_number(self) -> bool:
        """Whether the number is still the mapping's, or free: then it is taken, to be closed."""
        return _identity(self._descriptor) == self._identity or _take(self._descriptor)


def _open_descriptors(identity: Tuple[int, int]) -> Set[int]:
    """Return which of our descriptors are open on that file; raises OSError without /proc."""
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    return {number for number in numbers if _identity(number) == identity}


def _identity(descriptor: int) -> Tuple[int, int]:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return _NONE
    return status.st_dev, status.st_ino


def _map(descriptor: int) -> mmap.mmap:
    """Map a file, with a number above 2 for the mapping's own descriptor; raises OSError."""
    low: List[int] = []
    try:
        low += [os.dup(descriptor) for number in range(3) if _identity(number) == _NONE]
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        for each in low:
            os.close(each)


def _take(number: int) -> bool:
    """Open something with exactly that number, if it is free; a thread may be faster."""
    opened: List[int] = []
    try:
        opened.append(os.open("/", os.O_RDONLY))
        while opened[-1] < number:
            opened.append(os.dup(opened[-1]))
    except OSError:  # no descriptor is left
        pass
    for each in opened:
        if each != number:
            os.close(each)
    return number in opened


def _keep_for_good(thing: object) -> None:
    """Take a reference that is never given back, so that no finalizer runs."""
    _kept.append(thing)  # enough for PyPy, which runs none at its end
    try:
        import ctypes

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    except (ImportError, AttributeError):
        return
