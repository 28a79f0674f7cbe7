"""What OpenSSL can load."""

from __future__ import annotations

import os
import signal
from typing import List

import pytest

from certifi_system_store_wrapper.machine import openssl
from certifi_system_store_wrapper.machine.signals import put_off


@pytest.mark.posix("a process cannot signal itself so")
def test_handlers_run_while_many_are_refused() -> None:
    """Each half of those that cannot be loaded together is tried by itself, which may take long."""
    came: List[int] = []
    before = signal.signal(signal.SIGUSR1, lambda signum, _: came.append(signum))
    try:
        with put_off():
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not came
            assert openssl.unloadable([b"no", b"certificate"]) == [b"no", b"certificate"]
            assert came == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, before)
