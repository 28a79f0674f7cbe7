"""lasting: whose a bundle is that outlives its process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certifi_system_store_wrapper.publishing import header, lasting, persistent
from certifi_system_store_wrapper.settings import Settings
from support.minting import encode_pem, mint
from support.world import World


@pytest.mark.linux("the machine does not count there")
def test_a_bundle_of_another_machine_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both share the folder; what one of them trusts, the other does not take away from it."""
    block = encode_pem(mint("theirs"))
    named = world.write("/named.pem", block)
    settings = Settings(cert_files=(named,), bundle_dir=world.path("/kept"))
    machine_id = Path(world.write("/machine-id", b"one\n"))
    os.utime(machine_id, (0, 0))
    monkeypatch.setattr(header, "_MACHINE_IDS", (str(machine_id),))
    path = Path(persistent.publish(settings.bundle_dir, settings, world.certifi_file).path)
    before = path.read_bytes()
    for machine, is_own in ((b"two\n", False), (b"one\n", True)):
        machine_id.write_bytes(machine)
        os.utime(machine_id, (0, 0))
        (found,) = (each for each in lasting.found(settings) if each.path == str(path))
        assert (found.is_own, found.has(block)) == (is_own, True)
        if not is_own:
            with pytest.raises(OSError, match="another machine made it: "):
                lasting.withdraw(found, [block])
            assert path.read_bytes() == before
    assert lasting.withdraw(found, [block]) and block not in path.read_bytes()


def test_a_copy_is_told(world: World) -> None:
    """Nobody keeps it up to date, and no bundle is laid beside it."""
    settings = Settings(bundle_dir=world.path("/kept"))
    path = Path(persistent.publish(settings.bundle_dir, settings, world.certifi_file).path)
    copy = world.write("/copies/corp.pem", path.read_bytes())
    (found,) = (
        each for each in lasting.found(settings, [copy]) if each.path == os.path.realpath(copy)
    )
    with pytest.raises(OSError, match="it is a copy: "):
        lasting.renew(found, settings, world.certifi_file)
    assert os.listdir(os.path.dirname(copy)) == ["corp.pem"]
