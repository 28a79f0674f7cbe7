"""reader: regular files only, each once, within bounds; and what was looked at is remembered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Tuple

import certifi
import pytest

from certifi_system_store_wrapper import parsing
from certifi_system_store_wrapper.machine import files as machine_files
from certifi_system_store_wrapper.machine.files import MARK, Unusable
from certifi_system_store_wrapper.parsing import pem
from certifi_system_store_wrapper.parsing.pem import Parsed, block_of
from certifi_system_store_wrapper.reporting.findings import MALFORMED
from certifi_system_store_wrapper.settings import INFO, USER, WARNING
from certifi_system_store_wrapper.sources import files, reader
from certifi_system_store_wrapper.sources.files import add_file, certificate_files
from certifi_system_store_wrapper.sources.findings import LISTED, NAMED, PROVEN, Findings
from certifi_system_store_wrapper.sources.reader import Reader
from support.minting import encode_pem, mint

A, B = mint("A"), mint("B")
PEM_A, PEM_B = encode_pem(A), encode_pem(B)


def state_of(path: str) -> Tuple[int, ...]:
    status = os.stat(path)
    identity = status.st_mode, status.st_dev, status.st_ino, status.st_uid, status.st_gid
    return (*identity, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


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
    """Of each file and of all of one source together, with the reason."""
    monkeypatch.setattr(machine_files, "MAX_BYTES", 1000)
    monkeypatch.setattr(reader, "MAX_TOTAL", 1500)
    paths = [written(tmp_path / str(size), bytes(size)) for size in (800, 1001, 700, 701)]
    one = Reader()
    one.parse(paths[0])
    with pytest.raises(Unusable, match="larger than"):
        one.parse(paths[1])
    one.parse(paths[2])
    with pytest.raises(Unusable, match="have been read before it: name fewer"):
        one.parse(paths[3])
    one.begin()
    one.parse(written(tmp_path / "next", bytes(702)))


def test_our_own_bundle_is_never_read_back(tmp_path: Path) -> None:
    """By its first line, whoever names it: a CA that was removed must not live on."""
    path = written(tmp_path / "cacert.pem", MARK + b"bundle\n" + PEM_A)
    findings = Findings(USER)
    assert add_file(findings, path, NAMED, named=True) == 0
    assert [problem.level for problem in findings.problems] == [WARNING]


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
