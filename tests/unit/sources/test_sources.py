"""sources: the four sources, in their order, none of which may cost the others."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import tempfile
from base64 import urlsafe_b64encode
from typing import Any, Callable, List, Set

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from certifi_system_store_wrapper import sources
from certifi_system_store_wrapper.bundle import build
from certifi_system_store_wrapper.machine import drop_folders
from certifi_system_store_wrapper.parsing import pem
from certifi_system_store_wrapper.settings import (
    CERTIFI,
    INFO,
    SOURCES,
    SSL,
    SYSTEM,
    USER,
    WARNING,
    Settings,
)
from certifi_system_store_wrapper.sources import files, system
from certifi_system_store_wrapper.sources.findings import HELD, LISTED, NAMED, PROVEN, Findings
from certifi_system_store_wrapper.sources.reader import Reader
from support.minting import NAMES, encode_pem, key_of, mint, private_key_pem, trusted_pem
from support.world import DEBIAN, World

PEM_A, PEM_B, PEM_C = (encode_pem(mint(name)) for name in "ABC")
PKCS12 = pkcs12.serialize_key_and_certificates(b"me", key_of("key"), None, None, NoEncryption())


def collected(world: World, settings: Settings = Settings()) -> List[Findings]:  # noqa: B008
    return sources.collect(settings, Reader(), world.certifi_file)


def names(findings: Findings) -> Set[str]:
    return {NAMES[pem.der_of(found.block)] for found in findings.trusted}


def test_one_source_each_in_the_order_of_the_bundle(world: World) -> None:
    """certifi, system, ssl, user; only what a person dropped counts as named."""
    world.write(DEBIAN, PEM_A)
    world.write("/usr/lib/ssl/cert.pem", PEM_B)
    world.write("/drop/c.pem", PEM_C)
    all_four = collected(world)
    assert [findings.source for findings in all_four] == list(SOURCES)
    assert [names(findings) for findings in all_four] == [{"certifi"}, {"A"}, {"B"}, {"C"}]
    assert [f.trusted[0].standing for f in all_four] == [LISTED, LISTED, LISTED, NAMED]


def test_only_the_sources_asked_for(world: World) -> None:
    """No other one is even looked at."""
    world.write(DEBIAN, PEM_A)
    for wanted in ((CERTIFI,), (SYSTEM, USER), (SSL,)):
        found = collected(world, Settings(sources=wanted))
        assert tuple(findings.source for findings in found) == wanted


def problems(world: World, *cert_files: str) -> List[str]:
    """Return what is said about files that a person named."""
    findings = collected(world, Settings(cert_files=cert_files, sources=(USER,)))[0]
    return [str(problem) for problem in findings.problems]


def test_a_named_folder_without_a_ca_is_one_problem(world: World) -> None:
    """Servers' certificates alone are not what a person named it for; a CA below it is."""
    leaf = world.write("/named/leaf.pem", encode_pem(mint("localhost", ca=False)))
    (problem,) = problems(world, os.path.dirname(leaf))
    assert "no certificate in this folder is a CA's" in problem
    world.write("/named/sub/a.pem", PEM_A)
    assert problems(world, os.path.dirname(leaf)) == []


def test_an_unreadable_folder_within_costs_only_itself(world: World) -> None:
    """Its neighbours are read, and one problem says which it was and why."""
    folder = os.path.dirname(world.write("/named/a.pem", PEM_A))
    world.write("/named/m/b.pem", PEM_B)
    world.write("/named/z/c.pem", PEM_C)
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if os.path.basename(path) == "m":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    with world.monkeypatch.context() as patched:  # root may read everything
        patched.setattr(os, "scandir", refuse)
        findings = collected(world, Settings(cert_files=(folder,)))[-1]
    assert names(findings) == {"A", "C"}
    (problem,) = findings.problems
    assert str(problem) == (
        f"{os.path.join(folder, 'm')}: cannot be read: Permission denied; let this user read it "
        "(named by PYTHON_CERTIFI_CERT_FILES)"
    )


@pytest.mark.posix("links need a right there")
@pytest.mark.parametrize("folder", ["/named", "/drop"])
def test_a_ring_of_links_in_a_folder_costs_nothing(world: World, folder: str) -> None:
    """The walk ends, what lies beside it is used, and nobody is warned."""
    world.write(folder + "/z.pem", PEM_A)
    world.link(folder + "/ring", "ring")
    assert world.build(*([world.path(folder)] if folder == "/named" else [])) == {"certifi", "A"}
    assert not world.warnings


