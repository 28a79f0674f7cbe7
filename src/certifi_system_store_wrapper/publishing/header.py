"""The file format of a bundle that later processes use: how it is read, and when it is believed.

The header has five lines. The first has fields (``name=value``); the others are lists, separated
by tabs: the settings that the bundle was made with, the paths that were looked at, what they held,
in short, and what people were told. Then comes the body. What stands behind the body was appended
by a person.

The fields hold length and CRC-32 of the body, CRC-32 of what we ourselves put behind it, and two
hashes of the inputs: one of what stat() says of them, one of what they hold. A bundle is up to
date while one of the two is what it was: a copy of a tree has other inodes and times, but the same
content. CRC-32 shows a torn file; whether other people can change it, its owner and mode say.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from codecs import unicode_escape_encode
from contextlib import suppress
from importlib.util import source_hash
from typing import Any, Dict, Iterable, List, Sequence, Tuple, Union

from .. import __version__
from ..loading import load
from ..machine import drop_folders, is_where_made, ownership
from ..machine.environment import NAMING, environ
from ..machine.files import MARK, SETTINGS, from_here, is_ours, listed, named_by, read_open
from ..machine.inputs import Input, guards, has_number, look
from ..record import Record
from ..settings import Settings
from .hold import identity, status_of

try:
    from zlib import crc32
except ImportError:
    # Python may be built without it.
    from binascii import crc32

FORMAT = "3"
# How each line of the header begins, after the first and SETTINGS.
LOOK, HELD, TOLD = b"# looked at: ", b"# they held: ", b"# told: "
LINES = 5
# The first format does not say how many lines its header has.
_OLD_LINES = "2"
# Fields of Settings that decide nothing of what is in a bundle.
_INDIFFERENT = (
    *("log_level", "log_file", "log_file_level", "disable", "bundle_dir"),
    *("handle_sigterm", "ssl_defaults", "store", "problems"),
)
# Variables that say where this user's folders are.
_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "APPDATA")
_MACHINE_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
# Nanoseconds after which a change would show in the times of a file.
_SETTLED = 2 * 10**9

Asked = Tuple[str, ...]
Salt = Tuple[object, ...]


def asked_for(settings: Settings) -> Asked:
    """Return what a person or the environment sets, as far as it decides what is in a bundle."""
    default = Settings()._asdict()
    chosen = [(name, value) for name, value in settings._asdict().items() if value != default[name]]
    ours = [f"{name}={value!r}" for name, value in chosen if name not in _INDIFFERENT]
    others = [
        f"{name}={_absolute(name, path)}"
        for name, path in named()
        # A copy of a bundle of ours is something else: nobody else reads it, and that is told.
        if not (is_ours(path) and is_where_made(path, settings.bundle_dir))
    ]
    homes = [f"{name}={environ()[name]}" for name in _HOMES if name in environ()]
    return (f"prefix={sys.prefix}", *ours, *others, *homes)


def without_homes(asked: Asked) -> Asked:
    """Return what was asked for, wherever this user's folders are."""
    return tuple([each for each in asked if each.split("=", 1)[0] not in _HOMES])


def key(asked: Asked) -> str:
    """Return the name of the folder for the bundle that is asked for, on this machine."""
    return sha256(repr((asked, machine())))[:16]


def salt(settings: Settings, certifi_file: str) -> Salt:
    """Return what else decides what is in a bundle, beside the files that are looked at.

    It is no part of the key: an upgrade must not change the path that other tools know.
    """
    termux = environ().get("PREFIX")
    folders = drop_folders(isolated=settings.isolated)
    # No file shows a change of these.
    stores = load("machine.windows_stores").state() if sys.platform == "win32" else None
    return __version__, sys.version, certifi_file, folders, termux, stores


class Request(Record):
    """For what a bundle is made, and when that began, in nanoseconds."""

    asked: Asked
    salt: Salt
    started: int
    # Whether every change of the system's store shows in an input.
    shows_changes: bool
    # What is looked at beside the inputs of the bundle.
    more: Tuple[Input, ...] = ()


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
    # "" where what stat() said of the inputs proves nothing.
    identities: str = ""
    contents: str = ""
    paths: Tuple[str, ...] = ()
    # A hash of the id of the machine that made it, "" where it has none.
    machine: str = ""
    # The line that says what each of them held, and each part of the salt.
    held: bytes = b""
    # What people were told: a level, a blank and a sentence each.
    told: Tuple[str, ...] = ()

    def is_anothers(self, asked: Asked) -> bool:
        """Whether it was made with other settings; the first format does not say with which."""
        return bool(self.asked) and self.asked != asked

    def is_another_machines(self) -> bool:
        """Whether another machine has made or used it since this one did."""
        return "" != self.machine != machine_hash() != ""

    def is_being_changed(self, now: int) -> bool:
        """Whether somebody may be in the middle of appending to it."""
        if not self.rest or self.is_settled:
            return False
        # The absolute difference, because a clock may have gone back.
        return abs(self.signature[-1] - now) < _SETTLED

    def header_now(self, salt: Salt, now: int) -> bytes:
        """Return the header that it should have; b"" where it has to be built again."""
        if not self.is_settled or not self.identities:
            return b""
        header, inputs = self.data[: len(self.data) - len(self.rest)], look(self.paths)
        identities = identities_of(salt, inputs)
        if identities != self.identities:
            if contents_of(salt, inputs, held_by(inputs)) != self.contents:
                return b""
            if would_show_a_change(inputs, now) and look(self.paths) == inputs:
                header = header.replace(self.identities.encode(), identities.encode(), 1)
        # An image brought it, or another machine trusts the same: from now on it is this one's.
        was, here = (f" machine={each}".encode() for each in (self.machine, machine_hash()))
        return header.replace(was, here, 1)


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
        status = os.fstat(file.fileno())
        data = read_open(file.fileno(), status.st_size)
    # A crash may leave a file with nothing but NULs.
    if data.strip(b"\0") and not data.startswith(MARK):
        raise not_ours
    return parsed(data, signature_from(status))


