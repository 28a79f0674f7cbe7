"""An application's signal handlers while our own code runs: they are put off, and none is lost.

Python runs them between any two lines of the main thread, and they may raise. In the middle of
our work that would leave something half done, or end in one of our own `except` clauses. A mask
of signals does not help: it covers one thread, and Windows has none. So handlers are recorded,
and run right after. What may take long is interruptible: there they run at once.
"""

from __future__ import annotations

import os
from _thread import get_ident
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Dict, Iterator, List, Optional, Tuple, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - others have it from here
else:
    # signal itself makes 130 members of enumerations: 0.4 ms, and a little at each call.
    import _signal as signal

Handler = Callable[[int, Optional[FrameType]], object]
T = TypeVar("T")


class Raised(BaseException):
    """What a handler raised, on its way past every `except` clause of ours."""

    def __init__(self, error: BaseException) -> None:
        """Carry `error` to put_off(), which raises it."""
        self.error = error


class _Recorder:
    """Stands in for every Python handler of the process, while ours runs in the main thread."""

    def __init__(self) -> None:
        self.thread = get_ident()
        self.handlers: Dict[int, Handler] = {}
        self.late: List[Tuple[int, Optional[FrameType]]] = []
        self.interruptible = False

    def __call__(self, signum: int, frame: Optional[FrameType]) -> None:
        self.late.append((signum, frame))
        if self.interruptible:
            self.run_now()

    def run_now(self) -> None:
        """Run the handlers that are due; what one of them raises passes as Raised."""
        try:
            self.run()
        except BaseException as error:
            raise Raised(error) from error

    def run(self) -> None:
        """Run the handlers that are due, each of them, also where one raises."""
        while self.late:
            signum, frame = self.late.pop(0)
            try:
                self.handlers[signum](signum, frame)
            finally:
                self.run()

    def take_over(self) -> None:
        """Replace every Python handler; in another thread than the main one do nothing."""
        try:
            for signum in signal.valid_signals():
                handler = signal.getsignal(signum)
                if callable(handler):
                    self.handlers[signum] = handler
                    signal.signal(signum, self)
        except ValueError as error:
            if error.__traceback__ and error.__traceback__.tb_next:
                # A handler raised it, before it was replaced.
                raise
            # This is not the main thread, so no handler runs here.
            self.handlers.clear()

    def give_back(self) -> None:
        """Restore the handlers; each may run as soon as it is in its place, and may raise."""
        try:
            for signum, handler in self.handlers.items():
                if signal.getsignal(signum) is self:
                    signal.signal(signum, handler)
        except BaseException:
            self.give_back()
            raise


# The recorder of the main thread, while our code runs in it.
_recorder: Optional[_Recorder] = None


@contextmanager
def put_off() -> Iterator[None]:
    """Put the handlers of the application off while the body runs; then run those that are due.

    What they raise comes out of the `with` statement. Within another one, or in another thread
    than the main one, it does nothing.
    """
    global _recorder
    if _recorder is not None:
        yield
        return
    mine, raised = _Recorder(), None
    try:
        try:
            mine.take_over()
            if mine.handlers:
                _recorder = mine
            yield
        except Raised as error:
            raised = error.error
        if raised is not None:
            raise raised
    finally:
        if _recorder is mine:
            _recorder = None
        try:
            mine.give_back()
        finally:
            mine.run()


def interruptible(call: Callable[..., T], *arguments: object) -> T:
    """Make a call that may take long: handlers run meanwhile, and what one raises ends it."""
    mine = _recorder
    if mine is None or mine.interruptible or mine.thread != get_ident():
        return call(*arguments)
    mine.interruptible = True
    try:
        if mine.late:
            mine.run_now()
        return call(*arguments)
    finally:
        mine.interruptible = False


def _after_fork_in_child() -> None:
    """Leave what is due to the parent; give the handlers back where another thread forked."""
    global _recorder
    if _recorder is not None:
        _recorder.late.clear()
        if _recorder.thread != get_ident():
            _recorder.give_back()
            _recorder = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