@pytest.mark.links("it is about symbolic links")
def test_a_folder_whose_real_path_cannot_be_told_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the server of a roaming profile may answer that it is away, and then be there."""

    def away(path: str) -> str:
        if path == world.path("/drop"):
            raise OSError(errno.ENETUNREACH, "the network cannot be reached", path)
        return real(path)

    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", away)
    world.write("/drop/a.pem", PEM_A)
    world.write("/cas/b.pem", PEM_B)
    settings = Settings(cert_files=(world.path("/cas"),), sources=(USER,))
    (findings,) = collected(world, settings)
    assert (names(findings), findings.problems) == ({"A", "B"}, [])


def test_what_lies_beside_certificates_by_their_names_is_no_problem(world: World) -> None:
    """AppleDouble files and the locks of Emacs; a folder may have any name."""
    world.write("/named/a.pem", PEM_A)
    world.write("/named/._a.pem", b"\0\5\x16\7\0\2\0\0Mac OS X")
    world.write("/named/corp.crt/b.pem", PEM_B)
    if os.name != "nt":
        world.link("/named/.#a.pem", "me@here.1234:1700000000")
    assert world.build(world.path("/named")) == {"certifi", "A", "B"}
    assert not world.warnings


def test_a_named_block_that_rejects_itself_is_one_problem(world: World) -> None:
    """Who names a TRUSTED block that refuses TLS servers is told that it does."""
    path = world.write("/named.pem", trusted_pem(mint("A"), reject=["serverAuth"]))
    (problem,) = problems(world, path)
    assert "it says itself that it is not to be trusted" in problem


def test_a_key_alone_is_one_problem(world: World) -> None:
    """It is called a private key, and it is said that there is no certificate."""
    (problem,) = problems(world, world.write("/key.pem", private_key_pem("key")))
    assert "private key" in problem
    assert "there is no certificate" in problem


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ('"/no/such.pem"', "leave the quotes out"),
        ("'/no/such.pem'", "leave the quotes out"),
        ("/no/such.pem,/no/other.pem", "separated by"),
        ("/no/such.pem;/no/other.pem", "only one" if os.pathsep == ";" else "separated by"),
        ("/no/such.pem\n/no/other.pem", "separated by"),
        ("-----BEGIN CERTIFICATE-----\nMII", "name a file"),
        ("/no/$HOME/such.pem", "variable"),
        ("/no/*.pem", "name the folder"),
        ("/no/~nobody/such.pem", "home"),
        ("/no/such.pem", "does not exist"),
    ],
)
def test_a_path_that_is_missing_for_a_reason_is_told_it(
    world: World, path: str, remedy: str
) -> None:
    """What people mistype is recognised, and said once with what to do."""
    path = path.replace("/", os.sep)
    (problem,) = problems(world, path, path)
    assert remedy in problem


@pytest.mark.parametrize("source", SOURCES)
def test_a_failing_source_does_not_cost_the_others(world: World, source: str) -> None:
    """Their certificates are there, and the one that failed is named with its error."""

    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    names = {CERTIFI: "certifi", SYSTEM: "system.collect", SSL: "ssl_defaults", USER: "user"}
    world.monkeypatch.setattr(f"{sources.__name__}.{names[source]}", fail)
    world.write(DEBIAN, PEM_A)
    world.write("/drop/b.pem", PEM_B)
    built = build(Settings(), world.certifi_file)
    expected = {CERTIFI: 2, SYSTEM: 2, SSL: 3, USER: 2}
    assert len(built.anchors) == expected[source]
    (problem,) = [problem for problem in built.problems if "boom" in problem.message]
    assert problem.source == source


@pytest.mark.parametrize("function", ["open", "read", "fstat"])
def test_certifis_file_that_cannot_be_read_is_a_failure_of_its_source(
    world: World, function: str
) -> None:
    """What is built is for `status`; it says of itself that it must not be published."""
    world.write(DEBIAN, PEM_A)
    real = getattr(os, function)
    inode = os.stat(world.certifi_file).st_ino

    def failing(what: Any, *more: Any) -> Any:
        if (os.stat(what) if isinstance(what, str) else os.fstat(what)).st_ino == inode:
            raise OSError(5, "Input/output error")
        return real(what, *more)

    with world.monkeypatch.context() as patched:
        patched.setattr(os, function, failing if function != "fstat" else refuse_descriptors)
        built = build(Settings(), world.certifi_file)
    assert built.failure.startswith("the certifi source failed")
    assert world.certifi_file in built.failure
    assert next(problem.message for problem in built.problems) == built.failure
    assert build(Settings(), world.certifi_file).failure == ""


def refuse_descriptors(_: int) -> None:
    raise OSError(12, "Cannot allocate memory")


def test_a_certifi_without_its_file_is_no_failure(world: World) -> None:
    """Nobody can answer with what is not there, so the others do."""
    world.write(DEBIAN, PEM_A)
    os.unlink(world.certifi_file)
    built = build(Settings(), world.certifi_file)
    assert (len(built.anchors), built.failure) == (1, "")


def test_a_store_that_fails_half_way_keeps_what_was_found(world: World) -> None:
    """It is used, and a WARNING calls it incomplete."""

    def half(findings: Findings) -> None:
        findings.trust(PEM_A, "store")
        raise OSError(5, "Input/output error")

    world.monkeypatch.setattr(system, "collect", half)
    assert world.build() == {"certifi", "A"}
    assert "incomplete" in world.warnings[0].message


def record(world: World, digest: bytes, name: str = "certifi-2026.1.1.dist-info") -> None:
    text = urlsafe_b64encode(digest).rstrip(b"=").decode()
    line = f"certifi/cacert.pem,sha256={text},7\n"
    world.write(f"/site/{name}/RECORD", ("certifi/__init__.py,,\n" + line).encode())


def rebuilt(world: World, more: bytes) -> None:
    """Have certifi be of a wheel that somebody built anew with more in its file, as RECORD says."""
    with open(world.certifi_file, "ab") as file:
        file.write(more)
    with open(world.certifi_file, "rb") as file:
        record(world, hashlib.sha256(file.read()).digest())


def in_columns(block: bytes, columns: int) -> bytes:
    """Return the block with lines of that length."""
    text = b"".join(block.splitlines()[1:-1])
    lines = [text[i : i + columns] for i in range(0, len(text), columns)]
    return pem.BEGIN + b"\n".join([*lines, pem.END])


OTHER_FORMS = {
    "as it should be": PEM_A,
    "a blank behind BEGIN": PEM_A.replace(b"CERTIFICATE-----\nM", b"CERTIFICATE----- \nM"),
    "TRUSTED": trusted_pem(mint("A")),
    "X509": PEM_A.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
    "CR CR LF": PEM_A.replace(b"\n", b"\r\r\n"),
    "no END": PEM_A[: -len(pem.END)],
    "76 columns": in_columns(PEM_A, 76),
    "one line": in_columns(PEM_A, 10_000),
    "non-ASCII": PEM_A.replace(b"\n", b"\xc2\xa0\n", 3),
    "twice": PEM_A * 2,
    "twice, and not the same": PEM_A + in_columns(PEM_A, 76),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_a_ca_in_a_certifi_that_was_built_anew_is_kept(world: World, form: str) -> None:
    """A company's own CA, in whatever form, becomes a block that OpenSSL loads."""
    rebuilt(world, b"# of the company\n" + OTHER_FORMS[form] + b"\n" + PEM_B)
    assert world.build() == {"certifi", "A", "B"}


