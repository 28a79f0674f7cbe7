"""Handlers of C code stay what they are while Python's are put off; faulthandler's is one."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import faulthandler
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Iterator, List

import pytest

import certifi_system_store_wrapper
from certifi_system_store_wrapper import _dispositions, _PutOff

pytestmark = pytest.mark.posix("Windows has nothing beneath Python's handlers")
NAME = "certifi_system_store_wrapper.dispositions"


class Stop(Exception):
    """What a handler raises."""


class Refuses:
    """A finder of the application that raises whenever, or the first time, it is asked for us."""

    def __init__(self, times: int) -> None:
        self.times = times

    def find_spec(self, name: str, *_: object) -> None:
        if name == NAME and self.times:
            self.times -= 1
            raise Stop


@pytest.fixture
def came() -> Iterator[List[int]]:
    """Return the signals that a handler of Python's has got; it is one for SIGUSR1."""
    came: List[int] = []
    before = signal.signal(signal.SIGUSR1, lambda signum, _: came.append(signum))
    yield came
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of C code's handlers yet."""
    monkeypatch.setattr(certifi_system_store_wrapper, "_c_code", [])
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    monkeypatch.delattr("certifi_system_store_wrapper.dispositions", raising=False)


def test_a_handler_of_c_code(came: List[int], tmp_path: Path) -> None:
    """It gets each signal, before, meanwhile and afterwards; Python's gets none."""
    with (tmp_path / "dumps").open("w") as file:
        faulthandler.register(signal.SIGUSR1, file, all_threads=False)

        def dumps() -> int:
            signal.raise_signal(signal.SIGUSR1)
            return Path(file.name).read_text("utf-8").count("most recent call first")

        assert dumps() == 1
        with _PutOff():
            assert dumps() == 2
        assert dumps() == 3
        assert came == []
        faulthandler.unregister(signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert came == [signal.SIGUSR1]


def test_one_that_is_chained_to_pythons(came: List[int], tmp_path: Path) -> None:
    """It gets each, and Python's is put off, and due."""
    with (tmp_path / "dumps").open("w") as file:
        faulthandler.register(signal.SIGUSR1, file, all_threads=False, chain=True)
        with _PutOff():
            signal.raise_signal(signal.SIGUSR1)
            assert came == []
        assert came == [signal.SIGUSR1]
        assert (tmp_path / "dumps").read_text("utf-8").count("most recent call first") == 1
        faulthandler.unregister(signal.SIGUSR1)


def test_one_that_runs_as_soon_as_it_is_given_back(
    came: List[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it sets counts: here the system's own."""
    known = _dispositions()
    assert known

    def once(signum: int, frame: object) -> None:
        came.append(signum)
        signal.signal(signum, signal.SIG_DFL)

    class Struck(ModuleType):
        """Python's module, of a process that gets a signal just then."""

        def signal(self, signum: int, handler: Any) -> None:
            _signal.signal(signum, handler)
            if handler is once:
                signal.raise_signal(signum)

    struck = Struck("_signal")
    vars(struck).update({name: each for name, each in vars(_signal).items() if name != "signal"})
    signal.signal(signal.SIGUSR1, once)
    with _PutOff():
        monkeypatch.setattr(certifi_system_store_wrapper, "_signal", struck)
    assert came == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    assert known.handler(signal.SIGUSR1) == bytes(8)


def test_which_function_of_c_it_is(came: List[int], tmp_path: Path) -> None:
    """It differs where another one stands, and nowhere else."""
    known = _dispositions()
    assert known
    pythons = known.handler(signal.SIGUSR1)
    assert pythons == known.handler(signal.SIGINT) != bytes(8)
    with (tmp_path / "dumps").open("w") as file:
        faulthandler.register(signal.SIGUSR1, file, all_threads=False)
        assert known.handler(signal.SIGUSR1) != pythons
        faulthandler.unregister(signal.SIGUSR1)
    assert known.handler(signal.SIGUSR1) == pythons
    assert known.disposition(0) == b""


@pytest.mark.usefixtures("unloaded")
def test_where_it_cannot_be_had(came: List[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """As without ctypes, or where a finder refuses it: Python's are put off all the same."""
    monkeypatch.setattr(sys, "meta_path", [Refuses(1000), *sys.meta_path])
    with _PutOff():
        signal.raise_signal(signal.SIGUSR1)
        assert came == []
    assert came == [signal.SIGUSR1]
    assert _dispositions() is None


@pytest.mark.usefixtures("unloaded")
def test_what_a_handler_raises_meanwhile_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and nothing is left behind."""
    monkeypatch.setattr(sys, "meta_path", [Refuses(1), *sys.meta_path])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stop), _PutOff():
        pytest.fail("it began")
    with _PutOff():
        os.getpid()
    assert signal.getsignal(signal.SIGINT) is before
    assert _dispositions()
