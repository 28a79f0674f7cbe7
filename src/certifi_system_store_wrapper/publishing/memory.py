"""The bundle in memory, for Linux where no folder can be written to (memfd_create(2))."""

from __future__ import annotations

import os

from .hold import LOCKS, above_stderr, close, identity, is_at
from .writing import write_all


class MemoryBundle:
    """A bundle without a name; its path is good in this process and its forks."""

    def __init__(self, descriptor: int) -> None:
        """Describe the memory file behind `descriptor`."""
        self.path = f"/proc/self/fd/{descriptor}"
        self._identity = identity(os.fstat(descriptor))

    def intact(self) -> bool:
        """Whether the path still is that file."""
        return is_at(self.path, self._identity)

    def heal(self) -> bool:
        """Return False: what was only in memory cannot be put back at the same path."""
        return False


def create(text: bytes) -> MemoryBundle:
    """Publish `text` in memory; raises OSError where that is not to be had."""
    if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
        raise OSError(0, "no folder can take the bundle, and there is no memory file here")
    descriptor = above_stderr(os.memfd_create("cacert.pem"))
    try:
        write_all(descriptor, text)
        # As a hold: a program that replaces this one finds it at the same path.
        os.set_inheritable(descriptor, LOCKS)
        return MemoryBundle(descriptor)
    except BaseException:
        close(descriptor)
        raise
