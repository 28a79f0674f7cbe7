"""The two handlers of our logger. This module imports logging, so it is imported late."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from typing import Callable, Optional

from ..machine import ownership
from ..settings import WARNING


class LastResort(logging.Handler):
    """Prints on stderr the records that no handler of the application would get."""

    show: Callable[[str], object]

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless the application has configured logging itself."""
        if not _application_listens(record.name):
            self.show(self.format(record) + "\n")


_LAST_RESORT = LastResort()


class LogFile(logging.FileHandler):
    """The file of PYTHON_CERTIFI_LOG_FILE; no more is logged once it cannot be written."""

    def __init__(self, path: str, level: int) -> None:
        """Open `path` for appending; raises OSError, also for a FIFO that nobody reads."""
        super().__init__(path, encoding="utf-8")
        self.setLevel(level)
        self.setFormatter(logging.Formatter("%(asctime)s [%(process)d] %(levelname)s: %(message)s"))

    def _open(self) -> io.TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, opener=_open_without_waiting)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say nothing more: a full disk is no reason to fill stderr."""
        del record
        self.setLevel(logging.CRITICAL + 1)
        if self.stream is not None:
            # The text in its buffer is lost.
            with suppress(OSError, ValueError):
                self.stream.close()


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; neither opening nor writing waits for the reader of a FIFO.

    Raises PermissionError at a link of another user: root would write into any file for them.
    """
    ownership.Check().followed(path)
    if sys.platform != "win32":
        flags |= os.O_NONBLOCK
    return os.open(path, flags, 0o666)


def logger(name: str, level: Optional[int], show: Callable[[str], object]) -> logging.Logger:
    """Return the logger of that name with our handler; a level of None is the application's."""
    ours = logging.getLogger(name)
    _LAST_RESORT.show = show
    _LAST_RESORT.setFormatter(
        logging.Formatter("certifi-system-store-wrapper %(levelname)s: %(message)s")
    )
    _LAST_RESORT.setLevel(WARNING if level is None else level)
    # The logger keeps one of it, also where two threads come here.
    ours.addHandler(_LAST_RESORT)
    if level is not None:
        ours.setLevel(level)
    return ours


def _application_listens(name: str) -> bool:
    """Whether any handler but ours sees the records of the logger of that name."""
    at: Optional[logging.Logger] = logging.getLogger(name)
    while at is not None:
        if any(not isinstance(handler, LastResort) for handler in at.handlers):
            return True
        at = at.parent if at.propagate else None
    return False
