"""The file format of a bundle that later processes use: its header, and when it is believed.

The header has four lines: fields (``name=value``), the settings that the bundle was made with, the
paths that were looked at, and what they held, in short; the last three are lists separated by tabs.
Then comes the body. What stands behind the body was appended by a person.

The fields hold length and SHA-256 of the body, SHA-256 of what we ourselves put behind it, and two
hashes of the inputs: one of what stat() says of them, one of what they hold. A bundle is up to
date while one of the two is what it was: a copy of a tree has other inodes and times, but the same
content.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from codecs import unicode_escape_decode, unicode_escape_encode
from contextlib import suppress
from hashlib import sha256
from typing import Iterable, List, Sequence, Tuple

from .. import __version__, parsing, sources
from ..bundle import Bundle
from ..machine import ownership
from ..machine.environment import environ
from ..record import Record
from ..settings import WARNING, Settings
from ..sources import system
from ..sources.reader import MARK, Input, condensed, contents, is_ours, look
from .hold import identity, status_of

_FORMAT, _LINES = "2", 4
# The first format does not say how many lines its header has.
_OLD_LINES = "2"
_SETTINGS, _LOOK, _HELD = b"# made with: ", b"# looked at: ", b"# they held: "
# What the parts of a Salt are.
_SALT = (
    "the version of this package",
    "Python's version",
    "certifi's file",
    "the drop folders",
    "PREFIX",
)
# Fields of Settings that decide nothing of what is in a bundle.
_INDIFFERENT = (
    *("log_level", "log_file", "log_file_level", "disable", "bundle_dir"),
    *("handle_sigterm", "ssl_defaults", "problems"),
)
# Variables of others that name certificates.
_NAMING = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE")
# Variables that say where this user's folders are.
_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA")
_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
# Nanoseconds after which a change would show in the times of a file.
_SETTLED = 2 * 10**9

# So many digits tell one state of a file from another, for people.
_SHORT, _NO = 12, "not set"

Asked = Tuple[str, ...]
Salt = Tuple[object, ...]


def asked_for(settings: Settings) -> Asked:
    """Return what a person or the environment sets, as far as it decides what is in a bundle."""
    default = Settings()._asdict()
    chosen = [(name, value) for name, value in settings._asdict().items() if value != default[name]]
    ours = [f"{name}={value!r}" for name, value in chosen if name not in _INDIFFERENT]
    naming = [f"{name}={_absolute(value)}" for name, value in _set(_NAMING) if not is_ours(value)]
    homes = [f"{name}={value}" for name, value in _set(_HOMES)]
    return (f"prefix={sys.prefix}", *ours, *naming, *homes)


def without_homes(asked: Asked) -> Asked:
    """Return what was asked for, wherever this user's folders are."""
    return tuple([each for each in asked if each.split("=", 1)[0] not in _HOMES])


def key(asked: Asked) -> str:
    """Return the name of the folder for the bundle that is asked for, on this machine."""
    return _hash(asked, _machine())[:16]


def salt(settings: Settings, certifi_file: str) -> Salt:
    """Return what else decides what is in a bundle, beside the files that are looked at.

    It is no part of the key: an upgrade must not change the path that other tools know.
    """
    termux = environ().get("PREFIX")
    return __version__, sys.version, certifi_file, sources.drop_folders(settings), termux


class NotOurs(OSError):
    """Somebody put another file where a bundle lies."""

    remedy = "`certifi-system-store-wrapper add` what it holds, and remove it"


