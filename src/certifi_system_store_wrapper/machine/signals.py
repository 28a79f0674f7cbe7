"""An application's signal handlers while our own code runs: they are put off, and none is lost.

Python runs them between any two lines of the main thread, and they may raise. In the middle of
our work that would leave something half done, or end in one of our own `except` clauses. A mask
of signals does not help: it covers one thread, and Windows has none. So handlers are recorded,
and run right after. What may take long is interruptible: there they run at once.
"""

from __future__ import annotations

import functools
import os
import sys
from _thread import get_ident
from types import FrameType
from typing import Callable, Optional, TypeVar

from .. import _Recorder, _StandIn

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - others have it from here
else:
    # signal itself makes 130 members of enumerations: 0.4 ms, and a little at each call.
    import _signal as signal

T = TypeVar("T")


class Raised(BaseException):
    """What a handler raised, on its way past every `except` clause of ours."""

    def __init__(self, error: BaseException) -> None:
        """Carry `error` to put_off(), which raises it."""
        self.error = error


class _Opening(_Recorder):
    """Lets handlers run meanwhile, where our code may take long or the application's runs."""

    def __init__(self) -> None:
        super().__init__(signal, get_ident, sys.modules)
        # How handlers run now: not at all, at once, or at once within code of the application.
        self.now: Optional[Callable[[], None]] = None
        self.passing: Optional[BaseException] = None

    def record(self, signum: int, frame: Optional[FrameType]) -> None:
        super().record(signum, frame)
        if self.now is not None:
            self.now()

    def run_wrapped(self) -> None:
        """Run the handlers that are due; what one of them raises passes as Raised."""
        try:
            self.run_plainly()
        except Raised:
            # Another signal came before run_plainly() had begun.
            raise
        except BaseException as error:
            raise Raised(error) from error

    def run_plainly(self) -> None:
        """Run the handlers that are due; a handler sees what another one raises meanwhile."""
        before, self.now = self.now, self.run
        try:
            self.run()
        except BaseException as error:
            self.passing = error
            raise
        finally:
            self.now = before


# The recorder of the main thread, while our code runs in it.
_recorder: Optional[_Opening] = None


class put_off:  # noqa: N801 - it is used as contextlib's functions are
    """Put the handlers of the application off while the body runs; then run those that are due.

    What they raise comes out of the `with` statement. Within another one, or in another thread
    than the main one, it does nothing.
    """

    def __init__(self) -> None:
        """Change nothing yet."""
        self._mine: Optional[_Opening] = None

    def __enter__(self) -> None:
        """Replace the handlers."""
        global _recorder
        if _recorder is None:
            self._mine = _Opening()
            try:
                self._mine.take_over()
            except BaseException:
                self._mine.end()
                raise
            if self._mine.is_on:
                _recorder = self._mine

    def __exit__(self, kind: object, error: Optional[BaseException], traceback: object) -> None:
        """Give the handlers back, and run those that are due."""
        global _recorder
        mine = self._mine
        if mine is not None:
            if _recorder is mine:
                _recorder = None
            mine.end()
            if isinstance(error, Raised):
                _raise_as_it_was(error.error)


def _raise_as_it_was(error: BaseException) -> None:
    """Raise it with the context that it had, without Raised."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


def interruptible(call: Callable[..., T], *arguments: object) -> T:
    """Make a system call that may take long: handlers run meanwhile, and what one raises ends it.

    What it raises passes every `except` clause of ours.
    """
    return _open_for(_Opening.run_wrapped, call, *arguments)


def foreign(call: Callable[..., T], *arguments: object) -> T:
    """Call code of the application, such as its log: handlers run at once meanwhile.

    That code gets what a handler raises as it is. If it comes out of that code, it passes every
    `except` clause of ours. (In reporting, which calls loggers within foreign(), a guard asks
    is_passing().)
    """
    try:
        return _open_for(_Opening.run_plainly, call, *arguments)
    except Exception as error:
        if is_passing(error) and _recorder is not None and _recorder.now is None:
            raise Raised(error) from error
        raise
    finally:
        if _recorder is not None and _recorder.now is None and _recorder.thread == get_ident():
            _recorder.take_again()


def run_due() -> None:
    """Run the handlers that are due, in a loop that waits; what one raises passes as Raised."""
    interruptible(bool)


def is_passing(error: BaseException) -> bool:
    """Whether a handler of the application has raised it, within foreign()."""
    return _recorder is not None and _recorder.passing is error


def handler_of(signum: int) -> object:
    """Return the handler of that signal, also while it is put off."""
    handler: object = signal.getsignal(signum)
    while type(handler) is _StandIn:
        handler = handler.handler
    return handler


def _open_for(how: Callable[[_Opening], None], call: Callable[..., T], *arguments: object) -> T:
    mine = _recorder
    if mine is None or mine.now is not None or mine.thread != get_ident():
        return call(*arguments)
    mine.now = functools.partial(how, mine)
    try:
        if mine.late:
            mine.now()
        return call(*arguments)
    finally:
        mine.now = None


def _after_fork_in_child() -> None:
    """Leave what is due to the parent; give the handlers back where another thread forked."""
    global _recorder
    if _recorder is not None:
        _recorder.late.clear()
        if _recorder.thread != get_ident():
            _recorder.is_on = False
            _recorder.give_back()
            _recorder = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
