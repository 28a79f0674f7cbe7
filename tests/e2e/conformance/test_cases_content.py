"""Conformance cases 1 to 37: what a file may hold, and what becomes of it.

Each test states one row of the case table; `World.build` also checks what every bundle promises.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from certifi_system_store_wrapper.reporting.findings import (
    DISTRUSTED,
    MALFORMED,
    NO_SERVER_AUTH,
    NOT_A_CA,
    NOT_TRUSTED,
)
from certifi_system_store_wrapper.settings import DEBUG, INFO, USER, WARNING
from support.minting import (
    NAMES,
    crl_pem,
    encode_pem,
    mint,
    pkcs7,
    pkcs7_indefinite,
    private_key_pem,
    request_pem,
    trusted_der,
    trusted_pem,
    version_1,
)
from support.world import DEBIAN, World

A, B = mint("A"), mint("B")
PEM_A, PEM_B = encode_pem(A), encode_pem(B)
END = b"-----END CERTIFICATE-----\n"
BODY_A = PEM_A.split(b"\n", 1)[1][: -len(END)]


def only_warning(world: World) -> str:
    """Return the one WARNING there is."""
    (warning,) = world.warnings
    return str(warning)


def assert_damage_in_the_middle(world: World, damaged: bytes) -> None:
    """Assert that both neighbours are used, and that one WARNING names file, line and reason."""
    data = PEM_B + damaged + PEM_A
    assert world.build_user(data) == {"A", "B"}
    line = PEM_B.count(b"\n") + 1
    assert f"user.pem: line {line}: " in only_warning(world)
    (out,) = [out for out in world.last.excluded if out.reason == MALFORMED]
    assert out.places.endswith("user.pem")
    assert f"line {line}: " in out.detail


def test_case_01_garbage_block_between(world: World) -> None:
    """Base64 of something else costs only itself."""
    assert_damage_in_the_middle(world, encode_pem(b"this is no certificate"))


def test_case_01_the_same_in_a_discovered_store(world: World) -> None:
    """There, too, the WARNING names file and line."""
    world.write(DEBIAN, PEM_B + encode_pem(b"this is no certificate") + PEM_A)
    assert world.build() == {"certifi", "A", "B"}
    assert "ca-certificates.crt: line " in only_warning(world)


def test_case_02_bad_base64_between(world: World) -> None:
    """Characters that are none of its alphabet cost only that block."""
    assert_damage_in_the_middle(world, PEM_A.replace(BODY_A[70:90], b"*" * 20))


def test_case_03_truncated_der_between(world: World) -> None:
    """A certificate whose end is missing costs only itself."""
    assert_damage_in_the_middle(world, encode_pem(A[:-7]))


def test_case_04_empty_block_between(world: World) -> None:
    """It is called empty."""
    data = PEM_B + b"-----BEGIN CERTIFICATE-----\n" + END + PEM_A
    assert world.build_user(data) == {"A", "B"}
    assert "it is empty" in only_warning(world)


def test_case_05_block_without_end(world: World) -> None:
    """The next BEGIN ends it, and both are used."""
    assert world.build_user(PEM_B[: -len(END)] + PEM_A) == {"A", "B"}
    assert "END line of this certificate is missing" in only_warning(world)


def test_case_06_last_block_without_end(world: World) -> None:
    """It is whole but for that line, and is used."""
    assert world.build_user(PEM_A + PEM_B[: -len(END)]) == {"A", "B"}
    assert "END line of this certificate is missing" in only_warning(world)


def test_case_06_last_block_cut_off(world: World) -> None:
    """Half a certificate is damage, and the whole one before it is used."""
    assert world.build_user(PEM_A + PEM_B[: len(PEM_B) // 2]) == {"A"}
    assert "cannot be read" in only_warning(world)


def test_case_07_end_glued_to_begin(world: World) -> None:
    """As `cat` makes it of files without a last newline: nothing is wrong."""
    assert world.build_user(PEM_B.rstrip() + PEM_A) == {"A", "B"}
    assert not world.warnings


def test_case_08_no_newline_at_the_end_of_inputs(world: World) -> None:
    """The bundle has one behind every block."""
    world.write(DEBIAN, PEM_A.rstrip())
    assert world.build_user(PEM_B.rstrip()) == {"A", "B"}
    assert b"-----END CERTIFICATE----------BEGIN" not in world.last.text


def test_case_09_crlf(world: World) -> None:
    """Windows line ends are as good."""
    assert world.build_user((PEM_A + PEM_B).replace(b"\n", b"\r\n")) == {"A", "B"}
    assert not world.warnings


def test_case_10_cr_only(world: World) -> None:
    """So are those of old Macs, and who looks is told why other programs find nothing."""
    assert world.build_user((PEM_A + PEM_B).replace(b"\n", b"\r")) == {"A", "B"}
    (told,) = [each for each in world.last.problems if "CR alone" in each.message]
    assert (told.level, told.message.partition(":")[0]) == (INFO, "line 1")
    assert not world.warnings


def test_case_11_byte_order_mark(world: World) -> None:
    """Notepad's UTF-8 is as good."""
    assert world.build_user(b"\xef\xbb\xbf" + PEM_A) == {"A"}
    assert not world.warnings


