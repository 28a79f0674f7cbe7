"""Reads certificate files: each file once, regular files only, with bounds on size.

The reader remembers in `inputs` every path that it looked at. Whoever finds the bundle later
compares them with the disk to know whether anything has changed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import Dict, List, Optional, Set, Tuple

from .. import parsing
from ..machine import hashing, ownership
from ..machine.files import MARK, Unusable, read_regular
from ..machine.inputs import Input, describe, scan
from ..machine.signals import interruptible
from ..parsing import Known, Parsed

# All files of one source may have so many bytes.
MAX_TOTAL = 256 << 20
# So much of a file is read where only its name says that it holds no certificates.
START = 1 << 16


class OwnBundle(Unusable):
    """The file is a bundle of ours, or a copy of one. It may hold CAs that were removed since."""


class Untrusted(Unusable):
    """Nobody named the file, and somebody else can change what is at its path."""

    def __init__(self, fault: ownership.Fault, path: str) -> None:
        """Say what is wrong with a step on the way to `path`."""
        what = "it" if fault.step == path else path
        super().__init__(errno.EPERM, f"{fault.why}, so {what} is not used: {fault.remedy}")
        self.step, self.why, self.path = fault.step, fault.why, path


class Reader:
    """Reads files for one build, each once.

    A file or folder is read whoever owns it if it is `vouched` for: a person or a variable named
    it. Others, which were only discovered, have to pass the check of ownership.
    """

    def __init__(self) -> None:
        """Start with nothing read."""
        self.inputs: List[Input] = []
        # Who stores the bundle compares what the files hold later, and need not read them again.
        self.digests: hashing.Digests = {}
        self.known = Known()
        # The one file that may be a bundle of ours: plain certifi would trust what it holds.
        self.certifi_file = ""
        # Where a variable has the bundle kept.
        self.bundle_dir = ""
        # Whether nothing is looked for below the user's home, as under python -I.
        self.isolated = False
        self._parsed: Dict[Tuple[int, int, str], Parsed] = {}
        self._data: Dict[str, bytes] = {}
        # Files whose faults have been reported, and whether a person had named them.
        self.told: Set[Tuple[Parsed, bool]] = set()
        self.told_unreadable: Set[Tuple[str, int]] = set()
        self.told_untrusted: Set[str] = set()
        # On Windows what its ROOT store holds, each with why it is no anchor; None: not read yet.
        self.roots: Optional[Dict[bytes, Optional[Tuple[str, str, int]]]] = None
        self.check = ownership.Check()
        self.begin()

    def begin(self) -> None:
        """Count anew how much may be read."""
        self._left = MAX_TOTAL

    def data(self, path: str, *, vouched: bool = False) -> bytes:
        """Return the bytes of a file, and keep them for the parse() that follows."""
        status = self._admitted(path, vouched=vouched)
        if path not in self._data:
            self._data[path] = self._read(path, status)
        return self._data[path]

    def parse(self, path: str, *, vouched: bool = False, proven: bool = False) -> Parsed:
        """Return what the file holds; with `proven` its blocks are not examined.

        It raises OSError; for our own bundle and for anything but a regular file that is Unusable.
        """
        status = self._admitted(path, vouched=vouched)
        key = _key(path, status)
        if key not in self._parsed:
            data = self._data.pop(path, None) or self._read(path, status)
            if data.startswith(MARK) and path != self.certifi_file:
                message = "it is a bundle of ours, which is never read back: name your own CAs"
                raise OwnBundle(0, message)
            self._left -= len(data)
            if self._left < 0:
                before = f"{MAX_TOTAL >> 20} MiB of other files have been read before it"
                raise Unusable(errno.EFBIG, f"{before}: name fewer, or smaller ones")
            self._parsed[key] = parsing.parse(data, self.known, proven=proven)
        return self._parsed[key]

    def has_parsed(self, path: str) -> bool:
        """Whether the same file has been read already, perhaps by another name."""
        return _key(path, interruptible(os.stat, path)) in self._parsed

    def known_block(self, path: str) -> Optional[bytes]:
        """Return what the file holds if that is exactly one block that has been read before.

        A hashed folder has some 145 files that hold such a block each. For any other file the
        answer is None. It is b"" if others may write to the file: nothing is lost then.
        """
        try:
            status = interruptible(os.stat, path)
            block = self.known.blocks.get(self._read(path, status))
        except OSError:
            return None
        if block is not None:
            self.inputs.append(describe(path, status))
            if not self.check.is_discovered_file_safe(path, status):
                return b""
        return block

    def _read(self, path: str, status: os.stat_result) -> bytes:
        data = read_regular(path, status)
        self.digests[describe(path, status)[1]] = hashing.sha256(data)
        return data

    def parse_start(self, path: str) -> Parsed:
        """Return what the first START bytes of a file hold, whatever its name; nothing on error."""
        data = b""
        with suppress(OSError, ValueError):
            data = read_regular(path, self.stat(path), most=START)
        return parsing.parse(data)

    def stat(self, path: str) -> os.stat_result:
        """Return os.stat() of `path`, and remember the path in `inputs`."""
        try:
            status = interruptible(os.stat, path)
        except (OSError, ValueError):
            # ValueError: there is a NUL in the path.
            self.inputs.append((path, ()))
            raise
        self.inputs.append(describe(path, status))
        return status

    def entries(self, folder: str, *, vouched: bool = False) -> List[os.DirEntry[str]]:
        """Return what is in a folder, sorted by name; raises OSError."""
        self._admitted(folder, vouched=vouched)
        return interruptible(scan, folder)

    def _admitted(self, path: str, *, vouched: bool) -> os.stat_result:
        """Return os.stat() of what is vouched for or owned as it must be; raises OSError."""
        status = self.stat(path)
        # Anything else is not opened at all, whoever owns it.
        is_opened = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
        fault = self.fault(path) if is_opened and not vouched else None
        if fault is not None:
            raise Untrusted(fault, path)
        return status

    def fault(self, path: str) -> Optional[ownership.Fault]:
        """Return how somebody else can change what was discovered at `path`, or None."""
        return interruptible(self.check.discovered_fault, path)


def _key(path: str, status: os.stat_result) -> Tuple[int, int, str]:
    """Return the identity of a file; some file systems give it no number."""
    return status.st_dev, status.st_ino, "" if status.st_ino else path
