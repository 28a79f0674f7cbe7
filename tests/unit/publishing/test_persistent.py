"""persistent: what a person appended counts, or is told; a damaged bundle is made anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict

import pytest

from certifi_system_store_wrapper.machine import APPLICATION, NAME
from certifi_system_store_wrapper.machine.files import MAX_BYTES
from certifi_system_store_wrapper.publishing import header, persistent
from certifi_system_store_wrapper.settings import INFO, WARNING, Settings
from support.minting import encode_pem, mint
from support.world import World

pytestmark = pytest.mark.posix("Windows has its caches elsewhere, and no modes")
PEM = encode_pem(mint("appended"))


@pytest.fixture
def printed(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a printed bundle to which a person has appended a certificate."""
    for name in ("home", "tmp"):
        (world.root / name).mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", world.path("/home/.cache"))
    monkeypatch.setenv("TMPDIR", world.path("/tmp"))
    path = Path(publish(world, persistent.folders(Settings())[0]))
    with open(path, "ab") as file:
        file.write(PEM)
    return path


def publish(world: World, folder: str, bundle_dir: str = "") -> str:
    """Return the path of the bundle that is published in that folder."""
    settings = Settings(bundle_dir=bundle_dir)
    return persistent.publish(folder, settings, world.certifi_file).path


def planted(path: Path) -> None:
    """Let another user own the folder of the bundle, as in /tmp."""
    os.chown(path.parent, 1000, 1000)


UNUSED: Dict[str, Callable[[Path], object]] = {
    "others made it or may write to it": lambda path: path.chmod(0o666),
    "others may write to it": lambda path: path.parents[1].chmod(0o777),
    "it is larger than": lambda path: os.truncate(path, MAX_BYTES + 1),
    "1000 owns it": planted,
}


@pytest.mark.parametrize("why", UNUSED)
def test_what_was_appended_to_a_bundle_that_is_not_used(
    world: World, printed: Path, why: str
) -> None:
    """A WARNING says so, also where another bundle is printed instead; neighbours make no noise."""
    (kept,) = persistent.appended(Settings())
    assert [each.block for each in kept.trusted] == [PEM]
    if UNUSED[why] is planted and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    UNUSED[why](printed)
    (findings,) = persistent.appended(Settings())
    (problem,) = findings.problems
    assert (problem.level, findings.trusted) == (INFO if "owns" in why else WARNING, [])
    assert why in problem.message
    assert f"{printed}" in str(problem)


def test_a_bundle_at_another_place_has_what_was_appended(
    world: World, printed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the cache folder cannot be written any more; and no longer than it stands there."""
    monkeypatch.setattr(header, "_SETTLED", 0)
    elsewhere = os.path.join(world.path("/tmp"), f"{APPLICATION}-{os.geteuid()}", "elsewhere")
    path = Path(publish(world, elsewhere))
    assert PEM in path.read_bytes()
    assert header.read(str(path)).identities
    printed.unlink()
    assert publish(world, elsewhere) == str(path)
    assert PEM not in path.read_bytes()


DAMAGES: Dict[str, Callable[[bytes], bytes]] = {
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "nothing but NULs": lambda text: bytes(len(text)),
    "torn": lambda text: text[: len(text) // 2],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_bundle_is_made_anew(
    world: World, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """At the same path: it still is ours, and nobody wrote anything of their own into it."""
    folder = str(tmp_path / "kept")
    path = Path(publish(world, folder, bundle_dir=folder))
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert publish(world, folder, bundle_dir=folder) == str(path) == os.path.join(folder, NAME)
    assert path.read_bytes() == whole