@pytest.mark.parametrize("form", OTHER_FORMS)
def test_what_is_distrusted_leaves_a_certifi_that_was_built_anew(world: World, form: str) -> None:
    """In whatever form it stands there."""
    world.write("/etc/ssl/untrusted/a.pem", PEM_A)
    rebuilt(world, OTHER_FORMS[form] + b"\n" + PEM_B)
    assert world.build() == {"certifi", "B"}


@pytest.mark.parametrize("lost", [1, 2, 3, 48, 200])
def test_what_openssl_refuses_leaves_a_certifi_that_was_built_anew(world: World, lost: int) -> None:
    """A certificate that is cut off is left out with a WARNING, and costs no other."""
    rebuilt(world, encode_pem(mint("A")[:-lost]) + PEM_B)
    assert world.build() == {"certifi", "B"}
    assert world.warnings


def certifi_standing(world: World) -> str:
    return collected(world, Settings(sources=(CERTIFI,)))[0].trusted[0].standing


def test_certifi_as_released_needs_no_proof(world: World) -> None:
    """Its RECORD's SHA-256 is proof enough, where there is exactly one RECORD."""
    with open(world.certifi_file, "rb") as file:
        digest = hashlib.sha256(file.read()).digest()
    record(world, digest)
    assert certifi_standing(world) == PROVEN
    record(world, digest, "certifi-2025.1.1.dist-info")  # which of them is installed?
    assert certifi_standing(world) == LISTED