class Stored(Record):
    """What a path holds. Without a header that fits the body, most of it is not known."""

    data: bytes = b""
    signature: Tuple[int, ...] = ()
    asked: Asked = ()
    # What stands behind the header: the body, and what a person appended.
    rest: bytes = b""
    appended: bytes = b""
    # Whether nothing has been appended since we wrote it.
    is_settled: bool = False
    identities: str = ""
    contents: str = ""
    paths: Tuple[str, ...] = ()
    # In short, what each of them held, and each part of the salt; older bundles do not say it.
    held: Tuple[str, ...] = ()

    def is_anothers(self, asked: Asked) -> bool:
        """Whether it was made with other settings; the first format does not say with which."""
        return bool(self.asked) and self.asked != asked

    def is_being_changed(self, now: int) -> bool:
        """Whether somebody may be in the middle of appending to it."""
        if not self.rest or self.is_settled:
            return False
        # The absolute difference, because a clock may have gone back.
        return abs(self.signature[-1] - now) < _SETTLED

    def differences(self, asked: Asked, salt: Salt) -> List[str]:
        """Say in what this process differs from the one that made it, as far as it is known."""
        if self.is_anothers(asked):
            was, now = (dict([e.split("=", 1) for e in which]) for which in (self.asked, asked))
            names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
            return [f"{_named(n)} is {now.get(n, _NO)}, and was {was.get(n, _NO)}" for n in names]
        now_held = _held(salt, look(self.paths))
        pairs = zip((*self.paths, *_SALT), self.held, now_held)
        return [f"{what} has changed" for what, before, after in pairs if before != after]

    def header_now(self, salt: Salt, now: int) -> bytes:
        """Return the header that it should have; b"" where it has to be built again."""
        if not self.is_settled or not self.identities:
            return b""
        header, seen = self.data[: len(self.data) - len(self.rest)], look(self.paths)
        identities = _identities(salt, seen)
        if identities == self.identities:
            return header
        if _contents(salt, seen) != self.contents:
            return b""
        if _would_show_a_change(seen, now) and look(self.paths) == seen:
            header = header.replace(self.identities.encode(), identities.encode(), 1)
        return header


