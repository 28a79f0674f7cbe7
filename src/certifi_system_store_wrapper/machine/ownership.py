"""The one check of each file that we trust and each folder that we publish to: who may change it.

A file or folder passes if its owner could change this package anyway (root, this user, the owner
of ``/`` or of the package's files) and nobody else may write to it. A group that may write is
allowed if it is root's or the private one of the owner (same number), and if there is no access
control list.
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
    """Return the effective user id; 0 on Windows, where every file seems to belong to 0."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def _owner_of(code: str) -> int:
    """Return the owner of a file; of what holds it where it is in a zip archive or not readable."""
    try:
        return os.stat(code).st_uid
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return _owner_of(os.path.dirname(code))


def writable_by_others(status: os.stat_result, place: Union[str, int]) -> bool:
    """Whether somebody beside the owner may write to `place`, a path or descriptor."""
    if status.st_mode & stat.S_IWOTH:
        return True
    # Without this bit an access control list lets nobody write, either.
    if not status.st_mode & stat.S_IWGRP:
        return False
    return status.st_gid not in (0, status.st_uid) or _has_acl(place)


def _has_acl(place: Union[str, int]) -> bool:
    """Whether there is an access control list; then the bits of the group are its maximum."""
    if sys.platform != "linux":
        return False
    try:
        return bool(os.getxattr(place, "system.posix_acl_access"))
    except OSError:
        return False


def is_safe(status: os.stat_result, place: Union[str, int]) -> bool:
    """Whether only owners that we trust can change `place`, whose status is `status`."""
    # On Windows modes and owners say nothing, and the folders belong to the user.
    if os.name == "nt":
        return True
    return status.st_uid in trusted_owners() and not writable_by_others(status, place)


def is_safe_path(path: str) -> bool:
    """Whether nobody else can rename `path`, a folder above it or a link on the way.

    Each folder up to the root belongs to an owner that we trust, and is sticky if others may
    write to it. Raises OSError where there is no such path.
    """
    return not unsafe_step(path)


def make_folder(path: str) -> None:
    """Make a folder and those above it, or take one that nobody else can write to; raises OSError.

    With a mode that lets only the owner write, whatever the umask. Each folder above is checked
    first: root makes none in the home of another user.
    """
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        if above not in ("", path):
            make_folder(above)
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            # Another process has made the folder meanwhile, or this is a file.
            if not os.path.isdir(path):
                raise
    if not is_safe_path(path):
        raise PermissionError(1, "others may write to it or rename it", path)


def unsafe_step(path: str) -> str:
    """Return the folder or link that is_safe_path() refuses, "" where it refuses none."""
    if os.name == "nt":
        return ""
    # Raises OSError for a ring of links.
    os.stat(path)
    owners = trusted_owners()
    real, named = os.path.realpath(path), os.path.abspath(path)
    return _unsafe_step(real, owners) or _unsafe_step(named, owners)


def _unsafe_step(path: str, owners: FrozenSet[int]) -> str:
    """Return the first that is unsafe of `path`, the target of a link, and the folders above."""
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
