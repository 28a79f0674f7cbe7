"""The one check of every place that we read trust from or publish to: who else may change it.

A file or folder passes where it belongs to somebody who could change us anyway (root, this
user, the owner of ``/`` or of this package's code) and nobody else may write to it. A group
counts as nobody else where it is root's or the owner's private one (same number), and where no
access control list says more.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import FrozenSet, Union


def trusted_owners() -> FrozenSet[int]:
    """Return the user ids that we trust; the owner of / is root as seen in a user namespace."""
    code = os.path.dirname(os.path.abspath(__file__))
    return frozenset((0, user(), os.stat("/").st_uid, _owner_of(code)))


def user() -> int:
    """Return who we are; 0 on Windows, where every file seems to belong to 0."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def _owner_of(code: str) -> int:
    """Return the owner of code, or of what it lies in: a zip archive, a folder closed to us."""
    try:
        return os.stat(code).st_uid
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return _owner_of(os.path.dirname(code))


def writable_by_others(status: os.stat_result, place: Union[str, int]) -> bool:
    """Whether somebody beside the owner may write to `place`, a path or descriptor."""
    if status.st_mode & stat.S_IWOTH:
        return True
    # Without this bit no access control list lets anybody write, either.
    if not status.st_mode & stat.S_IWGRP:
        return False
    return status.st_gid not in (0, status.st_uid) or _has_acl(place)


def _has_acl(place: Union[str, int]) -> bool:
    """Whether an access control list says who may; then the group's bits are their maximum."""
    if sys.platform != "linux":
        return False
    try:
        return bool(os.getxattr(place, "system.posix_acl_access"))
    except OSError:
        return False


def is_safe(status: os.stat_result, place: Union[str, int]) -> bool:
    """Whether only people we trust can change `place`, of that status (always so on Windows)."""
    # On Windows modes and owners say nothing; the folders are the user's own.
    if os.name == "nt":
        return True
    return status.st_uid in trusted_owners() and not writable_by_others(status, place)


def is_safe_path(path: str) -> bool:
    """Whether nobody can move `path`, a folder above it or a link on the way from under us.

    Every folder up to the root belongs to somebody we trust, and is sticky if others may
    write. Raises OSError where there is no such path.
    """
    return not unsafe_step(path)


def make_folder(path: str) -> None:
    """Make a folder and those above it, or take one that nobody else can write to; raises OSError.

    Whatever the umask, and only where it counts: nothing of root's is left in the home of another.
    """
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        if above not in ("", path):
            make_folder(above)
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            # A file must not be taken for a folder of ours.
            if not os.path.isdir(path):
                raise
    if not is_safe_path(path):
        raise PermissionError(1, "others may write to it or rename it", path)


def unsafe_step(path: str) -> str:
    """Return the folder or link that fails that check, "" where none does."""
    if os.name == "nt":
        return ""
    # Raises OSError for a ring of links.
    os.stat(path)
    owners = trusted_owners()
    real, named = os.path.realpath(path), os.path.abspath(path)
    return _unsafe_step(real, owners) or _unsafe_step(named, owners)


def _unsafe_step(path: str, owners: FrozenSet[int]) -> str:
    """Return the first that is unsafe of `path`, whatever it is a link to, and all above."""
    status = os.lstat(path)
    if status.st_uid not in owners:
        return path
    folder = os.path.dirname(path)
    if stat.S_ISLNK(status.st_mode):
        target = os.path.join(os.path.realpath(folder), os.readlink(path))
        unsafe = _unsafe_step(os.path.normpath(target), owners)
        if unsafe:
            return unsafe
    elif writable_by_others(status, path) and not status.st_mode & stat.S_ISVTX:
        return path
    return "" if folder == path else _unsafe_step(folder, owners)
