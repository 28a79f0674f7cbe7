"""reader: regular files only, each once, within bounds; and what was looked at is remembered."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Callable, List, Tuple

import certifi
import pytest

from certifi_system_store_wrapper import parsing
from certifi_system_store_wrapper.parsing import pem
from certifi_system_store_wrapper.parsing.pem import Parsed, block_of
from certifi_system_store_wrapper.reporting.findings import MALFORMED
from certifi_system_store_wrapper.settings import DEBUG, INFO, USER, WARNING
from certifi_system_store_wrapper.sources import files, reader
from certifi_system_store_wrapper.sources.files import add_file, certificate_files
from certifi_system_store_wrapper.sources.findings import LISTED, NAMED, PROVEN, Findings
from certifi_system_store_wrapper.sources.reader import (
    MARK,
    Input,
    Reader,
    Unusable,
    condensed,
    contents,
    is_ours,
    look,
)
from support.minting import encode_pem, mint

A, B = mint("A"), mint("B")
PEM_A, PEM_B = encode_pem(A), encode_pem(B)


def state_of(path: str) -> Tuple[int, ...]:
    status = os.stat(path)
    identity = status.st_dev, status.st_ino, status.st_size
    return (os.path.isdir(path), *identity, status.st_mtime_ns, status.st_ctime_ns)


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.mark.links("it is about symbolic links")
def test_a_file_is_read_once_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to it gives the same answer without parsing again."""
    path = written(tmp_path / "a.pem", PEM_A)
    (tmp_path / "b.pem").symlink_to(path)
    calls: List[bytes] = []
    real = parsing.parse

    def counting(data: bytes, known: parsing.Known, *, proven: bool) -> Parsed:
        calls.append(data)
        return real(data, known, proven=proven)

    monkeypatch.setattr(parsing, "parse", counting)
    one = Reader()
    assert one.parse(path) is one.parse(str(tmp_path / "b.pem"))
    assert calls == [PEM_A]


def test_files_without_a_number_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network and FUSE file systems: st_ino is 0 for all of them."""
    written(tmp_path / "a.pem", PEM_A)
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub" / "b.pem", PEM_B)
    real = os.stat

    def numberless(path: str) -> os.stat_result:
        found = list(real(path))
        found[1] = 0
        return os.stat_result(found)

    monkeypatch.setattr(os, "stat", numberless)
    findings = Findings(USER)
    for path in certificate_files(findings, str(tmp_path)):
        add_file(findings, path, NAMED, named=True)
    monkeypatch.undo()
    assert {trusted.block for trusted in findings.trusted} == {PEM_A, PEM_B}


def test_a_file_with_one_known_certificate_is_not_parsed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hashed folder holds what the bundle file held: 145 files on Debian."""
    one = Reader()
    one.parse(written(tmp_path / "all.pem", PEM_A + PEM_B))
    monkeypatch.setattr(parsing, "parse", None)
    path = written(tmp_path / "a.pem", PEM_A)
    assert one.known_block(path) == PEM_A
    assert one.inputs[-1] == (path, state_of(path))


@pytest.mark.posix("no FIFOs here")
def test_anything_else_is_no_known_block(tmp_path: Path) -> None:
    """Not known, more than one, too large, a folder, a FIFO, nothing: all are parsed as ever."""
    one = Reader()
    one.parse(written(tmp_path / "all.pem", PEM_A + PEM_B))
    looked_at = len(one.inputs)
    os.mkfifo(tmp_path / "fifo")
    paths = [str(tmp_path), str(tmp_path / "fifo"), str(tmp_path / "nothing")]
    paths.append(written(tmp_path / "other.pem", encode_pem(mint("other"))))
    paths.append(written(tmp_path / "two.pem", PEM_A + PEM_B))
    paths.append(written(tmp_path / "large.pem", PEM_A * 100))
    assert [one.known_block(path) for path in paths] == [None] * len(paths)
    assert len(one.inputs) == looked_at


def test_known_and_strict_blocks_are_remembered(tmp_path: Path) -> None:
    """What is plain DER and what OpenSSL has to be asked about are told apart."""
    one = Reader()
    odd = A.replace(b"\x0c\x01A", b"\x1e\x01A")
    one.parse(written(tmp_path / "all.pem", PEM_A + encode_pem(odd)))
    assert one.known.strict == {PEM_A}
    assert set(one.known.blocks) == {PEM_A, block_of(odd)}


def test_only_a_proven_file_is_taken_unchecked(tmp_path: Path) -> None:
    """The same nonsense of the right length counts in certifi's own file, and in no other."""
    nonsense = b"\x30\x82\x01\x2c" + bytes(300)
    path = written(tmp_path / "cacert.pem", encode_pem(nonsense))
    for standing, count in ((LISTED, 0), (PROVEN, 1)):
        assert add_file(Findings(USER), path, standing, named=False) == count


