"""The temporary bundle: one per process, shared with its forks, gone with the last of them.

``<place>/certifi-system-store-wrapper-<euid>/<random>/cacert.pem``. Why nothing can take it away
from a living process:

- A process that uses the bundle *holds* it: it has shared locks (flock) on the folder and on the
  file, and takes them before the file has its name. A fork inherits the open file descriptions
  and with them the locks; on Linux a mapping of the file keeps its lock when a daemon closes all
  descriptors.
- A process removes the bundle only with exclusive locks on both. It asks for them without waiting,
  through new descriptors, the folder first, and only while the path still names what is locked.
  One living holder is enough to refuse them. A holder releases the file before the folder. So a
  process that gets the folder is not refused the file because another one is just ending: the
  last process always removes the bundle.
- For an instant nobody holds a folder that is being made. If another process removes it then, its
  maker notices (lock refused, or no such file) and makes another, a bounded number of times.
- A file gets its name only when it is whole and held. Until then it has a name that nobody else
  writes to. So the path never names half a bundle, wherever a process is interrupted or killed.
- The random folder and the one above it belong to us. Others may pass through, but not list or
  open them: they can put nothing there, and lock nothing there.
- What a killed process left, the next one that begins or ends removes.

What programs write into it (``open(certifi.where(), "ab")`` in a set-up script) counts in this
process, as it would with certifi's own file, and goes with the bundle. People are told so, because
they expect it to stay.

Windows has no flock: there an open file cannot be deleted, which is the same hold.

Where no folder can be written to, Linux can keep the bundle in memory (memfd_create(2)).
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import Callable, Optional, TypeVar

from .. import reporting
from ..loading import Replaced, load
from ..machine import NAME, cache_folder, ownership, user_folder
from ..machine.files import MARK, names, read_regular
from ..settings import WARNING
from .hold import (
    FILE,
    FOLDER,
    LOCKS,
    Hold,
    Identity,
    above_stderr,
    close,
    identity,
    is_at,
    quietly,
    remove_unheld,
    status_of,
)
from .writing import rename, write_all, write_new

_ATTEMPTS = 50
# A server that drops its privileges reaches the file, and nobody else can lock the folder.
_MODE = 0o711
_BEGIN, _END = b"-----BEGIN ", b"-----END CERTIFICATE-----"

T = TypeVar("T")


class TemporaryBundle:
    """A bundle that this process holds, once it is published."""

    def __init__(self, parent: str) -> None:
        """Describe a bundle in a new folder of `parent`; nothing is written yet."""
        self.parent, self.folder = parent, os.path.join(parent, os.urandom(8).hex())
        self.path = os.path.join(self.folder, NAME)
        # Once, instead of in every where().
        self._encoded = os.fsencode(self.path)
        self._identity: Identity = (-1, -1)
        self._size = 0
        self._folder: Optional[Hold] = None
        self._file: Optional[Hold] = None
        self._maker, self._removes, self._owns_parent = os.getpid(), True, False

    def intact(self) -> bool:
        """Whether the path still is the file that was published, and nobody wrote into it."""
        return is_at(self._encoded, self._identity, self._size)

    def held_text(self) -> bytes:
        """Return the text of the file, also when its name is gone; b"" if it is lost."""
        return _if_whole(self._file.read(), self._size) if self._file else b""

    def warn_of_additions(self) -> None:
        """Keep a WARNING for tell() where somebody wrote certificates into it or over it."""
        now = _text_at(self.path)
        text = self.held_text() or now
        _warn(text[: self._size], text, now)

    def warn_at_exit(self) -> None:
        """Do the same before it is removed; once for this process and its forks."""
        if os.getpid() == self._maker and not self.intact():
            self.warn_of_additions()

    def publish(self, text: bytes) -> None:
        """Hold the folder, then write and hold the file, then give it its name."""
        self._hold_folder()
        new, hold = f"{self.path}.{os.urandom(8).hex()}", None
        try:
            write_new(new, text)
            if LOCKS:
                hold = Hold(new, FILE)
            rename(new, self.path)
            # Windows cannot rename an open file: there it is held only now.
            self._keep(hold or Hold(self.path, FILE))
        except BaseException:
            if hold:
                hold.release()
            quietly(os.unlink, new)
            raise
        if not self.intact():
            # A test of an application may have replaced what renames.
            raise OSError(errno.EIO, "it has not got its name", self.path)

    def heal(self, built: bytes = b"") -> bool:
        """Write the file to its path again, from the descriptor, or as it was `built` anew.

        Where a fork or the parent has done so already, keep that file, with what was appended
        to it. Return False if there is no text. Raises OSError.
        """
        self.warn_of_additions()
        # The parent and other forks read this new file and do not hold it: only its maker may
        # remove it.
        self._removes = os.getpid() == self._maker
        return _persevere(lambda: self._heal(built))

    def _heal(self, built: bytes) -> bool:
        held = self.held_text()
        there = b"" if os.path.islink(self.path) else _if_whole(_text_at(self.path), self._size)
        if there and there.startswith(held):
            self._hold_folder()
            self._keep(Hold(self.path, FILE))
        elif held or built:
            self.publish(held or built)
        return bool(there or held or built)

    def _hold_folder(self) -> None:
        """Make the folder where it is missing, and hold it; raises OSError."""
        _make_own_folder(self.parent)
        self._owns_parent = True
        _make_own_folder(self.folder)
        old = self._folder
        if LOCKS and not (old and old.is_ours() and old.identity == identity(os.stat(self.folder))):
            self._folder = Hold(self.folder, FOLDER)
            if old:
                old.release()

    def _keep(self, hold: Hold) -> None:
        if self._file:
            self._file.release()
        self._file, self._identity, self._size = hold, hold.identity, hold.size

    def release(self) -> None:
        """Release file and folder, in this order, and remove them if nobody else holds them."""
        for hold in (self._file, self._folder):
            if hold:
                hold.release()
        if self._removes:
            remove_unheld(self.folder, NAME)
            # A cluster may have killed its workers: what they left goes, too.
            sweep(self)
        # Without locks remove_unheld() leaves the empty folder.
        quietly(os.rmdir, self.folder)
        if self._owns_parent:
            quietly(os.rmdir, self.parent)


def create(place: str, text: bytes) -> TemporaryBundle:
    """Publish `text` below `place`; raises OSError where that place does not work."""
    if os.name != "nt" and not LOCKS:
        # Who ends first would take the bundle from the others.
        raise OSError(errno.ENOSYS, "this Python has no locks on files")
    if place == cache_folder():
        quietly(ownership.make_folder, place)
    # Nobody can point a link elsewhere later.
    place = os.path.realpath(place)
    if not os.path.isdir(place):
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder", place)
    ownership.require_safe_path(place)
    parent = user_folder(place)

    def attempt() -> TemporaryBundle:
        bundle = TemporaryBundle(parent)
        try:
            bundle.publish(text)
            sweep(bundle)
        except BaseException:
            bundle.release()
            raise
        return bundle

    return _persevere(attempt)


def sweep(mine: TemporaryBundle) -> None:
    """Remove what killed processes left beside our folder."""
    for name in names(mine.parent):
        folder = os.path.join(mine.parent, name)
        if folder != mine.folder and len(folder) == len(mine.folder):
            remove_unheld(folder, NAME)


def _persevere(attempt: Callable[[], T]) -> T:
    """Try again while other processes remove the folder, but not for ever; raises OSError."""
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except (FileNotFoundError, BlockingIOError):
            continue
    raise OSError(0, "other processes sweep it faster than it can be made")


def _make_own_folder(path: str) -> None:
    """Make a folder or take one that is ours; raises OSError where it is somebody else's."""
    with suppress(FileExistsError):
        os.mkdir(path, _MODE)
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != ownership.user():
        raise PermissionError(1, "somebody else made it", path)
    # The umask took too much from the mode, or the folder was made with another one.
    if LOCKS and stat.S_IMODE(status.st_mode) != _MODE:
        os.chmod(path, _MODE)