def test_certifi_that_was_changed_is_like_any_other_list(world: World) -> None:
    """Each certificate is checked, and garbage in it is left out."""
    record(world, hashlib.sha256(b"as it was released").digest())
    assert certifi_standing(world) == LISTED
    with open(world.certifi_file, "ab") as file:
        file.write(encode_pem(b"garbage") + PEM_A)
    assert world.build() == {"certifi", "A"}


def test_ssl_variables_add_to_the_defaults(world: World) -> None:
    """SSL_CERT_FILE and SSL_CERT_DIR replace nothing; a folder's are merely held."""
    world.write("/usr/lib/ssl/cert.pem", PEM_A)
    world.monkeypatch.setenv("SSL_CERT_FILE", world.write("/b.pem", PEM_B))
    world.write("/dir/00000000.0", PEM_C)
    world.monkeypatch.setenv("SSL_CERT_DIR", world.path("/dir"))
    (ssl,) = collected(world, Settings(sources=(SSL,)))
    assert [found.standing for found in ssl.trusted] == [LISTED, LISTED, HELD]
    assert names(ssl) == {"A", "B", "C"}


@pytest.mark.links("it is about symbolic links")
@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "PYTHON_CERTIFI_CERT_FILES"])
def test_only_a_folder_that_a_person_names_is_looked_through(world: World, variable: str) -> None:
    """OpenSSL enters no folder below its own; in both a stale link of `rehash` is no warning."""
    world.write("/cas/a.pem", PEM_A)
    world.write("/cas/revoked/b.pem", PEM_B)
    world.write("/other/c.pem", PEM_C)
    world.link("/cas/01234567.0", "../other")
    world.link("/cas/01234567.1", "gone.pem")
    world.link("/cas/01234567.2", "01234567.2")
    if variable == "SSL_CERT_DIR":
        world.monkeypatch.setenv(variable, world.path("/cas"))
        assert world.build() == {"certifi", "A"}
    else:
        assert world.build(world.path("/cas")) == {"certifi", "A", "B", "C"}
    told = {os.path.basename(p.path): p.level for p in world.last.problems if p.path}
    assert told == {"01234567.1": INFO, "01234567.2": INFO}
    os.unlink(world.path("/cas/a.pem"))
    world.monkeypatch.setenv("SSL_CERT_DIR", world.path("/cas"))
    world.build()
    (warning,) = world.warnings
    assert "no certificate file in this folder" in warning.message


@pytest.mark.parametrize("kept", ["cas", "cas/key", "elsewhere"])
def test_a_named_folder_in_which_we_keep_our_bundle(world: World, kept: str) -> None:
    """A volume may be for both; a copy of a bundle that somebody put there is a warning."""
    world.build()
    world.write("/cas/a.pem", PEM_A)
    ours = world.write(f"/{'cas' if kept == 'elsewhere' else kept}/cacert.pem", world.last.text)
    settings = Settings(cert_files=(world.path("/cas"),), bundle_dir=world.path(f"/{kept}"))
    world.built = build(settings, world.certifi_file)
    assert set(world.names()) == {"certifi", "A"}
    assert [warning.path for warning in world.warnings] == ([ours] if kept == "elsewhere" else [])


def test_a_named_folder_without_a_certificate_file_is_one_warning(world: World) -> None:
    """A certificate under a name that is none of theirs is not read."""
    world.write("/home/cas/readme.txt", PEM_A)
    assert world.build(world.path("/home/cas")) == {"certifi"}
    (warning,) = world.warnings
    assert "no certificate file" in warning.message


@pytest.mark.parametrize(
    "name", ["a.cer.txt", "a.txt", "a.ca-bundle", "a.cert", "a", "A.TXT", "sub/a.pem.txt"]
)
def test_a_misnamed_certificate_in_a_drop_folder_is_a_warning(world: World, name: str) -> None:
    """Somebody dropped it to be trusted: it is said how it has to be called."""
    path = world.write(f"/drop/{name}", PEM_A)
    world.write("/drop/b.pem", PEM_B)
    assert world.build() == {"certifi", "B"}
    (warning,) = world.warnings
    assert warning.path == path
    assert "rename it to end in .pem" in warning.message
    os.rename(path, path + ".pem")
    assert world.build() == {"certifi", "A", "B"}
    assert not world.warnings


