"""Asks the operating system. This file: in which folders bundles and the user's CAs lie.

The other files: what files hold (files) and whether they have changed (inputs), who owns them
(ownership), whose variables count (environment), signals, who started us (processes), who holds a
file (open_files), OpenSSL.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import List

from . import ownership
from .environment import environ, home

APPLICATION = "certifi-system-store-wrapper"
NAME = "cacert.pem"
# The variable that names the folder of this user's caches, and where it is below the home folder.
_CACHES = {"win32": ("LOCALAPPDATA", "AppData", "Local"), "darwin": ("", "Library", "Caches")}

# Windows says this of a file that another program has open, with the errno of a missing right.
_SHARING_VIOLATION = 32

# What people do about it.
CLOSE_IT = "close it there, or try again later"


def is_in_use(error: OSError) -> bool:
    """Whether Windows refused because another program has the file open."""
    return sys.platform == "win32" and error.winerror == _SHARING_VIOLATION


def is_no_name(error: OSError, path: str) -> bool:
    """Whether no file can be called that, in a file system of Windows.

    Python has EINVAL for whatever else Windows says that has no errno, such as a server's refusal.
    """
    # Behind the drive no colon may stand.
    rest = os.path.splitdrive(path)[1]
    return error.errno == errno.EINVAL and any(c in '<>:"|?*' or c < " " for c in rest)


def temporary_places() -> List[str]:
    """Return folders for a temporary bundle, which need not exist or be safe.

    Never the current folder, which `tempfile` falls back to in silence. None where no folder is
    ours alone.
    """
    if ownership.is_shared():
        return []
    # On Windows everybody may write to the TEMP of a service. macOS removes files from its temp
    # folder that nobody has touched for three days.
    candidates = [cache_folder()] if sys.platform in ("win32", "darwin") else []
    candidates += [environ().get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    # Before we write there, we check who owns them.
    candidates += ["/tmp", "/var/tmp"] if os.name != "nt" else []  # noqa: S108
    candidates.append(cache_folder())
    return list(dict.fromkeys(place for place in candidates if os.path.isabs(place)))


def cache_folder() -> str:
    """Return the folder for this user's caches, which need not exist; "" without a home."""
    variable, *below = _CACHES.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    asked = environ().get(variable, "")
    # The home of a daemon may be /nonexistent.
    if not os.path.isabs(asked) and os.path.isabs(home()) and os.path.isdir(home()):
        asked = os.path.join(home(), *below)
    return asked if os.path.isabs(asked) and not _is_anothers(asked) else ""


def _is_anothers(folder: str) -> bool:
    """Whether root would make it in the home of another user, who could not use it then."""
    if sys.platform == "win32" or ownership.user() != 0:
        return False
    while not os.path.exists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return os.stat(folder).st_uid != 0


def drop_folders(*, isolated: bool = False) -> List[str]:
    """Return the drop folders, which need not exist: the package's, the old one, the user's."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    old = os.path.join(os.path.dirname(package), "certifi_system")
    own = "" if isolated else user_drop_folder()
    return [folder for folder in (package, old, own) if folder]


def user_drop_folder() -> str:
    """Return the drop folder of this user, which outlives a virtual environment; or ""."""
    if sys.platform == "win32":
        base = environ().get("APPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.join(home(), "Library", "Application Support")
    else:
        base = environ().get("XDG_CONFIG_HOME", "")
        base = base if os.path.isabs(base) else os.path.join(home(), ".config")
    return os.path.join(base, APPLICATION, "certs") if os.path.isabs(base) else ""


def is_where_made(path: str, bundle_dir: str) -> bool:
    """Whether a bundle of ours lies where we lay one: what was copied elsewhere does not.

    With PYTHON_CERTIFI_BUNDLE_DIR that is in `bundle_dir`, too.
    """
    folder, name = os.path.split(os.path.realpath(path))
    above = os.path.dirname(folder)
    is_kept = bool(bundle_dir) and os.path.realpath(bundle_dir) in (folder, above)
    return name == NAME and (is_kept or os.path.basename(above).startswith(APPLICATION))


def user_folder(place: str) -> str:
    """Return the path of this user's folder in a place that all users share."""
    who = "user" if os.name == "nt" else ownership.user()
    return os.path.join(place, f"{APPLICATION}-{who}")
