"""Reads certificate files: each once, regular files only, bounded.

What was looked at is remembered in `inputs`, so that a persistent bundle can tell whether
anything has changed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from operator import attrgetter
from typing import Dict, Iterable, List, Optional, Set, Tuple

from .. import parsing
from ..machine import ownership
from ..machine.signals import interruptible
from ..parsing import Known, Parsed

MAX_BYTES = 32 << 20  # of one file: some 15,000 certificates
MAX_TOTAL = 256 << 20  # of all files together
_CHUNK = 1 << 16  # bytes that are read at once, at least
MARK = b"# certifi-system-store-wrapper "  # how a bundle of ours begins
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)  # no system has all of them

Input = Tuple[str, int, int]  # path, size, modification time in whole seconds; -1: absent
_LINKS = 40  # that are followed; the kernel follows no more either


class Unusable(OSError):
    """The file is there, but not one that can be read as certificates."""


class OwnBundle(Unusable):
    """It is a bundle of ours, or a copy of one; a CA that was removed would live on in it."""


class Reader:
    """Reads files for one build, each once."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.inputs: List[Input] = []
        self.known = Known()
        self.baked = ""  # the one file that may be a bundle of ours: a frozen program's cacert.pem
        self._parsed: Dict[Tuple[int, int, str], Parsed] = {}
        self._data: Dict[str, bytes] = {}
        # Of which files is told what is wrong with them, and whether as of named ones.
        self.told: Set[Tuple[Parsed, bool]] = set()
        self._left = MAX_TOTAL

    def data(self, path: str) -> bytes:
        """Return the bytes of a file that `parse` is about to be asked for, read once."""
        if path not in self._data:
            self._data[path] = read_regular(path, self.stat(path))
        return self._data[path]

    def parse(self, path: str, *, safe: bool = False, proven: bool = False) -> Parsed:
        """Return what the file holds; with `safe` only if nobody else may write to it.

        With `proven` its blocks are taken as they are. Raises OSError; Unusable, which is one,
        for our own bundle and what is no regular file.
        """
        status = self.stat(path)
        # Some file systems give no file a number.
        key = (status.st_dev, status.st_ino, "" if status.st_ino else path)
        if key not in self._parsed or safe:
            data = self._data.pop(path, None) or read_regular(path, status, safe=safe)
            if data.startswith(MARK) and path != self.baked:
                message = "it is a bundle of ours, which is never read back: name your own CAs"
                raise OwnBundle(0, message)
            self._left -= len(data)
            if self._left < 0:
                raise Unusable(errno.EFBIG, f"{MAX_TOTAL >> 20} MiB have been read before it")
            self._parsed[key] = parsing.parse(data, self.known, proven=proven)
        return self._parsed[key]

    def known_block(self, path: str) -> Optional[bytes]:
        """Return what the file holds if that is exactly one block that has been read before.

        A hashed folder has some 145 files that hold such a block each. For any other file the
        answer is None.
        """
        try:
            status = interruptible(os.stat, path)
            block = self.known.blocks.get(read_regular(path, status))
        except OSError:
            return None
        if block is not None:
            self.inputs.append(describe(path, status))
        return block

    def stat(self, path: str) -> os.stat_result:
        """Return os.stat of `path` and remember that it was asked for."""
        try:
            status = interruptible(os.stat, path)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            self.inputs.append((path, -1, -1))
            raise
        self.inputs.append(describe(path, status))
        return status

    def entries(self, folder: str) -> List[os.DirEntry[str]]:
        """Return what is in a folder, sorted by name; raises OSError."""
        self.stat(folder)
        return interruptible(_scan, folder)


def _scan(folder: str) -> List[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=attrgetter("name"))


def read_regular(path: str, status: os.stat_result, *, safe: bool = False) -> bytes:
    """Return the bytes of a regular file of at most MAX_BYTES; raises OSError.

    Anything else is not even opened: opening a FIFO would block, or use up what another
    program waits for.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Unusable(errno.EINVAL, f"it is {kind}; name a file that holds certificates")
    descriptor = os.open(path, _FLAGS)
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise Unusable(errno.EINVAL, "it is not a regular file")
        if safe and not ownership.is_safe(now, descriptor):
            raise Unusable(errno.EPERM, "others may write to it; chmod go-w, and own it")
        return _read_all(descriptor, now.st_size)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    """Return what is in the file, which may have grown since it had that size."""
    chunks: List[bytes] = []
    total = 0
    while total <= MAX_BYTES >= size:
        wanted = max(size, _CHUNK) + 1
        chunk = interruptible(os.read, descriptor, wanted)
        chunks.append(chunk)
        total += len(chunk)
        if len(chunk) < wanted:
            # Of a regular file, that is the end.
            return b"".join(chunks)
    raise Unusable(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")


def describe(path: str, status: os.stat_result) -> Input:
    """Return how a path stands; what a folder holds shows in its time."""
    return path, 0 if stat.S_ISDIR(status.st_mode) else status.st_size, int(status[stat.ST_MTIME])


def look(paths: Iterable[str]) -> List[Input]:
    """Return how the paths stand now."""
    reader = Reader()
    for path in paths:
        with suppress(OSError, ValueError):
            reader.stat(path)
    return reader.inputs


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
