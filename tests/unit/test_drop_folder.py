"""The drop folder, where only another system could show it."""

from __future__ import annotations

import ntpath
from types import SimpleNamespace

import pytest

from certifi_system_store_wrapper.commands import drop_folder


def test_a_drive_that_is_not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """%APPDATA% may lie on one: `add` says so, and does not look above it for ever."""
    monkeypatch.setattr(drop_folder, "os", SimpleNamespace(path=ntpath))
    with pytest.raises(OSError, match="has to be a folder"):
        drop_folder.make(r"Z:\Roaming\certifi-system-store-wrapper\certs")
