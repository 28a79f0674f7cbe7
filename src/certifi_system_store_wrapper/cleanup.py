"""When bundles go: at exit, after everybody else's exit handlers, and on SIGTERM.

SIGINT needs nothing: Python raises KeyboardInterrupt and ends in the exit handlers.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import Iterator, List

from .bundle_file import TemporaryBundle

_bundles: List[TemporaryBundle] = []
_busy = 0  # our own code is between two steps
_installed = False


def register(bundle: TemporaryBundle, *, handle_sigterm: bool) -> None:
    """Remove `bundle` when this process ends."""
    _bundles.append(bundle)
    if handle_sigterm:
        _handle_sigterm()


def run() -> None:
    """Let go of every bundle; the last process that does removes it."""
    with uninterrupted():
        while _bundles:
            _bundles.pop().release()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off SIGINT and SIGTERM for a few system calls, so that nothing is left half done."""
    global _busy
    blocked = None
    if hasattr(signal, "pthread_sigmask") and threading.current_thread() is threading.main_thread():
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    _busy += 1
    try:
        yield
    finally:
        _busy -= 1
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def after_fork_in_child() -> None:
    """Give a fork the default SIGTERM back: it is for its parent to say what it does."""
    global _busy, _installed
    _busy = 0
    if _installed and signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _installed = False


def _handle_sigterm() -> None:
    """Clean up on SIGTERM where nobody else has said what it should do.

    Not in process 1 (the kernel ignores a default SIGTERM there) and not outside the main
    thread, where Python cannot.
    """
    global _installed
    if os.name == "nt" or os.getpid() == 1 or _installed:
        return
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)
            _installed = True
    except ValueError:
        return


def _on_sigterm(signum: int, frame: object) -> None:
    """Clean up, then die of the same signal; neither waits nor logs."""
    del frame
    try:
        if not _busy and signum not in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
            run()
    finally:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)


def at_exit() -> None:
    """Run as the last of the exit handlers."""
    try:
        run()
    except Exception:  # noqa: BLE001 - the interpreter is going; a leftover is swept later
        return
