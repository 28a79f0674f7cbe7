"""Loads a module of ours that is needed only now, unless pip has replaced us meanwhile.

A long-lived process loads a part of us when certifi is imported, and the rest when it builds a
bundle. After an upgrade in place the rest would be another version. What is loaded goes on then.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from threading import RLock
from types import ModuleType
from typing import Callable, Set, Tuple

from .machine.signals import run_due

_PACKAGE = __name__.rpartition(".")[0]
_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__init__.py")
# A fork, or another thread, waits so many seconds for a thread that loads something.
_PATIENCE, _ATTEMPTS = 5.0, 10
# Tests of applications replace os.stat, maybe while this is imported.
_stat = sys.modules[os.name].stat


class Replaced(ImportError):
    """The package that this process has loaded is not there any more."""

    def __init__(self) -> None:
        """Say what helps."""
        super().__init__(f"{_PACKAGE} was replaced or removed since: restart this process")


def _build_stamp() -> Tuple[int, ...]:
    """Return what an installation gives every file anew; () in an archive, which has no files."""
    try:
        status = _stat(_FILE)
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


_ours = _build_stamp()
# Whoever loads something has this lock: a fork would inherit half a module.
_lock = RLock()


def load(name: str) -> ModuleType:
    """Return a module of this package; raises Replaced where another one is installed by now."""
    full = f"{_PACKAGE}.{name}"
    # A thread that has it for longer may be waiting for a module that this one is importing.
    lock = _lock
    has_lock = _is_had_in_time(lock.acquire)
    try:
        if full not in sys.modules and _build_stamp() != _ours:
            raise Replaced
        module = import_module(full)
        load_what_is_lazy()
        return module
    finally:
        if has_lock:
            lock.release()


def _is_had_in_time(acquire: Callable[..., bool]) -> bool:
    """Acquire a lock, or give up; meanwhile signal handlers run twice a second."""
    for _ in range(_ATTEMPTS):
        run_due()
        if acquire(timeout=_PATIENCE / _ATTEMPTS):
            return True
    return False


def load_what_is_lazy() -> None:
    """Load what Python 3.15 was told to import lazily."""
    known: Set[str] = set()
    while getattr(sys, "get_lazy_imports", str)() == "all":
        new = {each for each in list(sys.modules) if each.startswith(f"{_PACKAGE}.")} - known
        for name in new:
            for each in list(vars(sys.modules[name])):
                getattr(sys.modules[name], each)
        known |= new
        if not new:
            return


def before_fork() -> None:
    """Wait for a thread that loads something, but not for ever."""
    _lock.acquire(timeout=_PATIENCE)


def after_fork() -> None:
    """Let other threads load again."""
    with suppress(RuntimeError):
        # It was not to be had in time.
        _lock.release()


def after_fork_in_child() -> None:
    """Have a lock that nobody holds."""
    global _lock
    _lock = RLock()
