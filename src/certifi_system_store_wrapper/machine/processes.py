"""Which programs started this process: the system's list of processes says so, where it has one.

Source: "Taking a Snapshot and Viewing Processes" in Microsoft's Tool Help Library; proc(5).
"""

from __future__ import annotations

import os
import sys
from typing import Dict, Iterator, Tuple

# The name of a program, and who started it.
Process = Tuple[str, int]
# TH32CS_SNAPPROCESS
_ALL_PROCESSES = 2


def starters() -> Iterator[str]:
    """Yield the names of the programs that started this one, the nearest first; raises OSError."""
    number, seen = os.getppid(), {os.getpid()}
    known = _of_windows() if sys.platform == "win32" else {}
    # Windows gives the number of a process that has ended to another one.
    while number not in seen:
        seen.add(number)
        name, number = known.get(number, ("", 0)) if known else _in_proc(number)
        yield name


def _in_proc(number: int) -> Process:
    with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
        # The name stands in parentheses, and may have some in it.
        before, _, after = file.read().rpartition(")")
    return before.partition("(")[2], int(after.split()[1])


def _of_windows() -> Dict[int, Process]:
    """Return all processes of Windows; raises OSError."""
    import ctypes
    from ctypes import wintypes

    class Entry(ctypes.Structure):
        """PROCESSENTRY32W."""

        _fields_ = (
            ("dwSize", wintypes.DWORD),
            ("cntUsage", wintypes.DWORD),
            ("th32ProcessID", wintypes.DWORD),
            ("th32DefaultHeapID", ctypes.c_size_t),
            ("th32ModuleID", wintypes.DWORD),
            ("cntThreads", wintypes.DWORD),
            ("th32ParentProcessID", wintypes.DWORD),
            ("pcPriClassBase", wintypes.LONG),
            ("dwFlags", wintypes.DWORD),
            ("szExeFile", wintypes.WCHAR * wintypes.MAX_PATH),
        )

    kernel32 = vars(ctypes)["WinDLL"]("kernel32", use_last_error=True)
    kernel32.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
    snapshot = wintypes.HANDLE(kernel32.CreateToolhelp32Snapshot(_ALL_PROCESSES, 0))
    entry, found = Entry(dwSize=ctypes.sizeof(Entry)), {}
    # It fails with a snapshot that could not be taken, too.
    more = kernel32.Process32FirstW(snapshot, ctypes.byref(entry))
    while more:
        found[entry.th32ProcessID] = entry.szExeFile, entry.th32ParentProcessID
        more = kernel32.Process32NextW(snapshot, ctypes.byref(entry))
    kernel32.CloseHandle(snapshot)
    return found
