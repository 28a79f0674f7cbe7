"""Where bundles may lie: the fallback locations, in the order in which they are tried."""

from __future__ import annotations

import os
import sys
from typing import List

APPLICATION = "certifi-system-store-wrapper"
NAME = "cacert.pem"


def temporary_places() -> List[str]:
    """Return folders for a temporary bundle, which need not exist or be safe.

    Never the current folder, which `tempfile` falls back to in silence.
    """
    if sys.platform == "win32":  # a service's TEMP belongs to everybody
        candidates = [os.environ.get("LOCALAPPDATA", "")]
    elif sys.platform == "darwin":  # its temp folder loses what nobody touched for three days
        candidates = [os.path.expanduser("~/Library/Caches")]
    else:
        candidates = []
    candidates += [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    candidates += ["/tmp", "/var/tmp"] if os.name != "nt" else []  # noqa: S108 - checked by owner
    candidates.append(cache_folder())
    return list(dict.fromkeys(place for place in candidates if os.path.isabs(place)))


def cache_folder() -> str:
    """Return the folder for this user's caches, which need not exist; "" without a home."""
    if sys.platform == "win32":
        return os.environ.get("LOCALAPPDATA", "")
    asked = os.environ.get("XDG_CACHE_HOME", "") if sys.platform != "darwin" else ""
    if os.path.isabs(asked):
        return asked
    home = os.path.expanduser("~")
    if not os.path.isabs(home) or not os.path.isdir(home):  # a daemon's /nonexistent
        return ""
    return os.path.join(home, "Library/Caches" if sys.platform == "darwin" else ".cache")


def user_folder(place: str) -> str:
    """Return the path of this user's folder in a place where others have theirs."""
    user = os.geteuid() if hasattr(os, "geteuid") else "user"
    return os.path.join(place, f"{APPLICATION}-{user}")
