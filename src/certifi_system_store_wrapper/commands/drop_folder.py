"""The drop folder of this user, which `add` fills and `remove` clears."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import Any, Dict, List, Tuple

from ..machine import environment, ownership, user_drop_folder
from ..parsing import pem
from ..printable import printable
from ..settings import USER
from ..sources import is_drop_folder, require_safe
from ..sources.files import add_file, certificate_files
from ..sources.findings import NAMED, Findings
from ..sources.reader import Reader, Untrusted
from . import describe
from .environment import NAME, typed
from .output import Report, row
from .terminal import fingerprint

# With more certificates than that, a file is somebody's whole list.
_FEW = 10
# What works without a home.
_NAME_IT = "name its file in PYTHON_CERTIFI_CERT_FILES"


def find() -> str:
    """Return the path of the drop folder; raises OSError if the user has no home."""
    folder = user_drop_folder()
    if not folder and environment.IS_PRIVILEGED:
        raise OSError(0, f"there is no drop folder, because {environment.WHY_PRIVILEGED}")
    if not folder:
        variable = "APPDATA" if sys.platform == "win32" else "HOME"
        raise OSError(0, f"there is no home folder to keep it in: set {variable}, or {_NAME_IT}")
    home = os.path.expanduser("~")
    # The home of a daemon is often called /nonexistent.
    if folder.startswith(home) and not os.path.isdir(home):
        raise OSError(0, f"there is no home folder {home} to keep it in: set HOME, or {_NAME_IT}")
    return folder


def make(folder: str) -> str:
    """Make the drop folder if it is missing, and return it; raises OSError if it is not safe."""
    there = folder
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    # On Windows it may be a drive that is not connected.
    if not os.path.isdir(there):
        raise OSError(0, f"{there} has to be a folder, and is none: make it one")
    # Check first, so that root leaves no folder in the home of another user.
    fault = ownership.Check().place_fault(there)
    if fault is None:
        ownership.make_folder(folder)
        # The folder by itself: files in it are not used if others may add some.
        fault = ownership.Check().fault(folder)
    if fault:
        message = f"{fault.step}: {fault.why}, so {folder} is not used: {fault.remedy}"
        raise PermissionError(0, message)
    return folder


def read(path: str) -> Findings:
    """Return what a file holds, read as a file in the drop folder is."""
    findings = Findings(USER)
    add_file(findings, path, NAMED, named=True)
    return findings


def adding(path: str) -> str:
    """Return the command that trusts a file, as it is typed."""
    return typed(NAME, "add", path)


def remedy(path: str, der: bytes, count: int) -> str:
    """Return what has us trust a certificate that a file holds, one of so many."""
    path = os.path.realpath(path)
    if printable(path) != path:
        return "rename it: its path cannot be typed as it is shown; then `add` it"
    if count <= _FEW:
        return adding(path)
    digest = sha256(der).hexdigest()
    return f"copy the certificate with the SHA-256 {digest} out of it, and `add` that"


def held(folder: str) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """Return the certificates in the folder, and what cannot be read, as it is told."""
    above = Findings(USER)
    paths = certificate_files(above, folder) if is_drop_folder(above, folder) else ()
    files = [(path, read(path)) for path in paths]
    found = [
        _held(one.block, path, len(inside.trusted) + len(inside.refused))
        for path, inside in files
        for one in inside.trusted
    ]
    nothing = [above, *(inside for _, inside in files if not inside.trusted)]
    problems = [problem for each in nothing for problem in each.problems]
    return found, [{"path": each.path, "refused": each.message} for each in problems]


def _held(block: bytes, path: str, count: int) -> Dict[str, Any]:
    """Return what is told of one of `count` certificates in a file.

    Also that it is not used for who may change the file.
    """
    told = {**describe.certificate(pem.der_of(block)), "is_alone": count == 1}
    if count > 1:
        told["marks"] = [*told["marks"], f"one of {count} in that file"]
    try:
        require_safe(path, Reader())
    except Untrusted as error:
        told["marks"] = [*told["marks"], f"not used: {error.why}"]
    return {**told, "stored": path}


def report(command: str, folder: str, told: List[Dict[str, Any]]) -> Report:
    """Report what became of each certificate; the status is 1 where one was refused."""
    data = {"command": command, "folder": folder, "certificates": told}
    lines = [line for each in told if "refused" not in each for line in _lines(each)]
    errors = [f"refused {e['path']}: {e['refused']}" for e in told if "refused" in e]
    return Report(data, lines, int(bool(errors)), errors=errors)


def _lines(each: Dict[str, Any]) -> List[str]:
    marks = f" [{', '.join(each['marks'])}]" if each["marks"] else ""
    label = "held"
    if each.get("removed"):
        label = "removed"
    elif each.get("new"):
        label = "added"
    sha256 = fingerprint(each["sha256"])
    told = [row(label, f"{each['subject']}{marks}  SHA-256 {sha256}  {each['stored']}")]
    return [*told, row("note", each["warning"])] if each.get("warning") else told
