"""Conformance cases 38 to 56, 79 and 82: where certificates lie, and who says no to them."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest
from cryptography.x509 import load_der_x509_certificate

from certifi_system_store_wrapper import bundle
from certifi_system_store_wrapper.reporting.findings import DISTRUSTED, NOT_A_CA
from certifi_system_store_wrapper.settings import INFO, USER, WARNING, Settings
from certifi_system_store_wrapper.sources.files import MAX_FILES
from certifi_system_store_wrapper.sources.reader import MARK
from certifi_system_store_wrapper.sources.system import unix, unix_local
from support.minting import (
    crl_pem,
    encode_pem,
    mint,
    pkcs7,
    private_key_pem,
    trusted_pem,
)
from support.world import DEBIAN, World

A, B, C = mint("A"), mint("B"), mint("C")
PEM_A, PEM_B, PEM_C = encode_pem(A), encode_pem(B), encode_pem(C)
HASHED = "/etc/ssl/certs/"
EXTRACTED = "/etc/pki/ca-trust/extracted/pem/"


@pytest.mark.parametrize("data", [b"", b"# no certificate here\n"], ids=["empty", "text only"])
def test_case_38_empty_os_bundle(world: World, data: bytes) -> None:
    """It is a note, and the next place is read."""
    path = world.write(DEBIAN, data)
    world.write("/etc/ssl/cert.pem", PEM_A)
    assert world.build() == {"certifi", "A"}
    assert not world.warnings
    assert [problem.level for problem in world.last.problems if problem.path == path] == [INFO]


def test_case_39_no_os_store(world: World) -> None:
    """A slim container: certifi's and the user's are there, with one note."""
    assert world.build_user(PEM_A) == {"A"}
    assert not world.warnings
    (problem,) = world.last.problems
    assert problem.level == INFO
    assert "no certificate store" in problem.message


@pytest.mark.links("it is about symbolic links")
def test_case_40_rhel_8(world: World) -> None:
    """One file by three names is read once, and the server's certificate beside it is not."""
    world.write(EXTRACTED + "tls-ca-bundle.pem", PEM_A)
    world.link("/etc/pki/tls/certs/ca-bundle.crt", world.path(EXTRACTED + "tls-ca-bundle.pem"))
    world.link("/etc/pki/tls/cert.pem", "certs/ca-bundle.crt")
    world.write("/etc/pki/tls/certs/localhost.crt", encode_pem(mint("localhost", ca=False)))
    assert world.build() == {"certifi", "A"}
    assert len(world.last.anchors[1].origins) == 3


def test_case_41_rhel_10(world: World) -> None:
    """The extracted bundle alone, without the names of older releases."""
    world.write(EXTRACTED + "tls-ca-bundle.pem", PEM_A)
    assert world.build() == {"certifi", "A"}


def test_case_42_extracted_and_a_stale_file(world: World) -> None:
    """Both are read: a place that is out of date takes nothing away."""
    world.write(EXTRACTED + "tls-ca-bundle.pem", PEM_A)
    world.write("/etc/pki/tls/certs/ca-bundle.crt", PEM_B)
    world.build()
    assert world.names() == ["certifi", "A", "B"]


def test_case_43_bundles_for_other_purposes(world: World) -> None:
    """Roots for mail and for code are not trusted for TLS."""
    world.write(EXTRACTED + "tls-ca-bundle.pem", PEM_A)
    world.write(EXTRACTED + "email-ca-bundle.pem", PEM_B)
    world.write(EXTRACTED + "objsign-ca-bundle.pem", PEM_C)
    assert world.build() == {"certifi", "A"}


@pytest.mark.parametrize("folder", [HASHED, "/etc/openssl/certs/", "/usr/lib/ssl/certs/"])
def test_case_44_only_a_hashed_folder(world: World, folder: str) -> None:
    """Names of eight hex digits and a number count, in any case; others do not."""
    world.write(folder + "0123abcd.0", PEM_A)
    world.write(folder + "0123ABCD.12", PEM_B)
    world.write(folder + "0123abcd.r0", crl_pem("A"))
    world.write(folder + "localhost.pem", PEM_C)
    assert world.build() == {"certifi", "A", "B"}
    assert not world.warnings


