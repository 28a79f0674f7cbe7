"""header: what the key is made of, and that a header says the same when it is read again."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any, Dict

import pytest

from certifi_system_store_wrapper.bundle import Anchor, Bundle
from certifi_system_store_wrapper.machine.environment import NAMING
from certifi_system_store_wrapper.machine.files import MARK
from certifi_system_store_wrapper.machine.inputs import look
from certifi_system_store_wrapper.publishing import header, rendering
from certifi_system_store_wrapper.settings import STORE, Settings
from support.minting import encode_pem, mint

PEM = encode_pem(mint("stored"))


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none of the variables that count."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")


INDIFFERENT: Dict[str, Any] = {
    "log_level": 10,
    "log_file": "/log",
    "log_file_level": 20,
    "disable": True,
    "bundle_dir": "/folder",
    "handle_sigterm": False,
    "ssl_defaults": True,
    "store": not STORE,
    "problems": ("a problem",),
}
DECISIVE: Dict[str, Any] = {
    "cert_files": ("/corp.pem",),
    "sources": ("certifi",),
    "isolated": True,
}


def test_every_setting_was_thought_of() -> None:
    """One that is new decides, until somebody says that it does not."""
    assert {*INDIFFERENT, *DECISIVE} == set(Settings._fields)


@pytest.mark.parametrize("name", INDIFFERENT)
def test_settings_that_decide_nothing(name: str) -> None:
    """They have the same bundle."""
    other = Settings(**{name: INDIFFERENT[name]})
    assert header.asked_for(other) == header.asked_for(Settings())


@pytest.mark.parametrize("name", DECISIVE)
def test_settings_that_decide(name: str) -> None:
    """They have a bundle of their own, in a folder of its own."""
    asked = header.asked_for(Settings(**{name: DECISIVE[name]}))
    assert asked != header.asked_for(Settings())
    assert header.key(asked) != header.key(header.asked_for(Settings()))


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "HOME", "XDG_CONFIG_HOME"])
def test_variables_that_decide(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What names certificates does, and where the folders of the user are; those apart."""
    before = header.asked_for(Settings())
    elsewhere = os.path.abspath("/elsewhere")
    monkeypatch.setenv(name, elsewhere)
    after = header.asked_for(Settings())
    assert f"{name}={elsewhere}" in after
    is_home = "SSL" not in name
    assert (header.without_homes(before) == header.without_homes(after)) == is_home


def test_our_own_bundle_is_no_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable that names one counts as unset, and names a file if it is only a copy."""
    settings = Settings(bundle_dir=str(tmp_path))
    before, path = header.asked_for(settings), tmp_path / "cacert.pem"
    path.write_bytes(MARK + b"bundle\n" + PEM)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert header.asked_for(settings) == before
    assert header.asked_for(Settings()) != before
    path.write_bytes(PEM)
    assert header.asked_for(Settings()) != before


@pytest.mark.parametrize("name", NAMING)
def test_a_variable_of_ours_counts_as_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """What it named when that bundle was made is asked for still, so the path is the same."""
    path = tmp_path / "cacert.pem"
    monkeypatch.setenv(name, str(tmp_path / f"a{os.pathsep}b.pem"))
    monkeypatch.chdir(tmp_path)
    before = header.asked_for(Settings())
    path.write_bytes(rendered((), before))
    monkeypatch.setenv(name, str(path))
    monkeypatch.chdir(os.path.abspath(os.sep))
    assert header.asked_for(Settings()) == before


def test_bundles_that_name_each_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is unset where that is a bundle of ours as well, as after one was copied over a file."""
    settings = Settings(bundle_dir=str(tmp_path))
    before = header.asked_for(settings)
    paths = [tmp_path / "cacert.pem", tmp_path / "key" / "cacert.pem"]
    paths[1].parent.mkdir()
    for path, other in zip(paths, reversed(paths)):
        path.write_bytes(rendered((), ("prefix=/usr", f"SSL_CERT_FILE={other}")))
    for path in paths:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert header.asked_for(settings) == before


