"""unix_local: what an administrator added is told apart from the list of the vendor."""

from __future__ import annotations

import os
from typing import Any, Set

import pytest

from certifi_system_store_wrapper.reporting.findings import DISTRUSTED
from certifi_system_store_wrapper.settings import CERTIFI, INFO, LOCAL, SYSTEM, USER
from certifi_system_store_wrapper.sources.system import unix_local
from support.minting import encode_pem, mint, trusted_pem
from support.world import DEBIAN, World

A, B = mint("A"), mint("B")
PEM_A, PEM_B = encode_pem(A), encode_pem(B)
STRICT = (CERTIFI, LOCAL, USER)
ADDED = "/usr/local/share/ca-certificates"
FEDORA = "/etc/pki/ca-trust/source"
OBJECT = b"[p11-kit-object-v1]\ntrusted: true\nx-distrusted: false\nprivate: false\n"


def local(world: World) -> Set[str]:
    """Return the names of the anchors of the strict choice, without certifi's own."""
    return world.build(sources=STRICT) - {"certifi"}


def test_every_path_is_absolute_and_named_once() -> None:
    """In all tables together."""
    everything = [unix_local.DEBIAN, *unix_local.ANCHORS, *unix_local.OBJECTS]
    assert all(path.startswith("/") and not path.endswith("/") for path in everything)
    assert len(set(everything)) == len(everything)


@pytest.mark.parametrize("folder", [unix_local.DEBIAN, *unix_local.ANCHORS])
def test_what_was_added_is_local_and_the_vendors_list_is_not(world: World, folder: str) -> None:
    """The store holds both; the strict choice takes the one, the default takes both."""
    world.write(DEBIAN, PEM_A + PEM_B)
    added = world.write(f"{folder}/corp.crt", PEM_A)
    assert local(world) == {"A"}
    (anchor,) = [each for each in world.last.anchors if each.der == A]
    assert anchor.origins == ((LOCAL, added),)
    assert world.build() == {"certifi", "A", "B"}


def test_the_origins_tell_both(world: World) -> None:
    """Whoever asks for the store and for what was added sees which is which."""
    world.write(DEBIAN, PEM_A + PEM_B)
    world.write(ADDED + "/corp.crt", PEM_A)
    assert world.build(sources=(SYSTEM, LOCAL)) == {"A", "B"}
    told = {each.der: [origin.source for origin in each.origins] for each in world.last.anchors}
    assert told == {A: [SYSTEM, LOCAL], B: [SYSTEM]}


@pytest.mark.links("it is about symbolic links")
def test_debians_folder_is_read_as_its_tool_reads_it(world: World) -> None:
    """At any depth, through links, what ends in .crt, in small letters, and nothing else."""
    world.write(ADDED + "/corp/deep/a.crt", PEM_A)
    for name in ("b.pem", "b.CRT", "b.cer", "b"):
        world.write(f"{ADDED}/{name}", PEM_B)
    assert local(world) == {"A"}
    elsewhere = world.write("/srv/b.pem", PEM_B)
    if os.name != "nt":
        world.link(ADDED + "/linked.crt", elsewhere)
        assert local(world) == {"A", "B"}


def test_anchors_may_have_any_name(world: World) -> None:
    """The tools of p11-kit look at what a file holds, not into folders below."""
    world.write(FEDORA + "/anchors/corp", PEM_A)
    world.write(FEDORA + "/anchors/below/b.pem", PEM_B)
    assert local(world) == {"A"}
    assert not [each for each in world.last.problems if "below" in each.path]


def test_what_trust_anchor_stores_is_local(world: World) -> None:
    """Its object trusts; one beside it that narrows the purposes, or distrusts, ends that."""
    path = FEDORA + "/corp.p11-kit"
    world.write(path, OBJECT + PEM_A)
    world.write(FEDORA + "/neither.pem", PEM_B)
    assert local(world) == {"A"}
    narrowed = b"\n[p11-kit-object-v1]\nclass: x-certificate-extension\nobject-id: 2.5.29.37\n"
    for data in (
        OBJECT + PEM_A + narrowed,
        OBJECT.replace(b"trusted: true", b"trusted: false") + PEM_A,
        OBJECT.replace(b"distrusted: false", b"distrusted: true") + PEM_A,
    ):
        world.write(path, data)
        assert local(world) == set()
        world.write(FEDORA + "/anchors/corp.p11-kit", data)
        assert local(world) == set()