@pytest.mark.links("it is about symbolic links")
def test_case_45_what_else_lies_in_a_folder(world: World) -> None:
    """Dangling and circular links, folders, FIFOs, devices: none blocks or costs the rest."""
    world.write(HASHED + "00000000.0", PEM_A)
    world.link(HASHED + "00000001.0", "nowhere.pem")
    world.link(HASHED + "00000002.0", "00000002.0")
    world.link(HASHED + "00000003.0", ".")
    os.mkdir(world.path(HASHED + "00000004.0"))
    os.mkfifo(world.path(HASHED + "00000005.0"))
    world.write(HASHED + "00000006.0", bytes(range(100)))
    world.link(HASHED + "00000007.0", "/dev/zero")
    assert world.build() == {"certifi", "A"}
    assert not world.warnings
    paths = {problem.path for problem in world.last.problems}
    assert world.path(HASHED + "00000006.0") in paths


def test_case_45_unreadable(world: World) -> None:
    """What stands in the store and may not be read is a warning: its certificates are missing."""
    world.write(HASHED + "00000000.0", PEM_A)
    secret, real_open = world.write(HASHED + "00000001.0", PEM_B), os.open

    def refusing(path: str, *rest: Any, **named: Any) -> int:  # root could read mode 0
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return real_open(path, *rest, **named)

    world.monkeypatch.setattr(os, "open", refusing)
    assert world.build() == {"certifi", "A"}
    assert [warning.path for warning in world.warnings] == [secret]


@pytest.mark.links("it is about symbolic links")
def test_case_45_a_folder_that_a_person_named(world: World) -> None:
    """At any depth and in any case; what cannot be used in it is a WARNING."""
    world.write("/home/cas/deep/er/a.crt", PEM_A)
    world.write("/home/cas/deep/B.PEM", PEM_B)
    world.link("/home/cas/deep/up", "..")
    world.link("/home/cas/gone.pem", "nowhere")
    os.mkfifo(world.path("/home/cas/fifo.pem"))
    assert world.build(world.path("/home/cas")) == {"certifi", "A", "B"}
    assert {os.path.basename(w.path) for w in world.warnings} == {"gone.pem", "fifo.pem"}


@pytest.mark.links("it is about symbolic links")
def test_case_46_the_same_by_several_names(world: World) -> None:
    """Links to files and folders lead to one certificate each."""
    world.write("/usr/share/a.crt", PEM_A)
    world.link(HASHED + "A.pem", world.path("/usr/share/a.crt"))
    world.link(HASHED + "00000000.0", "A.pem")
    world.link(HASHED + "00000001.0", "A.pem")
    world.write(DEBIAN, PEM_A + PEM_B)
    world.link("/usr/lib/ssl/certs", world.path("/etc/ssl/certs"))
    world.build()
    assert world.names() == ["certifi", "A", "B"]


@pytest.mark.parametrize("data", [b"", b"garbage", encode_pem(b"garbage")])
def test_case_47_a_later_number_without_a_good_first(world: World, data: bytes) -> None:
    """OpenSSL would stop at the gap; we do not."""
    if data:
        world.write(HASHED + "00000000.0", data)
    world.write(HASHED + "00000000.1", PEM_A)
    assert world.build() == {"certifi", "A"}


def test_case_48_ssl_cert_dir_is_a_list(world: World) -> None:
    """Separated as PATH is, with empty items ignored."""
    world.write("/one/00000000.0", PEM_A)
    world.write("/two/00000000.0", PEM_B)
    parts = ["", world.path("/one"), "", world.path("/two"), ""]
    world.monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join(parts))
    assert world.build() == {"certifi", "A", "B"}
    assert not world.warnings


@pytest.mark.parametrize("value", ["/missing", "", "/a folder", "/empty.pem"])
def test_case_49_ssl_cert_file_is_none(world: World, value: str) -> None:
    """Missing, empty or a folder: one WARNING, and the defaults stay."""
    world.write(DEBIAN, PEM_A)
    world.write("/usr/lib/ssl/cert.pem", PEM_B)
    world.write("/a folder/a.pem", PEM_C)
    world.write("/empty.pem", b"")
    world.monkeypatch.setenv("SSL_CERT_FILE", value and world.path(value))
    assert world.build() == {"certifi", "A", "B"}
    (warning,) = world.warnings
    assert warning.source == "ssl"


