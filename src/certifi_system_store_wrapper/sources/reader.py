"""Reads certificate files: each once, regular files only, bounded.

What was looked at is remembered in `inputs`, so that a persistent bundle can tell whether
anything has changed.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Dict, List, Optional, Tuple

from .. import parsing
from ..machine import ownership
from ..machine.signals import interruptible
from ..parsing import Known, Parsed
from .inputs import Input, describe

MAX_BYTES = 32 << 20  # of one file: some 15,000 certificates
MAX_TOTAL = 256 << 20  # of all files together
_MAX_BLOCK = 32 << 10  # of a file with one certificate
MARK = b"# certifi-system-store-wrapper "  # how a bundle of ours begins
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)  # no system has all of them

Identity = Tuple[int, int, str]


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
        self._parsed: Dict[Identity, Parsed] = {}
        self._data: Dict[str, bytes] = {}
        self._said: Dict[int, Tuple[Parsed, bool]] = {}
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
        key = identity(path, status)
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

    def is_news(self, parsed: Parsed, *, named: bool) -> bool:
        """Whether what is wrong with it is yet to be said: a file may have several names.

        What a person named is said again, by that name.
        """
        _, said = self._said.get(id(parsed), (parsed, None))
        self._said[id(parsed)] = (parsed, bool(said) or named)  # held, so the id stays its own
        return said is None or named > said

    def known_block(self, path: str) -> Optional[bytes]:
        """Return what the file holds if that is exactly one block that has been read before.

        For the 145 links of a hashed folder, in four system calls each; on anything else the
        answer is None.
        """
        try:
            descriptor = os.open(path, _FLAGS)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            if size > _MAX_BLOCK or not stat.S_ISREG(status.st_mode):
                return None
            block = self.known.blocks.get(os.read(descriptor, size + 1))
        except OSError:
            return None
        finally:
            os.close(descriptor)
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

    def names(self, folder: str) -> List[str]:
        """Return the sorted names in a folder; raises OSError."""
        self.stat(folder)
        return sorted(interruptible(os.listdir, folder))


def identity(path: str, status: os.stat_result) -> Identity:
    """Return what tells a file from all others; some file systems give none a number."""
    return status.st_dev, status.st_ino, "" if status.st_ino else path


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
    chunks: List[bytes] = []
    total = 0
    while total <= MAX_BYTES >= size:
        wanted = max(size - total, 0) + 1
        chunk = interruptible(os.read, descriptor, wanted)
        chunks.append(chunk)
        total += len(chunk)
        if len(chunk) < wanted:  # of a regular file: its end
            return chunk if len(chunks) == 1 else b"".join(chunks)
        size = max(size, 2 * total)  # it grew meanwhile
    raise Unusable(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")
