"""The temporary bundle: one per process, shared with its forks, gone with the last of them.

``<place>/certifi-system-store-wrapper-<euid>/<random>/cacert.pem``. Why nothing can take it away
from a living process:

- Whoever uses it *holds* it: shared locks (flock) on the folder and on the file, taken before
  the file has its name. A fork inherits the open file descriptions and with them the locks;
  on Linux a mapping of the file keeps its lock when a daemon closes all descriptors.
- Nobody deletes without an exclusive lock on both, asked for without waiting through fresh
  descriptors, folder first. One living holder is enough to be refused; and a holder lets go of
  the file before the folder, so whoever gets the folder is not refused for a process that is
  just leaving: the last one always removes.
- A folder that is being made is not held for an instant. If a sweep takes it then, its maker
  notices (lock refused, or no such folder) and makes another, a bounded number of times.
- The name is random and new, and its parent belongs to us alone: there is no content of others
  to trust, no lock of theirs to wait for. What a killed process left is swept by the next one.

Windows has no flock: there an open file cannot be deleted, which is the same hold.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Iterator, List, Optional, Tuple

from . import ownership
from .places import APPLICATION

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows
    flock = None  # type: ignore[assignment]

NAME, UNFINISHED = "cacert.pem", "cacert.pem.new"
_ATTEMPTS = 50
_O_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_O_FILE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_O_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
_O_NEW |= getattr(os, "O_BINARY", 0)

Identity = Tuple[int, int]


class Swept(Exception):
    """A sweep took the folder while it was being made."""


class TemporaryBundle:
    """A published bundle that this process holds."""

    def __init__(self, folder: str) -> None:
        """Describe the bundle in `folder`, not yet held and not yet written."""
        self.folder = folder
        self.path = os.path.join(folder, NAME)
        self.identity: Identity = (-1, -1)
        self._folder_hold = _Hold()
        self._file_hold = _Hold()

    def intact(self) -> bool:
        """Whether the path still is the file that was published."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.identity

    def write(self, text: bytes) -> None:
        """Hold the folder, then write and hold the file, then give it its name."""
        hold = _Hold()
        try:
            self._hold_folder()
            hold.descriptor = _open_new(os.path.join(self.folder, UNFINISHED))
            hold.lock_shared()
            _write_all(hold.descriptor, text)
            hold.keep()
            if not flock:  # Windows cannot rename what is open
                hold.release()
            os.replace(os.path.join(self.folder, UNFINISHED), self.path)
            if not flock:
                hold.descriptor = os.open(self.path, os.O_RDONLY)
        except (FileNotFoundError, BlockingIOError) as error:
            hold.release()
            raise Swept from error
        except BaseException:
            hold.release()
            raise
        self._file_hold.release()
        self._file_hold, self.identity = hold, hold.identity

    def _hold_folder(self) -> None:
        if flock and not self._folder_hold.is_path(self.folder):
            self._folder_hold.release()
            self._folder_hold.descriptor = os.open(self.folder, _O_FOLDER)
            self._folder_hold.lock_shared()
            self._folder_hold.keep(mapped=False)

    def heal(self) -> bool:
        """Write it again at the same path, from the descriptor still held; False if that is gone.

        Raises OSError or Swept.
        """
        text = self._file_hold.read()
        if not text:
            return False
        for folder in (os.path.dirname(self.folder), self.folder):
            _make_own_folder(folder)
        self.write(text)
        return True

    def release(self) -> None:
        """Let go of it, and remove it if nobody else holds it. File first: see above."""
        self._file_hold.release()
        self._folder_hold.release()
        remove_unheld(self.folder)
        _remove_folder(os.path.dirname(self.folder))


