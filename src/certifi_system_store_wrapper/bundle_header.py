"""What a persistent bundle begins with: its length and checksums, and what it was made from.

One line of fields (``name=value``), and one of the paths that were looked at, separated by tabs.
"""

from __future__ import annotations

from codecs import unicode_escape_decode, unicode_escape_encode
from hashlib import sha256
from typing import Iterable, Optional, Tuple, Union

from .reader import MARK
from .record import Record

_LOOK = b"# looked at: "


class Header(Record):
    """What the first lines of a persistent bundle say."""

    length: int
    sha256: str
    appended: str  # SHA-256 of what stood behind the body when we wrote it
    fingerprint: str
    paths: Tuple[str, ...]
    size: int  # of the header itself


def render(body: bytes, appended: bytes, fingerprint: str, paths: Iterable[str]) -> bytes:
    """Return the header of a bundle; `parse` reads it."""
    sums = f"sha256={sha256_of(body)} appended={sha256_of(appended)}"
    first = f"length={len(body)} {sums} inputs={fingerprint}".encode("ascii")
    look = b"\t".join([_escaped(path) for path in paths])
    return b"%bpersistent bundle %b\n%b%b\n" % (MARK, first, _LOOK, look)


def parse(data: bytes) -> Optional[Header]:
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
    return unicode_escape_encode(path)[0]  # also of tab and newline


def _unescaped(items: bytes) -> Tuple[str, ...]:
    each = items.decode("ascii").split("\t")
    return tuple([unicode_escape_decode(i)[0] if "\\" in i else i for i in each])


def sha256_of(data: Union[bytes, memoryview]) -> str:
    """Return the SHA-256 in hexadecimal digits."""
    return sha256(data).hexdigest()