@pytest.mark.parametrize("data", [mint("A"), PEM_A.decode().encode("utf-16"), PEM_A * 100])
def test_a_misnamed_certificate_is_known_by_its_content(world: World, data: bytes) -> None:
    """DER, UTF-16, and what is longer than the part that is read."""
    world.write("/drop/a.txt", data)
    assert world.build() == {"certifi"}
    assert len(world.warnings) == 1


@pytest.mark.parametrize("name", ["corp.p12", "corp.pfx", "cacerts.jks"])
def test_a_key_store_in_a_drop_folder_is_a_warning(world: World, name: str) -> None:
    """Its certificate is not used, and no other name would help."""
    path = world.write(f"/drop/{name}", b"\xfe\xed\xfe\xed" if "jks" in name else PKCS12)
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert (warning.path, "export the certificate alone" in warning.message) == (path, True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("README.txt", PEM_A),
        ("module.py", PEM_A),
        ("py.typed", b""),
        ("notes.txt", b"-----BEGIN CERTIFICATE-----\nbegins a certificate"),
        ("empty", b""),
        ("image.png", bytes(range(256)) * 10),
        ("a.pem.bak", PEM_A),
        ("a.pem~", PEM_A),
        ("a.crt.disabled", PEM_A),
        (".a.pem.swp", PEM_A),
        ("late.txt", b"x" * (1 << 16) + PEM_A),
        ("key.key", private_key_pem("key") + PEM_A),
    ],
)
def test_what_else_lies_in_a_drop_folder_is_silent(world: World, name: str, data: bytes) -> None:
    """Our own files, no certificates, and what somebody put aside by another name."""
    world.write(f"/drop/{name}", data)
    assert world.build() == {"certifi"}
    assert not [p for p in world.last.problems if name in p.path]


def test_our_own_files_are_not_opened() -> None:
    """The folders of this package are drop folders, too, and cost every process nothing."""
    for folder in drop_folders(isolated=True):
        others: List[str] = []
        assert not list(files.certificate_files(Findings(USER), folder, others))
        assert not others


def test_many_misnamed_files_are_counted_and_not_opened(world: World) -> None:
    """Not every process is to read what somebody keeps there."""
    for number in range(files.MAX_OTHERS + 1):
        world.write(f"/drop/{number}.txt", PEM_A)
    with world.monkeypatch.context() as patched:
        patched.setattr(Reader, "parse_start", None)
        world.build()
    told = [p for p in world.last.problems if p.path == world.path("/drop")]
    assert [(p.level, p.message.split()[0]) for p in told] == [(INFO, str(files.MAX_OTHERS + 1))]
    os.unlink(world.path("/drop/0.txt"))
    world.build()
    assert len(world.warnings) == files.MAX_OTHERS


def test_what_lies_in_a_named_folder_is_not_opened(world: World) -> None:
    """Only `doctor` looks into it: a folder may hold anything."""
    world.write("/named/a.txt", PEM_A)
    world.write("/named/b.pem", PEM_B)
    world.monkeypatch.setattr(Reader, "parse_start", None)
    assert world.build(world.path("/named")) == {"certifi", "B"}
    assert not world.warnings


def test_what_is_named_is_named_also_in_a_drop_folder(world: World) -> None:
    """A server's own certificate counts there, at any depth."""
    leaf = mint("localhost", ca=False)
    world.write("/drop/deep/leaf.pem", encode_pem(leaf))
    assert world.build() == {"certifi", "localhost"}


@pytest.mark.posix("modes say nothing there")
def test_what_others_may_change_is_not_used(world: World) -> None:
    """Only the part of the drop folder that others may write to is lost."""
    world.write("/drop/a.pem", PEM_A)
    os.chmod(world.write("/drop/b.pem", PEM_B), 0o666)
    world.write("/drop/z/c.pem", PEM_C)
    world.write("/drop/z/again.pem", PEM_C)
    world.write("/drop/y/d.pem", encode_pem(mint("D")))
    os.chmod(world.path("/drop/z"), 0o777)
    assert world.build() == {"certifi", "A", "D"}
    paths = [warning.path.replace(str(world.root), "") for warning in world.warnings]
    assert paths == ["/drop/b.pem", "/drop/z"]


