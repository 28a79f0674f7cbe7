"""`remove`: delete certificates from the drop folder of this user, or list them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import Any, Dict, List, Sequence

from ..parsing import pem
from . import at_once, drop_folder, trusted_from
from .output import Report, sentence

# At least this many digits of its SHA-256 name a certificate.
_DIGITS = 8


def run(*, names: Sequence[str]) -> Report:
    """Delete the certificates that `names` has by SHA-256 or file name, or say why not."""
    folder = drop_folder.find()
    held, unreadable = drop_folder.held(folder)
    told: List[Dict[str, Any]] = []
    blocks: List[bytes] = []
    for word in names:
        matching = [each for each in held if _is_meant(word, each["sha256"], each["stored"])]
        refusal = _refusal(word, matching, folder)
        if refusal:
            told.append({"path": word, "refused": refusal})
            continue
        blocks += [drop_folder.read(each["stored"]).trusted[0].block for each in matching]
        told += [_removed(each, word) for each in matching]
        held = [each for each in held if each not in matching]
    if not names:
        told = [{**each, "removed": False} for each in held]
    if not names or any("refused" in each for each in told):
        # What is looked for may be there.
        told += unreadable
    report = drop_folder.report("remove", folder, told)
    return at_once.take_effect(report, folder, removed=blocks)


def _removed(each: Dict[str, Any], word: str) -> Dict[str, Any]:
    """Delete one file; it is no error if it is gone already."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(each["stored"])
    except OSError as error:
        return {"path": word, "refused": sentence(error)}
    return {**each, "removed": True}


def _refusal(word: str, matching: List[Dict[str, Any]], folder: str) -> str:
    if not matching:
        elsewhere = _elsewhere(word)
        more = f", but {elsewhere}" if elsewhere else "; `remove` alone lists them"
        return f"no certificate in {folder} is called that{more}"
    if len({each["sha256"] for each in matching}) > 1:
        return "several certificates are called that; give more digits of the SHA-256"
    for each in matching:
        there = os.path.realpath(os.path.dirname(each["stored"]))
        if not _is_below(there, os.path.realpath(folder)):
            return f"a link leads to it: remove the link yourself, or the file in {there}"
    return ""


def _elsewhere(word: str) -> str:
    """Return where else something is trusted that the word means, "" if nothing is."""
    found = [place for anchor in trusted_from.anchors() for place in trusted_from.places(anchor)]
    meant = [each for each in found if _is_meant(word, each["sha256"], each["path"])]
    return "; ".join(dict.fromkeys(map(trusted_from.sentence, meant)))


def _inside(word: str) -> List[str]:
    """Return the SHA-256 of each certificate in the file of that name, such as what was added."""
    held = drop_folder.read(word).trusted if os.path.isfile(word) else []
    return [hashlib.sha256(pem.der_of(each.block)).hexdigest() for each in held]


def _is_below(path: str, folder: str) -> bool:
    """Whether it is that folder or in it."""
    path, folder = (os.path.join(os.path.normcase(each), "") for each in (path, folder))
    return path.startswith(folder)


def _is_meant(word: str, sha256: str, path: str) -> bool:
    """Whether the word begins the SHA-256 of a certificate, or names its file."""
    digits = word.replace(":", "").lower()
    if len(digits) >= _DIGITS and sha256.startswith(digits):
        return True
    if sha256 in _inside(word):
        return True
    # Windows does not tell upper from lower case in names.
    path, asked = os.path.normcase(path), os.path.normcase(word)
    return asked == os.path.basename(path) or os.path.abspath(asked) == path