@pytest.mark.linux("the machine does not count there")
def test_each_machine_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They may share a home: the id counts, else the name of the host."""
    path, asked = tmp_path / "machine-id", header.asked_for(Settings())
    monkeypatch.setattr(header, "_MACHINE_IDS", (str(path),))
    keys = set()
    for text in (None, b"", b"one\n", b"two\n"):
        if text is not None:
            path.write_bytes(text)
        keys.add(header.key(asked))
    assert len(keys) == 3
    assert {len(key) for key in keys} == {16}


@pytest.mark.linux("the machine does not count there")
def test_a_bundle_of_another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is one only where both have an id."""
    path = tmp_path / "machine-id"
    monkeypatch.setattr(header, "_MACHINE_IDS", (str(path),))
    hashes = {"": header.machine_hash()}
    for name in ("one", "two"):
        path.write_text(f"{name}\n", "ascii")
        hashes[name] = header.machine_hash()
    told = {name: header.Stored(machine=made_by) for name, made_by in hashes.items()}
    others = [name for name, found in told.items() if found.is_another_machines()]
    path.unlink()
    assert (others, len(set(hashes.values()))) == (["one"], 3)
    # Every Python has the same.
    assert hashes["one"] == "7a6c86f1"
    assert not any(found.is_another_machines() for found in told.values())


@pytest.mark.root("only root becomes another user")
def test_a_closed_file_is_an_input_as_any_other() -> None:
    """As one of root's among the anchors: known while it is closed, and read when it opens."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as file:
        file.write(PEM)
        file.flush()
        inputs = look([file.name])
        before = header.held_by(inputs)
        os.seteuid(4711)
        try:
            held = header.held_by(inputs)
        finally:
            os.seteuid(0)
    assert header.contents_of((), inputs, held)
    assert held != before


def rendered(inputs: Any, asked: header.Asked = ("prefix=/usr",)) -> bytes:
    """Return the file of a bundle that was made of these inputs."""
    built = Bundle((Anchor(PEM, ()),), (), (), tuple(inputs))
    request = header.Request(asked, (), time.time_ns(), shows_changes=True)
    return b"".join(rendering.render(built, header.Stored(), request))


@pytest.mark.posix("a name has no bytes there, and no bundle is kept by its files")
def test_a_header_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Also where a path or a variable has tabs, line breaks, or bytes that are no text."""
    odd = "a\tb\nc\\ \udcff"
    absent = str(tmp_path / odd)
    asked = (f"prefix={odd}", "HOME=")
    path = tmp_path / "cacert.pem"
    path.write_bytes(rendered([(absent, ())], asked) + PEM)
    found = header.read(str(path))
    assert (found.asked, found.paths, found.rest) == (asked, (absent,), PEM + PEM)
    assert (found.appended, found.is_settled) == (PEM, False)


@pytest.mark.posix("times of a status are POSIX'")
def test_what_changed_just_now_is_not_believed(tmp_path: Path) -> None:
    """Neither by a file's own time nor by that of its status."""
    source, path = tmp_path / "source.pem", tmp_path / "cacert.pem"
    source.write_bytes(PEM)
    os.utime(source, (7, 7))
    path.write_bytes(rendered(look([str(source)])))
    assert not header.read(str(path)).header_now((), time.time_ns())


def damages() -> Dict[str, bytes]:
    """Return files whose header fits nothing."""
    whole = rendered([])
    first = whole.split(b"\n", 1)[0]
    return {
        "one line": first,
        "too few lines": whole.replace(b"lines=5", b"lines=99"),
        "no number": whole.replace(b"lines=5", b"lines=x"),
        "no length": whole.replace(b"length=", b"size="),
        "another body": whole.replace(b"\nMII", b"\nMIJ").replace(b"length=", b"length=1"),
        "not ASCII": whole.replace(b"format=3", "format=²".encode()),
        "a cut escape": whole.replace(b"prefix=/usr", b"prefix=\\x"),
    }


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_header_is_not_believed(tmp_path: Path, damage: str) -> None:
    """It says nothing, and raises nothing."""
    path = tmp_path / "cacert.pem"
    path.write_bytes(damages()[damage])
    found = header.read(str(path))
    assert not found.header_now((), time.time_ns())
    assert found.data == damages()[damage]
