"""Handlers are put off and given back, whatever comes between any two lines of that."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from typing import Any, Callable, Dict, List

import pytest

import certifi_system_store_wrapper
from certifi_system_store_wrapper import _PutOff, _Recorder, _StandIn
from certifi_system_store_wrapper.machine.signals import foreign

Handler = Callable[[int, object], None]


Of = Callable[["Signals"], _Recorder]


class Stop(Exception):
    """What a handler raises."""


class Signals:
    """Python's module, of a process that nobody else has handlers in."""

    def __init__(self, handlers: Dict[int, Handler]) -> None:
        self.handlers: Dict[int, Any] = dict(handlers)
        self.strikes: Dict[int, List[int]] = {}

    def valid_signals(self) -> List[int]:
        return sorted(self.handlers)

    def getsignal(self, signum: int) -> Any:
        return self.handlers[signum]

    def signal(self, signum: int, handler: Any) -> None:
        """Set a handler; as in Python, those that are due by then run before."""
        for each in self.strikes.get(signum, []):
            self.strikes[signum].remove(each)
            self.come(each)
        self.handlers[signum] = handler

    def come(self, signum: int) -> None:
        """Call the handler, as Python does with the frame that it interrupts."""
        self.handlers[signum](signum, sys._getframe())


def stop(signum: int, frame: object) -> None:
    raise Stop(signum)


@pytest.fixture
def of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Signals], _Recorder]:
    """Return what makes a recorder for such a process."""

    def make(signals: Signals) -> _Recorder:
        monkeypatch.setattr(certifi_system_store_wrapper, "_signal", signals)
        return _Recorder(owner)

    owner = _PutOff()
    return make


class Interrupted(dict):  # type: ignore[type-arg]
    """What is due; while the first of it is taken, a signal comes whose handlers run at once."""

    recorder: Any = None

    def pop(self, *arguments: Any) -> Any:
        recorder, self.recorder = self.recorder, None
        if recorder:
            recorder.run()
        return super().pop(*arguments)


@pytest.mark.parametrize("signums", [[15], [15, 2]])
def test_a_signal_that_comes_while_another_is_on_its_way(of: Of, signums: List[int]) -> None:
    """It runs what is due, which is nobody's business any more then."""
    ran: List[int] = []
    recorder = of(Signals({each: lambda signum, _: ran.append(signum) for each in signums}))
    recorder.late = Interrupted(dict.fromkeys(signums, (None,)))
    recorder.late.recorder = recorder
    recorder.run()
    assert sorted(ran) == sorted(signums)
    assert not recorder.late


def test_what_is_put_off_runs_once_when_it_is_over(of: Of) -> None:
    """And each handler is the application's own again."""
    ran: List[int] = []
    signals = Signals({2: lambda signum, _: ran.append(signum), 15: stop})
    before = dict(signals.handlers)
    recorder = of(signals)
    recorder.take_over()
    for signum in (2, 15, 2):
        signals.come(signum)
    assert ran == []
    with pytest.raises(Stop):
        recorder.end()
    assert (ran, signals.handlers) == ([2], before)


def test_another_thread_than_the_main_one() -> None:
    """No handler runs there, and none can be set."""
    before = signal.getsignal(signal.SIGINT)
    recorders: List[_Recorder] = []
    put_off = _PutOff()

    def take_over() -> None:
        recorder = _Recorder(put_off)
        recorder.take_over()
        recorders.append(recorder)

    thread = threading.Thread(target=take_over)
    thread.start()
    thread.join()
    assert [each.is_on for each in recorders] == [False]
    assert callable(before) and signal.getsignal(signal.SIGINT) is before


def test_a_valueerror_of_a_handler_is_the_applications(of: Of) -> None:
    """One of C code leaves no frame of its own."""
    signals = Signals({2: stop, 15: "{".format})  # type: ignore[dict-item]
    signals.strikes = {15: [15]}
    signals.signal = C(signals.signal)  # type: ignore[method-assign]
    recorder = of(signals)
    with pytest.raises(ValueError, match="encountered in format"):
        recorder.take_over()
    recorder.end()
    assert signals.handlers == {2: stop, 15: signals.handlers[15]}


