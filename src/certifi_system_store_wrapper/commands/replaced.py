"""What `run` and `shellenv` tell of the variables that they replace: which CAs are lost by that."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from typing import Dict, Iterator, List, Sequence, Set

from .. import api
from ..machine.files import is_ours
from ..settings import USER, from_environment
from . import describe, drop_folder, whose


def lost(names: Sequence[str], bundle: str) -> Iterator[str]:
    """Yield a sentence for each file that variables name, if the bundle lacks a CA of it."""
    named: Dict[str, List[str]] = {}
    for name in names:
        value = os.environ.get(name, "")
        if os.path.isfile(value) and not is_ours(value):
            named.setdefault(os.path.realpath(value), []).append(name)
    # What cannot be read changes nothing of what the command is for.
    with suppress(OSError):
        for file, variables in named.items():
            held = [each.block for each in drop_folder.read(file).trusted]
            lacking = _trusted(file, set(held) - _blocks(bundle, held))
            if lacking:
                what = describe.several(lacking)
                told = f"{', '.join(variables)} named {file}, of which the bundle lacks {what}"
                yield f"{told}: {drop_folder.remedy(file, lacking[0], len(held))}"


def _blocks(bundle: str, blocks: Sequence[bytes]) -> Set[bytes]:
    """Return those that the bundle has."""
    with open(bundle, "rb") as file:
        text = file.read()
    return {block for block in blocks if block in text}


def _trusted(file: str, blocks: Set[bytes]) -> List[bytes]:
    """Return as DER those that `add` would have us trust, without what certifi has removed."""
    if not blocks:
        return []
    settings = from_environment()
    sources = (*settings.sources, *({USER} - {*settings.sources}))
    added = settings._replace(cert_files=(*settings.cert_files, file), sources=sources)
    trusted = [anchor.der for anchor in api.build(added).anchors if anchor.block in blocks]
    return [der for der in trusted if not whose.removal(sha256(der).hexdigest())]
