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
    """Stands in for every Python handler of the process, while ours runs in the main thread.

    It stands here because nothing else of ours is loaded so early; see `machine.signals`.
    """

    def __init__(self, signal, get_ident, modules):
        # type: (Module, Callable[[], int], dict[str, Module]) -> None
        """Change nothing yet. Imports are left to the caller: where() must not do any."""
        self._signal, self._get_ident, self._modules = signal, get_ident, modules
        self.thread = get_ident()
        self.handlers = {}  # type: dict[int, Handler]
        # The signals that are due, each with its frame.
        self.late = {}  # type: dict[int, tuple[FrameType | None, ...]]
        self.is_over = False

    def __call__(self, signum, frame):  # type: (int, FrameType | None) -> None
        """Record the signal. As in Python itself, one that comes twice is due once."""
        if self.is_over or self._get_ident() != self.thread:
            # Somebody saved this recorder and has put it back, or another thread has forked.
            self.handlers[signum](signum, frame)
        else:
            self.late.setdefault(signum, (frame,))

    def take_over(self):  # type: () -> None
        """Replace every Python handler; in another thread than the main one do nothing."""
        try:
            for signum in self._signal.valid_signals():
                handler = self._signal.getsignal(signum)
                if callable(handler) and not self._is_left_alone(handler):
                    self.handlers[signum] = handler
                    self._signal.signal(signum, self)
        except ValueError as error:
            if error.__traceback__ and error.__traceback__.tb_next:
                # A handler raised it, before it was replaced.
                raise
            # This is not the main thread, so no handler runs here.
            self.handlers.clear()

    def _is_left_alone(self, handler):  # type: (Handler) -> bool
        """Whether it never raises, or C code may stand before it, which we would remove.

        Event loops need siginterrupt(signum, False), which would end, too. gevent.signal_handler()
        lays a handler of its own over Python's for SIGINT.
        """
        module = str(getattr(handler, "__module__", ""))
        return module.startswith(("asyncio.", "uvloop.")) or (
            module == "_signal" and "gevent" in self._modules
        )

    def end(self):  # type: () -> None
        """Give the handlers back, and run those that are due: each of them may raise."""
        try:
            self.give_back()
        finally:
            self.is_over = True
            self.run()

    def give_back(self):  # type: () -> None
        """Restore the handlers; each may run as soon as it is in its place, and may raise."""
        try:
            for signum, handler in self.handlers.items():
                if self._signal.getsignal(signum) is self:
                    self._signal.signal(signum, handler)
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
        own, now = self.handlers[signum], self._signal.getsignal(signum)
        handler = own if now is self else now
        # An earlier one may have switched it off.
        if callable(handler):
            handler(signum, frame)
