"""`remove`: delete certificates from the drop folder of this user, or list them."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from typing import Any, Callable, Dict, List, Sequence

from ..machine.files import from_here
from ..parsing import pem
from . import at_once, drop_folder, trusted_from
from .output import Report, row, sentence

# At least this many digits of its SHA-256 name a certificate.
_DIGITS = 8
_TOO_SHORT = re.compile(r"[0-9A-Fa-f:]{1,7}")
# Whether a certificate is meant, by its SHA-256 and its file.
Meaning = Callable[[str, str], bool]


def run(*, names: Sequence[str]) -> Report:
    """Delete the certificates that `names` has by SHA-256 or file name, or say why not."""
    folder = drop_folder.find()
    held, unreadable = drop_folder.held(folder)
    told: List[Dict[str, Any]] = []
    blocks: List[bytes] = []
    for word in names:
        is_meant = _meaning(word)
        found = [each for each in held if is_meant(each["sha256"], each["stored"])]
        matching = [each for each in found if each["is_alone"]] or found
        refusal = _refusal(word, is_meant, matching, folder)
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
    if not told:
        report.lines.append(row("none", f"nothing has been added to {folder}"))
    return at_once.take_effect(report, folder, removed=blocks)


def _removed(each: Dict[str, Any], word: str) -> Dict[str, Any]:
    """Delete one file; it is no error if it is gone already."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(each["stored"])
    except OSError as error:
        return {"path": word, "refused": sentence(error)}
    return {**each, "removed": True}


def _refusal(word: str, is_meant: Meaning, matching: List[Dict[str, Any]], folder: str) -> str:
    if not matching and _TOO_SHORT.fullmatch(word):
        return f"name {_DIGITS} digits of its SHA-256 or more"
    if not matching:
        elsewhere = _elsewhere(is_meant)
        more = f", but {elsewhere}" if elsewhere else "; `remove` alone lists them"
        return f"no certificate in {folder} is called that{more}"
    for each in matching:
        if not each["is_alone"]:
            return f"it is not alone in {each['stored']}: delete that file, and `add` the others"
    if len({each["sha256"] for each in matching}) > 1:
        return "several certificates are called that: name each by more digits of its SHA-256"
    for each in matching:
        there = os.path.realpath(os.path.dirname(each["stored"]))
        if not _is_below(there, os.path.realpath(folder)):
            return f"a link leads to it: remove the link yourself, or the file in {there}"
    return ""


def _elsewhere(is_meant: Meaning) -> str:
    """Return where else something is trusted that is meant, "" if nothing is."""
    found = [place for anchor in trusted_from.anchors() for place in trusted_from.places(anchor)]
    meant = [each for each in found if is_meant(each["sha256"], each["path"])]
    return "; ".join(dict.fromkeys(map(trusted_from.sentence, meant)))


def _is_below(path: str, folder: str) -> bool:
    """Whether it is that folder or in it."""
    path, folder = (os.path.join(os.path.normcase(each), "") for each in (path, folder))
    return path.startswith(folder)


def _meaning(word: str) -> Meaning:
    """Return what tells whether a word means a certificate, of which SHA-256 and file are known.

    It begins the SHA-256, or names the file, or another that holds the certificate.
    """
    digits = word.replace(":", "").lower()
    # Windows does not tell upper from lower case in names.
    named = {os.path.normcase(each) for each in (word, from_here(word))}
    inside = drop_folder.read(word).trusted if os.path.isfile(word) else []
    held = {hashlib.sha256(pem.der_of(each.block)).hexdigest() for each in inside}

    def is_meant(sha256: str, path: str) -> bool:
        path = os.path.normcase(path)
        is_named = sha256 in held or not named.isdisjoint({path, os.path.basename(path)})
        return is_named or (len(digits) >= _DIGITS and sha256.startswith(digits))

    return is_meant