def test_what_packages_bring_is_the_vendors(world: World) -> None:
    """Below /usr/share the distribution puts its own list."""
    for folder in ("/usr/share/pki/ca-trust-source/anchors", "/usr/share/pki/trust/anchors"):
        world.write(f"{folder}/vendor.pem", PEM_A)
    world.write("/usr/share/ca-certificates/mozilla/vendor.crt", PEM_A)
    world.write("/usr/local/share/certs/ca-root-nss.crt", PEM_A)
    assert local(world) == set()


def test_distrust_of_the_system_counts(world: World) -> None:
    """Also against certifi's part, and against what was added itself."""
    world.write(ADDED + "/a.crt", PEM_A)
    world.write("/etc/ssl/untrusted/a.pem", PEM_A)
    world.write("/etc/ssl/untrusted/certifi.pem", encode_pem(mint("certifi")))
    world.write(ADDED + "/b.crt", PEM_B)
    assert world.build(sources=STRICT) == {"B"}
    assert world.reasons(A) == world.reasons(mint("certifi")) == {DISTRUSTED}


def test_a_trusted_block_for_another_purpose_is_not_local(world: World) -> None:
    """An anchor may say itself what it is for."""
    world.write(FEDORA + "/anchors/a.pem", trusted_pem(A, trust=["emailProtection"]))
    world.write(FEDORA + "/anchors/b.pem", trusted_pem(B, trust=["serverAuth"]))
    assert local(world) == {"B"}


def test_where_nothing_tells_it_that_is_said(world: World) -> None:
    """Other systems keep one list: nothing is local there, which is worth one line at INFO."""
    world.write(DEBIAN, PEM_A)
    assert local(world) == set()
    told = [each for each in world.last.problems if each.source == LOCAL and not each.path]
    assert [(each.level, "no folder" in each.message) for each in told] == [(INFO, True)]
    world.write(ADDED + "/README", b"nothing")
    assert local(world) == set()
    assert not [each for each in world.last.problems if each.source == LOCAL]


def test_a_stored_bundle_notices_what_is_added(world: World) -> None:
    """Every folder is an input: those that are there, at any depth, and those that are not yet."""
    world.write(ADDED + "/corp/a.crt", PEM_A)
    assert local(world) == {"A"}
    looked_at = {each[0] for each in world.last.inputs}
    added = {world.path(ADDED), world.path(ADDED + "/corp")}
    assert looked_at >= {*added, *unix_local.ANCHORS, *unix_local.OBJECTS}


def test_a_folder_that_cannot_be_read_is_a_warning(world: World) -> None:
    """What the administrator added would be missing without a word."""
    folder = os.path.dirname(world.write(ADDED + "/a.crt", PEM_A))
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if path == folder:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    with world.monkeypatch.context() as patched:  # root may read everything
        patched.setattr(os, "scandir", refuse)
        assert local(world) == set()
    (warning,) = world.warnings
    assert (warning.path, "what was added there is missing" in warning.message) == (folder, True)


@pytest.mark.posix("modes say nothing there")
def test_a_folder_that_others_may_write_to_is_told_as_any_other(world: World) -> None:
    """It can be read: what helps is that they may not write, or that a person names the file."""
    folder = os.path.dirname(world.write(ADDED + "/a.crt", PEM_A))
    os.chmod(folder, 0o777)
    assert local(world) == set()
    (warning,) = world.warnings
    assert warning.path == folder
    assert "others may write to it" in warning.message and "chmod go-w" in warning.message
    assert "cannot be read" not in warning.message and "let this user" not in warning.message
