"""Which shell reads what `shellenv` prints: the one that started us."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Tuple

from ..machine import processes

# The names of shells, and how each is told a variable (one of SHELLS).
_DIALECTS = {
    "cmd": "cmd",
    "fish": "fish",
    **dict.fromkeys(("powershell", "pwsh", "powershell_ise"), "powershell"),
    **dict.fromkeys(("sh", "bash", "zsh", "dash", "ash", "ksh", "mksh", "busybox"), "sh"),
}


def find() -> Tuple[str, str]:
    """Return one of SHELLS, and why it is that one.

    Variables are a guess: every program hands them on, and Windows sets PSModulePath for all.
    """
    # Without /proc, as on macOS, there is no list of processes.
    with suppress(OSError, ValueError, LookupError):
        for program in processes.starters():
            name = program.lower()
            name = name[: -len(".exe")] if name.endswith(".exe") else name
            if name in _DIALECTS:
                return _DIALECTS[name], f"{name} started this"
    if "SHELL" in os.environ:
        is_fish = os.path.basename(os.environ["SHELL"]) in ("fish", "fish.exe")
        return "fish" if is_fish else "sh", "SHELL says so"
    if sys.platform != "win32" or "MSYSTEM" in os.environ:
        return "sh", "no other shell is known to have started this"
    # cmd sets it for what it starts.
    if "PROMPT" in os.environ:
        return "cmd", "PROMPT is set"
    return "powershell", "no other shell is known to have started this"
