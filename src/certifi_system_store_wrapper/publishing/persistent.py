"""The persistent bundle: ``cacert.pem`` at a stable path, for programs that outlive us.

It is replaced atomically, and only when its content differs. Its first line holds fields
(``name=value``): length and SHA-256 of the body, and a fingerprint of everything that was looked
at, so that unchanged inputs are not parsed again. The second line holds the paths that were looked
at, separated by tabs. A bundle is believed only in a folder that nobody else can write to, and only
while its checksum holds. What stands behind the body was appended by a person: it is a user
source, and every rewrite keeps it. A file of somebody else's is never written over.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from codecs import unicode_escape_decode, unicode_escape_encode
from contextlib import suppress
from hashlib import sha256
from typing import List, Tuple

from .. import __version__, bundle, parsing, reporting, sources
from ..bundle import Bundle
from ..machine import APPLICATION, NAME, cache_folder, ownership, temporary_places, user_folder
from ..machine.signals import interruptible
from ..record import Record
from ..settings import DEBUG, INFO, USER, WARNING, Settings
from ..sources import system
from ..sources.files import add_named
from ..sources.findings import Findings
from ..sources.reader import MARK, condensed, look
from . import writing
from .hold import identity, names, quietly, status_of

_LOOK = b"# looked at: "
# What the ssl module reads.
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE")
_UNFINISHED = f".{NAME}."
_ATTEMPTS = 50
# All attempts (the pause is in seconds) take longer than what was appended needs to settle.
_PAUSE = 0.1
# Seconds after which a change would show in a modification time.
_SETTLED = 2
# Nanoseconds after which nobody is writing a file any more.
_ABANDONED = 600 * 10**9
# A server that drops its rights must read what is in the folder.
_MODE = 0o755


class PersistentBundle:
    """A bundle at a stable path."""

    def __init__(self, path: str, signature: Tuple[int, ...]) -> None:
        """Describe the bundle at `path`, good while the file has that signature."""
        self.path = path
        self._signature = signature

    def intact(self) -> bool:
        """Whether nobody has touched the file since."""
        # () where the file could not be looked at: that is no reason to believe that it is there.
        return _signature_of(self.path) == self._signature != ()

    def heal(self) -> bool:
        """Take the bundle that another process put there, if it is whole; raises OSError.

        This process may have other settings, and would write another bundle. It does not: the
        two processes would replace each other's bundle for ever.
        """
        stored = _read(self.path)
        if stored.is_settled:
            self._signature = stored.signature
        return stored.is_settled


class Stored(Record):
    """What the path holds. Without a header that fits the body, only `data` is known."""

    data: bytes = b""
    signature: Tuple[int, ...] = ()
    # What stands behind the header: the body, and what a person appended.
    rest: bytes = b""
    appended: bytes = b""
    # Whether nothing has been appended since we wrote it.
    is_settled: bool = False
    fingerprint: str = ""
    paths: Tuple[str, ...] = ()

    def is_current(self, salt: Tuple[object, ...]) -> bool:
        """Whether building it again would give the same."""
        return self.is_settled and _hash(salt, look(self.paths)) == self.fingerprint

    def is_being_changed(self, now: int) -> bool:
        """Whether somebody may be in the middle of appending to it."""
        if not self.rest or self.is_settled:
            return False
        # The absolute difference, because a clock may have gone back.
        return abs(self.signature[-1] - now * 10**9) < _SETTLED * 10**9


def folders(settings: Settings) -> List[str]:
    """Return where the persistent bundle may lie: in the folder of the variable, else the cache."""
    if settings.bundle_dir:
        return [settings.bundle_dir]
    # One folder for each environment and way of asking.
    name = _hash(sys.prefix, settings.cert_files, settings.sources, settings.isolated)[:16]
    caches = [os.path.join(cache_folder(), APPLICATION, name)] if cache_folder() else []
    places = map(user_folder, filter(os.path.isdir, temporary_places()))
    return caches + [os.path.join(place, f"persistent-{name}") for place in places]


def publish(folder: str, settings: Settings, certifi_file: str) -> PersistentBundle:
    """Return the bundle in `folder`, and write it again if anything has changed.

    Raises LookupError where there is nothing to put into it, OSError where it cannot be written.
    """
    is_new = not os.path.isdir(folder)
    ownership.make_folder(folder)
    if is_new:
        os.chmod(folder, _MODE)
    if os.name == "nt" and not settings.bundle_dir:
        # A file that Microsoft Store's Python writes, other programs find only at its real path.
        folder = os.path.realpath(folder)
    _sweep(folder)
    path, salt = os.path.join(folder, NAME), _salt(settings, certifi_file)
    for _ in range(_ATTEMPTS):
        started, stored = int(time.time()), _read(path)
        if stored.is_current(salt):
            return PersistentBundle(path, stored.signature)
        built = build_to_publish(settings, certifi_file, [_appended(stored, path)])
        header, rest = _render(built, stored, started, salt)
        if not stored.is_being_changed(started):
            if _write(path, stored, header, rest):
                return PersistentBundle(path, _signature_of(path))
        elif stored.rest == rest:
            return PersistentBundle(path, stored.signature)
        else:
            interruptible(time.sleep, _PAUSE)
    raise OSError(0, "others change it faster than it can be read", path)


def build_to_publish(settings: Settings, certifi_file: str, more: List[Findings]) -> Bundle:
    """Build a bundle, and keep its problems for the log; raise LookupError if it is empty."""
    built = bundle.build(settings, certifi_file, more)
    if not built.anchors:
        raise LookupError("no source of PYTHON_CERTIFI_SOURCES has a certificate")
    reporting.later(reporting.report, built.problems, built.excluded)
    reporting.later(reporting.emit, DEBUG, f"the bundle has {len(built.anchors)} certificates")
    return built


def appended(settings: Settings) -> List[Findings]:
    """Return what a person appended to this environment's persistent bundle, if there is one."""
    if USER not in settings.sources or settings.isolated:
        return []
    for folder in folders(settings):
        path = os.path.join(folder, NAME)
        # What is no bundle of ours is passed over.
        with suppress(OSError):
            if os.path.lexists(path) and ownership.is_safe_path(folder):
                return [_appended(_read(path), path)]
    return []


