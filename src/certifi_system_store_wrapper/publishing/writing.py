"""Writes a file whole, reads it back and compares, with a mode that lets others read it."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress

from ..machine import APPLICATION
from ..machine.signals import interruptible
from .hold import close, lock, quietly, remove_drafts

# O_EXCL follows no link.
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
if sys.platform == "win32":
    _NEW |= os.O_BINARY
_CHUNK = 1 << 16
# A second in all.
_ATTEMPTS, _PAUSE = 20, 0.05
_BEGINNING = 40


def write_new(path: str, text: bytes, *, is_draft: bool = False, durable: bool = False) -> None:
    """Write a new file, with `durable` to the disk itself; raises OSError, and leaves the file.

    A draft is locked meanwhile: one without a lock was left by a writer that was killed.
    """
    descriptor = os.open(path, _NEW, 0o644)
    try:
        if is_draft:
            # Not every network's file system has locks.
            with suppress(OSError):
                lock(descriptor, exclusive=True)
        write_all(descriptor, text)
        if durable:
            os.fsync(descriptor)
    finally:
        close(descriptor)


def replace(path: str, text: bytes) -> None:
    """Write a file whole or not at all, over what was there; raises OSError that names it.

    What a writer of the same file left that was killed is removed.
    """
    folder, name = os.path.split(path)
    # Nobody else has such a file, and the name of ours may be nearly as long as names can be.
    draft = f".{APPLICATION}.{name[:_BEGINNING]}."
    try:
        _put(os.path.join(folder, draft), path, text)
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise
    remove_drafts(folder or os.curdir, draft)


def _put(draft: str, path: str, text: bytes) -> None:
    """Write a draft and rename it; again where another writer has removed it, as it may.

    It is without a lock just before it is renamed, as one is that was left.
    """
    for _ in range(_ATTEMPTS):
        if _is_put(draft + os.urandom(8).hex(), path, text):
            return
    raise OSError(errno.EAGAIN, "others remove it while it is written")


def _is_put(unfinished: str, path: str, text: bytes) -> bool:
    try:
        write_new(unfinished, text, is_draft=True)
        rename(unfinished, path)
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(path) or os.curdir):
            raise
        return False
    finally:
        quietly(os.unlink, unfinished)
    return True


def rename(path: str, new: str) -> None:
    """Put a file into the place of `new`; raises OSError.

    Windows refuses while a reader or a virus scanner has one of them open: not for long.
    """
    for _ in range(_ATTEMPTS if os.name == "nt" else 0):
        try:
            os.replace(path, new)
        except PermissionError:
            interruptible(time.sleep, _PAUSE)
        else:
            return
    try:
        os.replace(path, new)
    except PermissionError:
        if os.name == "nt":
            # Windows calls that a missing right. Of the file itself it says whether it is in use.
            with suppress(FileNotFoundError):
                os.rename(new, new)
        raise


def write_all(descriptor: int, text: bytes) -> None:
    """Write `text` to an empty file, and read it back: a short or lying write is not a bundle."""
    view = memoryview(text)
    while view:
        written = os.write(descriptor, view)
        if not written:
            raise OSError(5, "nothing more can be written to it")
        view = view[written:]
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o644)
    os.lseek(descriptor, 0, os.SEEK_SET)
    if not _reads(descriptor, text):
        raise OSError(5, "what was written does not read back")
    os.lseek(descriptor, 0, os.SEEK_SET)


def _reads(descriptor: int, text: bytes) -> bool:
    """Whether `text` is all that is left to read; in pieces, because new memory is slow."""
    position, chunk = 0, os.read(descriptor, _CHUNK)
    while chunk and text.startswith(chunk, position):
        position += len(chunk)
        chunk = os.read(descriptor, _CHUNK)
    return not chunk and position == len(text)
