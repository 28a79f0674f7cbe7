"""The persistent bundle: ``cacert.pem`` at a stable path, for programs that outlive us.

Replaced atomically, and only when its content differs. Its first line carries length and
SHA-256 of the body and a fingerprint of everything that was looked at, so that unchanged
inputs are not parsed again; it is believed only in a folder that nobody else can write to and
while the checksum holds. What stands behind the body was appended by a person: it is a user
source, kept at every rewrite. A file of somebody else's is never written over.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Iterator, List, Optional, Tuple

from .. import bundle, parsing, sources
from ..bundle import Bundle
from ..machine import (
    APPLICATION,
    NAME,
    cache_folder,
    ownership,
    temporary_places,
    user_folder,
)
from ..machine.signals import interruptible
from ..settings import INFO, USER, WARNING, Settings
from ..sources import system
from ..sources.files import add_named
from ..sources.findings import Findings
from ..sources.reader import Input, condensed
from . import hold, writing
from .persistent_file import (
    SETTLED,
    Stored,
    fingerprint_of,
    read_stored,
    render_header,
    sha256_of,
    signature_of,
)

_UNFINISHED = f".{NAME}."
_ATTEMPTS = 50
# All attempts (the pause is in seconds) take longer than what was appended needs to settle.
_PAUSE = 0.1
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
        return signature_of(self.path) == self._signature

    def heal(self) -> bool:
        """Take what another process put there, if it is whole and ours; raises OSError.

        Whether this process would have written the same is not asked: two processes with
        other settings would replace each other's bundle for ever.
        """
        stored = read_stored(self.path)
        if stored.is_settled():
            self._signature = stored.signature
        return stored.is_settled()


# What is published, and what was built for it: None where what stood there was current.
Published = Tuple[PersistentBundle, Optional[Bundle]]


def folders(settings: Settings) -> Iterator[str]:
    """Yield where the persistent bundle may lie: the folder asked for, else the user's cache."""
    if settings.bundle_dir:
        yield settings.bundle_dir
        return
    name = _environment_name(settings)
    if cache_folder():
        yield os.path.join(cache_folder(), APPLICATION, name)
    for place in filter(os.path.isdir, temporary_places()):
        yield os.path.join(user_folder(place), f"persistent-{name}")


def publish_anywhere(settings: Settings, certifi_file: str) -> Published:
    """Return the bundle in the first folder that can have it; raises OSError or LookupError."""
    failures = []
    for folder in folders(settings):
        try:
            return publish(folder, settings, certifi_file)
        except OSError as error:
            failures.append(f"{folder}: {error.strerror or error}")
    raise OSError("; ".join(failures))


def publish(folder: str, settings: Settings, certifi_file: str) -> Published:
    """Return the bundle in `folder`, written anew if anything has changed.

    Raises OSError or LookupError.
    """
    _make_folder(folder)
    if os.name == "nt" and not settings.bundle_dir:
        # What Microsoft Store's Python writes, others find only at its real path.
        folder = os.path.realpath(folder)
    _sweep(folder)
    path, salt = os.path.join(folder, NAME), _salt(settings, certifi_file)
    built = None
    for _ in range(_ATTEMPTS):
        started, stored = int(time.time()), read_stored(path)
        if stored.is_current(salt):
            return PersistentBundle(path, stored.signature), built
        built = bundle.build(settings, certifi_file, [_appended(stored, path)])
        header, rest = _render(built, stored, started, salt)
        if not stored.is_being_changed(started):
            if _write(path, stored, header, rest):
                return PersistentBundle(path, signature_of(path)), built
        elif stored.holds(rest):
            return PersistentBundle(path, stored.signature), built
        else:
            interruptible(time.sleep, _PAUSE)
    raise OSError(0, "others change it faster than it can be read", path)