class _Hold:
    """A descriptor that carries a lock; closed only while it still is what we opened."""

    def __init__(self) -> None:
        self.descriptor = -1
        self.identity: Identity = (-1, -1)
        self._mapping: Optional[object] = None

    def lock_shared(self) -> None:
        self.identity = _identity(os.fstat(self.descriptor))
        if flock:
            flock(self.descriptor, LOCK_SH | LOCK_NB)

    def keep(self, *, mapped: bool = True) -> None:
        """Keep the hold across exec, and on Linux across a daemon's closing of descriptors."""
        if flock:
            os.set_inheritable(self.descriptor, True)  # noqa: FBT003 - positional only
            if mapped and sys.platform == "linux":
                from .mapping import Mapping

                self._mapping = Mapping(self.descriptor)

    def is_path(self, path: str) -> bool:
        """Whether the descriptor still is open on what `path` names."""
        try:
            status = os.stat(path)
            return _identity(status) == self.identity == _identity(os.fstat(self.descriptor))
        except OSError:
            return False

    def is_ours(self) -> bool:
        """Whether the descriptor still is what we opened."""
        try:
            return self.descriptor >= 0 and _identity(os.fstat(self.descriptor)) == self.identity
        except OSError:
            return False

    def read(self) -> bytes:
        if not self.is_ours() or not hasattr(os, "pread"):
            return b""
        return os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)

    def release(self) -> None:
        if self._mapping is not None:
            self._mapping.close()  # type: ignore[attr-defined]
            self._mapping = None
        if self.is_ours() or (self.descriptor >= 0 and self.identity == (-1, -1)):
            os.close(self.descriptor)
        self.descriptor = -1


def create(place: str, text: bytes) -> TemporaryBundle:
    """Publish `text` below `place`; raises OSError where that place does not work."""
    if not os.path.isdir(place) or not ownership.is_safe_path(place):
        message = "others may rename what lies there"
        raise PermissionError(1, message, place)
    parent = os.path.join(place, f"{APPLICATION}-{_user()}")
    for _ in range(_ATTEMPTS):
        bundle = TemporaryBundle(os.path.join(parent, os.urandom(8).hex()))
        try:
            _make_own_folder(parent)
            os.mkdir(bundle.folder, 0o700)
            _make_own_folder(bundle.folder)
            bundle.write(text)
        except (Swept, FileNotFoundError):
            bundle.release()
        except BaseException:
            bundle.release()
            raise
        else:
            sweep(parent, bundle.folder)
            return bundle
    raise OSError(0, "other processes sweep it faster than it can be made", parent)


def sweep(parent: str, mine: str) -> None:
    """Remove what killed processes left beside our folder."""
    for name in _names(parent):
        folder = os.path.join(parent, name)
        if folder != mine and len(name) == len(os.path.basename(mine)):
            remove_unheld(folder)


def remove_unheld(folder: str) -> None:
    """Remove a bundle's folder if no process holds it; never raises."""
    locked: List[int] = []
    try:
        if flock:
            if os.lstat(folder).st_uid != os.geteuid():
                return
            for path, flags in ((folder, _O_FOLDER), *_files(folder)):
                locked.append(os.open(path, flags))
                flock(locked[-1], LOCK_EX | LOCK_NB)
        for path, _ in _files(folder):
            os.unlink(path)
        os.rmdir(folder)
    except OSError:  # held, swept by somebody else, or not what we make
        return
    finally:
        for descriptor in locked:
            os.close(descriptor)


def _files(folder: str) -> Iterator[Tuple[str, int]]:
    for name in (NAME, UNFINISHED):
        path = os.path.join(folder, name)
        if os.path.lexists(path):
            yield path, _O_FILE


def _make_own_folder(path: str) -> None:
    """Make a folder or take one that is ours, readable by all; raises OSError where it is not."""
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        pass
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or (flock and status.st_uid != os.geteuid()):
        raise PermissionError(1, "somebody else made it", path)
    if flock and stat.S_IMODE(status.st_mode) != 0o755:  # the umask, or too much was allowed
        os.chmod(path, 0o755)


def _open_new(path: str) -> int:
    """Open a new file; what an interrupted writer of this very process left goes first."""
    if os.path.lexists(path):
        os.unlink(path)
    return os.open(path, _O_NEW, 0o644)


def _write_all(descriptor: int, text: bytes) -> None:
    """Write, then read back and compare: a short or lying write is not a bundle."""
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o644)
    if os.read(descriptor, len(text) + 1) != text:
        raise OSError(5, "what was written does not read back")


def _remove_folder(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:  # others have their bundles in it
        pass


def _names(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else "user"
