"""system_store.unix: the path tables and the rules of reading them."""

from __future__ import annotations

import errno
import os
from typing import Any, List

import pytest

from certifi_system_store_wrapper.reporting.findings import Problem
from certifi_system_store_wrapper.settings import INFO, SYSTEM, WARNING
from certifi_system_store_wrapper.sources.findings import Findings
from certifi_system_store_wrapper.sources.system import unix
from support.minting import encode_pem, mint
from support.world import DEBIAN, World

PEM_A, PEM_B = encode_pem(mint("A")), encode_pem(mint("B"))


def collected() -> Findings:
    findings = Findings(SYSTEM)
    unix.collect(findings)
    return findings


def test_every_path_is_absolute_and_named_once() -> None:
    """In all tables together."""
    everything = [
        *unix.bundles({}),
        *unix.directories({}),
        *unix.DISTRUST_FOLDERS,
        *unix.OBJECT_FOLDERS,
        *unix.DISTRUST_BUNDLES,
    ]
    assert all(path.startswith("/") and not path.endswith("/") for path in everything)
    assert len(set(everything)) == len(everything)


@pytest.mark.posix("its paths are others")
def test_paths_below_home_and_termux() -> None:
    """Added where the variables say so, and ignored where those are relative or usual."""
    bundles = unix.bundles({"HOME": "/h", "PREFIX": "/data/data/com.termux/files/usr"})
    assert bundles[-4:] == [
        "/h/.nix-profile/etc/ssl/certs/ca-bundle.crt",
        "/h/.local/state/nix/profile/etc/ssl/certs/ca-bundle.crt",
        "/h/.guix-profile/etc/ssl/certs/ca-certificates.crt",
        "/data/data/com.termux/files/usr/etc/tls/cert.pem",
    ]
    assert unix.bundles({"HOME": "relative", "PREFIX": "/usr"}) == unix.bundles({})
    assert unix.directories({"PREFIX": "/x/com.termux"})[-1] == "/x/com.termux/etc/tls/certs"


@pytest.mark.parametrize("path", unix.bundles({}))
def test_every_bundle_file_of_the_table_is_read(world: World, path: str) -> None:
    """Each alone makes its CA trusted."""
    world.write(path, PEM_A)
    assert world.build() == {"certifi", "A"}


@pytest.mark.parametrize("folder", unix.directories({}))
def test_every_folder_of_the_table_is_read(world: World, folder: str) -> None:
    """Each alone makes the CA under a hashed name in it trusted."""
    world.write(folder + "/0123abcd.0", PEM_A)
    assert world.build() == {"certifi", "A"}


def test_folders_are_not_read_where_a_bundle_yields_certificates(world: World) -> None:
    """What lies beside the bundle file alone is not trusted."""
    world.write(DEBIAN, PEM_A)
    world.write("/etc/ssl/certs/0123abcd.0", PEM_B)
    assert world.build() == {"certifi", "A"}


def test_a_missing_file_of_nix_is_a_warning(world: World) -> None:
    """Somebody named it."""
    world.monkeypatch.setenv("NIX_SSL_CERT_FILE", world.path("/absent.pem"))
    assert [problem.level for problem in collected().problems if problem.path] == [WARNING]


def test_nothing_at_all_is_said_once(world: World) -> None:
    """A machine without a store is worth one line at INFO."""
    del world
    (problem,) = collected().problems
    assert (problem.path, problem.level) == ("", INFO)


def test_debian_conf_that_is_no_text(world: World) -> None:
    """Its bytes may be anything, and distrust nothing."""
    world.write("/etc/ca-certificates.conf", b"!\xff\xfe\n!\0\n\x80!\n!" + b"x" * 5000 + b"\n")
    assert not collected().distrusted


def test_debian_conf_that_cannot_be_read_is_a_warning(world: World) -> None:
    """Because whom it distrusts is not known then."""
    os.makedirs(world.path("/etc/ca-certificates.conf"))
    levels = [p.level for p in collected().problems if "distrust is not known" in p.message]
    assert levels == [WARNING]


def test_a_distrust_folder_that_is_a_file_is_ignored(world: World) -> None:
    """It distrusts nobody."""
    world.write("/etc/ssl/untrusted", PEM_A)
    assert not collected().distrusted


def test_distrust_without_a_certificate_is_said(world: World) -> None:
    """A p11-kit object by serial number alone cannot be applied."""
    world.write(
        "/etc/ssl/untrusted/by-serial.p11-kit", b"[p11-kit-object-v1]\nx-distrusted: true\n"
    )
    messages = [problem.message for problem in collected().problems]
    assert any("holds no certificate" in message for message in messages)


def fail(world: World, function: str, where: str, number: int) -> None:
    """Have a function of os fail for that path of the machine, as often as it is called."""
    real = getattr(os, function)

    def failing(path: Any, *arguments: Any, **named: Any) -> Any:
        if path == world.path(where):
            raise OSError(number, os.strerror(number), path)
        return real(path, *arguments, **named)

    world.monkeypatch.setattr(os, function, failing)


