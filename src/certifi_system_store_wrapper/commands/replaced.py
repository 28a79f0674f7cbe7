"""What `run` and `shellenv` tell of the variables that they replace: which CAs are lost by that."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

from .. import api
from ..parsing import pem
from ..publishing import lasting
from ..settings import USER, from_environment
from ..sources.files import MAX_FILES, is_hashed_name
from . import describe, drop_folder, whose
from .output import complain

_NO_USER = "PYTHON_CERTIFI_SOURCES leaves `user` out, so no `add` helps: name it there, too"


def tell(names: Sequence[str], bundle: str) -> None:
    """Complain of each place that these variables name, if the bundle lacks a CA of it."""
    # What cannot be read changes nothing of what the command is for.
    with suppress(OSError):
        for each in _lost(names, bundle):
            complain(each)


def _lost(names: Sequence[str], bundle: str) -> Iterator[str]:
    settings, named = from_environment(), _places(names)
    ours = {each.path: each.kept for each in lasting.found(settings, list(named))}
    for place, variables in named.items():
        if place in ours:
            lacking, remedy = _appended(place, ours[place], bundle)
        else:
            lacking, remedy = _lacking(place, bundle)
        if lacking:
            what = describe.several(lacking)
            told = f"{', '.join(variables)} named {place}, of which the bundle lacks {what}"
            yield f"{told}: {remedy if USER in settings.sources else _NO_USER}"


def _places(names: Sequence[str]) -> Dict[str, List[str]]:
    """Return the files and folders that these variables name, each with the variables that do."""
    named: Dict[str, List[str]] = {}
    for name in names:
        # A home: pip and botocore read one, and who wrote it for others meant that file, too.
        path = os.path.expanduser(os.environ.get(name, ""))
        if os.path.isfile(path) or os.path.isdir(path):
            named.setdefault(os.path.realpath(path), []).append(name)
    return named


def _files(place: str) -> List[str]:
    """Return the files that OpenSSL reads there: of a folder those with hashed names."""
    if not os.path.isdir(place):
        return [place]
    names = islice(filter(is_hashed_name, sorted(os.listdir(place))), MAX_FILES)
    return list(filter(os.path.isfile, (os.path.join(place, name) for name in names)))


def _appended(ours: str, kept: Set[bytes], bundle: str) -> Tuple[List[bytes], str]:
    """Return as DER what a person put behind a bundle of ours, and what helps.

    The rest of it was made with other settings.
    """
    lacking = list(filter(_is_kept, map(pem.der_of, _missing(kept, bundle))))
    return lacking, drop_folder.remedy(ours, lacking[0], sys.maxsize) if lacking else ""


def _lacking(place: str, bundle: str) -> Tuple[List[bytes], str]:
    """Return as DER what the bundle lacks of a file or folder, and what helps."""
    held = {file: [each.block for each in drop_folder.read(file).trusted] for file in _files(place)}
    missing = _missing((block for blocks in held.values() for block in blocks), bundle)
    lacking = _trusted(list(held), missing)
    for file, blocks in held.items():
        if lacking and pem.block_of(lacking[0]) in blocks:
            return lacking, drop_folder.remedy(file, lacking[0], len(blocks))
    return [], ""


def _missing(blocks: Iterable[bytes], bundle: str) -> List[bytes]:
    """Return those that the bundle has not."""
    with open(bundle, "rb") as file:
        text = file.read()
    return [block for block in blocks if block not in text]


def _trusted(files: Sequence[str], blocks: Sequence[bytes]) -> List[bytes]:
    """Return as DER those that `add` would have us trust, without what certifi has removed."""
    if not blocks:
        return []
    settings = from_environment()
    sources = (*settings.sources, *({USER} - {*settings.sources}))
    added = settings._replace(cert_files=(*settings.cert_files, *files), sources=sources)
    trusted = [anchor.der for anchor in api.build(added).anchors if anchor.block in blocks]
    return list(filter(_is_kept, trusted))


def _is_kept(der: bytes) -> bool:
    """Whether certifi has not removed it."""
    return not whose.removal(sha256(der).hexdigest())
