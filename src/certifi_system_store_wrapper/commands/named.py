"""What this package's own variables name and cannot be used: for `status` and `doctor`."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Iterator

from ..activation import hook
from ..settings import Settings
from .checks import Finding, problem

WHERE_TO_WRITE = "set PYTHON_CERTIFI_BUNDLE_DIR to a folder that only you can write to"


def unusable(settings: Settings) -> Iterator[Finding]:
    """Look at values that are not understood, the log file and the persistent bundle."""
    for each in settings.problems:
        yield problem("settings", each)
    if settings.log_file:
        yield from _log_file(settings.log_file)
    if settings.bundle_dir and hook.is_active() and settings.sources:
        yield from _bundle_dir()


def _log_file(path: str) -> Iterator[Finding]:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)))
    except (OSError, ValueError) as error:
        message = f"the log file of PYTHON_CERTIFI_LOG_FILE cannot be written: {error}"
        yield problem("settings", message, "name a file in a folder that you may write to")


def _bundle_dir() -> Iterator[Finding]:
    try:
        with suppress(LookupError):  # that no source has a certificate is told elsewhere
            hook.current().outlasting()
    except OSError as error:
        message = f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used: {error}"
        yield problem("bundle", message, WHERE_TO_WRITE)