@pytest.mark.links("it is about symbolic links")
def test_case_50_our_own_output(world: World) -> None:
    """By any name it is not read back."""
    world.write(DEBIAN, PEM_A)
    world.build()
    assert world.last.text.startswith(MARK)
    world.write(DEBIAN, PEM_B)
    copied = world.write("/usr/lib/ssl/cert.pem", world.last.text)
    assert world.build() == {"certifi", "B"}
    assert [each.path for each in world.warnings] == [copied]


@pytest.mark.links("it is about symbolic links")
@pytest.mark.parametrize("printed", ["/cache/certifi-system-store-wrapper/key", "/elsewhere"])
def test_case_50_our_own_output_in_the_place_of_certifis(world: World, printed: str) -> None:
    """Plain certifi would trust it, so nothing goes; one WARNING says how certifi's comes back."""
    world.write(DEBIAN, PEM_A)
    world.build()
    ours = world.write(printed + "/cacert.pem", world.last.text)
    os.unlink(world.certifi_file)
    world.link("/site/certifi/cacert.pem", ours)
    world.write(DEBIAN, PEM_B)
    assert world.build() == {"certifi", "A", "B"}
    (warning,) = world.warnings
    assert warning.path == world.certifi_file
    assert "pip install --force-reinstall certifi" in warning.message


@pytest.mark.parametrize(
    "place", ["/cache/certifi-system-store-wrapper/key", "/tmp/certifi-system-store-wrapper-0/x"]
)
def test_case_50_our_own_output_where_it_lies(world: World, place: str) -> None:
    """What `shellenv` sets is silent: nobody lost anything. Who names it as a CA is told."""
    world.build()
    ours = world.write(place + "/cacert.pem", world.last.text)
    world.monkeypatch.setenv("SSL_CERT_FILE", ours)
    world.link("/usr/lib/ssl/cert.pem", ours)
    assert world.build() == {"certifi"}
    assert not world.warnings
    world.build(ours)
    (problem,) = world.warnings
    assert (problem.source, problem.path) == (USER, ours)
    assert "name your own CAs" in problem.message


@pytest.mark.parametrize("where", ["", "key/"])
def test_case_50_our_own_output_in_the_folder_of_the_variable(world: World, where: str) -> None:
    """There, too, it lies where it was made; a copy of the same name elsewhere does not."""
    world.build()
    kept = Settings(bundle_dir=world.path("/kept"))
    for path, silent in ((f"/kept/{where}cacert.pem", True), ("/img/cacert.pem", False)):
        world.monkeypatch.setenv("SSL_CERT_FILE", world.write(path, world.last.text))
        built = bundle.build(kept, world.certifi_file)
        told = [each.path for each in built.problems if each.level >= WARNING]
        assert told == ([] if silent else [world.path(path)])


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", ""])
def test_case_50_a_copy_of_our_own_output_is_not_lost_silently(world: World, variable: str) -> None:
    """Somebody appended a CA to it, and believes that it counts."""
    world.build()
    copied = world.write("/home/mine.pem", world.last.text + PEM_B)
    if variable:
        world.monkeypatch.setenv(variable, copied)
    assert world.build(*(() if variable else (copied,))) == {"certifi"}
    (problem,) = world.warnings
    assert problem.path == copied
    assert "name your own CAs" in problem.message


@pytest.mark.posix("Nix is not there")
def test_case_51_nix_build_sandbox(world: World) -> None:
    """The file that Nix names to mean none is no warning."""
    world.monkeypatch.setenv("NIX_SSL_CERT_FILE", "/no-cert-file.crt")
    world.write(DEBIAN, PEM_A)
    assert world.build() == {"certifi", "A"}
    assert not world.warnings