@pytest.mark.posix("modes say nothing there")
def test_nobody_else_may_put_another_folder_in_the_place_of_the_users_own(world: World) -> None:
    """A folder above it that others may write to is enough, unless it is sticky."""
    world.write("/drop/a.pem", PEM_A)
    world.write("/drop/deep/b.pem", PEM_B)
    world.monkeypatch.setattr(sources, "drop_folders", lambda **_: [world.path("/drop")])
    assert world.build() == {"certifi", "A", "B"}
    os.chmod(world.root, 0o777)
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert warning.path == str(world.root)
    assert f"so {world.path('/drop')} is not used" in warning.message
    os.chmod(world.root, 0o1777)  # as /tmp is
    assert world.build() == {"certifi", "A", "B"}


def test_a_variable_is_named_with_what_it_names(world: World) -> None:
    """Often a tool has set it, and nobody knows."""
    others = ("NIX_SSL_CERT_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    for name in others:
        world.monkeypatch.setenv(name, world.path("/no/" + name))
    world.build(world.path("/no/file.pem"))
    named_by = [str(warning).partition(" (named by ")[2] for warning in world.warnings]
    assert named_by == [f"{name})" for name in (*others, "PYTHON_CERTIFI_CERT_FILES")]


@pytest.mark.parametrize(
    "content",
    [b"", b"no certificate", encode_pem(mint("A")[:-9])],
    ids=["empty", "text", "damaged"],
)
def test_a_variable_is_named_with_what_its_file_lacks(world: World, content: bytes) -> None:
    """Also where the file is there; certifi's own is to be reinstalled."""
    world.write("/site/certifi/cacert.pem", content)
    for name in ("NIX_SSL_CERT_FILE", "SSL_CERT_FILE"):
        world.monkeypatch.setenv(name, world.write("/v/" + name, content))
    folder = os.path.dirname(world.write("/v/folder/a.pem", content))
    world.monkeypatch.setenv("SSL_CERT_DIR", folder)
    named = world.write("/v/named.pem", content)
    world.write(DEBIAN, PEM_A)
    assert world.build(named) == {"A"}
    named_by = [str(warning).partition(" (named by ")[2] for warning in world.warnings]
    others = ("NIX_SSL_CERT_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHON_CERTIFI_CERT_FILES")
    assert named_by == [f"{name})" for name in ("certifi itself: reinstall it", *others)]


def test_what_is_named_twice_is_one_problem(world: World) -> None:
    """A folder, or a path that is missing, however often it stands in a list."""
    folder = os.path.dirname(world.write("/named/readme.txt", b""))
    world.monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([world.path("/no")] * 3))
    assert world.build(folder, folder) == {"certifi"}
    assert [warning.source for warning in world.warnings] == ["ssl", "user"]


def grant(path: str, user: int) -> None:
    """Let another user write, as setfacl does: then the mode's group bits say their maximum."""
    undefined = 0xFFFFFFFF
    entries = [(1, 6, undefined), (2, 6, user), (4, 4, undefined), (16, 6, undefined)]
    entries.append((32, 4, undefined))
    packed = [struct.pack("<HHI", *entry) for entry in entries]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(packed))


@pytest.mark.linux("others keep such lists otherwise")
def test_who_may_write_by_an_access_control_list_counts(world: World) -> None:
    """The same mode is harmless without such a list, and not with it."""
    path = world.write("/drop/a.pem", PEM_A)
    os.chmod(path, 0o664)
    os.chown(path, -1, os.getuid())
    assert world.build() == {"certifi", "A"}
    grant(path, 4711)
    assert os.stat(path).st_mode & 0o777 == 0o664
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert "others may write to it" in warning.message


def test_an_absent_drop_folder_is_remembered(world: World) -> None:
    """So that a persistent bundle is made anew once the folder is there."""
    world.build()
    assert (world.path("/drop"), ()) in world.last.inputs


def test_a_file_in_the_place_of_a_drop_folder_is_a_warning(world: World) -> None:
    """That is what a copy into a folder makes that was not there yet."""
    world.write("/drop", PEM_A)
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert (warning.path, "not a folder" in warning.message) == (world.path("/drop"), True)


