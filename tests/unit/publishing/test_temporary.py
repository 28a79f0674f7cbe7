"""What holds a bundle loses no descriptor, and reads nobody else's file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

import pytest

from certifi_system_store_wrapper.publishing.hold import FILE, Hold
from certifi_system_store_wrapper.publishing.temporary import MemoryBundle

pytestmark = pytest.mark.linux("looks at descriptors as Linux shows them")


@pytest.mark.parametrize("call", ["fstat", "set_inheritable"])
@pytest.mark.parametrize("make", [lambda: Hold(__file__, FILE), lambda: MemoryBundle(b"text")])
def test_a_call_that_fails_leaves_no_descriptor(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], object], call: str
) -> None:
    """The error comes out, and what was opened is closed."""
    before = os.listdir("/proc/self/fd")

    def fail(*_: object) -> None:
        raise OSError(5, "injected")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="injected"):
        patched.setattr(os, call, fail)
        make()
    assert os.listdir("/proc/self/fd") == before


def test_a_number_that_is_somebody_elses_is_not_read(tmp_path: Path) -> None:
    """A daemon closed all descriptors, and opened its own file: the bundle is lost, no more."""
    bundle = MemoryBundle(b"text")
    number = int(bundle.path.rsplit("/", 1)[1])
    assert bundle.held_text() == b"text"
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    try:
        os.write(other, b"of somebody else")
        os.dup2(other, number)
        assert bundle.held_text() == b""
        assert not bundle.heal()
    finally:
        os.close(other)
        os.close(number)
