"""The entry point that PyInstaller asks for hooks: its programs run no start-up files.

A program with certifi gets this package, too, and it is active from the first line on. To leave
it out: ``pyinstaller --exclude-module certifi_system_store_wrapper``.
"""

from __future__ import annotations

import os
from typing import List


def hook_dirs() -> List[str]:
    """Return the folder with the hooks; PyInstaller asks while it builds a program."""
    return [os.path.dirname(os.path.abspath(__file__))]