def appended(settings: Settings) -> List[Findings]:
    """Return what a person appended to this environment's persistent bundle, if there is one."""
    if USER not in settings.sources or settings.isolated:
        return []
    for folder in folders(settings):
        path = os.path.join(folder, NAME)
        try:
            if os.path.lexists(path) and ownership.is_safe_path(folder):
                return [_appended(read_stored(path), path)]
        except OSError:
            continue
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
    if stored.data and stored.header is None:
        message = "it was changed other than by appending to it: the change is not used"
        findings.problem(path, message, WARNING)
    return findings


def _render(complete: Bundle, stored: Stored, started: int, salt: bytes) -> Tuple[bytes, bytes]:
    """Return the header, and body with what was appended; raises LookupError if both are empty."""
    if not complete.anchors:
        raise LookupError("no source of PYTHON_CERTIFI_SOURCES has a certificate")
    blocks = [anchor.block for anchor in complete.anchors]
    kept = {found.block for found in parsing.parse(stored.appended).certificates}
    body = b"".join([block for block in blocks if block not in kept])
    tail = b"".join([block for block in blocks if block in kept])
    looked_at = condensed(complete.inputs)
    paths = [path for path, _, _ in looked_at]
    # Whoever asks next is to be told of a problem, too.
    has_warning = any(problem.level >= WARNING for problem in complete.problems)
    is_settled = system.IS_FILES and not has_warning and _would_show_a_change(looked_at, started)
    fingerprint = fingerprint_of(looked_at, salt) if is_settled else "unsettled"
    return render_header(body, tail, fingerprint, paths), body + tail


def _would_show_a_change(looked_at: List[Input], started: int) -> bool:
    """Whether every file was looked at once, and none was changed within the same second."""
    is_unique = len({path for path, _, _ in looked_at}) == len(looked_at)
    return is_unique and all(when <= started - SETTLED for _, _, when in looked_at)


def _salt(settings: Settings, certifi_file: str) -> bytes:
    """Return whatever else decides what is in the bundle."""
    from .. import __version__

    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE")
    variables = [os.environ.get(name) for name in names]
    told = (settings.cert_files, settings.sources, settings.isolated, variables)
    folders = sources.drop_folders(settings)
    whole = (__version__, certifi_file, sys.version, told, folders)
    return repr(whole).encode("utf-8", "surrogatepass")


def _environment_name(settings: Settings) -> str:
    """Return the folder's name: one per environment and way of asking."""
    told = (sys.prefix, settings.cert_files, settings.sources, settings.isolated)
    return sha256_of(repr(told).encode("utf-8", "surrogatepass"))[:16]


def _make_folder(folder: str) -> None:
    """Make the folder, or take one that nobody else can write to; raises OSError."""
    is_new = not os.path.isdir(folder)
    ownership.make_folder(folder)
    if is_new:
        os.chmod(folder, _MODE)


def _write(path: str, stored: Stored, header: bytes, rest: bytes) -> bool:
    """Write it where it says something new; False if something was appended meanwhile.

    Raises OSError, but not where only the header would change: what stands in a read-only
    image is good.
    """
    if header + rest == stored.data:
        return True
    unfinished = os.path.join(os.path.dirname(path), _UNFINISHED + os.urandom(8).hex())
    try:
        writing.write_new(unfinished, header + rest, durable=True)
        return _take_the_place(unfinished, path, stored)
    except OSError:
        if not stored.holds(rest):
            raise
    finally:
        hold.quietly(os.unlink, unfinished)
    return True


def _take_the_place(unfinished: str, path: str, stored: Stored) -> bool:
    """Rename it; False if something was appended meanwhile, or it was swept. Raises OSError."""
    try:
        if signature_of(path) != stored.signature and read_stored(path).appended != stored.appended:
            return False
        writing.rename(unfinished, path)
    except FileNotFoundError:
        # It was swept: this process was stopped for long.
        return False
    return True


def _sweep(folder: str) -> None:
    """Remove what killed writers left: nobody holds it, or nobody has touched it for long."""
    for name in hold.names(folder):
        if name.startswith(_UNFINISHED):
            path = os.path.join(folder, name)
            if hold.LOCKS:
                hold.remove_unheld(path)
            if signature_of(path)[-1:] < (time.time_ns() - _ABANDONED,):
                hold.quietly(os.unlink, path)
