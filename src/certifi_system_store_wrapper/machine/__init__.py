"""The operating system's room: here, where bundles may lie, in the order in which it is tried.

Beside this: who owns a place (ownership), signals, OpenSSL.
"""

from __future__ import annotations

import os
import sys
from typing import List

from . import ownership

APPLICATION = "certifi-system-store-wrapper"
NAME = "cacert.pem"
# The variable that names the folder of this user's caches, and where it is below the home folder.
_CACHES = {"win32": ("LOCALAPPDATA", "AppData", "Local"), "darwin": ("", "Library", "Caches")}


def temporary_places() -> List[str]:
    """Return folders for a temporary bundle, which need not exist or be safe.

    Never the current folder, which `tempfile` falls back to in silence.
    """
    # On Windows a service's TEMP belongs to everybody; on macOS what nobody touches for three days
    # is lost from there.
    candidates = [cache_folder()] if sys.platform in ("win32", "darwin") else []
    candidates += [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    # Who owns them is checked before anything is written there.
    candidates += ["/tmp", "/var/tmp"] if os.name != "nt" else []  # noqa: S108
    candidates.append(cache_folder())
    return list(dict.fromkeys(place for place in candidates if os.path.isabs(place)))


def cache_folder() -> str:
    """Return the folder for this user's caches, which need not exist; "" without a home."""
    variable, *below = _CACHES.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    asked = os.environ.get(variable, "")
    if os.path.isabs(asked):
        return asked
    home = os.path.expanduser("~")
    # A daemon's may be /nonexistent.
    if not os.path.isabs(home) or not os.path.isdir(home):
        return ""
    return os.path.join(home, *below)


def user_folder(place: str) -> str:
    """Return the path of this user's folder in a place where others have theirs."""
    who = "user" if os.name == "nt" else ownership.user()
    return os.path.join(place, f"{APPLICATION}-{who}")