def test_case_52_nix_and_ssl_cert_file(world: World) -> None:
    """Both add, and neither takes the other's place."""
    world.monkeypatch.setenv("NIX_SSL_CERT_FILE", world.write("/nix.pem", PEM_A))
    world.monkeypatch.setenv("SSL_CERT_FILE", world.write("/ssl.pem", PEM_B))
    assert world.build() == {"certifi", "A", "B"}


def conf(world: World, text: str) -> str:
    return world.write("/etc/ca-certificates.conf", text.encode())


def test_case_53_debian_conf_says_no(world: World) -> None:
    """Out of certifi's part, too, with the configuration on record."""
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B)
    world.write("/usr/share/ca-certificates/mozilla/A.crt", PEM_A)
    path = conf(world, "# comment\nmozilla/B.crt\n!mozilla/A.crt\n")
    assert world.build() == {"B"}
    (out,) = world.excluded(A)
    assert (out.reason, out.detail, out.level) == (DISTRUSTED, path, INFO)


def test_case_53_what_a_folder_of_the_user_holds_is_left_out_aloud(world: World) -> None:
    """Nobody named that very certificate, so it does not stay; but somebody put it there."""
    path = conf(world, "!mozilla/A.crt\n")
    world.write("/usr/share/ca-certificates/mozilla/A.crt", PEM_A)
    held = world.write("/home/mine/a.pem", PEM_A)
    world.write("/home/mine/b.pem", PEM_B)
    assert world.build(os.path.dirname(held)) == {"certifi", "B"}
    (warning,) = world.warnings
    assert (warning.path, path in warning.message) == (held, True)


def test_case_53_the_package_no_longer_ships_it(world: World) -> None:
    """Which certificate is meant cannot be known, and that is noted."""
    conf(world, "!mozilla/Gone.crt\n!\n!mozilla/\0.crt\n!mozilla\n")
    world.write("/usr/share/ca-certificates/mozilla/A.crt", PEM_A)
    assert world.build() == {"certifi"}
    assert any("Gone.crt" in problem.path for problem in world.last.problems)
    assert [os.path.basename(warning.path) for warning in world.warnings] == ["mozilla"]


@pytest.mark.parametrize("folder", unix.DISTRUST_FOLDERS)
@pytest.mark.parametrize("form", ["PEM", "DER", "PKCS#7", "TRUSTED"])
def test_case_54_distrust_folders(world: World, folder: str, form: str) -> None:
    """Every format counts there, whatever its file is called."""
    forms = {"PEM": PEM_A, "DER": A, "PKCS#7": pkcs7([A]), "TRUSTED": trusted_pem(A)}
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B)
    world.write(folder + "/some name.p11-kit", forms[form])
    assert world.build() == {"B"}
    assert world.reasons(A) == {DISTRUSTED}


def test_case_54_rejected_in_the_bundle_with_trust_settings(world: World) -> None:
    """Only what is rejected there is distrusted."""
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B)
    rejected = trusted_pem(A, reject=["serverAuth"])
    world.write(unix.DISTRUST_BUNDLES[0].replace(str(world.root), ""), rejected + PEM_C)
    assert world.build() == {"B"}


P11_KIT = b"""# an administrator's
[p11-kit-object-v1]
label: "trusted"
trusted: true
%b
[p11-kit-object-v1]
label: "refused"
x-distrusted: true
%b
"""


@pytest.mark.parametrize("folder", unix.SETTINGS_FOLDERS)
def test_case_54_folders_of_files_with_trust_settings(world: World, folder: str) -> None:
    """As update-ca-trust(8) tells administrators; what else lies there is no distrust."""
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B + PEM_C)
    world.write(folder + "/README", b"This directory ...")
    world.write(folder + "/anchors/corp.pem", PEM_A)
    world.write(folder + "/plain.pem", PEM_A)
    world.write(folder + "/mail.pem", trusted_pem(A, trust=["emailProtection"]))
    world.write(folder + "/no.pem", trusted_pem(B, reject=["serverAuth"]))
    world.write(folder + "/no.p11-kit", P11_KIT % (PEM_A, PEM_C))
    assert world.build() == {"A"}
    assert world.reasons(B) == world.reasons(C) == {DISTRUSTED}
    assert not world.warnings


