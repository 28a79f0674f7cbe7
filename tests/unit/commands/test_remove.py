"""`remove`: what a word means, and what it costs to find that out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from certifi_system_store_wrapper.commands import drop_folder, remove, trusted_from
from support.minting import CA, make


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many certificates are trusted: one that it holds may be any of them."""
    path, read = tmp_path / "ca.pem", drop_folder.read
    path.write_bytes(make("Mine", *CA).pem)
    asked: List[str] = []

    def recorded(path: str) -> Any:
        asked.append(path)
        return read(path)

    monkeypatch.setattr(drop_folder, "read", recorded)
    monkeypatch.setattr(drop_folder, "find", lambda: str(tmp_path / "drop"))
    nothing = f"none      nothing has been added to {tmp_path / 'drop'}"
    assert remove.run(names=[]).lines == [nothing]
    (own,) = read(str(path)).trusted
    place = {"sha256": "ab", "path": "/there", "source": "user", "remedy": "delete it"}
    monkeypatch.setattr(trusted_from, "anchors", lambda: [own] * 3)
    monkeypatch.setattr(trusted_from, "places", lambda _: [place])
    (refused,) = remove.run(names=[str(path)]).data["certificates"]
    assert "is called that; `remove` alone lists them" in refused["refused"]
    assert asked == [str(path)]
    (refused,) = remove.run(names=["/there"]).data["certificates"]
    assert refused["refused"].endswith("but /there (source user) has it: delete it")