def read(path: str) -> Stored:
    """Return what stands at `path`; raises OSError where we must not replace it."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return Stored()
    not_ours = NotOurs(errno.EEXIST, "it is not a bundle of ours, and is left alone", path)
    if not stat.S_ISREG(status.st_mode):
        raise not_ours
    if not ownership.is_safe(status, path):
        raise PermissionError(errno.EPERM, "others made it or may write to it", path)
    with open(path, "rb") as file:
        signature = _signature(os.fstat(file.fileno()))
        data = file.read()
    if data and not data.startswith(MARK):
        raise not_ours
    known = Stored(data, signature)
    # Where somebody changed more than what stands behind the body, the header is not believed.
    with suppress(LookupError, ValueError):
        words = data.split(b"\n", 1)[0].decode("ascii").split()
        fields = dict(word.split("=", 1) for word in words if "=" in word)
        *header, rest = data.split(b"\n", int(fields.get("lines", _OLD_LINES)))
        is_new, length = fields.get("format") == _FORMAT, int(fields["length"])
        if is_new:
            known = known._replace(asked=_listed(header[1], _SETTINGS))
        if _sha256(rest[:length]) == fields["sha256"]:
            tail = rest[length:]
            is_settled = _sha256(tail) == fields["appended"]
            known = known._replace(rest=rest, appended=tail, is_settled=is_settled)
        if is_new:
            known = known._replace(
                identities=fields["identities"],
                contents=fields["contents"],
                paths=_listed(header[2], _LOOK),
                held=_listed(header[3], _HELD) if len(header) > 3 else (),
            )
    return known


def render(
    built: Bundle, stored: Stored, started: int, asked: Asked, salt: Salt
) -> Tuple[bytes, bytes]:
    """Return the header; and the body, with what was appended to `stored` behind it."""
    blocks = [anchor.block for anchor in built.anchors]
    kept = {found.block for found in parsing.parse(stored.appended).certificates}
    body = b"".join([block for block in blocks if block not in kept])
    tail = b"".join([block for block in blocks if block in kept])
    # Where a variable names a bundle of ours, that counts as if it were not set.
    unset = [value for _, value in _set(_NAMING) if is_ours(value)]
    looked_at = condensed([each for each in built.inputs if each[0] not in unset])
    paths, identities, held = [path for path, _ in looked_at], "", ""
    # The next process is to be told of a warning, too: it must build the bundle again.
    is_certain = system.IS_FILES and all(problem.level < WARNING for problem in built.problems)
    if is_certain and _would_show_a_change(looked_at, started):
        # What the inputs held is read only now: they must not have changed meanwhile.
        held = _contents(salt, looked_at)
        if held and look(paths) == looked_at:
            identities = _identities(salt, looked_at)
    fields = f"length={len(body)} sha256={_sha256(body)} appended={_sha256(tail)}"
    fields += f" identities={identities} contents={held}"
    first = f"persistent bundle format={_FORMAT} lines={_LINES} {fields}".encode("ascii")
    settings, looked = _SETTINGS + _escaped(asked), _LOOK + _escaped(paths)
    in_short = _HELD + _escaped(_held(salt, looked_at))
    return b"%b%b\n%b\n%b\n%b\n" % (MARK, first, settings, looked, in_short), body + tail


def without(stored: Stored, blocks: Sequence[bytes]) -> Tuple[bytes, bytes]:
    """Return header and body without these certificates, and what a person appended as it was.

    The header has no hash of inputs: the next process with these settings builds the bundle anew.
    """
    length = len(stored.rest) - len(stored.appended)
    body = stored.rest[:length]
    for block in blocks:
        body = body.replace(block, b"")
    first, *more = stored.data[: len(stored.data) - len(stored.rest)].split(b"\n")
    new = {"length": len(body), "sha256": _sha256(body), "identities": "", "contents": ""}
    words = first.decode("ascii").split(" ")
    named = [(word, word.partition("=")[0]) for word in words]
    fields = [f"{name}={new[name]}" if name in new else word for word, name in named]
    return b"\n".join([" ".join(fields).encode("ascii"), *more]), body + stored.appended


def signature_of(path: str) -> Tuple[int, ...]:
    """Return what changes with the file, its time in nanoseconds last; () where it is not there."""
    status = status_of(path)
    return () if status is None else _signature(status)


def _signature(status: os.stat_result) -> Tuple[int, ...]:
    return (*identity(status), status.st_size, status.st_mtime_ns)


def _set(names: Iterable[str]) -> Sequence[Tuple[str, str]]:
    """Return the variables among these that are set, with their values."""
    return [(name, environ()[name]) for name in names if name in environ()]


def _named(name: str) -> str:
    """Return the variable of a field of Settings; all else has the name that people know."""
    return f"PYTHON_CERTIFI_{name.upper()}" if name in Settings._fields else name


def _absolute(paths: str) -> str:
    """Return a path, or a list of paths, from the working directory."""
    try:
        return os.pathsep.join([each and os.path.abspath(each) for each in paths.split(os.pathsep)])
    # The working directory is gone.
    except OSError:
        return paths


def _machine() -> str:
    """Return what tells this machine from others that may have the same home folder.

    macOS and Windows change the name with the network, and seldom share a home.
    """
    if sys.platform in ("win32", "darwin"):
        return ""
    for path in _MACHINE_IDS:
        with suppress(OSError), open(path, "rb") as file:
            found = file.read(64).strip()
            if found:
                return found.hex()
    return os.uname().nodename


def _identities(salt: Salt, seen: Sequence[Input]) -> str:
    """Return a hash of which files the inputs are, and where their folders really lie.

    Some file systems give no file a number: there the path itself may lead elsewhere.
    """
    places = {os.path.dirname(path) if state[2] else path for path, state in seen if state}
    return _hash(salt, seen, [(place, os.path.realpath(place)) for place in sorted(places)])


def _contents(salt: Salt, seen: Sequence[Input]) -> str:
    """Return a hash of what the inputs hold, "" where one of them cannot be read."""
    try:
        return _hash(salt, [(path, _sha256(held)) for path, held in contents(seen)])
    except OSError:
        return ""


def _held(salt: Salt, seen: Sequence[Input]) -> Sequence[str]:
    """Return in short what each input holds, and each part of the salt."""
    whole = (*[_contents((), [each]) for each in seen], *map(_hash, salt))
    return [each[:_SHORT] for each in whole]


def _would_show_a_change(seen: Sequence[Input], now: int) -> bool:
    """Whether each was seen in one state, and was changed last so long ago that it is certain."""
    are_old = all(max(state[-2:]) <= now - _SETTLED for _, state in seen if state)
    return are_old and len({path for path, _ in seen}) == len(seen)


def _escaped(texts: Iterable[str]) -> bytes:
    return b"\t".join([unicode_escape_encode(each)[0] for each in texts])


def _listed(line: bytes, begins: bytes) -> Tuple[str, ...]:
    return tuple([unicode_escape_decode(each)[0] for each in line[len(begins) :].split(b"\t")])


def _hash(*things: object) -> str:
    return _sha256(repr(things).encode("utf-8", "surrogatepass"))


def _sha256(data: bytes) -> str:
    return sha256(data).hexdigest()
