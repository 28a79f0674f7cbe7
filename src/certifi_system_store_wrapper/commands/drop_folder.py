"""The drop folder of this user, which `add` fills and `remove` clears."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List

from ..machine import ownership
from ..parsing import pem
from ..settings import USER
from ..sources import user_drop_folder
from ..sources.files import add_file, certificate_files
from ..sources.findings import NAMED, Findings
from . import describe
from .output import Report, row


def find() -> str:
    """Return the path of the drop folder; raises OSError if the user has no home."""
    folder = user_drop_folder()
    if not folder:
        variable = "APPDATA" if sys.platform == "win32" else "HOME"
        raise OSError(0, f"there is no home folder to keep it in: set {variable}")
    home = os.path.expanduser("~")
    # The home of a daemon is often called /nonexistent.
    if folder.startswith(home) and not os.path.isdir(home):
        raise OSError(0, f"there is no home folder {home} to keep it in: set HOME")
    return folder


def make(folder: str) -> str:
    """Make the drop folder if it is missing, and return it; raises OSError if it is not safe."""
    there = folder
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    # On Windows it may be a drive that is not connected.
    if not os.path.isdir(there):
        raise OSError(0, f"{there} has to be a folder, and is none: make it one")
    check = ownership.Check()
    # Check first, so that root leaves no folder in the home of another user.
    fault = check.place_fault(there)
    if fault is None:
        if there != folder:
            ownership.make_folder(folder)
        fault = ownership.Check().fault(folder)
    if fault is None:
        return folder
    message = f"{fault.step}: {fault.why}, so {folder} is not used: {fault.remedy}"
    raise PermissionError(0, message)


def read(path: str) -> Findings:
    """Return what a file holds, read as a file in the drop folder is."""
    findings = Findings(USER)
    add_file(findings, path, NAMED, named=True)
    return findings


def held(folder: str) -> List[Dict[str, Any]]:
    """Return the files with exactly one certificate, whoever put them there."""
    files = [(path, read(path)) for path in certificate_files(Findings(USER), folder)]
    return [
        {**describe.certificate(pem.der_of(inside.trusted[0].block)), "stored": path}
        for path, inside in files
        if len(inside.trusted) == 1 and not inside.refused
    ]


def report(command: str, folder: str, told: List[Dict[str, Any]]) -> Report:
    """Report what became of each certificate; the status is 1 where one was refused."""
    data = {"command": command, "folder": folder, "certificates": told}
    lines = [_line(each) for each in told if "refused" not in each]
    errors = [f"refused {e['path']}: {e['refused']}" for e in told if "refused" in e]
    if command == "remove" and not told:
        lines = [row("none", f"nothing has been added to {folder}")]
    return Report(data, lines, int(bool(errors)), errors=errors)


def _line(each: Dict[str, Any]) -> str:
    marks = f" [{', '.join(each['marks'])}]" if each["marks"] else ""
    label = "held"
    if each.get("removed"):
        label = "removed"
    elif each.get("new"):
        label = "added"
    return row(label, f"{each['subject']}{marks}  SHA-256 {each['sha256']}  {each['stored']}")
