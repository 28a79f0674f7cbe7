"""files: regular files only, whole, within bounds; and which of them are bundles of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certifi_system_store_wrapper.machine.files import MARK, Unusable, is_ours, read_regular
from support.minting import encode_pem, mint

PEM_A = encode_pem(mint("A"))


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.posix("no FIFOs here")
def test_a_fifo_put_there_meanwhile_does_not_block(tmp_path: Path) -> None:
    """Between stat() and open(): it is refused by what was opened."""
    status = os.stat(written(tmp_path / "a.pem", PEM_A))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unusable, match="regular"):
        read_regular(str(tmp_path / "fifo"), status)


def test_a_file_is_read_whole_also_if_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is a guess, and what follows is read, too."""
    data = os.urandom(5000)
    path = written(tmp_path / "a", data)
    real = os.fstat

    class Shorter:
        def __init__(self, descriptor: int) -> None:
            self.st_mode, self.st_size = real(descriptor).st_mode, 10

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", Shorter)
        assert read_regular(path, os.stat(path)) == data


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_short_read_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A network file system may give less than was asked for, also where the size is not known."""
    data = os.urandom(5000)
    path = written(tmp_path / "a", data)
    read, stat = os.read, os.fstat
    monkeypatch.setattr(os, "read", lambda file, wanted: read(file, min(wanted, most)))
    assert read_regular(path, os.stat(path)) == data

    class Sizeless:
        def __init__(self, descriptor: int) -> None:
            self.st_mode, self.st_size = stat(descriptor).st_mode, 0

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", Sizeless)
        assert read_regular(path, os.stat(path)) == data


def test_whether_a_file_is_ours(tmp_path: Path) -> None:
    """A bundle of ours is; another one, a folder, nothing and no path are not."""
    ours = written(tmp_path / "ours.pem", MARK + b"bundle\n" + PEM_A)
    others = [written(tmp_path / "a.pem", PEM_A), str(tmp_path), str(tmp_path / "no"), "a\0b", ""]
    assert is_ours(ours)
    assert not any(map(is_ours, others))
