"""An application's signal handlers while our own code runs: they are put off, and none is lost.

Python runs them between any two lines of the main thread, and they may raise. In the middle of
our work that would leave something half done, or end in one of our own `except` clauses. A mask
of signals does not help: it covers one thread, and Windows has none. So handlers are recorded,
and run right after. What may take long is interruptible: there they run at once.
"""

from __future__ import annotations

import functools
import os
from typing import Callable, TypeVar

from .. import _PutOff as put_off
from .. import _Raised, _Recorder, _StandIn

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - others have it from here
else:
    # signal itself makes 130 members of enumerations: 0.4 ms, and a little at each call.
    import _signal as signal

T = TypeVar("T")

__all__ = ["foreign", "handler_of", "interruptible", "is_passing", "put_off", "run_due"]


def interruptible(call: Callable[..., T], *arguments: object) -> T:
    """Make a system call that may take long: handlers run meanwhile, and what one raises ends it.

    What it raises passes every `except` clause of ours.
    """
    return _open_for(_run_wrapped, call, *arguments)


def foreign(call: Callable[..., T], *arguments: object) -> T:
    """Call code of the application, such as its log: handlers run at once meanwhile.

    That code gets what a handler raises as it is. If it comes out of that code, it passes every
    `except` clause of ours. (In reporting, which calls loggers within foreign(), a guard asks
    is_passing().)
    """
    recorder = _Recorder.at_work
    try:
        return _open_for(_run_plainly, call, *arguments)
    except Exception as error:
        if is_passing(error) and recorder is not None and recorder.now is None:
            raise _Raised(error) from error
        raise
    finally:
        if recorder is not None and recorder.now is None and recorder.is_here():
            # That code may have set handlers.
            recorder.take_again()


def run_due() -> None:
    """Run the handlers that are due, in a loop that waits; what one raises passes as _Raised."""
    interruptible(bool)


def is_passing(error: BaseException) -> bool:
    """Whether a handler of the application has raised it, within foreign()."""
    return _Recorder.at_work is not None and _Recorder.at_work.passing is error


def handler_of(signum: int) -> object:
    """Return the handler of that signal, also while it is put off."""
    handler: object = signal.getsignal(signum)
    while type(handler) is _StandIn:
        handler = handler.handler
    return handler


def _open_for(how: Callable[[_Recorder], None], call: Callable[..., T], *arguments: object) -> T:
    recorder = _Recorder.at_work
    if recorder is None or recorder.now is not None or not recorder.is_here():
        return call(*arguments)
    recorder.now = functools.partial(how, recorder)
    try:
        if recorder.late:
            recorder.now()
        return call(*arguments)
    finally:
        recorder.now = None


def _run_wrapped(recorder: _Recorder) -> None:
    """Run the handlers that are due; what one of them raises passes as _Raised."""
    try:
        _run_plainly(recorder)
    except _Raised:
        # Another signal came before _run_plainly() had begun.
        raise
    except BaseException as error:
        raise _Raised(error) from error


def _run_plainly(recorder: _Recorder) -> None:
    """Run the handlers that are due; a handler sees what another one raises meanwhile."""
    before, recorder.now = recorder.now, recorder.run
    try:
        recorder.run()
    except BaseException as error:
        recorder.passing = error
        raise
    finally:
        recorder.now = before


def _after_fork_in_child() -> None:
    """Leave what is due to the parent; give the handlers back where another thread forked."""
    recorder = _Recorder.at_work
    if recorder is not None:
        recorder.late.clear()
        if not recorder.is_here():
            recorder.end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
