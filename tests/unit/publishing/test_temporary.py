"""What holds a bundle loses no descriptor, and reads nobody else's file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Union

import pytest

from certifi_system_store_wrapper.machine.files import HEADER
from certifi_system_store_wrapper.publishing.hold import FILE, Hold
from certifi_system_store_wrapper.publishing.temporary import MemoryBundle, TemporaryBundle
from support.minting import encode_pem, mint

pytestmark = pytest.mark.linux("looks at descriptors as Linux shows them")
PEM = encode_pem(mint("one"))
TEXT = HEADER + PEM + encode_pem(mint("another"))
Bundle = Union[MemoryBundle, TemporaryBundle]


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
    bundle = MemoryBundle(TEXT)
    number = int(bundle.path.rsplit("/", 1)[1])
    assert bundle.held_text() == TEXT
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    try:
        os.write(other, b"of somebody else")
        os.dup2(other, number)
        assert bundle.held_text() == b""
        assert not bundle.heal()
    finally:
        os.close(other)
        os.close(number)


def in_a_folder(tmp_path: Path) -> TemporaryBundle:
    """Return a published bundle."""
    bundle = TemporaryBundle(str(tmp_path / "of us"))
    bundle.publish(TEXT)
    return bundle


@pytest.fixture(params=[in_a_folder, lambda _: MemoryBundle(TEXT)], ids=["folder", "memory"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Bundle:
    """Return a bundle of either kind."""
    made: Bundle = request.param(tmp_path)
    return made


@pytest.mark.parametrize("left", [b"", TEXT[:-40], HEADER, b"x" * 2 * len(TEXT)])
def test_what_is_no_bundle_any_more_is_lost(bundle: Bundle, left: bytes) -> None:
    """Somebody emptied it, cut it off or wrote over it, in place; it stays lost."""
    Path(bundle.path).write_bytes(left)
    assert bundle.held_text() == b""
    assert not bundle.heal() and not bundle.intact() and not bundle.heal()


@pytest.mark.parametrize("text", [PEM, HEADER + PEM, PEM + b"# the proxy", TEXT + PEM])
def test_what_somebody_made_of_it_stays(bundle: Bundle, text: bytes) -> None:
    """A program wrote other certificates over it, took some out or added one, as in certifi's."""
    Path(bundle.path).write_bytes(text)
    assert bundle.held_text() == text
    assert bundle.heal() and bundle.intact()
