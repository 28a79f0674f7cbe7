"""The logger and the environment variables that steer it.

Each record is printed once: by the application's handlers where it has any, else on stderr. We
import the logging module only when there is something to log.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Callable, List, Optional, Set, Tuple, TypeVar

from ..loading import load
from ..machine.signals import is_passing
from ..printable import printable
from ..settings import WARNING, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

NAME = "certifi_system_store_wrapper"

T = TypeVar("T")

# The types are comments, because beartype_all() evaluates annotations.
_logger = None  # type: Optional[logging.Logger]
_file = None  # type: Optional[logging.Handler]
# What the variables ask of the log: the level on stderr, and the file.
_asked = None, ""  # type: Tuple[Optional[int], str]
# What to log when no lock is held, and by which function.
_untold: List[Tuple[Callable[..., object], Tuple[object, ...]]] = []
# What this process has logged.
_said: Set[str] = set()
# The warnings that a command tells by itself, None where there is no such command.
_collected = None  # type: Optional[List[str]]


def configure(settings: Settings) -> None:
    """Follow the three variables for logs, and keep the problems of all variables for tell().

    Log nothing here: certifi is being imported, and a handler of the application may need it.
    """
    global _asked
    before, _asked = _asked, (settings.log_level, settings.log_file)
    error = failure_of(_set_up, settings) if _asked != before else None
    if error:
        later(warning, f"there is no log, because logging cannot be used: {error!r}")
    for problem in settings.problems:
        later(say_once, WARNING, problem)


def later(say: Callable[..., object], *what: object) -> None:
    """Keep it until tell(): a handler may wait for a thread that waits for a lock of ours."""
    _untold.append((say, what))


def tell() -> None:
    """Log what later() has kept; what a signal handler interrupts, the next call logs again."""
    while _untold:
        try:
            say, what = _untold.pop(0)
        except IndexError:
            # Another thread has taken the last one.
            return
        try:
            say(*what)
        except BaseException:
            _untold.insert(0, (say, what))
            raise


def say_once(level: int, message: str) -> bool:
    """Log the message, unless this process has logged it already; return whether it is news."""
    if message in _said:
        return False
    _said.add(message)
    try:
        emit(level, message)
    except BaseException:
        # A signal handler has interrupted it.
        _said.discard(message)
        raise
    return True


def collect(settings: Settings) -> List[str]:
    """Return a list that gets each warning from now on; only a log file gets it as well.

    Who has asked for a level on stderr, by the variable, gets the warnings there instead.
    """
    global _collected
    found: List[str] = []
    if settings.log_level is None:
        _collected = found
    return found


def listens(level: int) -> bool:
    """Whether anybody sees a record of that level, so that it is worth its text."""
    if _file is not None and level >= _file.level:
        return True
    loaded = sys.modules.get("logging")
    return bool(loaded and tried(lambda: loaded.getLogger(NAME).isEnabledFor(level))[0])


def warning(message: str) -> None:
    """Log what somebody should put right."""
    emit(WARNING, message)


def emit(level: int, message: str) -> None:
    """Log one record. Never raise: not without a free descriptor, nor where a handler raises."""
    if _collected is not None and level >= WARNING:
        _collected.append(message)
        failure_of(_log_to_file, level, message)
        return
    error = failure_of(_log, level, message)
    # After a chroot, without a free descriptor or with a broken logger class there is no logger.
    has_no_logger = _logger is None or isinstance(error, (ImportError, OSError))
    if error and has_no_logger and level >= WARNING and not isinstance(error, RecursionError):
        show(f"certifi-system-store-wrapper WARNING: {printable(message)}\n")


def _log(level: int, message: str) -> None:
    """Write a record to the log file, and to whatever handlers there are."""
    if level < WARNING and not listens(level):
        return
    logger = _logger or _set_up(Settings())
    if _asked != (None, ""):
        # The variable counts more than disable_existing_loggers of dictConfig().
        logger.disabled = False
    _log_to_file(level, message)
    if logger.isEnabledFor(level):
        logger.log(level, "%s", printable(message))


def _log_to_file(level: int, message: str) -> None:
    if _file is not None and _logger is not None and level >= _file.level:
        _file.handle(_logger.makeRecord(NAME, level, "", 0, "%s", (printable(message),), None))


def _print_on_stderr(text: str) -> None:
    """Write past the buffer of a real stream; escape what its encoding does not have.

    Text that cannot be written would stay in the buffer, fail again at exit, and make the exit
    status of the program 120.
    """
    stream = sys.stderr
    if type(stream) is io.TextIOWrapper and hasattr(stream.buffer, "raw"):
        stream.flush()
        text = text.replace("\n", os.linesep)
        stream.buffer.raw.write(text.encode(stream.encoding, "backslashreplace"))
    elif stream is not None:
        stream.write(text)


def show(text: str) -> None:
    """Write to stderr, which may be gone."""
    failure_of(_print_on_stderr, text)


def failure_of(action: Callable[..., object], *arguments: object) -> Optional[Exception]:
    """Return what `action` raises: loggers, handlers and stderr belong to the application."""
    return tried(action, *arguments)[1]


def tried(action: Callable[..., T], *arguments: object) -> Tuple[Optional[T], Optional[Exception]]:
    """Return what `action` returns, and what it raises."""
    try:
        return action(*arguments), None
    except Exception as error:
        if is_passing(error):
            # A signal handler of the application raised it.
            raise
        return None, error


def _set_up(settings: Settings) -> logging.Logger:
    """Give the logger its handler for stderr, and the log file where a variable names one."""
    global _logger, _file
    log_handlers = load("reporting.log_handlers")
    _logger = log_handlers.logger(settings.log_level)
    if settings.log_file and _file is None:
        try:
            _file = log_handlers.LogFile(settings.log_file, settings.log_file_level)
        except (OSError, ValueError) as error:
            later(
                warning,
                f"PYTHON_CERTIFI_LOG_FILE={settings.log_file} cannot be written, so there is no "
                f"log file: {error}",
            )
    return _logger
