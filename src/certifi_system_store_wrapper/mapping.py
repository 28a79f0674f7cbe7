"""A mapping that keeps a file's lock on Linux when all descriptors are closed (as daemons do)."""

from __future__ import annotations

import os
import sys
from mmap import MAP_SHARED, PROT_READ, mmap
from typing import Optional, Tuple


class Mapping:
    """Maps a file for as long as the process lives, and reads nothing from it.

    Before Python 3.13 a mapping also has a descriptor of its own, which it closes by number.
    Where a daemon has closed it and the number is somebody else's by then, the mapping is
    kept for good rather than closing what is not ours.
    """

    def __init__(self, descriptor: int) -> None:
        """Map the file behind `descriptor`; where that cannot be done safely, do nothing."""
        self._mmap: Optional[mmap] = None
        self._descriptor = -1
        self._identity = _identity(descriptor)
        try:
            if sys.version_info >= (3, 13):
                self._mmap = mmap(descriptor, 0, MAP_SHARED, PROT_READ, trackfd=False)
            else:
                self._mmap = mmap(descriptor, 0, MAP_SHARED, PROT_READ)
                self._descriptor = self._find(descriptor)
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Unmap, unless that would close a descriptor of somebody else."""
        if self._mmap is None:
            return
        if self._descriptor >= 0 and _identity(self._descriptor) != self._identity:
            _keep_for_good(self._mmap)
        else:
            self._mmap.close()
        self._mmap = None

    def _find(self, descriptor: int) -> int:
        """Return the mapping's own descriptor: nobody else has this new file open yet."""
        for name in os.listdir("/proc/self/fd"):
            if int(name) != descriptor and _identity(int(name)) == self._identity:
                return int(name)
        return -1


def _identity(descriptor: int) -> Tuple[int, int]:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return (-1, -1)
    return status.st_dev, status.st_ino


def _keep_for_good(thing: object) -> None:
    """Take a reference that is never given back, so that no finalizer runs."""
    try:
        import ctypes
    except ImportError:
        return
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
