"""The file format of a bundle that later processes use: how it is written, and why it is not used.

See `header` for the format.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

from .. import parsing
from ..bundle import Bundle
from ..machine.files import MARK, SETTINGS, listed
from ..machine.hashing import held_by, sha256
from ..machine.inputs import condensed, look
from ..reporting.findings import sentences
from ..settings import INFO, WARNING, Settings
from .header import (
    FORMAT,
    HELD,
    LINES,
    LOOK,
    TOLD,
    Asked,
    Request,
    Salt,
    Stored,
    contents_of,
    crc,
    identities_of,
    line,
    machine_hash,
    named,
    would_show_a_change,
)

# What the parts of a Salt are.
_SALT = (
    "the version of this package",
    "Python's version",
    "certifi's file",
    "the drop folders",
    "PREFIX",
    "the stores of Windows",
)
# So many digits tell one state of a file from another, for people.
_SHORT, _NO = 12, "not set"


def render(built: Bundle, stored: Stored, request: Request) -> Tuple[bytes, bytes]:
    """Return the header; and the body, with what was appended to `stored` behind it."""
    asked, salt, started, shows_changes, more = request
    blocks = [anchor.block for anchor in built.anchors]
    kept = {found.block for found in parsing.parse(stored.appended).certificates}
    body = b"".join([block for block in blocks if block not in kept])
    tail = b"".join([block for block in blocks if block in kept])
    # Where a variable names a bundle of ours, and named nothing before, it is not asked for.
    names = {each.partition("=")[0] for each in asked}
    unset = [path for name, path in named() if name not in names]
    inputs = sorted({*condensed([each for each in built.inputs if each[0] not in unset]), *more})
    paths, identities, contents = [path for path, _ in inputs], "", ""
    held = held_by(inputs, dict(built.digests))
    # The next process is to be told of a warning, too: it must build the bundle again.
    is_certain = shows_changes and all(problem.level < WARNING for problem in built.problems)
    if is_certain and would_show_a_change(inputs, started):
        contents = contents_of(salt, inputs, held)
        if contents and look(paths) == inputs:
            identities = identities_of(salt, inputs)
    told = _told(built) if identities else ()
    fields = f"length={len(body)} crc32={crc(body)} appended={crc(tail)}"
    fields += f" identities={identities} contents={contents} machine={machine_hash()}"
    first = f"persistent bundle format={FORMAT} lines={LINES} {fields}".encode("ascii")
    lists = (line(SETTINGS, asked), line(LOOK, paths), line(HELD, _short(salt, held)))
    return b"\n".join([MARK + first, *lists, line(TOLD, told), b""]), body + tail


def _told(built: Bundle) -> List[str]:
    """Return what people were told who listen to more than warnings."""
    told = sentences(built.problems, built.excluded)
    return [f"{level} {sentence}" for level, sentence in told if level >= INFO]


def without(stored: Stored, blocks: Sequence[bytes]) -> Tuple[bytes, bytes]:
    """Return header and body without these certificates, and what a person appended as it was.

    The header has no hash of inputs: the next process with these settings builds the bundle anew.
    """
    length = len(stored.rest) - len(stored.appended)
    body = stored.rest[:length]
    for block in blocks:
        body = body.replace(block, b"")
    first, *more = stored.data[: len(stored.data) - len(stored.rest)].split(b"\n")
    new = {"length": len(body), "crc32": crc(body), "identities": "", "contents": ""}
    words = first.decode("ascii").split(" ")
    named = [(word, word.partition("=")[0]) for word in words]
    fields = [f"{name}={new[name]}" if name in new else word for word, name in named]
    return b"\n".join([" ".join(fields).encode("ascii"), *more]), body + stored.appended


def differences(stored: Stored, asked: Asked, salt: Salt) -> List[str]:
    """Say in what this process differs from the one that made it, as far as it is known."""
    if stored.is_anothers(asked):
        was, now = (dict([e.split("=", 1) for e in which]) for which in (stored.asked, asked))
        names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
        return [f"{_named(n)} is {now.get(n, _NO)}, and was {was.get(n, _NO)}" for n in names]
    now_held = _short(salt, held_by(look(stored.paths), {}))
    pairs = zip((*stored.paths, *_SALT), listed(stored.held, HELD), now_held)
    return [f"{what} has changed" for what, before, after in pairs if before != after]


def _short(salt: Salt, held: Sequence[str]) -> Sequence[str]:
    """Return in short what each input holds, and each part of the salt."""
    parts = [sha256(repr((part,))) for part in salt]
    return [each[:_SHORT] for each in (*held, *parts)]


def _named(name: str) -> str:
    """Return the variable of a field of Settings; all else has the name that people know."""
    return f"PYTHON_CERTIFI_{name.upper()}" if name in Settings._fields else name
