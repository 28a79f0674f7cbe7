"""certifi's list, the operating system's store and your own CAs in one bundle.

Importing this changes nothing and costs nothing; the public names are loaded on first use.
"""

__version__ = "1.0.0"

__all__ = ["activate", "build", "contents", "deactivate", "refresh", "where"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, TypeVar

    from .api import activate as activate
    from .api import build as build
    from .api import contents as contents
    from .api import deactivate as deactivate
    from .api import refresh as refresh
    from .api import where as where

    T = TypeVar("T")
    Module = Any
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
    """Call with the application's signal handlers put off; then run those that are due.

    Bootstrap needs it before any other module of ours is loaded: what a handler raises must not
    end in an `except` clause of ours.
    """
    import _signal  # type: ignore[import-not-found]  # every interpreter has loaded these
    import sys
    from _thread import get_ident

    recorder = _Recorder(_signal, get_ident, sys.modules)
    try:
        recorder.take_over()
        return call(*arguments)
    finally:
        recorder.end()


class _Recorder:
    """Has every Python handler of the process put off, while ours runs in the main thread.

    It stands here because nothing else of ours is loaded so early; see `machine.signals`.
    """

    def __init__(self, signal, get_ident, modules):
        # type: (Module, Callable[[], int], dict[str, Module]) -> None
        """Change nothing yet. Imports are left to the caller: where() must not do any."""
        self._signal, self._get_ident, self._modules = signal, get_ident, modules
        self.thread = get_ident()
        self.taken = set()  # type: set[int]
        # The signals that are due, each with its frame.
        self.late = {}  # type: dict[int, tuple[FrameType | None, ...]]
        # From the last handler taken to the first given back. Outside of that handlers go on as
        # they did, also where one of them raises before all are given back.
        self.is_on = False

    def take_over(self):  # type: () -> None
        """Replace every Python handler; in another thread than the main one do nothing."""
        self._take_all()
        self.is_on = bool(self.taken)
        # One that ran meanwhile may have set others.
        self._take_all()

    def _take_all(self):  # type: () -> None
        for signum in self._signal.valid_signals():
            handler = self._signal.getsignal(signum)
            if callable(handler):
                self._take(signum, handler)

    def _take(self, signum, handler):  # type: (int, Handler) -> None
        while type(handler) is _StandIn and handler.recorder is not self:
            if handler.recorder.is_on:
                break
            # It was not given back, see above.
            handler = handler.handler
        if self._is_left_alone(handler):
            return
        self.taken.add(signum)
        try:
            self._signal.signal(signum, _StandIn(self, handler))
        except ValueError as error:
            if len(self.taken) > 1 or (error.__traceback__ and error.__traceback__.tb_next):
                # A handler raised it, before it was replaced.
                raise
            # This is not the main thread, so no handler runs here.
            self.taken.clear()

    def take_again(self):  # type: () -> None
        """Replace what the application has set meanwhile, if handlers are still put off."""
        if self.is_on:
            self._take_all()

    def _is_left_alone(self, handler):  # type: (object) -> bool
        """Whether it is ours, or never raises, or C code may stand before it, which would end.

        Event loops need siginterrupt(signum, False), which would end, too. gevent.signal_handler()
        lays a handler of its own over Python's for SIGINT.
        """
        if type(handler) is _StandIn:
            return handler.recorder is self
        # Other objects may have an attribute that raises.
        is_function = type(handler) in (type(len), type(_undisturbed))
        module = str(handler.__module__) if is_function else ""
        return module.startswith(("asyncio.", "uvloop.")) or (
            module == "_signal" and "gevent" in self._modules
        )

    def stands_in(self, stand_in, signum):  # type: (_StandIn, int) -> bool
        """Whether it is at work: nobody has set another handler since, except another recorder."""
        at = self._signal.getsignal(signum)
        while at is not stand_in and type(at) is _StandIn:
            at = at.handler
        return at is stand_in and self.is_on and self._get_ident() == self.thread

    def record(self, signum, frame):  # type: (int, FrameType | None) -> None
        """Remember the signal. As in Python itself, one that comes twice is due once."""
        self.late.setdefault(signum, (frame,))

    def end(self):  # type: () -> None
        """Give the handlers back, and run those that are due: each of them may raise."""
        self.is_on = False
        try:
            self.give_back()
        finally:
            self.run()

    def give_back(self):  # type: () -> None
        """Restore the handlers; each may run as soon as it is in its place, and may raise."""
        try:
            for signum in self.taken:
                now = self._signal.getsignal(signum)
                if type(now) is _StandIn and now.recorder is self:
                    self._signal.signal(signum, now.handler)
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
        handler = self._signal.getsignal(signum)
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


class _StandIn:
    """Stands in for one handler; whoever has saved it gets that handler by it."""

    def __init__(self, recorder, handler):  # type: (_Recorder, Handler) -> None
        """Have `recorder` decide when `handler` runs."""
        self.recorder, self.handler = recorder, handler

    def __call__(self, signum, frame):  # type: (int, FrameType | None) -> None
        """Record the signal; run the handler where a newer one calls it, or nobody waits."""
        if self.recorder.stands_in(self, signum):
            self.recorder.record(signum, frame)
        else:
            self.handler(signum, frame)