@pytest.mark.parametrize("folder", unix.OBJECT_FOLDERS)
@pytest.mark.parametrize("line", [b"x-distrusted: true", b" x-distrusted :\ttrue\r"])
def test_case_54_objects_that_packages_bring(world: World, folder: str, line: bytes) -> None:
    """Fedora 42 and later say nowhere else what the vendor distrusts; anchors there are no news."""
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B)
    objects = P11_KIT.replace(b"x-distrusted: true", line) % (PEM_C, PEM_B)
    world.write(folder + "/ca-bundle.trust.p11-kit", objects)
    world.write(folder + "/neutral.p11-kit", P11_KIT.replace(b"true", b"false") % (PEM_A, PEM_A))
    assert world.build() == {"A"}
    assert world.reasons(B) == {DISTRUSTED}
    assert not world.warnings


@pytest.mark.parametrize(
    "folder",
    [unix.DISTRUST_FOLDERS[0], unix.SETTINGS_FOLDERS[0], unix.OBJECT_FOLDERS[0]],
)
def test_case_54_objects_with_the_certificate_as_a_value(world: World, folder: str) -> None:
    """p11-kit takes DER in percent code as well as PEM; of what is not distrusted it is no news."""
    world.write("/site/certifi/cacert.pem", PEM_A + PEM_B + PEM_C)
    code = b'\nvalue: "%b"\nclass: certificate\n'
    values = [code % b"".join(b"%%%02X" % byte for byte in der) for der in (A, B)]
    world.write(folder + "/no.p11-kit", P11_KIT % tuple(values))
    assert world.build() == {"A", "C"}
    assert world.reasons(B) == {DISTRUSTED}


@pytest.mark.parametrize("line", [b"", b'value: "%30%8"'])
def test_case_54_an_object_that_says_nothing_of_what_it_refuses(world: World, line: bytes) -> None:
    """Its distrust cannot count, and is no secret."""
    world.write("/etc/pki/ca-trust/source/no.p11-kit", P11_KIT % (PEM_A, line))
    world.build()
    (said,) = [p for p in world.last.problems if os.path.basename(p.path) == "no.p11-kit"]
    assert said.message == "it distrusts something, but holds no certificate"


def by_name(der: bytes, *, serial: int = 0) -> bytes:
    """Return a p11-kit object that distrusts the certificate without holding it."""
    loaded = load_der_x509_certificate(der)
    number = (serial or loaded.serial_number).to_bytes(21, "big").lstrip(b"\0")
    number = b"\0" * (number[0] >> 7) + number
    values = loaded.issuer.public_bytes(), bytes([2, len(number)]) + number
    issuer, encoded = ("".join(f"%{byte:02x}" for byte in value) for value in values)
    lines = "[p11-kit-object-v1]", f'issuer: "{issuer}"', f'serial-number: "{encoded}"'
    return "\n".join([*lines, "x-distrusted: true", "class: certificate", ""]).encode()


