"""The logger and the environment variables that steer it.

A record is printed once: by the application's handlers where it has any, else on stderr. The
logging module is imported only when there is something to say to somebody.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import List, Sequence, Set

from ..settings import DEBUG, WARNING, Settings
from .findings import Exclusion, Problem
from .printable import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Optional  # noqa: F401 - in comments

NAME = "certifi_system_store_wrapper"

_logger = None  # type: Optional[logging.Logger]  # beartype_all() evaluates what is annotated
_file = None  # type: Optional[logging.Handler]
_verbose = False  # somebody asked for more than warnings by a variable
_untold: List[str] = []  # problems with variables, until somebody asks for the bundle
_reported: Set[str] = set()
_MOST = 100  # warnings about one bundle: a folder of thousands must not fill a log


def configure(settings: Settings) -> None:
    """Follow the three variables, and keep what is wrong with any variable for tell().

    Nothing is logged here: certifi is being imported, and a handler may ask for it.
    """
    global _verbose
    _verbose = settings.log_level is not None or bool(settings.log_file)
    try:
        if "logging" in sys.modules:  # so that an upgrade in place finds nothing left to import
            from . import log_handlers  # noqa: F401
        if _verbose:
            _set_up(settings)
    except Exception as error:  # noqa: BLE001 - of a logging.py or logger class of somebody else
        if _verbose:
            _untold.append(f"there is no log, because logging cannot be used: {error!r}")
    _untold.extend(settings.problems)


def tell() -> None:
    """Say what was wrong with the variables, once."""
    with suppress(IndexError):  # none is left, or another thread says the last one
        while True:
            warning(_untold.pop(0))


def is_news(message: str) -> bool:
    """Whether it has not been said yet in this process; from now on it has."""
    is_new = message not in _reported
    _reported.add(message)
    return is_new


def report(problems: Sequence[Problem], excluded: Sequence[Exclusion]) -> None:
    """Log what could not be used, each once in this process, and what was left out."""
    news = [problem for problem in problems if str(problem) not in _reported]
    _reported.update(map(str, news))
    beyond = set([problem for problem in news if problem.level >= WARNING][_MOST:])
    for problem in news:
        emit(DEBUG if problem in beyond else problem.level, str(problem))
    if beyond:
        remedy = "`certifi-system-store-wrapper status` names them all"
        warning(f"{len(beyond)} more files or certificates cannot be used: {remedy}")
    for out in excluded:
        detail = f" ({out.detail})" if out.detail else ""
        level = min(out.level, WARNING - 10)  # the warning, where one is due, is a problem
        emit(level, f"{out.places}: left out: {out.reason}{detail}")


def enabled(level: int) -> bool:
    """Whether anybody would see a record of that level."""
    if level < WARNING and not _verbose and "logging" not in sys.modules:
        return False
    return _get().isEnabledFor(level) or (_file is not None and level >= _file.level)


def emit(level: int, message: str) -> None:
    """Log one record. Never raises: not without a descriptor left, nor for a handler's fault."""
    try:
        if enabled(level):
            _emit(level, printable(message))
    except RecursionError:
        return
    except Exception as error:  # noqa: BLE001 - whoever asked for a path did not ask for this
        # After a chroot, without a descriptor or with a broken logger class none can be had.
        if _logger is None or isinstance(error, (ImportError, OSError)):
            _print(level, printable(message))


def _print(level: int, text: str) -> None:
    """Say on stderr, without the logging module, what somebody should mend."""
    try:
        if level >= WARNING and sys.stderr:
            sys.stderr.write(f"certifi-system-store-wrapper WARNING: {text}\n")
    except Exception:  # noqa: BLE001 - a closed or broken stderr is not ours to report
        return


def _emit(level: int, text: str) -> None:
    logger = _get()
    if _file is not None and level >= _file.level:
        _file.handle(logger.makeRecord(NAME, level, "", 0, "%s", (text,), None))
    if logger.isEnabledFor(level):
        logger.log(level, "%s", text)


def debug(message: str) -> None:
    """Log what only somebody who looks for it wants to know."""
    emit(DEBUG, message)


def warning(message: str) -> None:
    """Log what somebody should mend."""
    emit(WARNING, message)


def _get() -> logging.Logger:
    logger = _logger or _set_up(Settings())
    if _verbose:  # somebody asked by a variable: dictConfig's disable_existing_loggers did not
        logger.disabled = False
    return logger


def _set_up(settings: Settings) -> logging.Logger:
    """Give the logger its stderr handler of last resort, and the log file where one is named."""
    global _logger, _file
    from . import log_handlers

    _logger = log_handlers.logger(NAME, settings.log_level)
    if settings.log_file and _file is None:
        try:
            _file = log_handlers.LogFile(settings.log_file, settings.log_file_level)
        except (OSError, ValueError) as error:
            _untold.append(
                f"PYTHON_CERTIFI_LOG_FILE={settings.log_file} cannot be written, so there is no "
                f"log file: {error}"
            )
    return _logger