def test_certifi_as_released_is_plain(tmp_path: Path) -> None:
    """The list of the certifi that is installed needs no proof, so it costs next to nothing."""
    path = Path(certifi.__file__).with_name("cacert.pem")
    parsed = Reader().parse(str(path), proven=True)
    assert parsed.is_plain
    assert [pem.is_whole(block) for block, _ in parsed.certificates].count(True) > 50
    more = written(tmp_path / "more.pem", path.read_bytes() + PEM_A.replace(b"M", b" M", 1))
    assert not Reader().parse(more, proven=True).is_plain


def test_what_was_looked_at_is_remembered(tmp_path: Path) -> None:
    """Which file or folder it was, size and both times; and what was absent as absent."""
    one = Reader()
    path, absent = written(tmp_path / "a.pem", PEM_A), str(tmp_path / "absent")
    os.utime(path, (7, 7))
    one.parse(path)
    with pytest.raises(FileNotFoundError):
        one.parse(absent)
    one.entries(str(tmp_path))
    folder = str(tmp_path)
    assert one.inputs == [(path, state_of(path)), (absent, ()), (folder, state_of(folder))]


@pytest.mark.posix("no FIFOs here")
def test_only_regular_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FIFOs, folders and devices are refused before open() is called."""
    os.mkfifo(tmp_path / "fifo")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", None)
        for path in (str(tmp_path / "fifo"), str(tmp_path), "/dev/null"):
            with pytest.raises(Unusable):
                Reader().parse(path)


@pytest.mark.posix("no FIFOs here")
def test_a_fifo_put_there_meanwhile_does_not_block(tmp_path: Path) -> None:
    """Between stat() and open(): it is refused by what was opened."""
    status = os.stat(written(tmp_path / "a.pem", PEM_A))
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unusable, match="regular"):
        reader.read_regular(str(tmp_path / "fifo"), status)


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
        assert reader.read_regular(path, os.stat(path)) == data


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_short_read_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A network file system may give less than was asked for, also where the size is not known."""
    data = os.urandom(5000)
    path = written(tmp_path / "a", data)
    read, stat = os.read, os.fstat
    monkeypatch.setattr(os, "read", lambda file, wanted: read(file, min(wanted, most)))
    assert reader.read_regular(path, os.stat(path)) == data

    class Sizeless:
        def __init__(self, descriptor: int) -> None:
            self.st_mode, self.st_size = stat(descriptor).st_mode, 0

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", Sizeless)
        assert reader.read_regular(path, os.stat(path)) == data


def test_a_file_that_shrinks_is_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes it anew in its place: what was read is a part of something."""
    path = written(tmp_path / "a.pem", PEM_A + PEM_B)
    real = os.read

    def cutting(file: int, wanted: int) -> bytes:
        os.truncate(path, len(PEM_A))
        return real(file, wanted)

    monkeypatch.setattr(os, "read", cutting)
    with pytest.raises(OSError, match="shorter"):
        Reader().parse(path)


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each file and of all together, with the reason."""
    monkeypatch.setattr(reader, "MAX_BYTES", 1000)
    monkeypatch.setattr(reader, "MAX_TOTAL", 1500)
    paths = [written(tmp_path / str(size), bytes(size)) for size in (800, 1001, 700, 701)]
    one = Reader()
    one.parse(paths[0])
    with pytest.raises(Unusable, match="larger than"):
        one.parse(paths[1])
    one.parse(paths[2])
    with pytest.raises(Unusable, match="have been read before it"):
        one.parse(paths[3])


def test_our_own_bundle_is_never_read_back(tmp_path: Path) -> None:
    """By its first line, whoever names it: a CA that was removed must not live on."""
    path = written(tmp_path / "cacert.pem", MARK + b"bundle\n" + PEM_A)
    findings = Findings(USER)
    assert add_file(findings, path, NAMED, named=True) == 0
    assert [problem.level for problem in findings.problems] == [DEBUG]


def test_the_same_with_a_nul_in_its_name() -> None:
    """A path that no system can have is one WARNING and no exception."""
    findings = Findings(USER)
    assert add_file(findings, "a\0b", NAMED, named=True) == 0
    assert [problem.level for problem in findings.problems] == [WARNING]


