"""Signals that come at the wrong moment: they are put off, and nothing that they raise is lost."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from types import FrameType
from typing import AbstractSet, Any, Iterator, List, Optional, Tuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - cleanup.py has it from here
else:
    import _signal as signal  # signal makes 130 members of enumerations: 0.4 ms, and at each call

threading.main_thread()  # a threading.py of the application's must fail here, at our import
steps: List[None] = []  # one for each thread in which our own code is between two steps


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off signals for a while, so that nothing is left half done.

    A mask alone does not do: another thread may be told of Ctrl-C, and Python raises it here.
    Any of these calls may run a handler of the application, which may raise: what there was
    is known before it is changed.
    """
    late: List[Tuple[int, Optional[FrameType]]] = []
    handler, blocked, before = None, None, len(steps)

    def later(signum: int, frame: Optional[FrameType]) -> None:
        late.append((signum, frame))

    try:
        if threading.current_thread() is threading.main_thread():
            handler, blocked = signal.getsignal(signal.SIGINT), mask()
            with suppress(ValueError):  # in a subinterpreter there are no handlers
                if callable(handler):
                    later.instead_of = handler  # type: ignore[attr-defined]
                    signal.signal(signal.SIGINT, later)
            if sys.platform != "win32" and blocked is not None:
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        steps.append(None)
        yield
    finally:
        del steps[before:]
        if signal.getsignal(signal.SIGINT) is later:
            signal.signal(signal.SIGINT, handler)
        if sys.platform != "win32" and blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if late and callable(handler):
            handler(*late[0])


def _after_fork_in_child() -> None:
    """Have Ctrl-C count again: where another thread forked, nobody ends what was put off."""
    put_off = signal.getsignal(signal.SIGINT)
    handler: Any = put_off
    while hasattr(handler, "instead_of"):
        handler = handler.instead_of
    if handler is not put_off:
        signal.signal(signal.SIGINT, handler)


def mask() -> Optional[AbstractSet[int]]:
    """Return which signals this thread blocks, None where there is no such thing."""
    if sys.platform == "win32" or not hasattr(signal, "pthread_sigmask"):
        return None
    return signal.pthread_sigmask(signal.SIG_BLOCK, ())


def raise_what_it_hides(error: BaseException) -> None:
    """Raise the Ctrl-C or exit that Python before 3.12 hides in an error of `__set_name__`."""
    if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
        raise error.__cause__ from None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
