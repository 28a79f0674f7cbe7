"""What `run` and `shellenv` tell of the variables that they replace: which CAs are lost by that."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from hashlib import sha256
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

from .. import api
from ..parsing import pem
from ..publishing import lasting
from ..settings import USER, from_environment
from . import describe, drop_folder, whose
from .output import complain

_NO_USER = "PYTHON_CERTIFI_SOURCES leaves `user` out, so no `add` helps: name it there, too"


def tell(names: Sequence[str], bundle: str) -> None:
    """Complain of each file that these variables name, if the bundle lacks a CA of it."""
    for each in _lost(names, bundle):
        complain(each)


def _lost(names: Sequence[str], bundle: str) -> Iterator[str]:
    settings, named = from_environment(), _files(names)
    # What cannot be read changes nothing of what the command is for.
    with suppress(OSError):
        ours = {each.path: each.kept for each in lasting.found(settings, list(named))}
        for file, variables in named.items():
            lacking, count = _lacking(file, ours, bundle)
            if lacking:
                what = describe.several(lacking)
                told = f"{', '.join(variables)} named {file}, of which the bundle lacks {what}"
                remedy = drop_folder.remedy(file, lacking[0], count)
                yield f"{told}: {remedy if USER in settings.sources else _NO_USER}"


def _files(names: Sequence[str]) -> Dict[str, List[str]]:
    """Return the files that these variables name, each with the variables that do."""
    named: Dict[str, List[str]] = {}
    for name in names:
        value = os.environ.get(name, "")
        if os.path.isfile(value):
            named.setdefault(os.path.realpath(value), []).append(name)
    return named


def _lacking(file: str, ours: Dict[str, Set[bytes]], bundle: str) -> Tuple[List[bytes], int]:
    """Return as DER what the bundle lacks of a file, and how many certificates that has."""
    if file in ours:
        # What a person appended: the rest was made with other settings.
        ders = [pem.der_of(block) for block in _missing(ours[file], bundle)]
        return list(filter(_is_kept, ders)), sys.maxsize
    held = [each.block for each in drop_folder.read(file).trusted]
    return _trusted(file, _missing(held, bundle)), len(held)


def _missing(blocks: Iterable[bytes], bundle: str) -> List[bytes]:
    """Return those that the bundle has not."""
    with open(bundle, "rb") as file:
        text = file.read()
    return [block for block in blocks if block not in text]


def _trusted(file: str, blocks: Sequence[bytes]) -> List[bytes]:
    """Return as DER those that `add` would have us trust, without what certifi has removed."""
    if not blocks:
        return []
    settings = from_environment()
    sources = (*settings.sources, *({USER} - {*settings.sources}))
    added = settings._replace(cert_files=(*settings.cert_files, file), sources=sources)
    trusted = [anchor.der for anchor in api.build(added).anchors if anchor.block in blocks]
    return list(filter(_is_kept, trusted))


def _is_kept(der: bytes) -> bool:
    """Whether certifi has not removed it."""
    return not whose.removal(sha256(der).hexdigest())
