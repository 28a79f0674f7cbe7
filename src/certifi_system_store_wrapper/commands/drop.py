"""`add` and `remove`: certificates in the drop folder of this user, checked before they count."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Any, Dict, List, Sequence, Tuple

from .. import bundle
from ..machine import ownership
from ..parsing import pem
from ..publishing.writing import replace
from ..settings import USER
from ..sources.files import add_file, certificate_files
from ..sources.findings import NAMED, Findings
from ..sources.user import user_drop_folder
from . import describe
from .output import Report, row, sentence

_DIGITS = 8  # of a SHA-256 that name a certificate


def add(paths: Sequence[str]) -> Report:
    """Copy the certificates of files into the drop folder, or say why not; raises OSError."""
    folder = _folder()
    told: List[Dict[str, Any]] = []
    for path in paths:
        refusal, blocks = _examined(path)
        if refusal:
            told.append({"path": path, "refused": refusal})
        told += [{"path": path, **_stored(_make(folder), block)} for block in blocks]
    return _report("add", folder, told)


def _examined(path: str) -> Tuple[str, List[bytes]]:
    """Return why the file is refused, or "", and the blocks that it holds.

    What is a warning where a file lies already is a refusal here.
    """
    if os.path.islink(path):
        return "it is a symbolic link; name the file itself", []
    if os.path.isdir(path):
        return "it is a folder; name the files in it", []
    findings = Findings(USER)
    add_file(findings, path, NAMED, named=True)
    if findings.problems:
        return findings.problems[0].message, []
    for left_out in bundle.merged([findings], findings.reader).excluded:
        return f"a certificate in it would not be used: {left_out.reason}", []
    if not findings.trusted:
        return "it is a bundle of ours: add the certificates that you put into it", []
    return "", [found.block for found in findings.trusted]


def _stored(folder: str, block: bytes) -> Dict[str, Any]:
    """Put one certificate into the folder, under a name that its content gives it."""
    told = describe.certificate(pem.der_of(block))
    target = os.path.join(folder, _name(told))
    if _holds(target, block):
        return {**told, "stored": target, "new": False}
    try:
        replace(target, block)
    except OSError as error:  # the other certificates may fit
        return {"refused": sentence(error)}
    return {**told, "stored": target, "new": True}


def _holds(path: str, block: bytes) -> bool:
    """Whether the file is what an earlier `add` wrote, and not what became of it."""
    findings = Findings(USER)
    add_file(findings, path, NAMED, named=True, safe=True)
    return [found.block for found in findings.trusted] == [block] and not os.path.islink(path)


def _name(told: Dict[str, Any]) -> str:
    """Return a file name: what people recognise, then what is unique."""
    common = re.sub(r"[^A-Za-z0-9]+", "-", told["subject"].partition(",")[0].partition("=")[2])
    return f"{common.strip('-')[:40] or 'certificate'}-{told['sha256'][:16]}.pem"


def remove(wanted: Sequence[str]) -> Report:
    """Delete what is named by SHA-256 (8 digits or more) or file name, or say why not."""
    folder = _folder()
    held = _held(folder)
    told: List[Dict[str, Any]] = []
    for word in wanted:
        matching = [each for each in held if _is_meant(word, each)]
        refusal = _refusal(matching, folder)
        if refusal:
            told.append({"path": word, "refused": refusal})
            continue
        told += [_removed(each, word) for each in matching]
        held = [each for each in held if each not in matching]
    if not wanted:
        told = [{**each, "removed": False} for each in held]
    return _report("remove", folder, told)


def _removed(each: Dict[str, Any], word: str) -> Dict[str, Any]:
    """Delete one file, which somebody else may have done already."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(each["stored"])
    except OSError as error:
        return {"path": word, "refused": sentence(error)}
    return {**each, "removed": True}


def _refusal(matching: List[Dict[str, Any]], folder: str) -> str:
    if not matching:
        return f"no certificate in {folder} is called that; `remove` alone lists them"
    if len({each["sha256"] for each in matching}) > 1:
        return "several certificates are called that; give more digits of the SHA-256"
    for each in matching:
        there = os.path.realpath(os.path.dirname(each["stored"]))
        if not os.path.join(there, "").startswith(os.path.join(os.path.realpath(folder), "")):
            return f"a link leads to it: remove the link yourself, or the file in {there}"
    return ""


def _held(folder: str) -> List[Dict[str, Any]]:
    """Return what `add` stored there, or a person: files with exactly one certificate."""
    if not os.path.isdir(folder):
        return []
    held = []
    for path in certificate_files(Findings(USER), folder):
        findings = Findings(USER)
        if add_file(findings, path, NAMED, named=True) == 1:
            ders = [pem.der_of(found.block) for found in findings.trusted]
            held += [{**describe.certificate(der), "stored": path} for der in ders]
    return held


def _is_meant(word: str, each: Dict[str, Any]) -> bool:
    """Whether the word begins its SHA-256, or names its file: no other file of that name."""
    digits = word.replace(":", "").lower()
    if len(digits) >= _DIGITS and str(each["sha256"]).startswith(digits):
        return True
    stored = str(each["stored"])
    return word == os.path.basename(stored) or os.path.abspath(word) == stored


def _folder() -> str:
    """Return the drop folder, which need not exist; raises OSError without a home."""
    folder = user_drop_folder()
    if not folder:
        variable = "APPDATA" if sys.platform == "win32" else "HOME"
        raise OSError(0, f"there is no home folder to keep it in: set {variable}")
    home = os.path.expanduser("~")
    if folder.startswith(home) and not os.path.isdir(home):  # a daemon's /nonexistent
        raise OSError(0, f"there is no home folder {home} to keep it in: set HOME")
    return folder


def _make(folder: str) -> str:
    """Return the drop folder, made if need be; raises OSError where it is not safe."""
    there = folder
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    if not os.path.isdir(there):  # on Windows it may be a drive that is not connected
        raise OSError(0, f"{there} has to be a folder, and is none: make it one")
    if ownership.is_safe_path(there):  # else nothing of root's is left in the home of another
        if there != folder:
            ownership.make_folder(folder)
        if ownership.is_safe(os.stat(folder), folder) and ownership.is_safe_path(folder):
            return folder
    message = f"others may write to {folder} or above, so it is not used: chmod go-w, and own it"
    raise PermissionError(0, message)


def _report(command: str, folder: str, told: List[Dict[str, Any]]) -> Report:
    data = {"command": command, "folder": folder, "certificates": told}
    lines = [_line(each) for each in told if "refused" not in each]
    errors = [f"refused {e['path']}: {e['refused']}" for e in told if "refused" in e]
    if command == "remove" and not told:
        lines = [row("none", f"nothing has been added to {folder}")]
    return Report(data, lines, int(bool(errors)), errors=errors)


def _line(each: Dict[str, Any]) -> str:
    marks = f" [{', '.join(each['marks'])}]" if each["marks"] else ""
    label = "removed" if each.get("removed") else "held" if "removed" in each else "added"
    label = "held" if each.get("new") is False else label
    return row(label, f"{each['subject']}{marks}  SHA-256 {each['sha256']}  {each['stored']}")