def test_case_12_byte_order_mark_in_the_middle(world: World) -> None:
    """Where files were joined it costs no certificate."""
    assert world.build_user(PEM_A + b"\xef\xbb\xbf" + PEM_B) == {"A", "B"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_case_13_utf_16(world: World, encoding: str) -> None:
    """What PowerShell writes is read, in each byte order, with or without a mark."""
    text = "# Résumé\n" + (PEM_A + PEM_B).decode()
    assert world.build_user(text.replace("\n", "\r\n").encode(encoding)) == {"A", "B"}


def test_case_14_utf_8_comments(world: World) -> None:
    """They are read over, and the bundle stays ASCII."""
    world.write(DEBIAN, "# AC RAÍZ FNMT ✓\n".encode() + PEM_A)
    assert "A" in world.build()
    assert world.last.text.isascii()


@pytest.mark.parametrize("title", ["01 Corp Root CA", "0 s:CN=x", "02.01.2026", "0"])
def test_a_title_whose_first_letter_begins_der(world: World, title: str) -> None:
    """A digit has the number of a SEQUENCE: as for OpenSSL, it is text."""
    assert world.build_user(f"{title}\n".encode() + PEM_A) == {"A"}
    assert not world.warnings


def test_case_15_latin_1_comments(world: World) -> None:
    """Bytes that are no UTF-8 are read over, too."""
    world.write(DEBIAN, "# Főtanúsítvány é\n".encode("cp1250") + PEM_A + b"\xff\xfe\x80\n" + PEM_B)
    assert world.build() == {"certifi", "A", "B"}
    assert not world.warnings


@pytest.mark.parametrize(
    "data",
    [PEM_A + b"\0" + PEM_B, PEM_A + b"\0\n" + PEM_B, PEM_A.replace(b"\n", b"\n\0") + PEM_B],
    ids=["before BEGIN", "on a line", "on every line"],
)
def test_case_16_nul_bytes(world: World, data: bytes) -> None:
    """They cost no certificate, wherever they stand."""
    assert world.build_user(data) == {"A", "B"}


@pytest.mark.parametrize("before", [b"  ", b"\t"])
def test_case_17_marker_behind_blanks(world: World, before: bytes) -> None:
    """People paste it so, and it is used; that others do not see it is said at INFO."""
    assert world.build_user(PEM_B + before + PEM_A.replace(b"\n", b"\n" + before)) == {"A", "B"}
    (problem,) = [each for each in world.last.problems if each.source == USER]
    assert problem.level == INFO
    line = PEM_B.count(b"\n") + 1
    assert f"user.pem: line {line}: a BEGIN or END line" in str(problem)


@pytest.mark.parametrize(
    ("begin", "level"),
    [
        (b"subject=A -----BEGIN CERTIFICATE-----", INFO),
        (b"# -----BEGIN CERTIFICATE-----", INFO),
        (b"----BEGIN CERTIFICATE-----", WARNING),
        (b"-----Begin Certificate-----", WARNING),
    ],
    ids=["text before", "commented out", "four dashes", "lower case"],
)
@pytest.mark.parametrize("place", [DEBIAN, "/home/user.pem"])
def test_case_17_no_marker(world: World, begin: bytes, level: int, place: str) -> None:
    """As for OpenSSL; nobody means to misspell it, so that is a WARNING where it was named."""
    path = world.write(place, PEM_B + begin + b"\n" + BODY_A + END)
    assert world.build(*([] if place == DEBIAN else [path])) == {"certifi", "B"}
    (problem,) = [each for each in world.last.problems if each.path == path]
    assert problem.level == (DEBUG if place == DEBIAN else level)


def test_case_17_dashes_of_a_word_processor(world: World) -> None:
    """It is used with one WARNING that says what to do, and quietly where it was discovered."""
    data = PEM_B + PEM_A.replace(b"-----", "\u2014\u2014-".encode())
    assert world.build_user(data) == {"A", "B"}
    assert "type five plain dashes" in only_warning(world)
    world.write(DEBIAN, data)
    assert world.build() == {"certifi", "A", "B"}
    assert [each.level for each in world.last.problems if "dashes" in each.message] == [DEBUG]


def test_case_18_x509_label(world: World) -> None:
    """The label of old OpenSSL is taken, and written as the usual one."""
    assert world.build_user(encode_pem(A, b"X509 CERTIFICATE") + PEM_B) == {"A", "B"}
    assert b"X509" not in world.last.text


def test_case_19_trusted_without_settings(world: World) -> None:
    """A TRUSTED block that says nothing is a certificate."""
    assert world.build_user(trusted_pem(A)) == {"A"}


def test_case_20_trusted_for_servers(world: World) -> None:
    """A TRUSTED block for TLS servers is used."""
    assert world.build_user(trusted_pem(A, trust=["serverAuth"])) == {"A"}


@pytest.mark.parametrize("reject", ["serverAuth", "anyExtendedKeyUsage"])
def test_case_21_rejected_for_servers(world: World, reject: str) -> None:
    """It is distrusted, in certifi's part as well, with file and reason."""
    world.write("/site/certifi/cacert.pem", encode_pem(mint("certifi")) + PEM_A)
    path = world.write(DEBIAN, PEM_B + trusted_pem(A, reject=[reject]))
    assert world.build() == {"certifi", "B"}
    (out,) = world.excluded(A)
    assert (out.reason, out.detail, out.level) == (DISTRUSTED, path, INFO)
    assert [origin.source for origin in out.origins] == ["certifi", "system"]


def test_case_22_trusted_for_mail_only(world: World) -> None:
    """It is left out, quietly where it was merely found."""
    world.write(DEBIAN, PEM_B + trusted_pem(A, trust=["emailProtection"]))
    assert world.build() == {"certifi", "B"}
    assert world.reasons(A) == {NOT_TRUSTED}
    assert not world.warnings


def test_case_22_does_not_take_it_from_others(world: World) -> None:
    """Not trusting is not distrust."""
    world.write(DEBIAN, trusted_pem(A, trust=["emailProtection"]))
    world.write("/site/certifi/cacert.pem", PEM_A)
    assert world.build() == {"A"}


def test_case_22_named_by_a_person_is_a_warning(world: World) -> None:
    """Who names it is told why it is not used."""
    assert world.build_user(trusted_pem(A, trust=["emailProtection"])) == set()
    assert "for other purposes" in only_warning(world)


def test_case_23_trusted_for_everything(world: World) -> None:
    """Any purpose includes TLS servers."""
    assert world.build_user(trusted_pem(A, trust=["anyExtendedKeyUsage"])) == {"A"}


def test_case_23_rejected_for_everything(world: World) -> None:
    """The rejection counts against the plain block of the same file."""
    world.write(DEBIAN, PEM_A + PEM_B + trusted_pem(A, reject=["anyExtendedKeyUsage"]))
    assert world.build() == {"certifi", "B"}


@pytest.mark.parametrize("plain_first", [True, False])
def test_case_24_plain_and_rejected_in_either_order(world: World, *, plain_first: bool) -> None:
    """The rejection wins."""
    blocks = [PEM_A, trusted_pem(A, reject=["serverAuth"])]
    world.write(DEBIAN, b"".join(blocks if plain_first else blocks[::-1]) + PEM_B)
    assert world.build() == {"certifi", "B"}


@pytest.mark.parametrize(
    "der",
    [trusted_der(A, trust=["serverAuth"]), A + b"junk", A + B, A + b"\0\0\0"],
    ids=["trust settings", "text", "a second certificate", "zeros"],
)
def test_case_25_junk_behind_the_certificate(world: World, der: bytes) -> None:
    """It is cut off: the bundle has exactly one certificate's DER."""
    assert world.build_user(encode_pem(der)) == {"A"}
    assert world.last.anchors[-1].der == A


def test_case_25_plain_label_carries_no_verdict(world: World) -> None:
    """Trust settings count under the TRUSTED label alone."""
    data = encode_pem(trusted_der(A, reject=["serverAuth"]))
    assert world.build_user(data) == {"A"}


@pytest.mark.parametrize("name", ["a.cer", "a.crt", "a.der", "a.pem", "a"])
def test_case_26_raw_der(world: World, name: str) -> None:
    """Told by its content, whatever the file is called."""
    assert world.build_user(A, name) == {"A"}
    assert not world.warnings


@pytest.mark.parametrize(
    "data",
    [
        A + B,
        A + b"\r\n" + B,
        b"\n\n" + A + B,
        A + pkcs7([B]),
        b"\xef\xbb\xbf" + pkcs7([A]) + B,
        A + b"\n" + PEM_B,
        PEM_A + B,
        PEM_A.rstrip() + B,
        PEM_A + b"\n" + pkcs7([B]),
        PEM_A + pkcs7_indefinite([B]),
        b"# both\n" + PEM_A + B + PEM_B + A,
        PEM_A + A + PEM_B,
        PEM_A + pkcs7([A]) + b"# A\n" + PEM_B,
        A + PEM_A + A + b"\r\n" + A + PEM_B,
    ],
    ids=range(14),
)
def test_case_26_der_concatenated(world: World, data: bytes) -> None:
    """With DER, PKCS#7 and PEM in any order: all are used."""
    assert world.build_user(data) == {"A", "B"}
    assert not world.warnings


@pytest.mark.parametrize("damaged", [A[:-9], A[:4] + b"\x31" + A[5:]], ids=["cut off", "tag"])
def test_case_26_damaged_der_behind_pem(world: World, damaged: bytes) -> None:
    """One WARNING with the line where it begins, and the rest is used."""
    assert world.build_user(PEM_B + b"\n" + damaged) == {"B"}
    line = PEM_B.count(b"\n") + 2
    assert f"line {line}: it is not a certificate in DER" in only_warning(world)
    assert [out.block for out in world.last.excluded if out.reason == MALFORMED] == [damaged]


@pytest.mark.parametrize(
    "data",
    [
        pkcs7([A, B]),
        encode_pem(pkcs7([A, B]), b"PKCS7"),
        encode_pem(pkcs7([A, B]), b"CMS"),
        encode_pem(pkcs7([A, B]), b"PKCS #7 SIGNED DATA"),
        encode_pem(pkcs7([A, B])),
        pkcs7_indefinite([A, B]),
        encode_pem(pkcs7_indefinite([A, B]), b"PKCS7"),
    ],
    ids=["DER", "PEM", "CMS", "signed data", "certificate label", "BER", "BER in PEM"],
)
def test_case_27_pkcs7(world: World, data: bytes) -> None:
    """In DER, BER and each armour, all of its certificates."""
    assert world.build_user(data, "chain.p7b") == {"A", "B"}
    assert not world.warnings


def test_case_27_one_damaged_member_costs_only_itself(world: World) -> None:
    """Its neighbour is used, its bytes are kept, with one WARNING."""
    damaged = A[:4] + b"\x31" + A[5:]
    assert world.build_user(pkcs7_indefinite([damaged, B])) == {"B"}
    assert "PKCS#7 cannot be read" in only_warning(world)
    assert [out.block for out in world.last.excluded if out.reason == MALFORMED] == [damaged]


@pytest.mark.posix("Windows brings no openssl command")
def test_case_27_pkcs7_made_by_openssl(world: World, tmp_path: Path) -> None:
    """And not only ours."""
    (tmp_path / "a.pem").write_bytes(PEM_A)
    command = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", str(tmp_path / "a.pem")]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    assert world.build_user(data) == {"A"}


def test_case_27_without_certificates(world: World) -> None:
    """One that a person named and that holds none is a WARNING."""
    assert world.build_user(pkcs7_indefinite([])) == set()
    assert world.warnings


@pytest.mark.parametrize("key_first", [True, False])
def test_case_28_private_key_beside_the_certificate(world: World, *, key_first: bool) -> None:
    """No line of it reaches the bundle, the record or a message."""
    key = private_key_pem("A")
    assert world.build_user(key + PEM_A if key_first else PEM_A + key) == {"A"}
    assert "private key" in only_warning(world)
    secrets = key.split(b"\n")[1:-2]
    assert not any(line in world.last.text for line in secrets)
    everything = repr((world.last.excluded, world.last.problems)).encode()
    assert not any(line in everything for line in secrets)


@pytest.mark.parametrize("label", [b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"RSA PRIVATE KEY"])
def test_case_29_malformed_private_key(world: World, label: bytes) -> None:
    """It is recognised by its label, however broken it is."""
    data = encode_pem(b"no key", label) + PEM_A + b"-----BEGIN " + label + b"-----\nMII\n"
    assert world.build_user(data) == {"A"}
    assert "private key" in only_warning(world)


def test_case_30_other_labels(world: World) -> None:
    """Lists, requests and the unknown are read over without a word."""
    data = [
        crl_pem("A"),
        request_pem("A"),
        b"-----BEGIN FOO-----\n*** no base64 ***\n-----END FOO-----\n",
        b"-----BEGIN blah blah, a comment\n",
    ]
    assert world.build_user(b"".join(data) + PEM_A) == {"A"}
    assert not world.warnings


def test_case_31_everywhere_the_same_certificate(world: World) -> None:
    """Once in the bundle, with the four sources as its origins in order."""
    world.write("/site/certifi/cacert.pem", PEM_B + PEM_A)
    world.write(DEBIAN, PEM_A)
    world.write("/usr/lib/ssl/cert.pem", PEM_A.replace(b"\n", b"\r\n"))
    assert world.build_user(A, "a.der") == {"A", "B"}
    origins = {anchor.der: anchor.origins for anchor in world.last.anchors}[A]
    assert [origin.source for origin in origins] == ["certifi", "system", "ssl", "user"]


def test_case_32_same_subject_or_same_key(world: World) -> None:
    """Only the same DER is the same certificate."""
    variants = [
        mint("A2", subject="A"),
        mint("A renewed", subject="A", key="A", days=(-5, 4000)),
        mint("A cross-signed", subject="A", key="A", issuer="B"),
    ]
    data = b"".join(map(encode_pem, [A, *variants]))
    world.write(DEBIAN, data)
    assert world.build() == {"certifi", "A", "A2", "A renewed", "A cross-signed"}


LEAF = mint("localhost", ca=False)


def test_case_33_leaf_in_a_hashed_folder(world: World) -> None:
    """What a folder merely holds must be a CA's: left out quietly."""
    world.write("/etc/ssl/certs/0a0a0a0a.0", encode_pem(LEAF))
    world.write("/etc/ssl/certs/0a0a0a0b.0", PEM_A)
    assert world.build() == {"certifi", "A"}
    assert world.reasons(LEAF) == {NOT_A_CA}
    assert not world.warnings


def test_case_33_leaf_in_a_folder_that_a_person_named(world: World) -> None:
    """The same, for the folder was named and not the file."""
    world.write("/home/cas/localhost.crt", encode_pem(LEAF))
    world.write("/home/cas/a.crt", PEM_A)
    assert world.build(world.path("/home/cas")) == {"certifi", "A"}
    assert world.reasons(LEAF) == {NOT_A_CA}


@pytest.mark.parametrize("folder", ["/home", "/drop"])
def test_case_34_leaf_in_a_file_that_a_person_named_stays(world: World, folder: str) -> None:
    """In its file or dropped, with one WARNING."""
    path = world.write(folder + "/leaf.crt", encode_pem(LEAF))
    cert_files: List[str] = [path] if folder == "/home" else []
    assert world.build(*cert_files) == {"certifi", "localhost"}
    assert "it is not a CA certificate" in only_warning(world)


@pytest.mark.parametrize("standing", ["listed", "held", "named"])
def test_case_35_version_1_root(world: World, standing: str) -> None:
    """It cannot say that it is a CA, and is used wherever it lies."""
    root = version_1(A, "version 1")
    paths = {"listed": DEBIAN, "held": "/etc/ssl/certs/0a0a0a0a.0", "named": "/drop/a.crt"}
    world.write(paths[standing], encode_pem(root))
    assert world.build() == {"certifi", "version 1"}
    assert not world.warnings


@pytest.mark.parametrize("days", [(-20, -10), (10, 20)], ids=["expired", "not yet valid"])
def test_case_36_outside_its_validity_it_stays(world: World, days: tuple[int, int]) -> None:
    """The clock may be wrong, and an expired one verifies nothing."""
    der = mint("when", days=days)
    world.write(DEBIAN, encode_pem(der))
    assert world.build_user(PEM_A) == {"when", "A"}
    assert not world.warnings


def test_case_37_extended_key_usage_without_servers(world: World) -> None:
    """A root for mail alone is left out quietly."""
    mail = mint("mail", eku=("emailProtection",))
    world.write(DEBIAN, PEM_A + encode_pem(mail))
    assert world.build() == {"certifi", "A"}
    assert world.reasons(mail) == {NO_SERVER_AUTH}
    assert not world.warnings


def test_case_37_named_by_a_person_is_a_warning(world: World) -> None:
    """Who names it is told why it is not used."""
    assert world.build_user(encode_pem(mint("mail", eku=("emailProtection",)))) == set()
    assert NO_SERVER_AUTH in only_warning(world)


@pytest.mark.parametrize("eku", ["serverAuth", "anyExtendedKeyUsage"])
def test_case_37_extended_key_usage_with_servers(world: World, eku: str) -> None:
    """One purpose that includes TLS servers is enough."""
    der = mint("with " + eku, eku=("emailProtection", eku))
    world.write(DEBIAN, encode_pem(der))
    assert world.build() == {"certifi", "with " + eku}


def test_every_damaged_block_is_kept_but_only_one_warning_printed(world: World) -> None:
    """Nothing is lost silently, and nobody is told ten times."""
    bad = [encode_pem(A[:-number]) for number in (1, 2, 3)]
    assert world.build_user(b"".join(bad) + PEM_B) == {"B"}
    outs = [out for out in world.last.excluded if out.reason == MALFORMED]
    assert len({out.detail for out in outs}) == 3
    assert all(out.level < WARNING for out in outs)
    assert "(and 2 more)" in only_warning(world)


def test_what_only_openssl_refuses_is_left_out(world: World) -> None:
    """A block may look right and still not load: the bundle must not be lost to it."""
    broken = A.replace(b"\x0c\x01A", b"\x0c\x01\xff")  # a name that is not UTF-8
    NAMES[broken] = "broken"
    assert broken != A
    world.write(DEBIAN, encode_pem(broken) + PEM_B)
    assert world.build() == {"certifi", "B"}
    assert world.reasons(broken) == {MALFORMED}
    assert MALFORMED in only_warning(world)
