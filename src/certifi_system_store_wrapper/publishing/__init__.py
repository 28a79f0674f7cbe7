"""A bundle becomes a file. The door: publish() tries one place after the other.

First the folders for temporary files, then the user's cache folder, then memory. Where a variable
or ``python -m certifi`` asks for a persistent bundle, publish() tries the folders for that before.
"""

from __future__ import annotations

import os
import sys
from typing import Callable, Optional, Sequence, TypeVar, Union

from .. import reporting
from ..loading import load
from ..machine import CLOSE_IT, environment, is_in_use, temporary_places
from ..settings import DEBUG, WARNING, Settings
from . import cleanup, header, stored, temporary
from .stored import PersistentBundle
from .temporary import MemoryBundle, TemporaryBundle

# A part of the path of the copy of certifi that pip has.
_PIPS = os.path.join("pip", "_vendor", "")

WHERE_TO_WRITE = "set PYTHON_CERTIFI_BUNDLE_DIR to a folder that only you can write to"

T = TypeVar("T")

Published = Union[TemporaryBundle, MemoryBundle, PersistentBundle]


class NoPlace(OSError):
    """No place takes the bundle: which ones, why, and what helps."""

    def __init__(self, failures: Sequence[str], remedy: str = WHERE_TO_WRITE) -> None:
        """Say what is wrong with each place."""
        super().__init__("; ".join(failures) or "there is no folder that nobody else can write to")
        # Where no variable counts, none helps.
        self.remedy = environment.WHY_PRIVILEGED if environment.IS_PRIVILEGED else remedy


def publish(
    settings: Settings,
    certifi_file: str,
    *,
    broken: Optional[Published] = None,
    refreshed: Optional[Published] = None,
) -> Published:
    """Return a published bundle: with the text that a `broken` one still holds, else built anew.

    A temporary one comes back at its path then. The one that is `refreshed` is returned again
    where nothing has changed. Raises LookupError where there is nothing to put into a bundle,
    OSError where no place can take it.
    """
    held = _held_text(broken)
    # After a chroot or setuid this process may not be able to read the sources again.
    if held:
        return _place(held, settings)
    # pip's own copy of certifi is another list than the one that an application keeps there.
    is_asked_for = settings.bundle_dir and _PIPS not in certifi_file
    if is_asked_for or _is_certifis_command():
        unchanged = _if_possible(stored.unchanged, settings, certifi_file) if is_asked_for else None
        return unchanged or _publish_persistent(settings, certifi_file, refreshed)
    return _publish_temporary(settings, certifi_file, refreshed, broken)


def publish_outlasting(
    settings: Settings, certifi_file: str, *, take_over: bool = False
) -> PersistentBundle:
    """Return a bundle that outlives this process, in the first folder that takes it.

    With `take_over` also where it belongs to other settings. Raises LookupError where there is
    nothing to put into it, NoPlace where no folder takes it.
    """
    failures, remedy = [], WHERE_TO_WRITE
    persistent = load("publishing.persistent")
    publish_in: Callable[..., PersistentBundle] = persistent.publish
    for folder in persistent.folders(settings):
        try:
            return publish_in(folder, settings, certifi_file, take_over=take_over)
        except OSError as error:
            # A file that was to be written is not there: then the folder is what people know.
            there = error.filename if os.path.lexists(error.filename or "") else folder
            failures.append(f"{there}: {error.strerror or error}")
            remedy = CLOSE_IT if is_in_use(error) else remedy
            if isinstance(error, header.NotOurs):
                remedy = error.remedy
    # A file that is in use would be written anew, whatever it was made with.
    misfit = "" if remedy == CLOSE_IT else _misfit(settings, certifi_file)
    raise NoPlace(failures, misfit or remedy)


def is_intact(published: Published) -> bool:
    """Whether the path still names the file that was published."""
    return _succeeds(published.intact)


def is_healed(published: Published) -> bool:
    """Put the file back to its path; return whether that could be done."""
    return _succeeds(published.heal)


def _succeeds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:
        return False


def _publish_persistent(
    settings: Settings, certifi_file: str, refreshed: Optional[Published]
) -> Published:
    try:
        return publish_outlasting(settings, certifi_file)
    except NoPlace as error:
        if not settings.bundle_dir:
            raise
        message = (
            "PYTHON_CERTIFI_BUNDLE_DIR cannot be used, and the bundle lies elsewhere: "
            f"{error}; {error.remedy}"
        )
        reporting.later(reporting.say_once, WARNING, message)
    # The path that the command prints must be good when the command has ended.
    if _is_certifis_command():
        return publish_outlasting(settings._replace(bundle_dir=""), certifi_file)
    return _publish_temporary(settings, certifi_file, refreshed)


def _misfit(settings: Settings, certifi_file: str) -> str:
    """Return why a bundle that was asked for does not fit, and what helps; "" if there is none."""
    if not settings.bundle_dir:
        return ""
    misfit = load("publishing.persistent").misfit(settings.bundle_dir, settings, certifi_file)
    if not misfit:
        return ""
    return (
        f"the bundle there does not fit this process any more, because {misfit}: in an image, run "
        "`python -m certifi` as the last step, with the variables and files that the program will "
        "have; else let this user write to that folder"
    )


def _publish_temporary(
    settings: Settings,
    certifi_file: str,
    refreshed: Optional[Published],
    broken: Optional[Published] = None,
) -> Published:
    # refresh() collects again, whatever an earlier process has found.
    found = None if refreshed else _if_possible(stored.text_of, settings, certifi_file)
    text = found or load("publishing.storing").built_text(settings, certifi_file)
    if refreshed and is_intact(refreshed) and _held_text(refreshed) == text:
        return refreshed
    # Clients that asked once keep that path.
    if isinstance(broken, TemporaryBundle) and _succeeds(lambda: broken.heal(text)):
        return broken
    return _place(text, settings)


def _if_possible(find: Callable[..., Optional[T]], *asked: object) -> Optional[T]:
    """Return what an earlier process made; None where anything is wrong with it.

    Raises what says that the caller's stack or memory is used up: to build one needs more of it,
    and Python before 3.9 ends a process that goes deeper after that.
    """
    found, error = reporting.tried(find, *asked)
    if isinstance(error, (RecursionError, MemoryError)):
        raise error
    return found


def _place(text: bytes, settings: Settings) -> Published:
    for place in temporary_places():
        try:
            published = temporary.create(place, text)
        except OSError as error:
            reporting.later(reporting.emit, DEBUG, f"{place} cannot take the bundle: {error}")
        else:
            cleanup.register(published, handle_sigterm=settings.handle_sigterm)
            return published
    try:
        return MemoryBundle(text)
    except OSError as error:
        raise NoPlace([f"no folder can take the bundle, and memory cannot: {error}"]) from error


def _held_text(published: Optional[Published]) -> bytes:
    """Return the text of a bundle that this process still holds, else b""."""
    held = (TemporaryBundle, MemoryBundle)
    return published.held_text() if isinstance(published, held) else b""


def _is_certifis_command() -> bool:
    """Whether this is ``python -m certifi``, whose path must outlive the process."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    # Some programs set a text there.
    return getattr(spec, "name", "") in ("certifi.__main__", "pip._vendor.certifi.__main__")
