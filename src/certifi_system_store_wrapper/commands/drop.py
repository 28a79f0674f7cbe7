"""`add` and `remove`: certificates in the drop folder of this user, checked before they count."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Sequence, Tuple

from .. import certificates, ownership, sources
from ..files import add_file
from ..findings import NAMED, USER, Findings
from ..reader import Reader
from ..writing import write_new
from . import describe
from .output import Report, row


def add(paths: Sequence[str]) -> Report:
    """Copy the certificates of files into the drop folder, or say why not; raises OSError."""
    folder = _folder()
    told: List[Dict[str, Any]] = []
    for path in paths:
        refusal, blocks = _examined(path)
        if refusal:
            told.append({"path": path, "refused": refusal})
            continue
        told += [{"path": path, **_stored(folder, block)} for block in blocks]
    data = {"command": "add", "folder": folder, "certificates": told}
    return Report(data, [_line(each) for each in told], int(any("refused" in e for e in told)))


def _examined(path: str) -> Tuple[str, List[bytes]]:
    """Return why the file is refused, or "", and the blocks that it holds.

    What is a warning where a file lies already is a refusal here.
    """
    if os.path.islink(path):
        return "it is a symbolic link; name the file itself", []
    findings = Findings(USER)
    add_file(findings, Reader(), path, NAMED, named=True)
    for problem in findings.problems:
        return problem.message, []
    if not findings.trusted:
        return "it is a bundle of ours: add the certificates that you put into it", []
    return "", [found.block for found in findings.trusted]


def _stored(folder: str, block: bytes) -> Dict[str, Any]:
    """Put one certificate into the folder, under a name that its content gives it."""
    told = describe.certificate(certificates.der_of(block))
    target = os.path.join(folder, _name(told))
    if os.path.exists(target):
        return {**told, "stored": target, "new": False}
    unfinished = f"{target}.{os.urandom(8).hex()}"
    try:
        write_new(unfinished, block)
        os.replace(unfinished, target)
    finally:
        if os.path.lexists(unfinished):
            os.unlink(unfinished)
    return {**told, "stored": target, "new": True}


def _name(told: Dict[str, Any]) -> str:
    """Return a file name: what people recognise, then what is unique."""
    common = re.sub(r"[^A-Za-z0-9]+", "-", told["subject"].partition(",")[0].partition("=")[2])
    return f"{common.strip('-')[:40] or 'certificate'}-{told['sha256'][:16]}.pem"


def remove(wanted: Sequence[str]) -> Report:
    """Delete what is named by SHA-256 (8 digits or more) or file name; raises OSError."""
    folder = _folder()
    held = _held(folder)
    told: List[Dict[str, Any]] = []
    for word in wanted:
        matching = [each for each in held if _is_meant(word, each)]
        for each in matching:
            os.unlink(each["stored"])
            held.remove(each)
        told += [{**each, "removed": True} for each in matching]
        if not matching:
            told.append({"path": word, "refused": f"no certificate in {folder} is called that"})
    if not wanted:
        told = [{**each, "removed": False} for each in held]
    data = {"command": "remove", "folder": folder, "certificates": told}
    return Report(data, [_line(each) for each in told], int(any("refused" in e for e in told)))


def _held(folder: str) -> List[Dict[str, Any]]:
    """Return what `add` stored there, or a person: files with exactly one certificate."""
    held = []
    for name in sorted(os.listdir(folder)):
        path, findings = os.path.join(folder, name), Findings(USER)
        if os.path.isfile(path) and add_file(findings, Reader(), path, NAMED, named=True) == 1:
            ders = [certificates.der_of(found.block) for found in findings.trusted]
            held += [{**describe.certificate(der), "stored": path} for der in ders]
    return held


def _is_meant(word: str, each: Dict[str, Any]) -> bool:
    digits = word.replace(":", "").lower()
    if len(digits) >= 8 and str(each["sha256"]).startswith(digits):
        return True
    return os.path.basename(str(each["stored"])) == os.path.basename(word)


def _folder() -> str:
    """Return the drop folder, made if need be; raises OSError where it is not safe."""
    folder = sources.user_folder()
    if not folder:
        raise OSError(0, "there is no home folder to keep it in: set HOME")
    os.makedirs(folder, 0o755, exist_ok=True)
    if not ownership.is_safe(os.stat(folder)):
        raise PermissionError(1, "others may write to it, so it is not used: chmod go-w", folder)
    return folder


def _line(each: Dict[str, Any]) -> str:
    if "refused" in each:
        return row("refused", f"{each['path']}: {each['refused']}")
    marks = f" [{', '.join(each['marks'])}]" if each["marks"] else ""
    label = "removed" if each.get("removed") else "held" if "removed" in each else "added"
    label = "held" if each.get("new") is False else label
    return row(label, f"{each['subject']}{marks}  SHA-256 {each['sha256']}  {each['stored']}")
