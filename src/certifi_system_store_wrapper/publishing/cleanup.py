"""When bundles are removed: in the last exit handler, and on SIGTERM.

SIGINT needs no handler: Python raises KeyboardInterrupt, and then runs the exit handlers.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import AbstractSet, Callable, Dict, List

from .. import loading, reporting
from ..machine.signals import foreign, handler_of, put_off, signal
from .temporary import TemporaryBundle

_bundles: List[TemporaryBundle] = []
_installed = _over = False
# The last two are forks of the first: of pathos and datasets, and of Celery.
_POOLS = ("multiprocessing", "multiprocess", "billiard")
# The signal masks of threads that are forking.
_masks: Dict[int, AbstractSet[int]] = {}


def register(bundle: TemporaryBundle, *, handle_sigterm: bool) -> None:
    """Remove `bundle` when this process ends."""
    _bundles.append(bundle)
    pools = _whose_worker()
    if pools:
        util = import_module(f"{pools}.util")

        def run_at_workers_end(callback: Callable[[], None]) -> None:
            # A forked worker runs no exit handlers.
            util.Finalize(None, callback, exitpriority=-1000)

        # A worker that is still importing its main module loses its finalizers afterwards.
        util.register_after_fork(run, run_at_workers_end)
        run_at_workers_end(run)
    elif handle_sigterm:
        _handle_sigterm()


def is_over() -> bool:
    """Whether the exit handlers have run, so that nobody would remove a new bundle."""
    return _over


def run() -> None:
    """Release every bundle; the last process that releases a bundle removes it."""
    with put_off():
        while _bundles:
            # The next process sweeps what is left over.
            reporting.failure_of(_bundles.pop().release)


def before_fork() -> None:
    """Block signals: our handler would lose a SIGTERM that the child gets before it is reset.

    All of them: a handler that raises in between would leave SIGTERM blocked.
    """
    loading.before_fork()
    if sys.platform != "win32" and _installed:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def after_fork() -> None:
    """Unblock them, in parent and child."""
    loading.after_fork()
    mask = _masks.get(threading.get_ident())
    if sys.platform != "win32" and mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        _masks.pop(threading.get_ident(), None)


def after_fork_in_child() -> None:
    """Give the child the default SIGTERM back: the application decides what its forks do."""
    global _installed
    if _installed:
        _step_aside()
    _installed = False
    loading.after_fork_in_child()
    after_fork()
    _masks.clear()


def _whose_worker() -> str:
    """Return the package that made this process for its pools, "" if none did."""
    for package in _POOLS:
        process = sys.modules.get(f"{package}.process")
        here = vars(process.current_process()) if process else {}
        # A spawned worker that is still importing its main module does not know its parent yet.
        if here.get("_inheriting") or here.get("_parent_pid") is not None:
            return package
    return ""


def _handle_sigterm() -> None:
    """Install our handler for SIGTERM where nobody else has changed what SIGTERM does.

    Not in process 1: the kernel ignores a default SIGTERM there. Not in a worker of
    multiprocessing: a pool ends its workers with SIGTERM while they wait for work, and Python
    would run the handler only after that wait.
    """
    global _installed
    if os.name == "nt" or os.getpid() == 1 or _installed or not _is_default(signal.SIGTERM):
        return
    # Python refuses this in other threads than the main one.
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, _on_sigterm)
        _installed = True
    if _installed and sys.version_info >= (3, 13):
        # From there on no handler runs while the main thread, at its end, waits for the others.
        with suppress(LookupError, RuntimeError):
            vars(threading)["_register_atexit"](_step_aside)


def _step_aside() -> None:
    """Leave SIGTERM to the system; what is left then, the next process sweeps."""
    if handler_of(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _is_default(signum: int) -> bool:
    """Whether neither Python code nor C code (as of uWSGI) has set a handler or ignores it."""
    if signal.getsignal(signum) is not signal.SIG_DFL:
        return False
    try:
        with open("/proc/self/status", "rb") as file:
            status = file.read()
        changed = [int(status.split(each)[1].split()[0], 16) for each in (b"SigIgn:", b"SigCgt:")]
    except (OSError, LookupError, ValueError):
        return True
    return not any(signals >> (signum - 1) & 1 for signals in changed)


def _on_sigterm(signum: int, frame: object) -> None:
    """Release the bundles, then die of the same signal; do not wait, and do not log."""
    del frame
    try:
        # Where the signal is blocked, this process is forking, and the child needs the bundle.
        if sys.platform != "win32" and signum not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
            run()
    finally:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def at_exit() -> None:
    """Release the bundles, as the last exit handler does, and publish no more."""
    global _over
    _over = True
    with put_off():
        try:
            for bundle in _bundles:
                reporting.failure_of(bundle.warn_at_exit)
            foreign(reporting.tell)
        finally:
            run()