@pytest.mark.parametrize(("named", "level"), [(True, WARNING), (False, INFO)])
def test_strict_with_what_is_named_quiet_with_what_is_found(
    tmp_path: Path, *, named: bool, level: int
) -> None:
    """Empty, without a certificate or absent: a WARNING or not, by who named it."""
    for data in (b"", b"text"):
        findings = Findings(USER)
        add_file(findings, written(tmp_path / "a", data), LISTED, named=named)
        assert [problem.level for problem in findings.problems] == [level]
    findings = Findings(USER)
    add_file(findings, str(tmp_path / "absent"), LISTED, named=named)
    assert [problem.level for problem in findings.problems] == ([WARNING] if named else [])


def test_damage_is_kept_with_its_bytes(tmp_path: Path) -> None:
    """With its line and one WARNING; the certificate behind it is used."""
    data = encode_pem(A[:-5]) + PEM_B
    findings = Findings(USER)
    assert add_file(findings, written(tmp_path / "a", data), NAMED, named=True) == 1
    (out,) = findings.refused
    assert out.reason == MALFORMED
    assert out.block.strip() in data
    assert out.detail.startswith("line 1: ")
    (problem,) = findings.problems
    assert problem.level == WARNING


@pytest.mark.links("it is about symbolic links")
def test_certificate_files_are_told_by_name(tmp_path: Path) -> None:
    """At any depth, in any case; other files and rings of links cost nothing."""
    names = ["a.CER", "b.crt", "c.pem", "d.Der", "e.p7b", "f.p7c", "0123abcd.0", "x/y/z.pem"]
    for name in [*names, "g.txt", "README", "h.key", "0123abcd.r0", "i.pem.bak", "01234567.x"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    findings = Findings(USER)
    paths = list(certificate_files(findings, str(tmp_path)))
    found = [os.path.relpath(path, tmp_path) for path in paths]
    assert sorted(found) == sorted(os.path.join(*name.split("/")) for name in names)
    assert not findings.problems


@pytest.mark.links("it is about symbolic links")
def test_linked_folders_are_looked_through_once(tmp_path: Path) -> None:
    """However many links lead there; a dangling one is passed over."""
    real = tmp_path / "real"
    real.mkdir()
    (real / "a.pem").write_bytes(b"")
    named = tmp_path / "named"
    named.mkdir()
    for link in ("one", "two"):
        (named / link).symlink_to(real)
    (named / "dangling").symlink_to(tmp_path / "nothing")
    found = list(certificate_files(Findings(USER), str(named)))
    assert [os.path.basename(path) for path in found] == ["a.pem"]


def test_a_huge_folder_is_read_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is said that there is more, for named and for hashed folders."""
    for number in range(9):
        (tmp_path / f"{number}.pem").write_bytes(b"")
    monkeypatch.setattr(files, "MAX_FILES", 5)
    walked = Findings(USER)
    assert len(list(certificate_files(walked, str(tmp_path)))) == 5
    assert "more than 5 files" in walked.problems[0].message
    hashed = tmp_path / "hashed"
    hashed.mkdir()
    for number in range(9):
        (hashed / f"0000000{number}.0").write_bytes(encode_pem(mint(f"many-{number}")))
    findings = Findings(USER)
    assert files.add_hashed(findings, str(hashed)) == 5
    assert "more than 5 files" in findings.problems[0].message


# What was looked at, condensed: fewer paths, and still every change shows.


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
    held = list(contents(before))
    assert look(paths) == before
    change(store)
    assert look(paths) != before
    # A file that is gone cannot be read, and so is changed.
    with suppress(FileNotFoundError):
        assert list(contents(look(paths))) != held


def test_a_copy_holds_the_same(store: Path) -> None:
    """Other inodes and times, the cache of the interpreter and links as they were: no change."""
    before = condensed(seen(store))
    held = list(contents(before))
    for path, state in before:
        if state and not state[0]:
            copy = f"{path}.copy"
            shutil.copy(path, copy)
            os.replace(copy, path)
    (store / "__pycache__").mkdir()
    now = look(path for path, _ in before)
    assert now != before
    assert list(contents(now)) == held


def test_whether_a_file_is_ours(tmp_path: Path) -> None:
    """A bundle of ours is; another one, a folder, nothing and no path are not."""
    ours = written(tmp_path / "ours.pem", MARK + b"bundle\n" + PEM_A)
    others = [written(tmp_path / "a.pem", PEM_A), str(tmp_path), str(tmp_path / "no"), "a\0b", ""]
    assert is_ours(ours)
    assert not any(map(is_ours, others))


@pytest.mark.links("it is about symbolic links")
def test_a_ring_of_links_ends(store: Path) -> None:
    """It is left out, and what is beside it stays."""
    (store / "a").symlink_to("b")
    (store / "b").symlink_to("a")
    paths = [str(store), str(store / "own.pem")]
    (_, folder), (_, file) = look(paths)
    assert condensed([(paths[0], folder), (str(store / "a"), file)])
