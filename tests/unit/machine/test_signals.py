"""The handlers that are due run once each, whatever comes between any two lines of that."""

from __future__ import annotations

import signal
import sys
from _thread import get_ident
from typing import Any, List

import pytest

from certifi_system_store_wrapper import _Recorder


class Interrupted(dict):  # type: ignore[type-arg]
    """What is due; while the first of it is taken, a signal comes whose handlers run at once."""

    recorder: Any = None

    def pop(self, *arguments: Any) -> Any:
        recorder, self.recorder = self.recorder, None
        if recorder:
            recorder.run()
        return super().pop(*arguments)


@pytest.mark.parametrize("names", [["SIGTERM"], ["SIGTERM", "SIGINT"]])
def test_a_signal_that_comes_while_another_is_on_its_way(names: List[str]) -> None:
    """It runs what is due, which is nobody's business any more then."""
    ran: List[int] = []
    recorder = _Recorder(signal, get_ident, sys.modules)
    recorder.late = Interrupted()
    for name in names:
        number = int(getattr(signal, name))
        recorder.handlers[number] = lambda signum, _: ran.append(signum)
        recorder.late.setdefault(number, (None,))
    # Nobody's handlers are replaced here, so that the recorder takes its own.
    recorder._signal = type("Signals", (), {"getsignal": lambda _: recorder})
    recorder.late.recorder = recorder
    recorder.run()
    assert sorted(ran) == sorted(recorder.handlers)
    assert not recorder.late
