"""The bundles of this user that outlive their process: printed, persistent and stored.

Each says in its header with which settings it was made and which paths were looked at. Who changes
what lies in one of these paths finds the bundles here, of every environment.
"""

from __future__ import annotations

import os
from ast import literal_eval
from contextlib import suppress
from typing import Iterable, Iterator, List, NamedTuple, Sequence, Set, Tuple

from .. import parsing
from ..machine import APPLICATION, NAME, cache_folder, temporary_places, user_folder
from ..machine.environment import NAMING, environ
from ..machine.files import is_ours, names
from ..settings import Settings
from . import header, persistent, rendering
from .header import Stored, without_homes
from .stored import STORED

# What separates the items of a setting in its variable.
_LISTS = {"cert_files": os.pathsep, "sources": ","}

_COPY = "it is a copy: put there what `certifi-system-store-wrapper export` prints"
_ELSEWHERE = "another machine made it: run `certifi-system-store-wrapper export` there"


class Lasting(NamedTuple):
    """A bundle at a path that other programs may know."""

    path: str
    stored: Stored
    # Whether a process with the settings of this one keeps it up to date.
    is_own: bool

    @property
    def is_stored(self) -> bool:
        """Whether only where() reads it, which sees by itself that something has changed."""
        return os.path.basename(self.path) == STORED

    @property
    def bundle_dir(self) -> str:
        """The PYTHON_CERTIFI_BUNDLE_DIR that leads to this very path, "" where none does."""
        folder = os.path.dirname(self.path)
        above, name = os.path.split(folder)
        is_named_by_us = name.rpartition("-")[2] == header.key(self.stored.asked)
        is_cached = is_named_by_us and os.path.basename(above).startswith(APPLICATION)
        return "" if is_cached else folder

    @property
    def why_not_here(self) -> str:
        """Why no process of this machine writes it anew, "" where one does."""
        if self.stored.is_another_machines():
            return _ELSEWHERE
        return "" if os.path.basename(self.path) in (NAME, STORED) else _COPY

    @property
    def prefix(self) -> str:
        """Return the environment that it was made in, "" where the header does not say."""
        named = (each for each in self.stored.asked if each.startswith("prefix="))
        return next(named, "prefix=")[len("prefix=") :]

    @property
    def variables(self) -> Iterator[Tuple[str, str]]:
        """Yield the variables that ask for the same, but for those of this user's folders.

        Ours is "" where it is set in this process, and was not set there.
        """
        pairs = (each.partition("=") for each in without_homes(self.stored.asked))
        asked = {name: value for name, _, value in pairs}
        ours = {"PYTHON_CERTIFI_BUNDLE_DIR": self.bundle_dir}
        for name, separator in _LISTS.items():
            # Nothing vouches for that line but its owner.
            with suppress(SyntaxError, TypeError, ValueError):
                items = literal_eval(asked.get(name, "()"))
                ours[f"PYTHON_CERTIFI_{name.upper()}"] = separator.join(map(_item, items))
        yield from ((name, ours[name]) for name in ours if ours[name] or environ().get(name))
        yield from ((name, asked[name]) for name in NAMING if name in asked)

    @property
    def kept(self) -> Set[bytes]:
        """The certificates that a person appended: they stay, whatever is taken out."""
        return {found.block for found in parsing.parse(self.stored.appended).certificates}

    def looked_at(self, folder: str) -> bool:
        """Whether its certificates were looked for there; of what is missing, the top is noted."""
        above = {folder}
        while os.path.dirname(folder) not in above:
            folder = os.path.dirname(folder)
            above.add(folder)
        return not above.isdisjoint(self.stored.paths)

    def has(self, block: bytes) -> bool:
        """Whether the certificate is among those that it was made with."""
        return block in self.stored.rest


def _item(text: str) -> str:
    """Return an item of a list, as settings takes it for one."""
    return f'"{text}"' if os.name == "nt" and os.pathsep in text else text


def found(settings: Settings, named: Iterable[str] = ()) -> Iterator[Lasting]:
    """Yield each bundle in the folders of this user, and those of ours that `named` has."""
    asked = header.asked_for(settings)
    for path in _candidates(settings, named):
        # What others may have made nobody believes, and it is left alone.
        with suppress(OSError):
            there = header.read(path)
            is_own = there.asked == asked and not there.is_another_machines()
            yield Lasting(path, there, is_own)


def unsafe(settings: Settings, named: Iterable[str]) -> Iterator[str]:
    """Yield those that others may write to: nobody knows what is in them."""
    for path in _candidates(settings, named):
        try:
            header.read(path)
        except PermissionError:
            yield path
        except OSError:
            continue


def _candidates(settings: Settings, named: Iterable[str]) -> List[str]:
    return list(dict.fromkeys(map(os.path.realpath, filter(is_ours, (*_paths(settings), *named)))))


def _paths(settings: Settings) -> Iterator[str]:
    """Yield the files that may be such a bundle."""
    folders = [settings.bundle_dir, *_inside(settings.bundle_dir)] if settings.bundle_dir else []
    folders += _inside(os.path.join(cache_folder(), APPLICATION)) if cache_folder() else []
    for place in map(user_folder, filter(os.path.isdir, temporary_places())):
        # The other folders there belong to processes, which hold them.
        folders += [each for each in _inside(place) if "persistent-" in os.path.basename(each)]
    for folder in folders:
        yield from _inside(folder)


def _inside(folder: str) -> List[str]:
    return [os.path.join(folder, name) for name in names(folder)]


def renew(bundle: Lasting, settings: Settings, certifi_file: str) -> None:
    """Write a bundle of these settings anew, at its path; raises OSError, LookupError."""
    if bundle.why_not_here:
        raise OSError(0, bundle.why_not_here)
    settings = settings._replace(bundle_dir=bundle.bundle_dir)
    persistent.publish(os.path.dirname(bundle.path), settings, certifi_file)


def withdraw(bundle: Lasting, blocks: Sequence[bytes]) -> bool:
    """Take certificates out of the bundle; return whether that could be done. Raises OSError.

    What a person appended stays. The next process with its settings builds it anew. What another
    machine trusts is no business of this one.
    """
    if bundle.stored.is_another_machines():
        raise OSError(0, bundle.why_not_here)
    lines, rest = rendering.without(bundle.stored, blocks)
    return persistent.write(bundle.path, bundle.stored, lines, rest)
