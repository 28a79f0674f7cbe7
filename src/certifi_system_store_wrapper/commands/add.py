"""`add`: check certificates and copy them into the drop folder of this user."""

from __future__ import annotations

import os
import re
from glob import glob
from hashlib import sha256
from typing import Any, Dict, List, Sequence, Tuple

from .. import bundle
from ..machine import ownership
from ..parsing import pem
from ..publishing.writing import replace
from ..settings import WARNING
from . import at_once, describe, drop_folder, trusted_from
from .doctor import usable
from .output import Report, sentence

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FROM_A_URL = (
    "save the certificate to a file, compare its SHA-256 with what whoever runs the CA says by "
    "another way, and `add` the file"
)


def run(*, files: Sequence[str]) -> Report:
    """Copy the certificates of files into the drop folder, or say why not; raises OSError."""
    folder = drop_folder.find()
    told: List[Dict[str, Any]] = []
    added: List[bytes] = []
    for path in [each for word in files for each in _meant(word)]:
        refusal, blocks = _examined(path)
        if refusal:
            told.append({"path": path, "refused": refusal})
        told += [{"path": path, **_stored(drop_folder.make(folder), block)} for block in blocks]
        added += blocks
    useless = trusted_from.why_not(added)
    told = _warned(told, {**_unusable(added), **useless})
    report = drop_folder.report("add", folder, told)
    report = report._replace(status=1) if useless else report
    added = [block for block in added if block not in useless]
    return at_once.take_effect(report, folder, added=added)


def _unusable(added: Sequence[bytes]) -> Dict[bytes, str]:
    """Return by which of these CAs no server is trusted, and why."""
    ders = {block: pem.der_of(block) for block in added}
    trusted = [*(anchor.der for anchor in trusted_from.anchors()), *ders.values()]
    found = {
        block: usable.refusal(der, trusted)
        for block, der in ders.items()
        if describe.certificate(der).get("ca")
    }
    return {block: f"{usable.NOBODY}: {why}" for block, why in found.items() if why}


def _warned(told: List[Dict[str, Any]], useless: Dict[bytes, str]) -> List[Dict[str, Any]]:
    """Return what is told of each, with why it is not trusted all the same."""
    warnings = {sha256(pem.der_of(block)).hexdigest(): why for block, why in useless.items()}
    known = [each for each in told if each.get("sha256") in warnings]
    for each in known:
        each["warning"] = warnings[each["sha256"]]
    return told


def _meant(word: str) -> List[str]:
    """Return the files that an argument names: the shells of Windows leave patterns as they are.

    Brackets are none there: a browser writes them into the name of a second download.
    """
    return (os.name == "nt" and sorted(glob(word.replace("[", "[[]")))) or [word]


def _examined(path: str) -> Tuple[str, List[bytes]]:
    """Return why the file is refused, or "", and the blocks that it holds.

    A file that would get a warning in the drop folder is refused here.
    """
    if _URL.match(path):
        return f"it is a URL, and nothing is downloaded here: {_FROM_A_URL}", []
    if os.path.islink(path):
        return "it is a symbolic link; name the file itself", []
    if os.path.isdir(path):
        return "it is a folder; name the files in it", []
    findings = drop_folder.read(path)
    for problem in findings.problems:
        if problem.level >= WARNING:
            return problem.message, []
    for left_out in bundle.merged([findings], findings.reader).excluded:
        return f"a certificate in it would not be used: {left_out.reason}", []
    return "", [found.block for found in findings.trusted]


def _stored(folder: str, block: bytes) -> Dict[str, Any]:
    """Write one certificate into the folder, under a name made of its subject and SHA-256."""
    told = describe.certificate(pem.der_of(block))
    told["warning"] = _warning(told)
    target = os.path.join(folder, _name(told))
    if _holds(target, block):
        return {**told, "stored": target, "new": False}
    try:
        replace(target, block)
    except OSError as error:
        # The other certificates may fit on the disk.
        return {"refused": sentence(error)}
    return {**told, "stored": target, "new": True}


def _warning(told: Dict[str, Any]) -> str:
    """Return what somebody should know who adds the certificate of a server, "" for a CA's."""
    if told.get("ca", True):
        return ""
    what = "it is a server's own certificate and no CA's"
    if told["subject"] == told["issuer"]:
        return f"{what}: that one server is trusted, until it has another certificate"
    return (
        f"{what}: Python before 3.13 does not trust a server by it, and later ones only that one; "
        f"add the certificate of the CA that issued it, {told['issuer']}"
    )


def _holds(path: str, block: bytes) -> bool:
    """Whether the file still is what an earlier `add` wrote."""
    held = [found.block for found in drop_folder.read(path).trusted]
    return held == [block] and ownership.is_safe(os.lstat(path), path) and not os.path.islink(path)


def _name(told: Dict[str, Any]) -> str:
    """Return a file name: its common name for people, then what makes it unique."""
    common = re.sub(r"[^A-Za-z0-9]+", "-", told["subject"].partition(",")[0].partition("=")[2])
    return f"{common.strip('-')[:40] or 'certificate'}-{told['sha256'][:16]}.pem"
