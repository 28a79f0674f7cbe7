"""hashing: what the inputs hold, in short; what a build has read is not read again."""

from __future__ import annotations

from pathlib import Path

from certifi_system_store_wrapper.machine import inputs
from certifi_system_store_wrapper.machine.hashing import held_by, sha256
from certifi_system_store_wrapper.sources.reader import Reader


def test_what_a_build_has_read_is_known(tmp_path: Path) -> None:
    """It is the same as where it is read for this, which is not done."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"certificate")
    reader = Reader()
    reader.parse(str(path), vouched=True)
    held = held_by(reader.inputs, {})
    path.unlink()
    assert held_by(reader.inputs, {}) == [""] != held
    assert held_by(reader.inputs, reader.digests) == held


def test_where_files_have_no_numbers_each_is_read(tmp_path: Path) -> None:
    """Two of them may have one size and one time."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"certificate")
    [(name, state)] = inputs.look([str(path)])
    state = (*state[:2], 0, *state[3:])
    assert held_by([(name, state)], {state: sha256(b"another")}) == held_by([(name, state)], {})
