"""The drop folder, where only another system could show it."""

from __future__ import annotations

import ntpath
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from certifi_system_store_wrapper.commands import drop_folder
from support.minting import encode_pem, mint, trusted_pem


def test_a_drive_that_is_not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """%APPDATA% may lie on one: `add` says so, and does not look above it for ever."""
    if os.name != "nt":
        monkeypatch.setattr(drop_folder, "os", SimpleNamespace(path=ntpath))
    with pytest.raises(OSError, match="has to be a folder"):
        drop_folder.make(r"Q:\Roaming\certifi-system-store-wrapper\certs")


def test_what_remove_can_name(tmp_path: Path) -> None:
    """A file with one certificate; of others it says that there are more in them.

    Of a certificate that says itself that nobody shall trust it, that is told.
    """
    plain = mint("Plain")
    (tmp_path / "plain.pem").write_bytes(encode_pem(plain))
    (tmp_path / "two.pem").write_bytes(encode_pem(plain) + encode_pem(mint("Other")))
    (tmp_path / "rejected.pem").write_bytes(trusted_pem(plain, reject=["serverAuth"]))
    both = encode_pem(plain) + trusted_pem(mint("Other"), reject=["serverAuth"])
    (tmp_path / "both.pem").write_bytes(both)
    held, unreadable = drop_folder.held(str(tmp_path))
    alone = {os.path.basename(each["stored"]): each["is_alone"] for each in held}
    assert (alone, len(held)) == ({"both.pem": False, "plain.pem": True, "two.pem": False}, 4)
    assert {each["path"] for each in unreadable} == {str(tmp_path / "rejected.pem")}


def test_a_drop_folder_that_is_none(tmp_path: Path) -> None:
    """What cannot be read is told, so that nobody takes it for empty; what is missing is empty."""
    folder = tmp_path / "certs"
    assert drop_folder.held(str(folder)) == ([], [])
    folder.write_bytes(encode_pem(mint("Plain")))
    held, (unreadable,) = drop_folder.held(str(folder))
    assert (held, unreadable["path"]) == ([], str(folder))
    assert "not a folder" in unreadable["refused"]


@pytest.mark.parametrize("name", ["\x1b[2J.pem", "\udcff.pem", "a\nb.pem"])
def test_a_path_that_cannot_be_typed(name: str) -> None:
    """No command is printed with what stands for its characters."""
    told = drop_folder.remedy(f"/corp/{name}", mint("Plain"), 1)
    assert told.startswith("rename it") and "/corp" not in told
    path = os.path.realpath("/corp/b.pem")
    assert drop_folder.remedy(path, mint("Plain"), 1).endswith(f"add {path}")


@pytest.mark.posix("modes say nothing there")
def test_what_others_may_change_is_marked(tmp_path: Path) -> None:
    """It is no anchor, so that nobody takes it for one; `remove` can name it all the same."""
    for name, mode in (("fine", 0o644), ("open", 0o666)):
        path = tmp_path / f"{name}.pem"
        path.write_bytes(encode_pem(mint(name)))
        path.chmod(mode)
    held, unreadable = drop_folder.held(str(tmp_path))
    marks = {os.path.basename(each["stored"]): each["marks"] for each in held}
    assert marks == {"fine.pem": [], "open.pem": ["not used: others may write to it"]}
    assert unreadable == []
    tmp_path.chmod(0o777)
    held, _ = drop_folder.held(str(tmp_path))
    assert all("not used: others may write to it" in each["marks"] for each in held)