class C:
    """Calls a function, and raises what it raises without its frames, as C code does."""

    def __init__(self, call: Callable[..., None]) -> None:
        self.call = call

    def __call__(self, *arguments: Any) -> None:
        try:
            self.call(*arguments)
        except ValueError as error:
            raise error.with_traceback(None) from None


def test_a_handler_that_is_set_meanwhile_is_put_off_too(of: Of) -> None:
    """By another one that runs just before the last of them is taken."""
    signals = Signals({2: lambda *_: signals.handlers.update({2: stop}), 15: stop})
    signals.strikes = {15: [2]}
    recorder = of(signals)
    recorder.take_over()
    signals.come(2)
    assert list(recorder.late) == [2]
    with pytest.raises(Stop):
        recorder.end()
    assert signals.handlers == {2: stop, 15: stop}


def test_one_that_calls_the_handler_before_it(of: Of) -> None:
    """What it has saved runs that handler, and records nothing."""
    ran: List[str] = []
    signals = Signals({2: lambda *_: ran.append("first")})
    recorder = of(signals)
    recorder.take_over()
    first = signals.getsignal(2)

    def chained(signum: int, frame: object) -> None:
        ran.append("second")
        first(signum, frame)

    signals.signal(2, chained)
    recorder.take_again()
    signals.come(2)
    recorder.end()
    assert (ran, signals.handlers) == (["second", "first"], {2: chained})


def test_one_that_is_replaced_while_python_begins_to_call_it(of: Of) -> None:
    """By a signal that came just before: it is recorded all the same."""
    signals = Signals({2: stop})
    recorder = of(signals)
    recorder.take_over()
    begun = signals.getsignal(2)
    signals.signal(2, stop)
    recorder.take_again()
    assert signals.getsignal(2) is not begun
    begun(2, sys._getframe())
    assert list(recorder.late) == [2]
    with pytest.raises(Stop):
        recorder.end()


def test_what_could_not_be_given_back_goes_on(of: Of) -> None:
    """It runs the application's handler, and the next recorder finds that."""
    signals = Signals({2: stop, 15: stop})
    recorder = of(signals)
    recorder.take_over()
    recorder.is_on = False
    _Recorder.at_work = None
    assert isinstance(signals.handlers[2], _StandIn)
    with pytest.raises(Stop):
        signals.come(2)
    following = of(signals)
    following.take_over()
    following.end()
    assert signals.handlers == {2: stop, 15: stop}


def test_handlers_that_raise_while_they_are_given_back(of: Of) -> None:
    """Each of them, one after the other: all are given back."""
    signals = Signals({2: stop, 10: stop, 15: stop})
    signals.strikes = {15: [15]}
    recorder = of(signals)
    with pytest.raises(Stop):
        recorder.take_over()
    signals.strikes = {2: [15, 15], 10: [15, 2]}
    with pytest.raises(Stop):
        recorder.end()
    assert signals.handlers == {2: stop, 10: stop, 15: stop}


def test_what_is_put_off_again_in_the_middle(of: Of) -> None:
    """Where handlers run at once, and one of them asks us: they wait for the end of that."""
    ran: List[str] = []
    signals = Signals({2: lambda *_: ran.append("one"), 15: lambda *_: ran.append("other")})
    of(signals)

    def ask() -> None:
        with _PutOff():
            signals.come(15)
            ran.append("answered")

    with _PutOff():
        foreign(ask)
        ran.append("on")
        signals.come(2)
        ran.append("off")
    assert ran == ["answered", "other", "on", "off", "one"]


def test_one_that_is_never_left(of: Of) -> None:
    """A handler that is left alone raised just then: the others go on all the same."""
    signals = Signals({2: stop})
    of(signals)
    put_off = _PutOff()
    put_off.__enter__()
    signals.come(2)
    del put_off
    gc.collect()
    with pytest.raises(Stop):
        signals.come(2)
    with _PutOff():
        pass
    assert signals.handlers[2] is stop
    assert _Recorder.at_work is None


def test_a_handler_that_was_copied(of: Of) -> None:
    """By another one, to a signal that had none: that gets the application's own, too."""
    signals = Signals({2: stop})
    recorder = of(signals)
    recorder.take_over()
    signals.signal(10, signals.getsignal(2))
    recorder.end()
    assert signals.handlers == {2: stop, 10: stop}
