"""What an earlier process built is used as it is, where nothing that it was made of has changed.

- The *stored* bundle: where() built it and keeps its text in this user's cache folder, for the next
  process that is asked for the same. Nobody else is given its path: each process has a temporary
  bundle of its own. Who writes it is in `storing`.
- The *persistent* bundle, whose path other programs know. Who writes it is in `persistent`.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import suppress
from importlib.util import source_hash
from typing import Optional, Tuple

from .. import reporting
from ..machine import APPLICATION, NAME, cache_folder, ownership
from ..machine.environment import environ
from ..machine.files import HEADER, read_open
from ..machine.signals import interruptible
from ..settings import DEBUG, INFO, Settings
from . import header, writing
from .header import Asked, Salt, Stored
from .hold import FILE, FOLDER, close, quietly, remove_drafts

STORED = "stored.pem"
# How the names of unfinished files begin: of the persistent bundle, and of the stored one.
DRAFT, STORED_DRAFT = f".{NAME}.", f".{STORED}."
# Once in so many seconds a use is noted: what nobody uses is swept.
_NOTED = 86400


class PersistentBundle:
    """A bundle at a stable path."""

    def __init__(self, path: str, signature: Tuple[int, ...], asked: Asked, rest: bytes) -> None:
        """Describe the bundle at `path` that holds `rest`, good while it has that signature."""
        self.path = path
        self._signature, self._asked, self._crc = signature, asked, header.crc(rest)

    def intact(self) -> bool:
        """Whether nobody has touched the file since."""
        # () where the file could not be looked at: that is no reason to believe that it is there.
        return header.signature_of(self.path) == self._signature != ()

    def heal(self) -> bool:
        """Take the bundle that another process with these settings put there; raises OSError.

        One of another machine only if it is the same.
        """
        found = header.read(self.path)
        check = header.crc(found.rest)
        # Another machine may trust the same.
        is_ours = found.asked == self._asked and (
            check == self._crc or not found.is_another_machines()
        )
        is_good = found.is_settled and is_ours
        if is_good:
            self._signature, self._crc = found.signature, check
        return is_good


def unchanged(settings: Settings, certifi_file: str) -> Optional[PersistentBundle]:
    """Return the persistent bundle of PYTHON_CERTIFI_BUNDLE_DIR if there is nothing to do to it."""
    path = os.path.join(settings.bundle_dir, NAME)
    try:
        ownership.require_safe_path(settings.bundle_dir)
        found = header.read(path)
    except OSError:
        return None
    asked, salt = header.asked_for(settings), header.salt(settings, certifi_file)
    text = found.header_now(salt, time.time_ns()) if found.asked == asked else b""
    if not text or text + found.rest != found.data:
        return None
    remove_drafts(settings.bundle_dir, DRAFT)
    _tell(found)
    return PersistentBundle(path, found.signature, asked, found.rest)


class Place:
    """Where the stored bundle lies for these settings, in this interpreter, on this machine."""

    def __init__(self, settings: Settings, certifi_file: str) -> None:
        """Read no bundle yet."""
        also = {"certifi": certifi_file, "bundle_dir": settings.bundle_dir}
        # Another OpenSSL has other defaults.
        also["libraries"] = environ().get("LD_LIBRARY_PATH", "")
        more = [f"{name}={value}" for name, value in also.items()]
        # Hashed, because an id of a machine is no reader's business.
        self.machine = header.crc(header.machine().encode())
        prefix, *others = header.asked_for(settings)
        self.asked: Asked = (prefix, f"machine={self.machine}", *others, *more)
        self.salt: Salt = header.salt(settings, certifi_file)
        # Without what Windows' stores hold: where that changes, one bundle takes another's place.
        parts = self.asked, self.salt[:-1]
        key = source_hash(ascii(parts).encode("ascii")).hex()
        # The home may lie on a network that hangs.
        cache = interruptible(cache_folder)
        self.folder = os.path.join(cache, APPLICATION, key) if cache else ""
        self.path = os.path.join(self.folder, STORED)

    def found(self) -> Stored:
        """Return the stored bundle; an empty one where there is none. Raises OSError.

        Nobody else may be able to change it, or what leads to it: it is read past no link.
        """
        if sys.platform == "win32":
            # The folder is the user's, and no file is opened by the descriptor of a folder.
            return header.read(self.path)
        ownership.require_safe_path(self.folder)
        folder = os.open(self.folder, FOLDER)
        try:
            _require_ours(folder, self.folder)
            file = os.open(STORED, FILE, dir_fd=folder)
        finally:
            close(folder)
        try:
            status = _require_ours(file, self.path)
            return header.parsed(read_open(file, status.st_size), header.signature_from(status))
        finally:
            close(file)

    def write(self, text: bytes) -> None:
        """Write it whole or not at all, and not to the disk itself; raises OSError."""
        unfinished = os.path.join(self.folder, STORED_DRAFT + os.urandom(8).hex())
        try:
            writing.write_new(unfinished, text, is_draft=True)
            writing.rename(unfinished, self.path)
        finally:
            quietly(os.unlink, unfinished)


def is_wanted(settings: Settings) -> bool:
    """Whether these settings allow a stored bundle, and nobody wants to see how it is built."""
    if not settings.store or settings.isolated or ownership.is_shared():
        return False
    return not reporting.listens(DEBUG)


def text_of(settings: Settings, certifi_file: str) -> bytes:
    """Return the text of a temporary bundle, as it is stored; b"" where it has to be built."""
    if not is_wanted(settings):
        return b""
    try:
        place = Place(settings, certifi_file)
        found = interruptible(place.found)
    except OSError:
        return b""
    now = time.time_ns()
    text = found.header_now(place.salt, now) if found.asked == place.asked else b""
    if not text:
        return b""
    if text + found.rest != found.data:
        # Only the identities of the inputs have changed, and the next process need not read them.
        with suppress(OSError):
            place.write(text + found.rest)
    elif abs(now // 10**9 - found.signature[-1] // 10**9) > _NOTED:
        quietly(os.utime, place.path)
    _tell(found)
    return HEADER + found.rest


def differing(settings: Settings, certifi_file: str, text: bytes) -> str:
    """Return the path of the stored bundle if it is used and is not `text`, "" if all is well."""
    used = text_of(settings, certifi_file)
    return Place(settings, certifi_file).path if used not in (b"", text) else ""


def _require_ours(descriptor: int, path: str) -> os.stat_result:
    """Raise OSError unless it is ours alone, whoever else may be trusted."""
    status = os.fstat(descriptor)
    is_kind = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    is_ours = status.st_uid == ownership.user()
    if not is_kind or not is_ours or ownership.writable_by_others(status, descriptor):
        raise PermissionError(1, "somebody else can change it", path)
    return status


def _tell(found: Stored) -> None:
    """Keep for the log what people were told when it was built."""
    for each in found.told:
        level, _, sentence = each.partition(" ")
        if reporting.listens(INFO):
            reporting.later(reporting.say_once, int(level), sentence)
