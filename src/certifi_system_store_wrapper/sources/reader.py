"""Reads certificate files: each file once, regular files only, with bounds on size.

The reader remembers in `inputs` every path that it looked at. A persistent bundle compares them
with the disk to know whether anything has changed: first what stat() says of them, then, where
only that differs, what they hold.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from operator import attrgetter
from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple

from .. import parsing
from ..machine import ownership
from ..machine.signals import interruptible
from ..parsing import Known, Parsed

# One file may have so many bytes (some 15,000 certificates), and all files together.
MAX_BYTES = 32 << 20
MAX_TOTAL = 256 << 20
# Each read asks for at least so many bytes.
_CHUNK = 1 << 16
# So much of a file is read where only its name says that it holds no certificates.
START = 1 << 16
# A bundle of ours begins with this.
MARK = b"# certifi-system-store-wrapper "
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    # No system has all of them.
    _FLAGS |= getattr(os, _name, 0)

# A path and its state: whether it is a folder, device, inode, size, and the times of the last
# change of its content and of its status, in nanoseconds. () is the state of what is absent.
Input = Tuple[str, Tuple[int, ...]]
# So many links are followed. The kernel follows no more either.
_LINKS = 40


class Unusable(OSError):
    """The file is there, but not one that can be read as certificates."""


class OwnBundle(Unusable):
    """The file is a bundle of ours, or a copy of one. It may hold CAs that were removed since."""


class Untrusted(Unusable):
    """Nobody named the file, and somebody else can change what is at its path."""

    def __init__(self, fault: ownership.Fault, path: str) -> None:
        """Say what is wrong with a step on the way to `path`."""
        what = "it" if fault.step == path else path
        super().__init__(errno.EPERM, f"{fault.why}, so {what} is not used: {fault.remedy}")
        self.step, self.path = fault.step, path


class Reader:
    """Reads files for one build, each once.

    A file or folder is read whoever owns it if it is `vouched` for: a person or a variable named
    it. Others, which were only discovered, have to pass the check of ownership.
    """

    def __init__(self) -> None:
        """Start with nothing read."""
        self.inputs: List[Input] = []
        self.known = Known()
        # The one file that may be a bundle of ours: the cacert.pem of a frozen program.
        self.baked = ""
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
        self._left = MAX_TOTAL
        self.check = ownership.Check()

    def data(self, path: str, *, vouched: bool = False) -> bytes:
        """Return the bytes of a file, and keep them for the parse() that follows."""
        status = self._admitted(path, vouched=vouched)
        if path not in self._data:
            self._data[path] = read_regular(path, status)
        return self._data[path]

    def parse(self, path: str, *, vouched: bool = False, proven: bool = False) -> Parsed:
        """Return what the file holds; with `proven` its blocks are not examined.

        It raises OSError; for our own bundle and for anything but a regular file that is Unusable.
        """
        status = self._admitted(path, vouched=vouched)
        key = _key(path, status)
        if key not in self._parsed:
            data = self._data.pop(path, None) or read_regular(path, status)
            if data.startswith(MARK) and path != self.baked:
                message = "it is a bundle of ours, which is never read back: name your own CAs"
                raise OwnBundle(0, message)
            self._left -= len(data)
            if self._left < 0:
                raise Unusable(errno.EFBIG, f"{MAX_TOTAL >> 20} MiB have been read before it")
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
            block = self.known.blocks.get(read_regular(path, status))
        except OSError:
            return None
        if block is not None:
            self.inputs.append(describe(path, status))
            if not self.check.is_discovered_file_safe(path, status):
                return b""
        return block

    def seems_certificate(self, path: str) -> bool:
        """Whether the first START bytes of a file, whatever its name, hold a certificate."""
        try:
            data = read_regular(path, self.stat(path), most=START)
        except (OSError, ValueError):
            return False
        return bool(parsing.parse(data).certificates)

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
        return interruptible(_scan, folder)

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


def _scan(folder: str) -> List[os.DirEntry[str]]:
    with interruptible(os.scandir, folder) as entries:
        return sorted(entries, key=attrgetter("name"))


def is_ours(path: str) -> bool:
    """Whether the path names a bundle of ours; a FIFO is not opened."""
    try:
        if not stat.S_ISREG(interruptible(os.stat, path).st_mode):
            return False
        with open(path, "rb", buffering=0) as file:
            return file.read(len(MARK)) == MARK
    except (OSError, ValueError):
        return False


def read_regular(path: str, status: os.stat_result, *, most: int = 0) -> bytes:
    """Return the bytes of a regular file of at most MAX_BYTES; raises OSError.

    With `most` return only so many from its start.
    Anything else is not opened: open() of a FIFO would block, or take data that another program
    waits for.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Unusable(errno.EINVAL, f"it is {kind}; name a file that holds certificates")
    descriptor = os.open(path, _FLAGS)
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise Unusable(errno.EINVAL, "it is not a regular file")
        if most:
            return interruptible(os.read, descriptor, most)
        return _read_all(descriptor, now.st_size)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    """Return what is in the file. It may have grown since `size` was asked for."""
    chunks: List[bytes] = []
    total = 0
    while total <= MAX_BYTES >= size:
        wanted = max(size, _CHUNK) + 1
        chunk = interruptible(os.read, descriptor, wanted)
        chunks.append(chunk)
        total += len(chunk)
        if not chunk and total < size:
            raise OSError(errno.EIO, "it became shorter while it was read")
        # A network file system may give less than was asked for, and go on.
        if not chunk or (len(chunk) < wanted and total >= size > 0):
            return b"".join(chunks)
    raise Unusable(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")


def describe(path: str, status: os.stat_result) -> Input:
    """Return the state of a path that is there."""
    is_folder = stat.S_ISDIR(status.st_mode)
    size, changed, touched = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return path, (is_folder, status.st_dev, status.st_ino, size, changed, touched)


def look(paths: Iterable[str]) -> List[Input]:
    """Return the state of the paths now."""
    reader = Reader()
    for path in paths:
        with suppress(OSError, ValueError):
            reader.stat(path)
    return reader.inputs


def contents(inputs: Iterable[Input]) -> Iterator[Tuple[str, bytes]]:
    """Yield each path and what it holds; raises OSError where one cannot be read.

    It is the same for a copy: after `cp -p`, `touch`, and in the layer of an image.
    """
    for path, state in inputs:
        if state and state[0]:
            yield path, repr(_names(path)).encode("utf-8", "surrogatepass")
        else:
            yield path, read_regular(path, interruptible(os.stat, path)) if state else b""


def _names(folder: str) -> List[Tuple[str, str]]:
    """Return the names in a folder, and where those lead that are links.

    The interpreter writes its cache when it likes, and no certificate is looked for there.
    """
    entries = [each for each in interruptible(_scan, folder) if each.name != "__pycache__"]
    return [(each.name, os.readlink(each.path) if each.is_symlink() else "") for each in entries]


def condensed(inputs: Iterable[Input]) -> List[Input]:
    """Return fewer inputs, sorted, of which one changes whenever one of the given does.

    Looking at all of them again would take much longer. A link in a folder among the inputs changes
    together with that folder, so its target is enough. Where a folder does not exist, the topmost
    missing folder stands for everything below it.
    """
    given = set(inputs)
    folders = {path for path, state in given if state and state[0]}
    return sorted({(_target(path, folders) if s else _absent(path), s) for path, s in given})


def _target(path: str, folders: Set[str]) -> str:
    """Follow the links that lie in one of the folders."""
    for _ in range(_LINKS):
        folder = os.path.dirname(path)
        try:
            target = os.readlink(path) if folder in folders else ""
        except OSError:
            # It is no link.
            break
        if not target:
            break
        path = os.path.join(folder, target)
    return path


def _absent(path: str) -> str:
    """Return the topmost folder above the path that does not exist, else the path."""
    above = os.path.dirname(path)
    while len(above) < len(path) and not os.path.exists(above):
        path, above = above, os.path.dirname(above)
    return path
