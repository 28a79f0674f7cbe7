"""The one check of every place that we read trust from or publish to: who may change it?

A file or folder passes where it belongs to somebody who could change us anyway (root, this
user, the owner of ``/`` or of this package's code) and nobody else may write to it. A group
counts as nobody else where it is root's or the owner's private one (same number).
"""

from __future__ import annotations

import os
import stat
from typing import FrozenSet

_GROUP_WRITE, _OTHER_WRITE = stat.S_IWGRP, stat.S_IWOTH


def trusted_owners() -> FrozenSet[int]:
    """Return the user ids that we trust; the owner of / is root as seen in a user namespace."""
    code = os.stat(os.path.dirname(os.path.abspath(__file__))).st_uid
    return frozenset((0, os.geteuid(), os.stat("/").st_uid, code))


def writable_by_others(status: os.stat_result) -> bool:
    """Whether somebody beside the owner may write, going by the mode."""
    if status.st_mode & _OTHER_WRITE:
        return True
    return bool(status.st_mode & _GROUP_WRITE) and status.st_gid not in (0, status.st_uid)


def is_safe(status: os.stat_result) -> bool:
    """Whether only people we trust can change what has this status (always so on Windows)."""
    if os.name == "nt":  # modes and owners say nothing there; the folders are the user's own
        return True
    return status.st_uid in trusted_owners() and not writable_by_others(status)


def is_safe_path(path: str) -> bool:
    """Whether nobody can move `path` or a folder above it from under us.

    Every folder up to the root belongs to somebody we trust, and is sticky if others may write.
    """
    if os.name == "nt":
        return True
    owners = trusted_owners()
    folder = os.path.realpath(path)
    while True:
        status = os.lstat(folder)
        shared = writable_by_others(status) and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in owners or shared:
            return False
        above = os.path.dirname(folder)
        if above == folder:
            return True
        folder = above