def warnings_of(world: World) -> List[Problem]:
    world.build()
    return world.warnings


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENOMEM])
@pytest.mark.parametrize(
    ("function", "path"),
    [
        ("open", DEBIAN),
        ("stat", DEBIAN),
        ("open", "/etc/ssl/certs/0123abcd.0"),
        ("scandir", "/etc/ssl/certs"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_warning(
    world: World, function: str, path: str, number: int
) -> None:
    """The file itself, one in a hashed folder, the folder: certificates are missing."""
    world.write("/etc/ssl/certs/0123abcd.0" if function == "scandir" else path, PEM_A)
    fail(world, function, path, number)
    (warning,) = warnings_of(world)
    assert (warning.path, warning.source) == (world.path(path), SYSTEM)
    assert warning.message == f"cannot be read: {os.strerror(number)}"


@pytest.mark.links("it is about symbolic links")
def test_a_store_with_many_names_is_one_warning(world: World) -> None:
    """Its links are read by both sources, and say nothing more."""
    store = world.write("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", PEM_A)
    names = ("/etc/pki/tls/cert.pem", "/etc/ssl/cert.pem", "/usr/lib/ssl/cert.pem")
    for name in names:
        world.link(name, store)
    for path in ("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", *names):
        fail(world, "open", path, errno.EIO)
    (warning,) = warnings_of(world)
    assert warning.path == store


@pytest.mark.links("it is about symbolic links")
def test_what_is_no_store_is_no_warning(world: World) -> None:
    """Absent, a folder in the place of a file, a dangling link, a file in the place of a folder."""
    os.makedirs(world.path(DEBIAN))
    world.link("/etc/ssl/cert.pem", "nothing")
    world.link("/etc/ssl/certs/0123abcd.0", "nothing")
    world.write("/etc/pki/tls/certs", b"no folder")
    assert warnings_of(world) == []


@pytest.mark.posix("its paths are others")
def test_where_nobody_may_look_is_no_warning(world: World) -> None:
    """The home of another user may hold a store of Nix or none; the folder is named once."""
    os.makedirs(world.path("/home"))
    real = os.stat

    def closed(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        if str(path).startswith(world.path("/home/")):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *arguments, **named)

    world.monkeypatch.setattr(os, "stat", closed)
    world.monkeypatch.setattr(os, "lstat", closed)
    assert warnings_of(world) == []
    (told,) = [p for p in world.last.problems if p.path]
    assert (told.path, told.level) == (world.path("/home"), INFO)


@pytest.mark.parametrize(
    ("begin", "level"), [("# -----BEGIN", INFO), ("----BEGIN", WARNING)], ids=["comment", "dash"]
)
def test_distrust_that_is_passed_over_is_said(world: World, begin: str, level: int) -> None:
    """It is lost otherwise; what stands beside it counts."""
    data = PEM_A + PEM_B.replace(b"-----BEGIN", begin.encode())
    path = world.write("/etc/ssl/untrusted/x.pem", data)
    found = collected()
    assert list(found.distrusted) == [PEM_A]
    (problem,) = [each for each in found.problems if each.path == path]
    assert (problem.level, problem.message[:8]) == (level, "line 10:")


def test_a_huge_blocklist_is_said_to_be_one(world: World) -> None:
    """What lies behind the bound may be distrusted, and is not known."""
    for number in range(3):
        world.write(f"/etc/ssl/untrusted/{number}.pem", encode_pem(mint(f"untrusted-{number}")))
    assert warnings_of(world) == []
    world.monkeypatch.setattr(unix, "MAX_FILES", 2)
    (warning,) = warnings_of(world)
    assert warning.path == world.path("/etc/ssl/untrusted")
    assert "more than 2 files" in warning.message


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_file_in_the_place_of_a_blocklist(world: World, kind: str) -> None:
    """`cp ca.pem …/blocklist` where there is no such folder distrusts nothing, and that is said."""
    folder = "/etc/pki/ca-trust/source/blocklist"
    world.write(folder if kind == "a file" else os.path.dirname(folder), PEM_A)
    told = [each for each in warnings_of(world) if each.path == world.path(folder)]
    assert ["its distrust is not known" in each.message for each in told] == [True] * (
        kind == "a file"
    )


def test_an_unreadable_list_of_objects_is_one_warning(world: World) -> None:
    """It says that distrust is unknown; such a file is no store that could be missing."""
    world.write("/usr/share/pki/trust/list.p11-kit", b"[p11-kit-object-v1]\n")
    fail(world, "open", "/usr/share/pki/trust/list.p11-kit", errno.EIO)
    (warning,) = warnings_of(world)
    assert "its distrust is not known" in warning.message
