"""Where a test says something: each has at most a few markers, and each marker its reason.

`not_wine` is for what real Windows can and Wine cannot: such a test waits for the workflow.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, List

import pytest

IS_WINDOWS = sys.platform == "win32"


@lru_cache(maxsize=None)
def is_wine() -> bool:
    """Whether this Windows is one of Wine's."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


@lru_cache(maxsize=None)
def has_links() -> bool:
    """Whether this user may make symbolic links here: Windows asks for a right, Wine has none."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "link")
        try:
            link.symlink_to("target")
        except (OSError, NotImplementedError):
            return False
        return link.is_symlink()


@lru_cache(maxsize=None)
def has_modes() -> bool:
    """Whether the system keeps who may read and write in a mode."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o750)
        return os.stat(folder).st_mode & 0o777 == 0o750


# Of a marker: what it asks the system, and what is said where the answer is no.
MARKERS: Dict[str, Callable[[], bool]] = {
    "posix": lambda: os.name == "posix",
    "linux": lambda: sys.platform == "linux",
    "root": lambda: os.name == "posix" and os.geteuid() == 0,
    "windows": lambda: IS_WINDOWS,
    "wine": is_wine,
    "not_wine": lambda: not is_wine(),
    "links": has_links,
    "modes": has_modes,
}


def add_markers(config: pytest.Config) -> None:
    """Let tests use these markers."""
    for name in MARKERS:
        config.addinivalue_line("markers", f"{name}(why): runs only where that is so; says why")


def skip_elsewhere(items: List[pytest.Item]) -> None:
    """Skip each test where one of its markers does not hold, with the marker and its reason."""
    for item in items:
        for name, holds in MARKERS.items():
            marker = item.get_closest_marker(name)
            if not marker:
                continue
            if not marker.args:
                raise pytest.UsageError(f"{item.nodeid}: the marker {name} needs its reason")
            if not holds():
                item.add_marker(pytest.mark.skip(reason=f"{name}: {marker.args[0]}"))