def parsed(data: bytes, signature: Tuple[int, ...]) -> Stored:
    """Return what a bundle of ours says; of a damaged one what is left of it."""
    known: Dict[str, Any] = {}
    # Where somebody changed more than what stands behind the body, the header is not believed.
    with suppress(LookupError, ValueError, OverflowError):
        words = data.split(b"\n", 1)[0].decode("ascii").split()
        fields = dict(word.split("=", 1) for word in words if "=" in word)
        *header, rest = data.split(b"\n", int(fields.get("lines", _OLD_LINES)))
        length = int(fields["length"])
        if len(header) > 1 and header[1].startswith(SETTINGS):
            # A tool may have put a CR before each LF.
            known["asked"] = asked_of(header[1].rstrip(b"\r"))
        known["machine"] = fields.get("machine", "")
        check, digest = (crc, "crc32") if "crc32" in fields else (sha256, "sha256")
        if check(rest[:length]) == fields[digest]:
            tail = rest[length:]
            is_settled = check(tail) == fields["appended"]
            known.update(rest=rest, appended=tail, is_settled=is_settled)
        if fields["format"] == FORMAT:
            known.update(
                identities=fields["identities"],
                contents=fields["contents"],
                paths=listed(header[2], LOOK),
                held=header[3],
                told=listed(header[4], TOLD),
            )
    return Stored(data, signature, **known)


def signature_of(path: str) -> Tuple[int, ...]:
    """Return what changes with the file, its time in nanoseconds last; () where it is not there."""
    status = status_of(path)
    return () if status is None else signature_from(status)


def signature_from(status: os.stat_result) -> Tuple[int, ...]:
    """Return what changes with a file that has this status, see signature_of()."""
    return (*identity(status), status.st_size, status.st_mtime_ns)


def named() -> Sequence[Tuple[str, str]]:
    """Return the variables of others that are set, and what they name."""
    return [(name, path) for name in NAMING for path in [named_by(name)] if path is not None]


def _absolute(variable: str, named: str) -> str:
    """Return what a variable names, from the working directory."""
    if variable != "SSL_CERT_DIR":
        return named
    return os.pathsep.join([path and from_here(path) for path in named.split(os.pathsep)])


def machine() -> str:
    """Return what tells this machine from others that may have the same home folder.

    macOS and Windows change the name with the network, and seldom share a home.
    """
    if sys.platform in ("win32", "darwin"):
        return ""
    return _machine_id().hex() or os.uname().nodename


def machine_hash() -> str:
    """Return a hash of this machine's id, which itself is no reader's business; "" without one.

    Every Python has the same, which it has not of source_hash().
    """
    found = _machine_id()
    return crc(found) if found else ""


def _machine_id() -> bytes:
    """Return the id of this machine; b"" without one.

    The name of the host is none: that of a container changes at each start.
    """
    for path in _MACHINE_IDS:
        with suppress(OSError), open(path, "rb") as file:
            found = file.read(64).strip()
            if found:
                return found
    return b""


def identities_of(salt: Salt, inputs: Sequence[Input]) -> str:
    """Return a hash of which files the inputs are, and who may change them and what is above.

    Some file systems give no file a number: there the path itself may lead elsewhere.
    """
    states = [state for _, state in inputs]
    # Every process has the same hash of numbers, but not of texts. It is fast.
    numbers = hash(tuple(states + [guard for _, guard in guards(inputs)])) % (1 << 64)
    paths = [os.path.realpath(p) if s and not has_number(s) else p for p, s in inputs]
    return f"{numbers:016x}{source_hash(ascii((salt, paths)).encode('ascii')).hex()}"


def held_by(inputs: Sequence[Input]) -> List[str]:
    """Return a hash of what each input holds (machine/hashing); raises Replaced."""
    held: List[str] = load("machine.hashing").held_by(inputs, {})
    return held


def contents_of(salt: Salt, inputs: Sequence[Input], held: Sequence[str]) -> str:
    """Return a hash of what the inputs hold, "" where one of them cannot be read."""
    paths = [path for path, _ in inputs]
    return "" if "" in held else sha256(repr((salt, paths, held, guards(inputs))))


def would_show_a_change(inputs: Sequence[Input], now: int) -> bool:
    """Whether each was seen in one state, and was changed last so long ago that it is certain."""
    are_old = all(max(state[-2:]) <= now - _SETTLED for _, state in inputs if state)
    return are_old and len({path for path, _ in inputs}) == len(inputs)


def line(begins: bytes, texts: Iterable[str]) -> bytes:
    """Return the line of the header that lists these texts."""
    return begins + b"\t".join([unicode_escape_encode(each)[0] for each in texts])


def asked_of(line: bytes) -> Asked:
    """Return what a bundle was made for, as the second line says."""
    return listed(line, SETTINGS)


def crc(data: bytes) -> str:
    """Return the CRC-32 in hexadecimal."""
    return f"{crc32(data):08x}"


def sha256(data: Union[str, bytes]) -> str:
    """Return the SHA-256 in hexadecimal; raises Replaced."""
    digest: str = load("machine.hashing").sha256(data)
    return digest
