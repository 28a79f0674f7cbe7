"""Whether the start-up file of this package is there, did run, and was in time."""

from __future__ import annotations

import os
import re
import site
import sys
from typing import Iterator, List

from .. import bootstrap
from ..activation import hook
from ..bundle import Bundle
from ..publishing.hold import names
from ..settings import Settings
from .checks import Finding, problem
from .status import why_inactive, why_plain

_NAME = "certifi_system_store_wrapper"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_FOLDER = os.path.dirname(_PACKAGE)


def start(settings: Settings, built: Bundle) -> Iterator[Finding]:
    """Look whether the start-up file is there, did run, and was in time."""
    inactive, reason = why_inactive(settings), why_plain(settings, built)
    asked_for = settings.disable or sys.flags.no_site
    fault = "" if asked_for else _start_file_fault()
    if fault:
        remedy = f"install again with pip into the environment of {sys.executable}"
        yield Finding("problem" if inactive else "note", "start", fault, remedy)
    told = (fault and inactive) or not settings.sources  # here, or as a problem of the settings
    if reason and not told:
        what, _, remedy = reason.partition(": ")
        yield problem("active", f"certifi is not answered from the bundle: {what}", remedy)
    if not reason:
        yield Finding("ok", "active", "certifi answers from the bundle")
        yield from _in_time()
    for failure in bootstrap.failures:
        if failure not in reason:
            yield problem("hook", failure, "reinstall this package and wrapt")


def _start_file_fault() -> str:
    """Return what is wrong with the start-up file, "" where it is as installed."""
    name = f"{_NAME}.start" if sys.version_info >= (3, 15) else f"{_NAME}.pth"
    folders = _site_folders()
    paths = [os.path.join(folder, name) for folder in folders]
    present = [path for path in paths if os.path.isfile(path)]
    if present:
        whole = any(_NAME in _text(path) for path in present)
        return "" if whole else f"the start-up file is empty or changed: {present[0]}"
    where = f"(this package lies in {_FOLDER})"
    if _FOLDER in folders:
        return f"the start-up file {name} is missing {where}"
    if not site.ENABLE_USER_SITE and _user_site() == _FOLDER:
        return f"the user's site-packages are switched off, so no start-up file is read {where}"
    return f"the start-up file {name} is in no folder that Python reads at its start {where}"


def _site_folders() -> List[str]:
    """Return the folders whose start-up files Python reads, as far as that can be known."""
    if hasattr(site, "getsitepackages"):
        folders = site.getsitepackages()
    else:
        folders = [path for path in sys.path if path.rstrip("/\\").endswith("-packages")]
    return [*folders, _user_site()] if site.ENABLE_USER_SITE else folders


def _user_site() -> str:
    return site.getusersitepackages() if hasattr(site, "getusersitepackages") else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(100_000)
    except OSError:
        return ""


def _in_time() -> Iterator[Finding]:
    if hook.late:
        who = ", ".join(_start_files()) or "a customization module"
        message = (
            f"certifi was imported before this package could wait for it (activated late): {who}"
        )
        remedy = "what others had already been told may be in use: import certifi later there"
        yield problem("late", message, remedy)


def _start_files() -> List[str]:
    """Return the other start-up files that run code and may import certifi."""
    found = []
    for folder in _site_folders():
        for name in sorted(names(folder)):
            path = os.path.join(folder, name)
            runs = name.endswith(".start") or (
                name.endswith(".pth") and re.search(r"^import\s", _text(path), re.MULTILINE)
            )
            if runs and not name.startswith(_NAME):
                found.append(path)
    return found
