"""The persistent bundle: ``cacert.pem`` at a stable path, for programs that outlive us.

It is replaced atomically, and only when its content differs. It is believed only in a folder that
nobody else can write to; `header` says when. What stands behind its body was appended by a person:
it is a user source, and every rewrite keeps it. A file of somebody else's is never written over.

In the folder of PYTHON_CERTIFI_BUNDLE_DIR the bundle belongs to the settings that it was made with:
a process with other settings has its own in a folder beside it, named by the key of its settings,
until `export` hands the path over. So has one on another machine that trusts others.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Iterable, Iterator, List, Optional, Tuple

from .. import parsing, reporting
from ..machine import APPLICATION, NAME, cache_folder, ownership, temporary_places, user_folder
from ..machine.inputs import look
from ..machine.signals import interruptible
from ..settings import INFO, STORE, USER, WARNING, Settings
from ..sources.files import add_named, reason_of
from ..sources.findings import Findings
from . import building, header, rendering, writing
from .header import Asked, Request, Stored
from .hold import quietly, remove_drafts
from .stored import DRAFT, PersistentBundle

# So many differences are told.
_FEW = 3
_ATTEMPTS = 50
# All attempts (the pause is in seconds) take longer than what was appended needs to settle.
_PAUSE = 0.1
# A server that drops its rights must read what is in the folder.
_MODE = 0o755
_MEND_IT = (
    "let this user read it and nobody else write to it, or remove the file and "
    "`certifi-system-store-wrapper add` your CA"
)


class Anothers(OSError):
    """The bundle belongs to a process with other settings, or on another machine."""


def folders(settings: Settings) -> List[str]:
    """Return where the persistent bundle may lie: in the folder of the variable, else the cache."""
    if settings.bundle_dir:
        return [settings.bundle_dir]
    name = header.key(header.asked_for(settings))
    caches = [os.path.join(cache_folder(), APPLICATION, name)] if cache_folder() else []
    places = map(user_folder, filter(os.path.isdir, temporary_places()))
    return caches + [os.path.join(place, f"persistent-{name}") for place in places]


def publish(
    folder: str, settings: Settings, certifi_file: str, *, take_over: bool = False
) -> PersistentBundle:
    """Return the bundle in `folder`, and write it again if anything has changed.

    Where it belongs to other settings, return one in a folder of its own, unless the caller wants
    to `take_over` the path. Raises LookupError where there is nothing to put into it, OSError where
    it cannot be written.
    """
    making = _Making(settings, certifi_file)
    try:
        return making.publish(folder, take_over=take_over)
    except Anothers as error:
        path = os.path.join(folder, NAME)
        # Whoever finds another home, but asks for the same, gets the same file, as in an image.
        twin = making.twin(path) if making.differs_in_homes(path) else None
        try:
            own = twin or making.publish(os.path.join(folder, making.key), take_over=True)
        except OSError:
            # Nothing can be written here: nobody will change that file, either.
            twin = making.twin(path)
            if twin is None:
                raise
            own = twin
        if own.path != path:
            remedy = "`certifi-system-store-wrapper export`, run with these settings, takes it over"
            message = f"{error.strerror}, so {own.path} is used instead: {remedy}"
            reporting.later(reporting.say_once, WARNING, f"{path}: {message}")
        return own


def misfit(folder: str, settings: Settings, certifi_file: str) -> str:
    """Say why the bundle in the folder does not fit this process; "" if there is none."""
    making = _Making(settings, certifi_file)
    try:
        found = header.read(os.path.join(folder, NAME))
    except OSError:
        return ""
    return "; ".join(rendering.differences(found, making.asked, making.salt)[:_FEW])


class _Making:
    """Makes bundles with certain settings."""

    def __init__(self, settings: Settings, certifi_file: str) -> None:
        self.settings, self.certifi_file = settings, certifi_file
        self.asked = header.asked_for(settings)
        self.salt = header.salt(settings, certifi_file)
        self.key = header.key(self.asked)

    def publish(self, folder: str, *, take_over: bool) -> PersistentBundle:
        """Return the bundle in that very folder; raises Anothers, LookupError or OSError."""
        is_new = not os.path.isdir(folder)
        ownership.make_folder(folder)
        if is_new:
            os.chmod(folder, _MODE)
        if os.name == "nt" and not self.settings.bundle_dir:
            # A file that Microsoft Store's Python writes, other programs find only at its real
            # path.
            folder = os.path.realpath(folder)
        remove_drafts(folder, DRAFT)
        path = os.path.join(folder, NAME)
        for _ in range(_ATTEMPTS):
            started, found = time.time_ns(), header.read(path)
            if found.is_anothers(self.asked) and not take_over:
                raise Anothers(1, "it was made with other settings", path)
            bundle = self._written(path, found, started, take_over=take_over)
            if bundle:
                return bundle
            if found.is_being_changed(started):
                interruptible(time.sleep, _PAUSE)
        raise OSError(0, "others change it faster than it can be read", path)

    def _written(
        self, path: str, found: Stored, started: int, *, take_over: bool
    ) -> Optional[PersistentBundle]:
        """Bring the file up to date and return it, None if that has to be tried again."""
        is_ours = not found.is_anothers(self.asked)
        lines, rest = is_ours and found.header_now(self.salt, started), found.rest
        if not lines:
            lines, rest = self._rendered(path, found, started)
        signature = found.signature
        if found.rest != rest and found.is_another_machines() and not take_over:
            raise Anothers(1, "another machine, which trusts others, made it", path)
        if found.is_being_changed(started):
            signature = signature if found.rest == rest else ()
        elif lines + rest != found.data:
            signature = header.signature_of(path) if write(path, found, lines, rest) else ()
        return PersistentBundle(path, signature, self.asked, rest) if signature else None

    def _rendered(self, path: str, found: Stored, started: int) -> Tuple[bytes, bytes]:
        """Build it, with what was appended here and to the other bundles of these settings."""
        here = os.path.realpath(path)
        others = [p for p in paths(self.settings, self.asked) if os.path.realpath(p) != here]
        request = Request(self.asked, self.salt, started, STORE, tuple(look(others)))
        more = [_appended(found, path), *_all_appended(others, self.settings, self.asked)]
        built = building.to_publish(self.settings, self.certifi_file, more)
        return rendering.render(built, found, request)

    def differs_in_homes(self, path: str) -> bool:
        """Whether the bundle there was made with the same settings in another home."""
        there = header.without_homes(header.read(path).asked)
        return there == header.without_homes(self.asked)

    def twin(self, path: str) -> Optional[PersistentBundle]:
        """Return the bundle of other settings there, if these settings would make the same."""
        found = header.read(path)
        _, rest = self._rendered(path, found, time.time_ns())
        is_same = found.rest == rest
        return PersistentBundle(path, found.signature, self.asked, rest) if is_same else None


def appended(settings: Settings) -> List[Findings]:
    """Return what a person appended to the persistent bundles with these settings."""
    if USER not in settings.sources or settings.isolated:
        return []
    asked = header.asked_for(settings)
    return list(_all_appended(paths(settings, asked), settings, asked))


def _all_appended(paths: Iterable[str], settings: Settings, asked: Asked) -> Iterator[Findings]:
    """Yield what was appended to each, and why what is there is not used."""
    for path in paths:
        try:
            os.lstat(path)
            ownership.require_safe_path(os.path.dirname(path))
            found = header.read(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield _unused(path, error, settings)
        else:
            if not found.is_anothers(asked):
                yield _appended(found, path)


def paths(settings: Settings, asked: Asked) -> Iterator[str]:
    """Yield where a bundle with these settings may lie."""
    for folder in folders(settings):
        yield os.path.join(folder, NAME)
        if settings.bundle_dir:
            yield os.path.join(folder, header.key(asked), NAME)


def _unused(path: str, error: OSError, settings: Settings) -> Findings:
    """Return the problem that a bundle there, and what was appended to it, is not used."""
    findings, step = Findings(USER), error.filename or path
    lost = f"what may have been appended to {'it' if step == path else path} is not used"
    message = f"{reason_of(error)}, so {lost}: {_MEND_IT}"
    if isinstance(error, header.NotOurs):
        message = f"{error.strerror}: {error.remedy}"
    # Who asked for that folder is warned that it cannot be used, and neighbours make no noise.
    is_told = not settings.bundle_dir and _is_of_trusted(os.path.dirname(path))
    findings.problem(step, message, WARNING if is_told else INFO)
    return findings


def _is_of_trusted(folder: str) -> bool:
    """Whether somebody whom we trust owns the folder, or the link to one."""
    with suppress(OSError):
        return os.lstat(folder).st_uid in ownership.trusted_owners()
    return False


def _appended(found: Stored, path: str) -> Findings:
    """Return what was appended, and what is wrong about it."""
    findings = Findings(USER)
    if found.appended.strip():
        lines_before = found.data.count(b"\n") - found.appended.count(b"\n")
        parsed = parsing.parse(b"\n" * lines_before + found.appended)
        add_named(findings, parsed, path)
    if findings.trusted:
        message = f"{len(findings.trusted)} certificates were appended to it by a person: they stay"
        findings.problem(path, message, INFO)
    if found.data and not found.rest:
        message = "it was changed other than by appending to it: the change is not used"
        findings.problem(path, message, WARNING)
    return findings


def write(path: str, found: Stored, lines: bytes, rest: bytes) -> bool:
    """Write the bundle; False if somebody appended to it or took its place meanwhile.

    Raises OSError, but not where only the header would change: a bundle in a read-only image is
    good as it is.
    """
    unfinished = os.path.join(os.path.dirname(path), DRAFT + os.urandom(8).hex())
    try:
        writing.write_new(unfinished, lines + rest, is_draft=True, durable=True)
        if header.signature_of(path) != found.signature:
            now = header.read(path)
            if (now.appended, now.asked) != (found.appended, found.asked):
                return False
        return _named(unfinished, path)
    except OSError:
        if found.rest != rest:
            raise
        return True
    finally:
        quietly(os.unlink, unfinished)


def _named(unfinished: str, path: str) -> bool:
    """Give it its name; False where another process swept it away: it is not locked any more."""
    try:
        writing.rename(unfinished, path)
    except FileNotFoundError:
        return False
    return True
