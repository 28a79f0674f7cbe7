"""What is stored at the path of a persistent bundle, and whether it may stay.

It begins with one line of fields (``name=value``: its length, checksums, and a fingerprint of what
it was made from), and one of the paths that were looked at, separated by tabs.
"""

from __future__ import annotations

import os
import stat
from codecs import unicode_escape_decode, unicode_escape_encode
from hashlib import sha256
from typing import Iterable, List, Optional, Tuple, Union

from ..machine import ownership
from ..record import Record
from ..sources.reader import MARK, Input, look
from . import hold

_LOOK = b"# looked at: "
# Seconds after which a change would show in a modification time.
SETTLED = 2


class Header(Record):
    """What the first lines of a persistent bundle say."""

    length: int
    sha256: str
    # SHA-256 of what stood behind the body when we wrote it.
    appended: str
    fingerprint: str
    paths: Tuple[str, ...]
    # Of the header itself.
    size: int


def render_header(body: bytes, appended: bytes, fingerprint: str, paths: Iterable[str]) -> bytes:
    """Return the header of a bundle; `read_stored` reads it."""
    sums = f"sha256={sha256_of(body)} appended={sha256_of(appended)}"
    first = f"length={len(body)} {sums} inputs={fingerprint}".encode("ascii")
    look = b"\t".join([_escaped(path) for path in paths])
    return b"%bpersistent bundle %b\n%b%b\n" % (MARK, first, _LOOK, look)


def _parse_header(data: bytes) -> Optional[Header]:
    """Return the header of a bundle that is whole, None for anything else."""
    first, second = data.find(b"\n") + 1, data.find(b"\n", data.find(b"\n") + 1) + 1
    if not data.startswith(MARK + b"persistent") or not data.startswith(_LOOK, first):
        return None
    try:
        words = data[:first].decode("ascii").split()
        fields = dict(word.split("=", 1) for word in words if "=" in word)
        paths = _unescaped(data[first + len(_LOOK) : second - 1])
        length, fingerprint = int(fields["length"]), fields["inputs"]
        header = Header(length, fields["sha256"], fields["appended"], fingerprint, paths, second)
    except (KeyError, ValueError):
        return None
    body = memoryview(data)[second : second + length]
    return header if len(body) == length and sha256_of(body) == header.sha256 else None


def _escaped(path: str) -> bytes:
    """Return a path in ASCII, without tab and newline."""
    return unicode_escape_encode(path)[0]


def _unescaped(items: bytes) -> Tuple[str, ...]:
    each = items.decode("ascii").split("\t")
    return tuple([unicode_escape_decode(i)[0] if "\\" in i else i for i in each])


def sha256_of(data: Union[bytes, memoryview]) -> str:
    """Return the SHA-256 in hexadecimal digits."""
    return sha256(data).hexdigest()


class Stored(Record):
    """What a path holds: all of it, and its header if it is whole."""

    data: bytes
    signature: Tuple[int, ...]
    header: Optional[Header]

    @property
    def appended(self) -> bytes:
        """What a person appended, now or before the last rewrite."""
        return self.data[self.header.size + self.header.length :] if self.header else b""

    def is_settled(self) -> bool:
        """Whether it is whole, and nothing has been appended since it was written."""
        return self.header is not None and sha256_of(self.appended) == self.header.appended

    def is_current(self, salt: bytes) -> bool:
        """Whether building it again would give the same."""
        if self.header is None or not self.is_settled():
            return False
        return fingerprint_of(look(self.header.paths), salt) == self.header.fingerprint

    def is_being_changed(self, now: int) -> bool:
        """Whether somebody may be in the middle of appending to it."""
        if self.header is None or self.is_settled():
            return False
        # Clocks may have gone back.
        return abs(self.signature[-1] - now * 10**9) < SETTLED * 10**9

    def holds(self, rest: bytes) -> bool:
        """Whether it is that, but for its header."""
        return self.header is not None and self.data[self.header.size :] == rest


def read_stored(path: str) -> Stored:
    """Return what stands at `path`; raises OSError where that is not for us to replace."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return Stored(b"", (), None)
    if not stat.S_ISREG(status.st_mode) or not ownership.is_safe(status, path):
        raise PermissionError(1, "others made it or may write to it", path)
    with open(path, "rb") as file:
        signature = _signature(os.fstat(file.fileno()))
        data = file.read()
    if data and not data.startswith(MARK):
        raise FileExistsError(17, "it is not a bundle of ours, and is left alone", path)
    return Stored(data, signature, _parse_header(data))


def fingerprint_of(looked_at: List[Input], salt: bytes) -> str:
    """Return what a bundle was made from in one hash; `salt` is what no path tells."""
    return sha256_of(salt + repr(looked_at).encode("utf-8", "surrogatepass"))


def signature_of(path: str) -> Tuple[int, ...]:
    """Return what changes with the file, its time in nanoseconds last; () where it is not there."""
    try:
        return _signature(hold.real_stat(path))
    except OSError:
        return ()


def _signature(status: os.stat_result) -> Tuple[int, ...]:
    return (*hold.identity(status), status.st_size, status.st_mtime_ns)
