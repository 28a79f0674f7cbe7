"""inputs: what was looked at, condensed: fewer paths, and still every change shows."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Callable, List

import pytest

from certifi_system_store_wrapper.machine.hashing import held_by
from certifi_system_store_wrapper.machine.inputs import Input, condensed, guards, look


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a hashed folder as Debian's: a link, a link beside it, a file elsewhere."""
    store = tmp_path / "certs"
    for folder in (store, tmp_path / "share"):
        folder.mkdir()
    (tmp_path / "share" / "ca.crt").write_bytes(b"certificate")
    (store / "ca.pem").symlink_to(tmp_path / "share" / "ca.crt")
    (store / "0123abcd.0").symlink_to("ca.pem")
    (store / "own.pem").write_bytes(b"own")
    settle(tmp_path)
    return store


def settle(folder: Path) -> None:
    """Have everything be old, so that a change shows in whole seconds."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            os.utime(path, (7, 7))


def seen(store: Path) -> List[Input]:
    """Return what a build looks at: the folder, its files through their links, what is absent."""
    absent = store.parent / "no" / "such" / "folder" / "ca.pem"
    return look(map(str, (store, store / "0123abcd.0", store / "own.pem", absent)))


@pytest.mark.links("it is about symbolic links")
def test_links_within_a_folder_and_absent_folders_need_no_line(store: Path) -> None:
    """The folder, the files and the first absent folder are enough."""
    share, absent = store.parent / "share" / "ca.crt", store.parent / "no"
    paths = sorted(map(str, (store, share, store / "own.pem", absent)))
    assert [path for path, _ in condensed(seen(store))] == paths


def appear(store: Path) -> None:
    path = store.parent / "no" / "such" / "folder"
    path.mkdir(parents=True)


def turn_round(store: Path) -> None:
    (store.parent / "other").write_bytes(b"certificate")
    os.utime(store.parent / "other", (7, 7))
    (store / "ca.pem").unlink()
    (store / "ca.pem").symlink_to(store.parent / "other")


CHANGES: List[Callable[[Path], object]] = [
    lambda store: (store.parent / "share" / "ca.crt").write_bytes(b"Certificate"),
    lambda store: (store.parent / "share" / "ca.crt").unlink(),
    lambda store: (store / "own.pem").write_bytes(b"Own"),
    lambda store: (store / "4567cdef.0").symlink_to("own.pem"),
    lambda store: (store / "0123abcd.0").unlink(),
    turn_round,
    appear,
]


@pytest.mark.links("its store has symbolic links")
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_shows(store: Path, change: Callable[[Path], object]) -> None:
    """A file in place, a link, a new name, a folder that was not there."""
    before = condensed(seen(store))
    paths = [path for path, _ in before]
    held = held_by(before, {})
    assert look(paths) == before
    change(store)
    assert look(paths) != before
    assert held_by(look(paths), {}) != held


def test_a_copy_holds_the_same(store: Path) -> None:
    """Other inodes and times, the cache of the interpreter and links as they were: no change."""
    before = condensed(seen(store))
    held = held_by(before, {})
    for path, state in before:
        if state and stat.S_ISREG(state[0]):
            copy = f"{path}.copy"
            shutil.copy(path, copy)
            os.replace(copy, path)
    (store / "__pycache__").mkdir()
    now = look(path for path, _ in before)
    assert now != before
    assert held_by(now, {}) == held


@pytest.mark.links("it is about symbolic links")
def test_a_ring_of_links_ends(store: Path) -> None:
    """It is left out, and what is beside it stays."""
    (store / "a").symlink_to("b")
    (store / "b").symlink_to("a")
    paths = [str(store), str(store / "own.pem")]
    (_, folder), (_, file) = look(paths)
    assert condensed([(paths[0], folder), (str(store / "a"), file)])


@pytest.mark.modes("it is about modes")
def test_who_may_write_to_a_folder_above_shows(tmp_path: Path) -> None:
    """Others who may only add to it, others who may rename, and each group that may write."""
    (tmp_path / "ca.pem").write_bytes(b"certificate")
    seen = []
    for mode in (0o755, 0o777, 0o1777, 0o775):
        tmp_path.chmod(mode)
        seen.append(guards(look([str(tmp_path / "ca.pem")])))
    if os.getuid() == 0:
        os.chown(tmp_path, -1, 54321)
        seen.append(guards(look([str(tmp_path / "ca.pem")])))
    assert all(seen.count(each) == 1 for each in seen)