@pytest.mark.parametrize(
    "folder",
    [
        unix.DISTRUST_FOLDERS[0],
        unix.SETTINGS_FOLDERS[0],
        unix.OBJECT_FOLDERS[0],
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_case_54_by_issuer_and_serial_number(world: World, folder: str, end: bytes) -> None:
    """As update-ca-trust(8) has it; another certificate of that issuer stays."""
    twin = mint("twin", subject="A", key="A")
    world.write("/site/certifi/cacert.pem", PEM_A + encode_pem(twin) + PEM_B)
    objects = by_name(A) + by_name(B, serial=1) + by_name(C).replace(b"true", b"false")
    world.write(folder + "/no.p11-kit", objects.replace(b"\n", end))
    world.write(DEBIAN, PEM_A + PEM_C)
    assert world.build() == {"twin", "B", "C"}
    assert world.reasons(A) == {DISTRUSTED}
    assert not world.warnings
    assert world.build_user(PEM_A) == {"twin", "B", "C", "A"}
    assert "although" in str(world.warnings)


@pytest.mark.posix("there are no FIFOs")
@pytest.mark.parametrize(
    "folder",
    [
        unix.DISTRUST_FOLDERS[0],
        unix.SETTINGS_FOLDERS[0],
        unix.OBJECT_FOLDERS[0],
    ],
)
def test_case_54_distrust_that_cannot_be_read_is_a_warning(world: World, folder: str) -> None:
    """A FIFO is what not even root can read."""
    os.makedirs(world.path(folder))
    os.mkfifo(world.path(folder + "/no.p11-kit"))
    assert world.build() == {"certifi"}
    (problem,) = world.warnings
    assert problem.path == world.path(folder + "/no.p11-kit")
    assert "its distrust is not known" in problem.message


@pytest.mark.posix("there are no FIFOs")
@pytest.mark.parametrize("folder", unix_local.ANCHORS)
def test_case_54_an_anchor_that_cannot_be_read_is_no_warning(world: World, folder: str) -> None:
    """Root may read it who makes the store of it, and seldom does one distrust anything."""
    os.makedirs(world.path(folder))
    os.mkfifo(world.path(folder + "/corp.pem"))
    assert world.build() == {"certifi"}
    assert not world.warnings
    assert any("its distrust is not known" in each.message for each in world.last.problems)


def test_case_54_a_person_who_names_it_wins(world: World) -> None:
    """With a WARNING that names the file that distrusts it."""
    world.write("/etc/ssl/untrusted/0.pem", PEM_A)
    assert world.build_user(PEM_A) == {"A"}
    (warning,) = world.warnings
    assert "although" in warning.message
    assert world.path("/etc/ssl/untrusted/0.pem") in warning.message


def test_case_54_distrust_that_cannot_be_read_is_said(world: World) -> None:
    """A damaged block may have been meant for anybody."""
    world.write("/etc/ssl/untrusted/0.pem", PEM_A + encode_pem(A[:-9]))
    world.build()
    (warning,) = world.warnings
    assert "distrust is not known" in warning.message


def test_case_55_defaults_that_are_only_a_folder(world: World) -> None:
    """OpenSSL's own folder counts for ssl; a server's certificate in it does not."""
    world.write(DEBIAN, PEM_A)
    world.write("/usr/lib/ssl/certs/00000000.0", PEM_B + PEM_C)
    leaf = mint("localhost", ca=False)
    world.write("/usr/lib/ssl/certs/00000001.0", encode_pem(leaf))
    assert world.build() == {"certifi", "A", "B", "C"}
    assert world.reasons(leaf) == {NOT_A_CA}
    assert world.last.anchors[-1].origins[0].source == "ssl"


def test_case_56_ssl_cert_file_with_a_broken_block(world: World) -> None:
    """OpenSSL drops the whole file without a word; we lose one block and say so."""
    path = world.write("/broken.pem", PEM_A + encode_pem(B[:-9]) + PEM_C)
    world.monkeypatch.setenv("SSL_CERT_FILE", path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths()
    assert context.cert_store_stats()["x509"] == 0  # OpenSSL says nothing
    assert world.build() == {"certifi", "A", "C"}
    (warning,) = world.warnings
    assert warning.path == path


def test_case_79_certifi_answers_with_the_system_bundle(world: World) -> None:
    """As on Debian and Fedora: each certificate has both origins."""
    world.certifi_file = world.write(DEBIAN, PEM_A + "# é\n".encode() + PEM_B)
    world.build()
    assert world.names() == ["A", "B"]
    assert [origin.source for origin in world.last.anchors[0].origins] == ["certifi", "system"]


@pytest.mark.parametrize("data", [None, b"", b"no certificate"])
def test_case_79_certifi_has_nothing(world: World, data: bytes | None) -> None:
    """Its file is missing or empty: the others answer, with one WARNING."""
    os.unlink(world.certifi_file)
    if data is not None:
        world.write("/site/certifi/cacert.pem", data)
    world.write(DEBIAN, PEM_A)
    assert world.build() == {"A"}
    (warning,) = world.warnings
    assert warning.source == "certifi"


@pytest.mark.links("it is about symbolic links")
def test_one_damaged_file_by_two_names_is_one_warning(world: World) -> None:
    """As on every Debian, where /usr/lib/ssl/cert.pem is a link to the system's bundle."""
    path = world.write(DEBIAN, PEM_A + encode_pem(B[:-9]))
    world.link("/usr/lib/ssl/cert.pem", path)
    assert world.build() == {"certifi", "A"}
    (warning,) = world.warnings
    assert warning.path == path
    world.link("/home/mine.pem", path)
    world.build(world.path("/home/mine.pem"))
    assert [warning.path for warning in world.warnings] == [path, world.path("/home/mine.pem")]


def test_case_54_a_file_of_distrust_that_may_not_be_read_is_a_warning(world: World) -> None:
    """The file is named, and nothing raised."""
    secret, real_open = world.write("/etc/ssl/untrusted/0.pem", PEM_A), os.open

    def refusing(path: str, *rest: Any, **named: Any) -> int:  # root could read mode 0
        if path == secret:
            raise PermissionError(13, "Permission denied")
        return real_open(path, *rest, **named)

    world.monkeypatch.setattr(os, "open", refusing)
    world.build()
    (warning,) = world.warnings
    assert warning.path == secret
    assert "its distrust is not known" in warning.message


def roots_of_every_kind(world: World) -> List[str]:
    """Put roots into every source, in every format; return the names of their keys."""
    names = ["P7", "UTF", "TRUST", "GLUED", "DER", "HASH"]
    p7, utf, trust, glued, der, hashed = map(mint, names)
    world.write(DEBIAN, encode_pem(utf).decode().encode("utf-16") + b"\n")
    world.write("/etc/ssl/cert.pem", trusted_pem(trust, trust=["serverAuth"]))
    world.write("/usr/lib/ssl/certs/00000000.0", encode_pem(hashed))
    world.write("/drop/a.p7b", pkcs7([p7]))
    world.write("/drop/b.pem", encode_pem(glued).rstrip() + PEM_A)
    world.write("/drop/c.der", der)
    return names


@pytest.mark.posix("Windows brings no openssl command")
def test_case_82_openssl_verifies_a_server_under_every_root(world: World, tmp_path: Path) -> None:
    """By the command, and refuses one under a root that is not there."""
    names = roots_of_every_kind(world)
    world.build()
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(world.last.text)
    for name in names:
        leaf = tmp_path / "leaf.pem"
        leaf.write_bytes(encode_pem(mint("under " + name, issuer=name, ca=False)))
        command = ["openssl", "verify", "-no-CAfile", "-no-CApath", "-CAfile", str(bundle)]
        subprocess.run([*command, "-purpose", "sslserver", str(leaf)], check=True)
    other = tmp_path / "other.pem"
    other.write_bytes(encode_pem(mint("under nobody", issuer="nobody", ca=False)))
    assert subprocess.run([*command, str(other)], check=False, capture_output=True).returncode


def test_case_82_ssl_shakes_hands_under_every_root(world: World, tmp_path: Path) -> None:
    """And with a server under a root that is not there it does not."""
    names = roots_of_every_kind(world)
    world.build()
    for name in [*names, "nobody"]:
        assert is_trusted(world, name, tmp_path) is (name != "nobody")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", ""])
def test_case_32_a_root_behind_its_cross_signed_twin(
    world: World, tmp_path: Path, variable: str
) -> None:
    """As chain files have them: OpenSSL takes the first of that name, and knows nobody above it."""
    crossed = mint("A cross-signed", subject="A", key="A", issuer="elsewhere")
    path = world.write("/home/chain.pem", encode_pem(crossed) + PEM_A + PEM_B)
    world.build()
    assert not is_trusted(world, "A", tmp_path)
    if variable:
        world.monkeypatch.setenv(variable, path)
    world.build(*(() if variable else (path,)))
    assert world.names() == ["certifi", "A", "A cross-signed", "B"]
    assert is_trusted(world, "A", tmp_path)


def is_trusted(world: World, name: str, folder: Path) -> bool:
    """Whether a server under the root of that name is."""
    chain = folder / "server.pem"
    leaf = mint("under " + name, issuer=name, ca=False)
    chain.write_bytes(encode_pem(leaf) + private_key_pem("under " + name))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(str(chain))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cadata=world.last.text.decode("ascii"))
    return shakes_hands(client, server)


def shakes_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> bool:
    """Whether a handshake in memory succeeds."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(back, there, server_side=False),
        server.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                return False
    return True


def _sparse(world: World) -> str:
    path = world.write("/home/sparse.pem", b"")
    os.truncate(path, 50 << 20)
    return path


def _junk(data: bytes, size: int = 20 << 20) -> Callable[[World], str]:
    return lambda world: world.write("/home/junk.pem", data * (size // len(data)) + PEM_A)


def _many(world: World) -> str:
    for number in range(3000):
        world.write(f"/home/many/{number}.pem", b"junk %d" % number)
    return world.path("/home/many")


def _the_same(world: World) -> str:
    for number in range(9990):
        world.write(f"/home/same/{number}.pem", PEM_A)
    return world.path("/home/same")


def _each_missing(world: World) -> str:
    for number in range(9990):
        world.link(f"/home/gone/{number}.pem", "nowhere")
    return world.path("/home/gone")


def _fifo(world: World) -> str:
    world.write("/home/a", b"")
    os.mkfifo(world.path("/home/fifo.pem"))
    return world.path("/home/fifo.pem")


NESTED_BER = b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80" + b"\x30\x80" * 200_000
FLAT_BER = NESTED_BER[:15] + b"\x30\x80" + b"\x30\x00" * 250_000 + b"\0\0" * 3


@pytest.mark.parametrize(
    "make",
    [
        _sparse,
        _junk(b"\xff\x00\x07"),
        _junk(b"0"),
        _junk(b"-"),
        _junk(b"--"),
        _junk(b"- "),
        _junk(b"-- "),
        _junk(b"\n"),
        _junk(b"\r"),
        _junk(b":\n"),
        _junk(b"=\n", 4 << 20),
        _junk(b"-----BEGIN CERTIFICATE-----\n"),
        _junk(b"-----BEGIN CERTIFICATE-----\nM\n"),
        _junk(b"-----BEGIN CERTIFICATE-----\nMIIB:\n-----END CERTIFICATE-----\n"),
        _junk(b"-----BEGIN CERTIFICATE-----"),
        _junk(b"-----END CERTIFICATE-----\n"),
        _junk(b"-----END X-----\n0\x82\xff\xff"),
        _junk(b"-----BEGIN PRIVATE KEY-----\n"),
        _junk(b"-----BEGIN " + b"A " * 5000),
        _junk(b"-----BEGIN" + b" " * 5000),
        _junk(b"-----" + b" " * 5000 + b"BEGIN CERTIFICATE-----"),
        _junk(b"-----BEGIN CERTIFICATE-----\nMIIB" + b"\nA:" * 1000),
        lambda world: world.write("/home/body.pem", PEM_A[:60] + b"AB\n" * (8 << 20) + PEM_A[60:]),
        lambda world: world.write("/home/ders.der", A * 60_000),
        lambda world: world.write("/home/nested.p7b", NESTED_BER),
        lambda world: world.write("/home/flat.p7b", FLAT_BER),
        lambda world: world.write("/home/nested.p7b", encode_pem(NESTED_BER, b"PKCS7")),
        lambda world: world.write("/home/deep.der", b"\x30\x84\x01\xff\xff\xff" * 1_000_000),
        lambda world: world.write("/home/long.pem", encode_pem(mint("long", opaque=1 << 20))),
        _many,
        _the_same,
        _each_missing,
        pytest.param(_fifo, marks=pytest.mark.posix("no FIFOs there")),
        lambda _world: "/dev/zero",
        lambda _world: "/dev/stdin",
    ],
)
def test_bounded(world: World, make: Callable[[World], str]) -> None:
    """Whatever a person names, the answer comes in seconds, and certifi's list is in it."""
    path = make(world)
    started = time.process_time()  # not the clock: others may be at work
    assert "certifi" in world.build(path)
    assert time.process_time() - started < 20
    assert len(world.last.excluded) + len(world.last.problems) <= MAX_FILES
