"""The source `user`: the files that a person named, and the drop folders."""

from __future__ import annotations

import os
import sys
from typing import Dict, List

from ..machine import APPLICATION, ownership
from ..settings import Settings
from .files import add_file, add_folder, certificate_files
from .findings import NAMED, Findings


def collect(findings: Findings, settings: Settings) -> None:
    """Add PYTHON_CERTIFI_CERT_FILES, then the drop folders."""
    with findings.named_by("PYTHON_CERTIFI_CERT_FILES"):
        for path in dict.fromkeys(settings.cert_files):
            if os.path.isdir(path):
                add_folder(findings, path)
            else:
                add_file(findings, path, NAMED, named=True)
    for folder in drop_folders(settings):
        if os.path.isdir(folder):
            _add_drop_folder(findings, folder)
        else:
            findings.reader.inputs.append((folder, -1, -1))
            if os.path.lexists(folder):
                # That is what a copy into a folder makes that was not there yet.
                findings.problem(folder, "it is not a folder, so it is not used: make it one")


def drop_folders(settings: Settings) -> List[str]:
    """Return the drop folders, which need not exist: the package's, the old one, the user's."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [package, os.path.join(os.path.dirname(package), "certifi_system")]
    own = user_drop_folder()
    if own and not settings.isolated:
        folders.append(own)
    return folders


def user_drop_folder() -> str:
    """Return the drop folder of this user, which outlives a virtual environment; or ""."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME", "")
        base = base if os.path.isabs(base) else os.path.expanduser("~/.config")
    return os.path.join(base, APPLICATION, "certs") if os.path.isabs(base) else ""


def _add_drop_folder(findings: Findings, folder: str) -> None:
    """Add what was dropped, where nobody else could have dropped it."""
    unsafe: Dict[str, str] = {}
    for path in certificate_files(findings, folder):
        here = os.path.dirname(path)
        if here not in unsafe:
            unsafe[here] = _first_unsafe(folder, here)
        if not unsafe[here]:
            add_file(findings, path, NAMED, named=True, safe=True)
            continue
        what = "it" if unsafe[here].startswith(folder) else folder
        message = f"others may write to this folder, so {what} is not used: chmod go-w, and own it"
        findings.problem(unsafe[here], message)


def _first_unsafe(top: str, folder: str) -> str:
    """Return the first folder from `folder` up to `top` that others may write to, or "".

    Above the user's own nobody may move it away, either; above our code that would be too late.
    """
    while True:
        if not ownership.is_safe(os.stat(folder), folder):
            return folder
        if len(folder) <= len(top):
            return ownership.unsafe_step(top) if top == user_drop_folder() else ""
        folder = os.path.dirname(folder)
