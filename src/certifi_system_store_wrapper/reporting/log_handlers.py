"""The two handlers of our logger. This module imports logging, so it is imported late."""

from __future__ import annotations

import logging
import os
import sys
from typing import Optional

from ..machine import ownership
from ..machine.signals import is_passing
from ..settings import WARNING
from . import NAME, show


class LastResort(logging.Handler):
    """Prints on stderr the records that no handler of the application would get."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless the application has configured logging itself."""
        if not _application_listens():
            show(self.format(record) + "\n")


_LAST_RESORT = LastResort()


class LogFile(logging.Handler):
    """The file of PYTHON_CERTIFI_LOG_FILE; no more is logged once it cannot be written."""

    def __init__(self, path: str, level: int) -> None:
        """Open `path` for appending; raises OSError, also for a FIFO that nobody reads."""
        super().__init__(level)
        self.setFormatter(logging.Formatter("%(asctime)s [%(process)d] %(levelname)s: %(message)s"))
        self._path = path
        self._open()

    def _open(self) -> None:
        self._descriptor = _open_without_waiting(self._path)
        self._status = os.fstat(self._descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Say nothing where that fails: a full disk is no reason to fill stderr."""
        try:
            if not self._is_open():
                self._open()
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            os.write(self._descriptor, line)
        except OSError as error:
            if is_passing(error):
                raise
            self.setLevel(logging.CRITICAL + 1)

    def _is_open(self) -> bool:
        """Whether our number still is our file: a daemon closes all, and opens others."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._status)
        except OSError:
            return False


def _open_without_waiting(path: str) -> int:
    """Open a file; neither opening nor writing waits for the reader of a FIFO.

    Raises PermissionError at a link of another user: root would write into any file for them.
    """
    is_link = os.path.islink(path)
    ownership.Check().followed(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    if sys.platform != "win32":
        # A link that comes only now is somebody else's.
        flags |= os.O_NONBLOCK | (0 if is_link else os.O_NOFOLLOW)
    return os.open(path, flags, 0o666)


def logger(level: Optional[int]) -> logging.Logger:
    """Return our logger with our handler; a level of None is the application's."""
    ours = logging.getLogger(NAME)
    _LAST_RESORT.setFormatter(
        logging.Formatter("certifi-system-store-wrapper %(levelname)s: %(message)s")
    )
    _LAST_RESORT.setLevel(WARNING if level is None else level)
    # The logger keeps one of it, also where two threads come here.
    ours.addHandler(_LAST_RESORT)
    if level is not None:
        ours.setLevel(level)
    return ours


def _application_listens() -> bool:
    """Whether any handler but ours sees the records of our logger."""
    at: Optional[logging.Logger] = logging.getLogger(NAME)
    while at is not None:
        if any(not isinstance(handler, LastResort) for handler in at.handlers):
            return True
        at = at.parent if at.propagate else None
    return False
