"""The one check of each file that we trust and each folder that we publish to: who may change it.

A path passes if each step on its way (folders, links, what they lead to) belongs to an owner who
could change this program anyway (root, this user, the owner of ``/``, of the package's files or of
the interpreter's) and nobody else may write to it. A group that may write is allowed if it is the
administrators' or the private one of the owner (same number), and if there is no access control
list.

In a user namespace the overflow uid stands for every user who has no number there: root of the
machine, and everybody else. So it is no owner to trust, except of folders that only the
administrator of a machine makes, and of what a distribution keeps below /etc and /usr.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from typing import Dict, FrozenSet, List, Optional, Tuple, Union

from ..record import Record
from .environment import IS_PRIVILEGED

_OVERFLOW = 65534
# Whose a path must be: ours; ours or the system's; only its links have to be ours.
_OURS, _SYSTEMS, _LINKS = "ours", "systems", "links"
_KNOWS_ALL = [b"0", b"0", b"4294967295"]
# Only an administrator makes these; whoever owns them can do anything.
_MADE_BY_ADMINISTRATORS = ("/", "/home", "/tmp", "/var", "/var/tmp")  # noqa: S108 - see above
_DISTRIBUTIONS = ("/etc/", "/usr/")
# An APEX of Android, which holds its certificates, belongs to the user "system".
_ANDROID_SYSTEM = 1000
# "admin" of macOS. Homebrew and python.org let it write; its members may become root.
_MACOS_ADMIN = 80
# ST_RDONLY of statvfs(3), everywhere; PyPy's os does not name it.
_READ_ONLY = 1
# "staff" of Debian. It may write to /usr/local: section 9.1.2 of the Debian Policy Manual.
_DEBIAN_STAFF, _STAFF_FOLDER = 50, "/usr/local"

_NAME_IT = "name the file in PYTHON_CERTIFI_CERT_FILES if you trust {}, which works whoever owns it"
# What _knows_all_users() said last: a server that has gone into a folder may have no /proc there.
_knew_all_users = False

_OWN_IT = f"own it, or {_NAME_IT.format('that user')}"
_PROTECT_IT = f"chmod go-w, mount it read-only, or {_NAME_IT.format('them')}"


def trusted_owners() -> FrozenSet[int]:
    """Return the user ids that we trust; the owner of / may have another number than 0."""
    owners = {_status_of(path).st_uid for path in ("/", *_code())}
    if hasattr(sys, "getandroidapilevel"):
        owners.add(_ANDROID_SYSTEM)
    unknown, knows_all = overflow_uid(), _knows_all_users()
    owners.discard(unknown)
    if user() != unknown or knows_all:
        owners.add(user())
    return frozenset((0, *owners))


def user() -> int:
    """Return the effective user id; 0 on Windows, where every file seems to belong to 0."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def is_shared() -> bool:
    """Whether somebody else has our user id, so that they can change each file that we make.

    That is who starts a program with file capabilities or setgid, and in a user namespace each user
    who has no number there.
    """
    if sys.platform == "win32":
        return False
    return user() not in trusted_owners() or (IS_PRIVILEGED and user() == os.getuid())


