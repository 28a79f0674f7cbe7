"""When bundles are removed: in the last exit handler, and on SIGTERM.

SIGINT needs no handler: Python raises KeyboardInterrupt, and then runs the exit handlers.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import AbstractSet, Callable, Dict, List

from .. import loading, reporting
from ..machine.signals import handler_of, put_off, signal
from .temporary import TemporaryBundle

_bundles: List[TemporaryBundle] = []
_installed = _over = False
# The signal masks of threads that are forking.
_masks: Dict[int, AbstractSet[int]] = {}


def register(bundle: TemporaryBundle, *, handle_sigterm: bool) -> None:
    """Remove `bundle` when this process ends."""
    _bundles.append(bundle)
    if _is_worker():
        from multiprocessing import util

        # A worker that is still importing its main module loses its finalizers afterwards.
        util.register_after_fork(run, _run_at_workers_end)
        _run_at_workers_end(run)
    elif handle_sigterm:
        _handle_sigterm()


def _run_at_workers_end(callback: Callable[[], None]) -> None:
    """Have multiprocessing call `callback`: a forked worker runs no exit handlers."""
    from multiprocessing.util import Finalize

    Finalize(None, callback, exitpriority=-1000)


def is_over() -> bool:
    """Whether the exit handlers have run, so that nobody would remove a new bundle."""
    return _over


def run() -> None:
    """Release every bundle; the last process that releases a bundle removes it."""
    with put_off():
        while _bundles:
            # The next process sweeps what is left over.
            with suppress(OSError):
                _bundles.pop().release()


def before_fork() -> None:
    """Block SIGTERM: our handler would lose one that the child gets before it is reset."""
    loading.before_fork()
    if sys.platform != "win32" and _installed:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))


def after_fork() -> None:
    """Unblock SIGTERM, in parent and child."""
    loading.after_fork()
    mask = _masks.pop(threading.get_ident(), None)
    if sys.platform != "win32" and mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def after_fork_in_child() -> None:
    """Give the child the default SIGTERM back: the application decides what its forks do."""
    global _installed
    if _installed and handler_of(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _installed = False
    loading.after_fork_in_child()
    after_fork()
    _masks.clear()


def _is_worker() -> bool:
    """Whether this process belongs to multiprocessing."""
    process = sys.modules.get("multiprocessing.process")
    if process is None:
        return False
    # A spawned worker that is still importing its main module does not know its parent yet.
    importing = getattr(process.current_process(), "_inheriting", False)
    return importing or process.parent_process() is not None


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
        for bundle in _bundles:
            with suppress(OSError):
                bundle.warn_at_exit()
    reporting.tell()
    run()
