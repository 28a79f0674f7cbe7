"""machine: in which folders the CAs of a user lie."""

from __future__ import annotations

import os

import pytest

from certifi_system_store_wrapper.machine import (
    APPLICATION,
    drop_folders,
    is_where_made,
    user_drop_folder,
)


@pytest.mark.parametrize("kept", ["", "/certs"])
def test_where_a_bundle_is_laid(kept: str) -> None:
    """A copy elsewhere is none of ours, wherever: `/cacert.pem` and what lies in any folder."""
    ours = f"/tmp/{APPLICATION}-1/0123/cacert.pem"
    assert is_where_made(ours, kept)
    assert is_where_made("/certs/cacert.pem", kept) == bool(kept)
    for path in ("/cacert.pem", "/app/cacert.pem", "/etc/ssl/cacert.pem", "/certs/other.pem"):
        assert not is_where_made(path, kept)


def test_drop_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the user on each system, none under -I, and none below a relative or empty variable."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", os.path.abspath("/xdg"))
    wanted = os.path.join(os.path.abspath("/xdg"), "certifi-system-store-wrapper", "certs")
    assert drop_folders()[2:] == [wanted]
    assert len(drop_folders(isolated=True)) == 2
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", os.path.abspath("/h"))
    assert ".config" in user_drop_folder()
    monkeypatch.setattr("sys.platform", "darwin")
    assert "Application Support" in user_drop_folder()
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("APPDATA", "")
    assert user_drop_folder() == ""
