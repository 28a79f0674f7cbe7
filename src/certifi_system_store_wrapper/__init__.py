"""certifi's list, the operating system's store and your own CAs in one bundle.

Importing this changes nothing and costs nothing; the public names are loaded on first use.
"""

# signal itself makes 130 members of enumerations: 0.4 ms, and a little at each call.
import _signal  # type: ignore[import-not-found]
import sys as _sys
from _thread import get_ident as _get_ident
from _weakref import ref as _ref
from sys import _getframe

__version__ = "1.0.0"

__all__ = ["activate", "build", "contents", "deactivate", "refresh", "where"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Callable, TypeVar

    from .api import activate as activate
    from .api import build as build
    from .api import contents as contents
    from .api import deactivate as deactivate
    from .api import refresh as refresh
    from .api import where as where

    T = TypeVar("T")
    Handler = Callable[[int, FrameType | None], object]
else:
    # A type checker would take a module with this function for one that has every name.
    def __getattr__(name):
        """Load a public name on first use (PEP 562)."""
        if name not in __all__:
            raise AttributeError("module %r has no attribute %r" % (__name__, name))
        return getattr(_undisturbed(_api), name)


def __dir__():  # type: () -> list[str]
    """List the public names before they are loaded."""
    return sorted([*globals(), *__all__])


def _api():  # type: ignore[no-untyped-def]
    from .loading import load

    return load("api")


def _undisturbed(call, *arguments):  # type: (Callable[..., T], object) -> T
    """Call with the application's signal handlers put off."""
    with _PutOff():
        return call(*arguments)


class _Raised(BaseException):
    """What a handler raised, on its way past every `except` clause of ours."""

    def __init__(self, error):  # type: (BaseException) -> None
        """Carry `error` to _PutOff, which raises it."""
        self.error = error


class _PutOff:
    """Puts the handlers of the application off while the body runs; then runs those that are due.

    What they raise comes out of the `with` statement. Within another one it puts them off again
    where they run at once, for a handler or a log that asks us meanwhile, and else does nothing.

    It stands here because nothing else of ours is loaded so early, and what a handler raises must
    not end in an `except` clause of ours; see `machine.signals`.
    """

    _mine = None  # type: _Recorder | None
    _before = None  # type: Callable[[], None] | None

    def __enter__(self):  # type: () -> None
        """Replace the handlers; in another thread than the main one do nothing."""
        recorder = _Recorder.at_work
        if recorder is None or recorder.owner() is None:
            self._mine = _Recorder(self)
            try:
                self._mine.take_over()
            except BaseException:
                self._end()
                raise
        elif recorder.now is not None and recorder.is_here():
            self._before, recorder.now = recorder.now, None

    def __exit__(self, kind, error, traceback):
        # type: (object, BaseException | None, object) -> None
        """Give the handlers back, and run those that are due."""
        is_within = self._mine is None and self._before is None
        self._end()
        if isinstance(error, _Raised) and not is_within:
            _raise_as_it_was(error.error)

    def _end(self):  # type: () -> None
        if self._mine is not None:
            self._mine.end()
            self._mine = None
        elif self._before is not None and _Recorder.at_work is not None:
            now = _Recorder.at_work.now = self._before
            self._before = None
            if _Recorder.at_work.late:
                now()


def _raise_as_it_was(error):  # type: (BaseException) -> None
    """Raise it with the context that it had, without _Raised."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


class _Recorder:
    """Knows which signals came while handlers are put off, and has the handlers."""

    # The one of the main thread, while ours runs in it.
    at_work = None  # type: _Recorder | None

    def __init__(self, owner):  # type: (_PutOff) -> None
        """Change nothing yet. Once `owner` is gone this counts no more, ended or not."""
        self.owner = _ref(owner)
        self._thread = _get_ident()
        # The signals that are due, each with its frame.
        self.late = {}  # type: dict[int, tuple[FrameType | None, ...]]
        self.has_taken = False
        # Signals are recorded only from the last handler taken to the first given back. If a
        # handler raises before or after that, a stand-in may stay, which calls its handler then.
        self.is_on = False
        # How handlers run now, in place of being put off.
        self.now = None  # type: Callable[[], None] | None
        # What a handler has raised within code of the application.
        self.passing = None  # type: BaseException | None

    def is_here(self):  # type: () -> bool
        """Whether its thread is the one that runs, by a function that gevent has not replaced."""
        return self._thread == _get_ident()

    def take_over(self):  # type: () -> None
        """Replace every Python handler; in another thread than the main one do nothing."""
        self.take_all()
        if self.has_taken:
            _Recorder.at_work = self
            self.is_on = True
            # One that ran meanwhile may have set others.
            self.take_all()

    def take_all(self):  # type: () -> None
        """Replace every Python handler that is not replaced."""
        for signum in _signal.valid_signals():
            handler = _signal.getsignal(signum)
            if callable(handler):
                self._take(signum, handler)

    def _take(self, signum, handler):  # type: (int, Handler) -> None
        while type(handler) is _StandIn and handler.recorder is not self:
            # That of an earlier recorder, which a handler kept from giving it back.
            handler = handler.handler
        if self._is_left_alone(handler):
            return
        try:
            _signal.signal(signum, _StandIn(self, handler))
        except ValueError as error:
            if self.has_taken or (error.__traceback__ and error.__traceback__.tb_next):
                # A handler raised it, before it was replaced.
                raise
            # Python did: this is not the main thread, so no handler runs here.
        else:
            self.has_taken = True

    def _is_left_alone(self, handler):  # type: (object) -> bool
        """Whether it is replaced, or never raises, or signal() would end what C code does for it.

        That is siginterrupt(signum, False), which event loops need, and what packages set by
        sigaction(2) before Python's handler for SIGINT, or before ours for SIGTERM.
        """
        if type(handler) is _StandIn:
            return True
        module = self._module_of(handler)
        return module.split(".")[0] in ("asyncio", "uvloop") or (
            module in ("_signal", __name__ + ".publishing.cleanup")
            and not _sys.modules.keys().isdisjoint(("cysignals", "gevent", "gi"))
        )

    def _module_of(self, handler):  # type: (object) -> str
        """Return the module of a function, or of the class that a method is bound to; else "".

        No code of theirs runs for that: it may raise.
        """
        module = None
        if type(handler) is type(self._module_of):
            module = _module_of_class(type(handler.__self__))  # type: ignore[attr-defined]
        elif type(handler) in (type(len), type(_undisturbed)):
            module = handler.__module__
        return module if type(module) is str else ""

    def record(self, signum, frame):  # type: (int, FrameType | None) -> None
        """Remember the signal. As in Python itself, one that comes twice is due once."""
        self.late.setdefault(signum, (frame,))
        if self.now is not None:
            self.now()

    def end(self):  # type: () -> None
        """Give the handlers back, and run those that are due: each of them may raise."""
        if _Recorder.at_work is self:
            _Recorder.at_work = None
        self.is_on = False
        try:
            self.give_back()
        finally:
            self.run()

    def give_back(self):  # type: () -> None
        """Restore the handlers; each may run as soon as it is in its place, and may raise."""
        try:
            for signum in _signal.valid_signals():
                now = _signal.getsignal(signum)
                if type(now) is _StandIn and now.recorder is self:
                    _signal.signal(signum, now.handler)
        except BaseException:
            self.give_back()
            raise

    def run(self):  # type: () -> None
        """Run the handlers that are due, each of them, also where one raises."""
        try:
            while self.late:
                for signum in tuple(self.late):
                    # One that came just now may have run this one, too.
                    for frame in self.late.pop(signum, ()):
                        self._run(signum, frame)
        except BaseException:
            self.run()
            raise

    def _run(self, signum, frame):  # type: (int, FrameType | None) -> None
        handler = _signal.getsignal(signum)
        if type(handler) is _StandIn and handler.recorder is self:
            handler = handler.handler
        # An earlier one may have switched it off.
        if callable(handler):
            try:
                handler(signum, frame)
                self.take_again()
            except BaseException:
                # One that it has set may have raised just now.
                self.take_again()
                raise

    def take_again(self):  # type: () -> None
        """Replace what the application has set meanwhile, if handlers are still put off."""
        if self.is_on:
            self.take_all()


# As `type` itself has it: a metaclass may say something else.
_module_of_class = vars(type)["__module__"].__get__


class _StandIn:
    """Stands in for one handler; whoever has saved it gets that handler by it."""

    def __init__(self, recorder, handler):  # type: (_Recorder, Handler) -> None
        """Have `recorder` decide when `handler` runs."""
        self.recorder, self.handler = recorder, handler

    def __call__(self, signum, frame):  # type: (int, FrameType | None) -> None
        """Record the signal, if Python calls this for it while handlers are put off."""
        recorder = self.recorder
        is_at_work = recorder.is_on and recorder.owner() and recorder.is_here()
        # Python calls it from the frame that is interrupted, whoever has saved it from another one.
        # (Python may have begun to when a signal that came before had another one set.)
        if is_at_work and _getframe().f_back is frame:
            recorder.record(signum, frame)
        else:
            self.handler(signum, frame)