def _appended(stored: Stored, path: str) -> Findings:
    """Return what was appended, and what is wrong about it."""
    findings = Findings(USER)
    if stored.appended.strip():
        lines_before = stored.data.count(b"\n") - stored.appended.count(b"\n")
        parsed = parsing.parse(b"\n" * lines_before + stored.appended)
        add_named(findings, parsed, path)
    if findings.trusted:
        message = f"{len(findings.trusted)} certificates were appended to it by a person: they stay"
        findings.problem(path, message, INFO)
    if stored.data and not stored.rest:
        message = "it was changed other than by appending to it: the change is not used"
        findings.problem(path, message, WARNING)
    return findings


def _render(
    built: Bundle, stored: Stored, started: int, salt: Tuple[object, ...]
) -> Tuple[bytes, bytes]:
    """Return the header; and the body, with what was appended behind it."""
    blocks = [anchor.block for anchor in built.anchors]
    kept = {found.block for found in parsing.parse(stored.appended).certificates}
    body = b"".join([block for block in blocks if block not in kept])
    tail = b"".join([block for block in blocks if block in kept])
    looked_at = condensed(built.inputs)
    paths = [path for path, _, _ in looked_at]
    would_show_a_change = len(set(paths)) == len(paths) and all(
        when <= started - _SETTLED for _, _, when in looked_at
    )
    # The next process is to be told of a warning, too: it must build the bundle again.
    is_settled = (
        system.IS_FILES
        and would_show_a_change
        and all(problem.level < WARNING for problem in built.problems)
    )
    fingerprint = _hash(salt, looked_at) if is_settled else "unsettled"
    sums = f"sha256={_sha256(body)} appended={_sha256(tail)} inputs={fingerprint}"
    first = f"persistent bundle length={len(body)} {sums}".encode("ascii")
    escaped = b"\t".join([unicode_escape_encode(path)[0] for path in paths])
    return b"%b%b\n%b%b\n" % (MARK, first, _LOOK, escaped), body + tail


def _read(path: str) -> Stored:
    """Return what stands at `path`; raises OSError where we must not replace it."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return Stored()
    if not stat.S_ISREG(status.st_mode) or not ownership.is_safe(status, path):
        raise PermissionError(1, "others made it or may write to it", path)
    with open(path, "rb") as file:
        signature = _signature(os.fstat(file.fileno()))
        data = file.read()
    if data and not data.startswith(MARK):
        raise FileExistsError(17, "it is not a bundle of ours, and is left alone", path)
    # Where somebody changed more than what stands behind the body, the header is not believed.
    with suppress(KeyError, ValueError):
        first, looked_at, rest = data.split(b"\n", 2)
        fields = dict(word.split("=", 1) for word in first.decode("ascii").split() if "=" in word)
        length = int(fields["length"])
        if _sha256(rest[:length]) == fields["sha256"]:
            tail, escaped = rest[length:], looked_at[len(_LOOK) :].split(b"\t")
            is_settled = _sha256(tail) == fields["appended"]
            paths = tuple([unicode_escape_decode(each)[0] for each in escaped])
            return Stored(data, signature, rest, tail, is_settled, fields["inputs"], paths)
    return Stored(data, signature)


def _salt(settings: Settings, certifi_file: str) -> Tuple[object, ...]:
    """Return what decides what is in the bundle, beside the files that are looked at."""
    asked = (settings.cert_files, settings.sources, settings.isolated)
    variables = [os.environ.get(name) for name in _VARIABLES]
    return __version__, certifi_file, sys.version, asked, variables, sources.drop_folders(settings)


def _hash(*things: object) -> str:
    return _sha256(repr(things).encode("utf-8", "surrogatepass"))


def _sha256(data: bytes) -> str:
    return sha256(data).hexdigest()


def _write(path: str, stored: Stored, header: bytes, rest: bytes) -> bool:
    """Write the bundle unless it is the same; False if somebody appended to it meanwhile.

    Raises OSError, but not where only the header would change: a bundle in a read-only image is
    good as it is.
    """
    if header + rest == stored.data:
        return True
    unfinished = os.path.join(os.path.dirname(path), _UNFINISHED + os.urandom(8).hex())
    try:
        writing.write_new(unfinished, header + rest, durable=True)
        if _signature_of(path) != stored.signature and _read(path).appended != stored.appended:
            return False
        writing.rename(unfinished, path)
    except OSError:
        if stored.rest != rest:
            raise
    finally:
        quietly(os.unlink, unfinished)
    return True


def _sweep(folder: str) -> None:
    """Remove what killed writers left: files that nobody has changed for long."""
    latest = time.time_ns() - _ABANDONED
    for name in names(folder):
        path = os.path.join(folder, name)
        if name.startswith(_UNFINISHED) and _signature_of(path)[-1:] < (latest,):
            quietly(os.unlink, path)


def _signature_of(path: str) -> Tuple[int, ...]:
    """Return what changes with the file, its time in nanoseconds last; () where it is not there."""
    status = status_of(path)
    return () if status is None else _signature(status)


def _signature(status: os.stat_result) -> Tuple[int, ...]:
    return (*identity(status), status.st_size, status.st_mtime_ns)