def take_away(world: World, path: str) -> None:
    """Have the system say of that path what it says of a server that was started anew."""
    real = os.stat

    def stat(asked: Any, **named: Any) -> os.stat_result:
        if asked == world.path(path):
            raise OSError(errno.ESTALE, "Stale file handle", asked)
        return real(asked, **named)

    world.monkeypatch.setattr(os, "stat", stat)


def long(world: World) -> str:
    """Return a drop folder whose name no system takes."""
    return world.path("/" + "x" * 5000 + "/certs")


def ring(world: World) -> str:
    """Return one behind a link that leads to itself."""
    world.link("/config", "config")
    return world.path("/config/ours/certs")


def stale(world: World) -> str:
    """Return one on a server that has let go of it."""
    take_away(world, "/drop")
    return world.path("/drop")


def linked(world: World) -> str:
    """Return a link to one that is not mounted."""
    world.link("/drop", "nothing")
    return world.path("/drop")


def below_a_link(world: World) -> str:
    """Return one in a folder that is not mounted."""
    world.link("/config", "nothing")
    return world.path("/config/ours/certs")


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(long, marks=pytest.mark.posix("such a name is not found there")),
        pytest.param(ring, marks=pytest.mark.posix("such a link is not found there")),
        pytest.param(linked, marks=pytest.mark.links("it is about a link")),
        pytest.param(below_a_link, marks=pytest.mark.links("it is about a link")),
        stale,
        *(
            pytest.param(lambda _, path=path: path, marks=pytest.mark.windows("it has drives"))
            for path in (r"Q:\Roaming\ours\certs", r"\\server.invalid\home$\me\ours\certs")
        ),
    ],
)
def test_a_drop_folder_that_cannot_be_looked_into_is_a_warning(
    world: World, place: Callable[[World], str]
) -> None:
    """The CAs in it are lost, and nobody knows whether there are some."""
    world.write("/named/a.pem", PEM_A)
    folder = place(world)
    world.monkeypatch.setattr(sources, "drop_folders", lambda **_: [folder])
    assert world.build(world.path("/named")) == {"certifi", "A"}
    (warning,) = world.warnings
    assert (warning.path, warning.message[:16]) == (folder, "cannot be read: ")
    assert (folder, ()) in world.last.inputs


@pytest.mark.root("only root becomes another user")
@pytest.mark.parametrize(
    ("closed", "level"), [("me", INFO), ("me/ours", WARNING), ("me/ours/certs", WARNING)]
)
def test_a_drop_folder_that_this_user_may_not_look_into(
    world: World, closed: str, level: int
) -> None:
    """Under `sudo -u` HOME may be another user's, who need not have one; what is seen is lost."""
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        os.chmod(home, 0o755)
        folder = os.path.join(home, "me", "ours", "certs")
        os.makedirs(folder)
        world.monkeypatch.setattr(sources, "drop_folders", lambda **_: [folder])
        os.chmod(os.path.join(home, closed), 0o700)
        assert collected(world, Settings(sources=(USER,)))[0].problems == []
        os.seteuid(4711)
        try:
            (told,) = collected(world, Settings(sources=(USER,)))[0].problems
        finally:
            os.seteuid(0)
    is_certain = level == WARNING
    assert (told.path, told.level) == (folder if is_certain else os.path.join(home, closed), level)
    assert is_certain == told.message.startswith("cannot be read: Permission denied")


@pytest.mark.parametrize("folder", ["/named", "/drop"])
def test_a_folder_within_that_cannot_be_looked_into_is_a_warning(world: World, folder: str) -> None:
    """Such as what was mounted of a server that is away: the certificates there are lost."""
    world.write(folder + "/a.pem", PEM_A)
    os.mkdir(world.path(folder + "/corp"))
    take_away(world, folder + "/corp")
    assert world.build(*([world.path(folder)] if folder == "/named" else [])) == {"certifi", "A"}
    (warning,) = world.warnings
    assert warning.path == world.path(folder + "/corp")
    assert warning.message.startswith("cannot be read: Stale file handle")


@pytest.mark.parametrize("name", ["server.key", "old.bak", ".hidden"])
def test_what_never_is_a_certificate_is_no_loss(world: World, name: str) -> None:
    """Such as a link to a key in a closed folder, which nobody should open for us."""
    world.write("/drop/a.pem", PEM_A)
    world.write("/drop/" + name, b"")
    take_away(world, "/drop/" + name)
    assert world.build() == {"certifi", "A"}
    assert not world.warnings
