"""Reads regular files alone, whole, and not more than there is room for.

A FIFO or a device is never opened: open() of a FIFO would block, or take data that another program
waits for.
"""

from __future__ import annotations

import errno
import os
import stat
from codecs import unicode_escape_decode
from typing import List, Optional, Tuple

from . import ownership
from .environment import environ
from .signals import interruptible

# A bundle of ours begins with this.
MARK = b"# certifi-system-store-wrapper "
# So does the second line of one that outlives its process: NAME=value of what decided about it.
SETTINGS = b"# made with: "
# How the text of a temporary bundle begins.
HEADER = (
    MARK
    + b"bundle\n"
    + b"# Made by certifi.where(), not to be edited; certifi-system-store-wrapper tells more.\n"
)
# One file may have so many bytes: some 15,000 certificates.
MAX_BYTES = 32 << 20
# Each read asks for at least so many bytes.
_CHUNK = 1 << 16
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    # No system has all of them.
    _FLAGS |= getattr(os, _name, 0)


class Unusable(OSError):
    """The file is there, but not one that can be read as certificates."""


def names(folder: str) -> List[str]:
    """Return the sorted names in a folder, none where it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def is_ours(path: str) -> bool:
    """Whether the path names a bundle of ours; a FIFO is not opened."""
    try:
        if not stat.S_ISREG(interruptible(os.stat, path).st_mode):
            return False
        with open(path, "rb", buffering=0) as file:
            return file.read(len(MARK)) == MARK
    except (OSError, ValueError):
        return False


def named_by(variable: str) -> Optional[str]:
    """Return what a variable names; None where it is not set.

    `run` and `shellenv` have it name a bundle of ours, which is never read back: it counts as what
    it named when that was made. If nothing is known of that, return the bundle itself.
    """
    path = environ().get(variable)
    if path and is_ours(path):
        named = [each for each in _made_with(path) if each.startswith(f"{variable}=")]
        path = named[0].partition("=")[2] if named else path
    # This one is a list of paths.
    return from_here(path) if path and variable != "SSL_CERT_DIR" else path


def from_here(path: str) -> str:
    """Return a path from the working directory, if that is still there.

    Not normalised: behind a link ``..`` leads elsewhere.
    """
    try:
        return os.path.join(os.getcwd(), path)
    except OSError:
        return path


def _made_with(path: str) -> Tuple[str, ...]:
    """Return with which settings a bundle was made; () where others may have written that."""
    try:
        with open(path, "rb") as file:
            if not ownership.is_safe(os.fstat(file.fileno()), file.fileno()):
                return ()
            _, line = file.readline(MAX_BYTES), file.readline(MAX_BYTES)
            return listed(line.rstrip(b"\n"), SETTINGS) if line.startswith(SETTINGS) else ()
    except (OSError, ValueError):
        return ()


def listed(line: bytes, begins: bytes) -> Tuple[str, ...]:
    """Return the texts that such a line of a header lists; raises ValueError."""
    escaped = line[len(begins) :].decode("ascii").split("\t")
    # Few have anything to decode, and each call costs as much as a look at a file.
    texts = [unicode_escape_decode(each)[0] if "\\" in each else each for each in escaped]
    return tuple(texts) if texts != [""] else ()


def read_regular(path: str, status: os.stat_result, *, most: int = 0) -> bytes:
    """Return the bytes of a regular file of at most MAX_BYTES; raises OSError.

    With `most` return only so many from its start.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Unusable(errno.EINVAL, f"it is {kind}; name a file that holds certificates")
    descriptor = os.open(path, _FLAGS)
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise Unusable(errno.EINVAL, "it is not a regular file")
        if most:
            return interruptible(os.read, descriptor, most)
        return read_open(descriptor, now.st_size)
    finally:
        os.close(descriptor)


def read_open(descriptor: int, size: int) -> bytes:
    """Return what is in an open file; it may have grown since `size` was asked for.

    Raises OSError, also where it has become shorter or is too large.
    """
    chunks: List[bytes] = []
    total = 0
    while total <= MAX_BYTES >= size:
        wanted = max(size, _CHUNK) + 1
        chunk = interruptible(os.read, descriptor, wanted)
        chunks.append(chunk)
        total += len(chunk)
        if not chunk and total < size:
            raise OSError(errno.EIO, "it became shorter while it was read")
        # A network file system may give less than was asked for, and go on.
        if not chunk or (len(chunk) < wanted and total >= size > 0):
            return b"".join(chunks)
    raise Unusable(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")