def overflow_uid() -> int:
    """Return the user id that stands for all who have none in this user namespace; -1: none."""
    if sys.platform != "linux":
        return -1
    try:
        with open("/proc/sys/kernel/overflowuid", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _OVERFLOW


def _knows_all_users() -> bool:
    """Whether every user has a number of their own here, so that 65534 is one of them."""
    global _knew_all_users
    with suppress(OSError), open("/proc/self/uid_map", "rb") as file:
        _knew_all_users = file.read().split() == _KNOWS_ALL
    return _knew_all_users


def _code() -> List[str]:
    """Return the paths of this package and of the interpreter: who changes these decides anyway."""
    package = os.path.dirname(os.path.abspath(__file__))
    # A program that embeds Python may say anything of its interpreter.
    return [
        path for path in (package, sys.executable, sys.base_prefix) if os.path.isabs(path or "")
    ]


def _status_of(path: str) -> os.stat_result:
    """Return the status of a file; of what holds it where it is in a zip archive or unreadable."""
    try:
        return os.stat(path)
    except OSError:
        if path == os.path.dirname(path):
            raise
        return _status_of(os.path.dirname(path))


def writable_by_others(status: os.stat_result, place: Union[str, int]) -> bool:
    """Whether somebody beside the owner may write to `place`, a path or descriptor."""
    if status.st_mode & stat.S_IWOTH:
        return True
    # Without this bit an access control list lets nobody write, either.
    if not status.st_mode & stat.S_IWGRP:
        return False
    if status.st_gid not in (0, status.st_uid) and not _are_administrators(status.st_gid, place):
        return True
    return _has_acl(place)


def _are_administrators(group: int, place: Union[str, int]) -> bool:
    """Whether the members of a group may change what root runs, or the code that runs here."""
    if sys.platform == "darwin" and group == _MACOS_ADMIN:
        return True
    if group == _DEBIAN_STAFF and isinstance(place, str) and place.startswith(_STAFF_FOLDER):
        return True
    if group == _OVERFLOW:
        # In a user namespace that may be any group.
        return False
    # conda in the images of Jupyter, or an environment that a team shares.
    code = [_status_of(path) for path in _code()]
    return any(each.st_gid == group and each.st_mode & stat.S_IWGRP for each in code)


def _is_mounted_read_only(path: str) -> bool:
    """Whether nobody can write there: a ConfigMap of Kubernetes has a folder with mode 0777."""
    if sys.platform == "win32":
        return False
    return bool(os.statvfs(path).f_flag & _READ_ONLY)


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


class Fault(Record):
    """The step of a path that somebody else can change, why, and what helps."""

    step: str
    why: str
    remedy: str
    # In a sticky folder others may add files, and only the owner of one renames it.
    is_sticky: bool = False


class Check:
    """Checks paths, and remembers what it has looked at: for one build, not longer."""

    def __init__(self) -> None:
        """Start with nothing looked at."""
        self._owners = trusted_owners() if os.name != "nt" else frozenset((0,))
        # Where every user has a number, that one is a user like any other.
        self._overflow = -1 if _knows_all_users() else overflow_uid()
        self._known: Dict[Tuple[str, str], Tuple[str, Optional[Fault]]] = {}

    def fault(self, path: str) -> Optional[Fault]:
        """Return how somebody else can change a file, or add to a folder; None: nobody can.

        Raises OSError where there is no such path.
        """
        return self._fault(path, _OURS)

    def discovered_fault(self, path: str) -> Optional[Fault]:
        """Return the same of a path that a table of ours names, as systems have it."""
        return self._fault(path, _rule_of(path))

    def is_discovered_file_safe(self, path: str, status: os.stat_result) -> bool:
        """Whether nobody else can change a file itself, whatever leads to it."""
        return os.name == "nt" or self._judge(path, status, _rule_of(path)) is None

    def place_fault(self, path: str) -> Optional[Fault]:
        """Return how somebody else can rename what is in a folder, to which others may add."""
        fault = self._fault(path, _OURS)
        return None if fault and fault.is_sticky else fault

    def followed(self, path: str) -> str:
        """Return what a path leads to, as os.path.realpath() does; it need not exist.

        Raises PermissionError at a link of an owner whom we do not trust, and other OSErrors.
        """
        if os.name == "nt":
            return os.path.realpath(path)
        real, fault = self._resolved(_absolute(path), _LINKS)
        if fault:
            message = f"it leads through {fault.step}, and {fault.why}"
            raise PermissionError(errno.EPERM, message, path)
        return real

    def _fault(self, path: str, rule: str) -> Optional[Fault]:
        if os.name == "nt":
            return None
        return self._resolved(_absolute(path), rule)[1]

    def _resolved(self, path: str, rule: str) -> Tuple[str, Optional[Fault]]:
        """Return what an absolute path leads to, or a step on its way and what is wrong there."""
        key = path, rule
        if key not in self._known:
            # The answer for whoever asks again before there is another one.
            self._known[key] = path, Fault(path, "links lead from it to itself", "remove them")
            try:
                self._known[key] = self._resolve(path, rule)
            except BaseException:
                del self._known[key]
                raise
        return self._known[key]

    def _resolve(self, path: str, rule: str) -> Tuple[str, Optional[Fault]]:
        above, name = os.path.split(path)
        here, fault = (path, None) if above == path else self._resolved(above, rule)
        if (fault and not fault.is_sticky) or (above != path and name in ("", ".")):
            return here, fault
        if name == "..":
            return self._resolved(os.path.dirname(here), rule)
        step = os.path.join(here, name)
        try:
            status = os.lstat(step)
        except FileNotFoundError:
            if rule == _LINKS:
                return step, None
            raise
        fault = self._judge(step, status, rule)
        if stat.S_ISLNK(status.st_mode) and fault is None:
            return self._resolved(os.path.join(here, os.readlink(step)), rule)
        return step, fault

    def _judge(self, step: str, status: os.stat_result, rule: str) -> Optional[Fault]:
        """Return what is wrong with one step, whatever is above it."""
        is_link = stat.S_ISLNK(status.st_mode)
        if rule == _LINKS and not is_link:
            return None
        if not self._is_owned(step, status.st_uid, rule):
            owner = self._named(status.st_uid)
            why = f"{owner} owns it, and could change what user {user()} trusts"
            return Fault(step, why, _OWN_IT)
        if is_link or not writable_by_others(status, step) or _is_mounted_read_only(step):
            return None
        is_sticky = bool(status.st_mode & stat.S_ISVTX)
        return Fault(step, "others may write to it", _PROTECT_IT, is_sticky)

    def _named(self, owner: int) -> str:
        if owner == self._overflow:
            return f"user {owner} (whoever has no number in this user namespace)"
        return f"user {owner}"

    def _is_owned(self, step: str, owner: int, rule: str) -> bool:
        """Whether the owner of a step is one that we trust."""
        if owner in self._owners:
            return True
        return owner == self._overflow and (rule == _SYSTEMS or step in _MADE_BY_ADMINISTRATORS)


def _absolute(path: str) -> str:
    """Return an absolute path. os.path.abspath() would pass over a link in front of ``..``."""
    return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)


def _rule_of(path: str) -> str:
    return _SYSTEMS if path.startswith(_DISTRIBUTIONS) else _OURS


def require_safe_path(path: str) -> None:
    """Raise PermissionError where somebody else can rename what is in a folder; it names the step.

    A folder above and a link on the way count, too. Raises OSError where there is no such path.
    """
    fault = Check().place_fault(path)
    if fault:
        raise PermissionError(errno.EPERM, fault.why, fault.step)


def make_folder(path: str) -> None:
    """Make a folder and those above it, or take one that nobody else can write to; raises OSError.

    With a mode that lets the owner in and nobody else write, whatever the umask. Each folder above
    is checked first: root makes none in the home of another user.
    """
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        if above not in ("", path):
            make_folder(above)
        try:
            os.mkdir(path, 0o755)
            mode = stat.S_IMODE(os.stat(path).st_mode)
            # A umask may shut the owner out, too, and ~/.cache is every program's.
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(path, mode | stat.S_IRWXU)
        except FileExistsError:
            # Another process has made the folder meanwhile, or this is a file.
            if not os.path.isdir(path):
                raise
    require_safe_path(path)
