"""A file is written whole or not at all, whoever else writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from certifi_system_store_wrapper.publishing import hold, writing


def test_another_writer_takes_our_draft_for_one_that_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just before it gets its name it is not locked any more: it is written once more."""
    path, real, swept = tmp_path / "ca.pem", writing.rename, []

    def rename(unfinished: str, new: str) -> None:
        if not swept:
            swept.append(unfinished)
            hold.remove_drafts(str(tmp_path), ".")
        real(unfinished, new)

    monkeypatch.setattr(writing, "rename", rename)
    writing.replace(str(path), b"whole")
    assert swept and path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """By the path that was to be written, at once."""
    path = str(tmp_path / "none" / "ca.pem")
    with pytest.raises(FileNotFoundError) as told:
        writing.replace(path, b"whole")
    assert told.value.filename == path
