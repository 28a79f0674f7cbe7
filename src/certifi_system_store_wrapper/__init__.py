"""certifi's list, the operating system's store and your own CAs in one bundle.

Importing this changes nothing and costs nothing; the public names are loaded on first use.
"""

__version__ = "1.0.0"

__all__ = ["activate", "build", "contents", "deactivate", "refresh", "where"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import activate as activate
    from .api import build as build
    from .api import contents as contents
    from .api import deactivate as deactivate
    from .api import refresh as refresh
    from .api import where as where
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
    from . import api

    return api


def _undisturbed(call, *arguments):  # type: ignore[no-untyped-def]
    """Call with the application's signal handlers put off; then run those that are due.

    It stands here because it has to be at work before any other module of ours is loaded: what a
    handler raises must not end in an `except` clause of ours. `machine.signals` can do more.
    """
    import _signal as signal  # type: ignore[import-not-found]  # every interpreter has loaded both
    from _thread import get_ident

    handlers, late, recording = {}, [], {get_ident()}  # type: ignore[var-annotated]

    def record(signum, frame):  # type: ignore[no-untyped-def]
        if get_ident() in recording:
            late.append((signum, frame))
        else:  # it is over, or another thread has forked
            handlers[signum](signum, frame)

    try:
        for signum in signal.valid_signals():
            handler = signal.getsignal(signum)
            if callable(handler) and not str(handler.__module__).startswith(
                ("asyncio.", "uvloop.")
            ):
                handlers[signum] = handler
                signal.signal(signum, record)
        return call(*arguments)
    except ValueError as error:
        if error.__traceback__ and error.__traceback__.tb_next:
            raise
        # This is not the main thread, so no handler runs here.
        return call(*arguments)
    finally:
        _run_late(signal, record, handlers, late, recording)  # type: ignore[no-untyped-call]


def _run_late(signal, record, handlers, late, recording):  # type: ignore[no-untyped-def]
    """Give the handlers back, and run those that are due: each of them may raise."""
    try:
        for signum, handler in handlers.items():
            if signal.getsignal(signum) is record:
                signal.signal(signum, handler)
        recording.clear()
        while late:
            signum, frame = late.pop(0)
            handler = signal.getsignal(signum)
            if callable(handler):
                handler(signum, frame)
    except BaseException:
        _run_late(signal, record, handlers, late, recording)  # type: ignore[no-untyped-call]
        raise
