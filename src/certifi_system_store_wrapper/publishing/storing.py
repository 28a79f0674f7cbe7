"""Builds a bundle, and stores it for the next process that is asked for the same; see `stored`."""

from __future__ import annotations

import os
import time
from typing import List

from .. import bundle, reporting
from ..bundle import Bundle
from ..machine import APPLICATION, cache_folder, ownership
from ..machine.inputs import look
from ..settings import DEBUG, Settings
from . import building, header, persistent, rendering, stored
from .hold import names, quietly, remove_drafts
from .stored import STORED, STORED_DRAFT, Place

# Who has not used a stored bundle for so many seconds will not miss it.
_UNUSED = 60 * 86400

# Whether this process could not store one: it does not try again.
_failed = False


def build(settings: Settings, certifi_file: str) -> Bundle:
    """Return what would be in the bundle, with what was appended to the persistent one."""
    return bundle.build(settings, certifi_file, persistent.appended(settings))


def built_text(settings: Settings, certifi_file: str) -> bytes:
    """Return the text of a temporary bundle, built now; raises LookupError as to_publish() does."""
    started = time.time_ns()
    built = building.to_publish(settings, certifi_file, persistent.appended(settings))
    _store(built, settings, certifi_file, started)
    return built.text


def _store(built: Bundle, settings: Settings, certifi_file: str, started: int) -> None:
    """Store it, unless the next process has to build it all the same."""
    global _failed
    place = Place(settings, certifi_file)
    if _failed or not place.folder or not stored.is_wanted(settings):
        return
    # What a person appended to a persistent bundle counts here, too.
    more = look(persistent.paths(settings, header.asked_for(settings)))
    # Where that is not certain, a variable asks for it; see settings.STORE.
    request = header.Request(place.asked, place.salt, started, shows_changes=True, more=tuple(more))
    lines, rest = rendering.render(built, header.Stored(), request)
    if not header.parsed(lines + rest, ()).identities:
        return
    try:
        ownership.make_folder(place.folder)
        place.write(lines + rest)
        _sweep(place)
    except OSError as error:
        _failed = True
        reporting.later(reporting.emit, DEBUG, f"the bundle cannot be stored: {error}")


def _sweep(mine: Place) -> None:
    """Remove what killed writers left, and what nobody needs any more."""
    remove_drafts(mine.folder, STORED_DRAFT)
    above = os.path.join(cache_folder(), APPLICATION)
    for folder in (os.path.join(above, name) for name in names(above)):
        path = os.path.join(folder, STORED)
        if path != mine.path and _is_superfluous(path):
            quietly(os.unlink, path)
            # It stays where a printed bundle lies there.
            quietly(os.rmdir, folder)


def _is_superfluous(path: str) -> bool:
    """Whether its environment is gone, or has not used it for long."""
    try:
        found = header.read(path)
    except OSError:
        return False
    if not found.signature:
        return False
    unused = time.time() - found.signature[-1] / 10**9 > _UNUSED
    return unused or not all(map(os.path.isdir, _prefixes(found)))


def _prefixes(found: header.Stored) -> List[str]:
    """Return the environment that made it, as its header says."""
    return [each[len("prefix=") :] for each in found.asked if each.startswith("prefix=")]
