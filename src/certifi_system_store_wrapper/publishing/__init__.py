"""A bundle becomes a file. The door: publish() tries one place after the other.

A temporary bundle in its place, then in the user's cache folder, then one in memory; or, where
that is asked for, a persistent one.
"""

from __future__ import annotations

import sys
from typing import Callable, Optional, Union

from .. import bundle, reporting
from ..bundle import Bundle
from ..machine import temporary_places
from ..settings import DEBUG, WARNING, Settings
from . import cleanup, persistent, temporary
from .persistent import PersistentBundle
from .temporary import MemoryBundle, TemporaryBundle

Published = Union[TemporaryBundle, MemoryBundle, PersistentBundle]


def publish(
    settings: Settings,
    certifi_file: str,
    lost: Optional[Published] = None,
    before: Optional[Published] = None,
) -> Published:
    """Return a published bundle: of what `lost` still holds, else built anew.

    It is `before` where that holds the same. Raises LookupError where there is nothing to put
    into a bundle, OSError where no place can take it.
    """
    held = _held_text(lost)
    if held:  # after a chroot or setuid what it was made from may be out of reach
        return _place(held, settings)
    if settings.bundle_dir or _is_certifis_command():
        return _publish_persistent(settings, certifi_file)
    return _publish_temporary(settings, certifi_file, before)


def build(settings: Settings, certifi_file: str) -> Bundle:
    """Return what would be in the bundle, with what was appended to the persistent one."""
    return bundle.build(settings, certifi_file, persistent.appended(settings))


def publish_outlasting(settings: Settings, certifi_file: str) -> PersistentBundle:
    """Return a bundle that outlives this process; raises OSError or LookupError."""
    failures = []
    for folder in persistent.folders(settings):
        try:
            return persistent.publish(folder, settings, certifi_file)
        except OSError as error:
            failures.append(f"{folder}: {error.strerror or error}")
    raise OSError("; ".join(failures))


def is_intact(published: Optional[Published]) -> bool:
    """Whether its path still is what was published."""
    return published is not None and _succeeds(published.intact)


def is_healed(published: Optional[Published]) -> bool:
    """Whether its path could be put right."""
    return published is not None and _succeeds(published.heal)


def _succeeds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:
        return False


def _publish_persistent(settings: Settings, certifi_file: str) -> Published:
    try:
        return publish_outlasting(settings, certifi_file)
    except OSError as error:
        if not settings.bundle_dir:
            raise
        message = (
            f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used, another place is: {error}; name a folder "
            "that only you can write to"
        )
        reporting.later(reporting.say_once, WARNING, message)
    if _is_certifis_command():  # what it prints must be there when it has ended
        return publish_outlasting(settings._replace(bundle_dir=""), certifi_file)
    return _publish_temporary(settings, certifi_file, None)


def _publish_temporary(
    settings: Settings, certifi_file: str, before: Optional[Published]
) -> Published:
    built = persistent.build_to_publish(settings, certifi_file, persistent.appended(settings))
    if before is not None and is_intact(before) and _held_text(before) == built.text:
        return before
    return _place(built.text, settings)


def _place(text: bytes, settings: Settings) -> Published:
    for place in temporary_places():
        try:
            published = temporary.create(place, text)
        except OSError as error:
            reporting.later(reporting.emit, DEBUG, f"{place} cannot take the bundle: {error}")
        else:
            cleanup.register(published, handle_sigterm=settings.handle_sigterm)
            return published
    return MemoryBundle(text)


def _held_text(published: Optional[Published]) -> bytes:
    """Return what a temporary bundle says that is still held, else b""."""
    return published.held_text() if isinstance(published, TemporaryBundle) else b""


def _is_certifis_command() -> bool:
    """Whether this is ``python -m certifi``, whose path must outlive the process."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name in ("certifi.__main__", "pip._vendor.certifi.__main__")
