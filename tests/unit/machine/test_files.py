"""files: regular files only, whole, within bounds; and which of them are bundles of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

import pytest

from certifi_system_store_wrapper.machine import environment
from certifi_system_store_wrapper.machine.files import (
    MARK,
    SETTINGS,
    Unusable,
    is_ours,
    named_by,
    read_regular,
)
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


# On Windows it gets the drive of the working directory.
A = os.path.join(os.getcwd(), "/a\xe4")
MADE = MARK + b"bundle\n" + SETTINGS


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (MADE + b"prefix=/usr\tSSL_CERT_FILE=/a\\xe4\tNIX_SSL_CERT_FILE=/b\n", A),
        (MADE + b"prefix=/usr\tSSL_CERT_FILE=\n", ""),
        (MADE + b"prefix=/usr\tMY_SSL_CERT_FILE=/a\n", None),
        (MADE + b"\xff\tSSL_CERT_FILE=/a\n", None),
        (MADE + b"prefix=\\x\tSSL_CERT_FILE=/a\n", None),
        (MARK + b"bundle\n# told: \tSSL_CERT_FILE=/a\n", None),
        (MARK + b"bundle\n" + PEM_A, None),
        (MARK, None),
        (b"#\n" + SETTINGS + b"prefix=/usr\tSSL_CERT_FILE=/a\n", None),
    ],
)
def test_what_a_variable_named_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, named: Optional[str]
) -> None:
    """The header of a bundle of ours says it; any other file, and a copy without, is itself."""
    path = written(tmp_path / "a.pem", text)
    monkeypatch.setenv("SSL_CERT_FILE", path)
    assert named_by("SSL_CERT_FILE") == (path if named is None else named)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert named_by("SSL_CERT_FILE") is None


@pytest.mark.posix("modes say nothing there")
def test_what_others_may_write_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header of a bundle is believed only if nobody else can have written it."""
    path = written(tmp_path / "a.pem", MADE + b"prefix=/usr\tSSL_CERT_FILE=/a\n")
    monkeypatch.setenv("SSL_CERT_FILE", path)
    assert named_by("SSL_CERT_FILE") == os.path.join(os.getcwd(), "/a")
    os.chmod(path, 0o666)
    assert named_by("SSL_CERT_FILE") == path


def test_a_path_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is whole, as it stands in a header, also where a list of paths would end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", f"..{os.sep}a{os.pathsep}b")
    assert named_by("SSL_CERT_FILE") == os.path.join(tmp_path, "..", f"a{os.pathsep}b")


def test_a_variable_of_who_has_fewer_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names nothing, nor does the bundle in it."""
    path = written(tmp_path / "a.pem", MADE + b"prefix=/usr\tSSL_CERT_FILE=/a\n")
    monkeypatch.setenv("SSL_CERT_FILE", path)
    monkeypatch.setattr(environment, "IS_PRIVILEGED", True)
    assert named_by("SSL_CERT_FILE") is None
