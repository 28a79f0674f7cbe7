"""Builds a bundle, and stores it for the next process that is asked for the same; see `stored`."""

from __future__ import annotations

import os
import sys
import time
from typing import List, Optional

from .. import bundle, reporting
from ..bundle import Bundle
from ..machine import APPLICATION, cache_folder, ownership
from ..machine.files import names
from ..machine.inputs import look
from ..settings import DEBUG, Settings
from . import building, header, persistent, rendering, stored
from .hold import quietly, remove_drafts, status_of
from .stored import DRAFT, STORED, STORED_DRAFT, Place

# Who has not used a stored bundle for so many seconds will not miss it.
_UNUSED = 60 * 86400
# So many are kept: somebody may name another file each time.
_MOST = 100
# The beginning of a stored bundle, with the environment that made it.
_START = 1 << 13

# What says which files are in a folder, and what is in a file: no later look compares that.
_READING = ("scandir", "open", "fstat", "read")

# Why this process could not store one: it does not try again.
_failures: List[Exception] = []


def build(settings: Settings, certifi_file: str) -> Bundle:
    """Return what would be in the bundle, with what was appended to the persistent one."""
    return bundle.build(settings, certifi_file, persistent.appended(settings))


def built_text(settings: Settings, certifi_file: str) -> bytes:
    """Return the text of a temporary bundle, built now; raises LookupError as to_publish() does."""
    started = time.time_ns()
    # What Windows' stores hold is asked before they are read: a change after that shows.
    place, error = reporting.tried(_place, settings, certifi_file)
    built = building.to_publish(settings, certifi_file, persistent.appended(settings))
    if place and not _failures:
        error = reporting.failure_of(_store, built, place, settings, started)
    if error and not _failures:
        _failures.append(error)
        reporting.later(reporting.emit, DEBUG, f"the bundle cannot be stored: {error!r}")
    return built.text


def _place(settings: Settings, certifi_file: str) -> Optional[Place]:
    """Return where it is to be stored; None where it is not."""
    is_wanted = stored.is_wanted(settings) and _is_read_by_the_system()
    place = Place(settings, certifi_file) if is_wanted else None
    return place if place and place.folder else None


def _is_read_by_the_system() -> bool:
    """Whether nobody has replaced what reads: tests of applications do, and eventlet."""
    system = sys.modules[os.name]
    return all(getattr(os, name) is getattr(system, name) for name in _READING)


def _store(built: Bundle, place: Place, settings: Settings, started: int) -> None:
    """Store it, unless the next process has to build it all the same."""
    # What a person appended to a persistent bundle counts here, too.
    more = look(persistent.paths(settings, header.asked_for(settings)))
    # Where that is not certain, a variable asks for it; see settings.STORE.
    request = header.Request(place.asked, place.salt, started, shows_changes=True, more=tuple(more))
    lines, rest = rendering.render(built, header.Stored(), request)
    if not header.parsed(lines, ()).identities:
        return
    ownership.make_folder(place.folder)
    place.write(lines + rest)
    _sweep(place)


def _sweep(mine: Place) -> None:
    """Remove what killed writers left, and what nobody needs any more."""
    # `remove` writes to it as to a persistent bundle.
    for draft in (STORED_DRAFT, DRAFT):
        remove_drafts(mine.folder, draft)
    above = os.path.join(cache_folder(), APPLICATION)
    paths = [os.path.join(above, name, STORED) for name in names(above)]
    found = [(status.st_mtime, path) for path in paths for status in [status_of(path)] if status]
    for number, (used, path) in enumerate(sorted(found, reverse=True)):
        is_old = number >= _MOST or time.time() - used > _UNUSED
        if path != mine.path and (is_old or _is_of_nobody(path, mine.machine)):
            quietly(os.unlink, path)
            # It stays where a printed bundle lies there.
            quietly(os.rmdir, os.path.dirname(path))


def _is_of_nobody(path: str, machine: str) -> bool:
    """Whether the environment of that machine which made a stored bundle is gone."""
    try:
        with open(path, "rb") as file:
            asked = header.asked_of(file.read(_START).split(b"\n")[1])
        made_by = dict(each.split("=", 1) for each in asked[:2])
        return made_by["machine"] == machine and not os.path.isdir(made_by["prefix"])
    except (OSError, LookupError, ValueError):
        return False
