"""The bundle in memory, for Linux where no folder can be written to (memfd_create(2))."""

from __future__ import annotations

import os


class MemoryBundle:
    """A bundle without a name; its path is good in this process and its forks."""

    def __init__(self, descriptor: int) -> None:
        """Describe the memory file behind `descriptor`."""
        self.path = f"/proc/self/fd/{descriptor}"
        status = os.fstat(descriptor)
        self._identity = status.st_dev, status.st_ino

    def intact(self) -> bool:
        """Whether the path still is that file."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def heal(self) -> bool:
        """Return False: what was only in memory cannot be put back at the same path."""
        return False


def create(text: bytes) -> MemoryBundle:
    """Publish `text` in memory; raises OSError where that is not to be had."""
    if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
        message = "no folder can take the bundle, and there is no memory file here"
        raise OSError(message)
    descriptor = os.memfd_create("cacert.pem", 0)
    try:
        view = memoryview(text)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        return MemoryBundle(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