def _warn(ours: bytes, *found: bytes) -> None:
    """Keep a WARNING for tell() if the texts that were found hold certificates beside `ours`."""
    # Somebody wrote over it from its beginning.
    ours = ours if ours.startswith(MARK) else b""
    if any(text != ours for text in found if text):
        try:
            load("publishing.additions").warn(ours, found)
        except Replaced as error:
            reporting.later(reporting.say_once, WARNING, f"somebody wrote into the bundle; {error}")


def _if_whole(text: bytes, size: int) -> bytes:
    """Return the text; b"" where no certificate is left in it, or it was cut off in place.

    A program that writes other certificates over it, or takes some out, means that.
    """
    is_cut = len(text) < size and text.startswith(MARK) and not text.rstrip().endswith(_END)
    return b"" if is_cut or _BEGIN not in text else text


def _text_at(path: str) -> bytes:
    """Return what is in the file at `path`, b"" where there is none."""
    try:
        return read_regular(path, os.stat(path))
    except (OSError, ValueError):
        return b""


class MemoryBundle:
    """A bundle without a name; its path is good in this process and its forks."""

    def __init__(self, text: bytes) -> None:
        """Publish `text` in memory; raises OSError where the system cannot do that."""
        if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
            raise OSError("there is no memory file here")
        descriptor = above_stderr(os.memfd_create(NAME))
        try:
            write_all(descriptor, text)
            # As for a hold: a program that replaces this one finds it at the same path.
            os.set_inheritable(descriptor, LOCKS)
            self._identity = identity(os.fstat(descriptor))
        except BaseException:
            close(descriptor)
            raise
        self.path, self._size = f"/proc/self/fd/{descriptor}", len(text)

    def intact(self) -> bool:
        """Whether the path still is that file, and nobody wrote into it."""
        return is_at(self.path, self._identity, self._size)

    def heal(self) -> bool:
        """Return whether it is there, with what was written into it; it cannot be put back."""
        text = self.held_text()
        if text:
            _warn(text[: self._size], text)
            self._size = len(text)
        return bool(text) and self.intact()

    def held_text(self) -> bytes:
        """Return its text; b"" where it is lost.

        A daemon may have closed it, and other code have its number.
        """
        status = status_of(self.path)
        is_ours = status is not None and identity(status) == self._identity
        return _if_whole(_text_at(self.path), self._size) if is_ours else b""
