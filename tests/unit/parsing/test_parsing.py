"""certificates: any bytes in, certificates in one canonical form or damage out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper.parsing import parse, x509
from certifi_system_store_wrapper.parsing.der import MAX_BETWEEN
from certifi_system_store_wrapper.parsing.pem import (
    BEGIN,
    CR_ALONE,
    END,
    HEADER,
    MAX_DAMAGE,
    MISTYPED,
    NOT_ALONE,
    PASSED_OVER,
    WORD_PROCESSOR,
    block_of,
    der_of,
    is_whole,
)
from certifi_system_store_wrapper.parsing.x509 import facts
from support import strategies
from support.differential import lost, read_by_openssl
from support.minting import OIDS, encode_pem, mint, pkcs7, version_1
from support.mutations import mutated

A, B = mint("A"), mint("B")
PEM_A, PEM_B = encode_pem(A), encode_pem(B)

many = settings(max_examples=400, deadline=None)


@given(strategies.files)
@many
def test_any_bytes_give_sound_blocks_or_damage(data: bytes) -> None:
    """Every block is canonical and reads back as itself; every damage has a line."""
    parsed = parse(data)
    for found in parsed.certificates:
        der = der_of(found.block)
        x509.layout(der)
        assert block_of(der) == found.block
        assert found.block.isascii()
        again = parse(found.block)
        assert [one.block for one in again.certificates] == [found.block]
        assert not again.damage
    assert parsed.known.strict <= {found.block for found in parsed.certificates}
    assert all(damage.line >= 1 for damage in parsed.damage)


@given(st.lists(strategies.certificates))
@many
def test_what_is_rendered_is_read_back(ders: list[bytes]) -> None:
    """All of them, in order, without damage."""
    parsed = parse(b"".join(map(block_of, ders)))
    assert [der_of(found.block) for found in parsed.certificates] == ders
    assert not parsed.damage


@given(strategies.files)
@settings(max_examples=700, deadline=None)
def test_nothing_that_openssl_reads_is_lost_in_silence(data: bytes) -> None:
    """Of any file: it is in the answer, or on record as left out."""
    assert lost(data) == []


def test_nothing_that_openssl_reads_of_mutated_certificates_is_lost_in_silence() -> None:
    """OpenSSL reads BER and much else that is no DER; what we refuse of it has its record."""
    random = Random(5280)
    for _ in range(2500):
        blocks = [encode_pem(mutated(random.choice((A, B)), random)), encode_pem(B)]
        random.shuffle(blocks)
        assert lost(b"".join(blocks)) == []


@given(strategies.files)
@many
def test_known_blocks_change_nothing(data: bytes) -> None:
    """Reading a file a second time, everything in it known, gives the same."""
    first = parse(data)
    second = parse(data, first.known)
    assert second.certificates == first.certificates
    assert second.damage == first.damage


@given(strategies.files, strategies.certificates)
@many
def test_text_in_front_does_not_cost_a_certificate(data: bytes, der: bytes) -> None:
    """Whatever is in front, an intact block behind it is found, or the file says why not."""
    parsed = parse(data + b"\n" + block_of(der))
    blocks = [found.block for found in parsed.certificates]
    assert block_of(der) in blocks or parsed.damage or parsed.private_keys


@pytest.mark.parametrize("lost", [1, 2, 7, 40])
def test_der_that_is_cut_off_does_not_swallow_the_block_behind_it(lost: int) -> None:
    """Its length says that it goes on into the marker: somebody joined two files."""
    whole = mint("cut")
    parsed = parse(whole[: -lost - 5] + whole[-5:] + b"\n" + encode_pem(B))
    assert encode_pem(B) in [found.block for found in parsed.certificates]
    assert ("cut off" in str(parsed.damage)) == (lost > 1)


def test_the_line_of_the_damage_counts_from_one() -> None:
    """Whatever stands before it, and however lines end."""
    for before in (b"", b"\n", b"# x\n" * 7, PEM_A, PEM_A.replace(b"\n", b"\r\n")):
        (damage,) = parse(before + encode_pem(b"garbage")).damage
        text = before.replace(b"\r", b"")
        assert damage.line == text.count(b"\n") + 1


def test_damage_keeps_what_stands_there_unless_it_is_used() -> None:
    """A block without END is used, and not reported a second time."""
    cut_off = encode_pem(A)[:-80]
    (damage,) = parse(cut_off).damage
    assert damage.data.strip() in cut_off
    (used,) = parse(encode_pem(A)[: -len(END)]).damage
    assert used.data == b""


def test_a_file_damaged_all_over_is_given_up_but_intact_blocks_are_read() -> None:
    """The records are bounded, and the last one says so."""
    parsed = parse(encode_pem(b"bad") * (3 * MAX_DAMAGE) + PEM_A)
    assert len(parsed.damage) == MAX_DAMAGE + 1
    assert "only intact certificates" in parsed.damage[-1].message
    assert [found.block for found in parsed.certificates] == [PEM_A]


def test_only_its_form_and_length_are_checked_of_what_is_proven() -> None:
    """For a file that was proven otherwise: this is what makes it fast."""
    block = encode_pem(b"\x30\x82\x01\x00" + bytes(256))
    assert parse(block).certificates == []
    proven = parse(block, proven=True)
    assert [found.block for found in proven.certificates] == [block]
    assert proven.is_plain
    for nonsense in (BEGIN + b"AAAA\n" + END, encode_pem(b"\x30\x82\x01\x00" + bytes(255))):
        assert parse(nonsense, proven=True).certificates == []


@given(st.integers(256, 2000), st.integers(-2, 2))
@many
def test_the_length_of_a_block_is_found_without_decoding_it(size: int, wrong: int) -> None:
    """For every padding and every length of the last line."""
    der = b"\x30\x82" + (size + wrong).to_bytes(2, "big") + bytes(size)
    assert is_whole(encode_pem(der)) == (not wrong)


@pytest.mark.parametrize(
    "text",
    [
        b"see -----BEGIN CERTIFICATE----- in the manual\n",
        b"-----BEGIN CERTIFICATE----- starts a block\n\nand so on\n",
    ],
)
def test_prose_about_a_marker_is_no_damage(text: bytes) -> None:
    """Who writes about certificates in a comment is not warned."""
    parsed = parse(text + PEM_A)
    assert [found.block for found in parsed.certificates] == [PEM_A]
    assert not parsed.damage


@pytest.mark.parametrize("invisible", ["\u00a0", "\u200b", "\ufeff", "\x9b", "\x1b", "\x7f"])
@pytest.mark.parametrize("at", ["behind BEGIN", "on every line"])
def test_what_nobody_sees_costs_nothing(invisible: str, at: str) -> None:
    """OpenSSL passes over it at the end of a line; without an END it was taken for prose."""
    junk = invisible.encode() + b"\n"
    text = PEM_A.replace(b"\n", junk) if at == "on every line" else PEM_A.replace(b"\n", junk, 1)
    assert [found.block for found in parse(text).certificates] == [PEM_A]
    parsed = parse(text[: text.index(b"-----END")] + PEM_A)
    assert [found.block for found in parsed.certificates] == [PEM_A, PEM_A]
    assert len(parsed.damage) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"Proc-Type: 4,CLEAR\n\n%b",
        b"Bag Attributes: x\nlocalKeyID: 01 02\n\n%b",
        b"\n\n%b",
        b"  %b",
        b"%b\n\n",
        b"%b- a dash and text\n",
    ],
)
def test_what_stands_around_the_base64(body: bytes) -> None:
    """Headers, bag attributes, blanks and text cost nothing."""
    inner = PEM_A[len(BEGIN) : -len(END)]
    parsed = parse(BEGIN + body % inner + END)
    assert [found.block for found in parsed.certificates] == [PEM_A]


def test_literal_line_ends() -> None:
    """A value that was copied out of JSON without its quotes is read."""
    for end in (b"\\n", b"\\r\\n"):
        text = (PEM_A + PEM_B).replace(b"\n", end)
        parsed = parse(text)
        assert [found.block for found in parsed.certificates] == [PEM_A, PEM_B]
        assert list(parsed.notes) == [NOT_ALONE]


def commented_out(prefix: bytes, lines: str) -> bytes:
    """Return A with this before its BEGIN line, or before all of its lines."""
    return prefix + (PEM_A.replace(b"\n", b"\n" + prefix) if lines == "all" else PEM_A) + b"\n"


@pytest.mark.parametrize("lines", ["all", "first"])
@pytest.mark.parametrize(
    "prefix",
    [b"#", b"# ", b";", b"//", b"> ", b"subject=A ", b'"', b'{"ca": "', b"-", b"--", b"\xe9"],
)
def test_a_begin_behind_text_begins_no_certificate(prefix: bytes, lines: str) -> None:
    """OpenSSL passes over it: somebody commented it out. There is one note, and no damage."""
    for text in (commented_out(prefix, lines), PEM_B + commented_out(prefix, lines) + PEM_B):
        parsed = parse(text)
        assert {found.block for found in parsed.certificates} <= {PEM_B}
        assert A not in read_by_openssl(text)[0]
        assert list(parsed.notes) == [PASSED_OVER]
        assert (
            parsed.notes[PASSED_OVER] == text[: text.index(prefix + b"-----BEGIN")].count(b"\n") + 1
        )
        assert not parsed.damage
    assert parse(text, proven=True).certificates == parsed.certificates


@pytest.mark.parametrize(
    "begin",
    [
        b"----BEGIN CERTIFICATE-----",
        b" -BEGIN CERTIFICATE-----",
        b"BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE----",
        b"-----BEGIN CERTIFICATE---- ",
        b"-----BEGIN CERTIFICATE------",
        b"-----Begin Certificate-----",
    ],
)
def test_a_begin_that_is_mistyped_begins_no_certificate(begin: bytes) -> None:
    """As for OpenSSL. The note says so, and the one fault has no other message."""
    text = begin + PEM_A[len(BEGIN) - 1 :]
    assert not read_by_openssl(text)[0]
    for before, after in ((PEM_A, PEM_B), (b"", PEM_B), (PEM_B, b""), (b"", b"")):
        parsed = parse(before + text + after)
        assert b"".join(found.block for found in parsed.certificates) == before + after
        assert parsed.notes == {MISTYPED: before.count(b"\n") + 1}
        assert not parsed.damage
        assert not parsed.instead


@pytest.mark.parametrize("behind", [b"-", b" # the CA", b" and text", b";"])
def test_what_stands_behind_an_end_is_noted(behind: bytes) -> None:
    """OpenSSL reads no such certificate; nobody can have meant anything else."""
    text = PEM_A[:-1] + behind + b"\n"
    assert not read_by_openssl(text)[0]
    parsed = parse(PEM_B + text)
    assert [found.block for found in parsed.certificates] == [PEM_B, PEM_A]
    assert list(parsed.notes) == [NOT_ALONE]
    assert not parsed.damage


@pytest.mark.parametrize(
    "before",
    [
        *(b" ", b"\t", b"\xef\xbb\xbf", b"\xc2\xa0", b" \xef\xbb\xbf \t", PEM_B.rstrip()),
        *(blank.encode() for blank in "\u2003\u200b\u202f\u2060\u3000"),
    ],
)
def test_what_is_unseen_before_a_marker_is_noted(before: bytes) -> None:
    """Nobody can have meant anything else: it is used, and the note says why others do not."""
    parsed = parse(before + PEM_A)
    assert parsed.certificates[-1].block == PEM_A
    assert list(parsed.notes) == [NOT_ALONE]
    assert not parsed.damage


def as_header(header: bytes) -> bytes:
    """Return B with a header of RFC 1421."""
    return PEM_B.replace(BEGIN, BEGIN + header + b"\n\n")


def test_lines_that_end_with_cr_alone_are_noted() -> None:
    """White space: OpenSSL finds no such certificate, and nobody can have meant anything else."""
    text = PEM_B.replace(b"\n", b"\r")
    assert not read_by_openssl(text)[0]
    for before in (b"", PEM_A):
        parsed = parse(before + text)
        assert parsed.certificates[-1].block == PEM_B
        assert parsed.notes == {CR_ALONE: 1 + before.count(b"\n")}
        assert not parsed.damage


def test_a_header_is_noted() -> None:
    """OpenSSL reads no certificate with one."""
    text = as_header(b"Proc-Type: 4,CLEAR")
    assert not read_by_openssl(text)[0]
    parsed = parse(PEM_A + text)
    assert [found.block for found in parsed.certificates] == [PEM_A, PEM_B]
    assert parsed.notes == {HEADER: 1 + PEM_A.count(b"\n")}
    assert not parsed.damage


def test_what_is_encrypted_by_its_header_is_damage() -> None:
    """Whoever wrote that wants it read with a key; OpenSSL reads no such certificate."""
    text = as_header(b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00")
    assert not read_by_openssl(text)[0]
    parsed = parse(PEM_A + text)
    assert [found.block for found in parsed.certificates] == [PEM_A]
    ((line, message, data),) = parsed.damage
    assert (line, "encrypted" in message) == (1 + PEM_A.count(b"\n"), True)
    assert data


@pytest.mark.parametrize("label", [b"X509 CRL", b"TRUSTED CERTIFICATE", b"CERTIFICATE REQUEST"])
def test_the_end_of_something_else_is_damage(label: bytes) -> None:
    """As a missing END: the certificate is whole, and OpenSSL reads none of the file."""
    text = PEM_B.replace(b"END CERTIFICATE", b"END " + label)
    assert not read_by_openssl(text)[0]
    parsed = parse(PEM_A + text)
    assert [found.block for found in parsed.certificates] == [PEM_A, PEM_B]
    ((line, message, data),) = parsed.damage
    assert (line, data) == (1 + PEM_A.count(b"\n"), b"")
    assert f"ends with END {label.decode()}" in message


def test_what_openssl_reads_has_no_notes() -> None:
    """Comments, blank lines, text and CRLF are nothing to speak of."""
    text = b"# A\rB: C\n\n" + PEM_A + b"some text\n  \n" + PEM_B
    for each in (text, text.replace(b"\n", b"\r\n"), text.replace(b"\n", b"\r\r\n")):
        assert parse(each).notes == {}


DASHES = ["\u2014\u2013", "\u2014\u2014\u2014", "--\u2013", "\u2014\u2014-"]


@pytest.mark.parametrize("dashes", DASHES)
def test_the_dashes_of_word_processors(dashes: str) -> None:
    """What was copied out of a document or a blog is read with a note, and costs no neighbour."""
    text = PEM_A.replace(b"-----", dashes.encode())
    assert [found.block for found in parse(text).certificates] == [PEM_A]
    assert list(parse(text).notes) == [WORD_PROCESSOR]
    assert [found.block for found in parse(PEM_A + text).certificates] == [PEM_A, PEM_A]
    assert not parse(b"# " + text).certificates


def test_a_large_pkcs7_is_read_whole() -> None:
    """More than a megabyte of it."""
    ders = [mint(f"large-{number}", opaque=100_000) for number in range(12)]
    parsed = parse(pkcs7(ders))
    assert {der_of(found.block) for found in parsed.certificates} == set(ders)


def test_facts_of_a_root() -> None:
    """Version, CA, purposes and issuer; a leaf, a child and version 1 differ."""
    found = facts(A)
    assert (found.version, found.ca, found.ekus, found.self_issued) == (3, True, None, True)
    assert found.serves_tls
    assert facts(mint("leaf", ca=False)).ca is False
    assert facts(mint("below", issuer="A")).self_issued is False
    assert facts(version_1(A, "v1")).ca


def test_facts_of_extended_key_usages() -> None:
    """Only those that allow TLS servers, or anything, serve TLS."""
    mail = facts(mint("mail", eku=("emailProtection",)))
    assert mail.ekus == frozenset([OIDS["emailProtection"]])
    assert not mail.serves_tls
    for eku in ("serverAuth", "anyExtendedKeyUsage"):
        assert facts(mint("with " + eku, eku=(eku,))).serves_tls


def test_without_basic_constraints_it_is_no_ca() -> None:
    """In version 3 a CA has to say that it is one."""
    assert facts(mint("neither", ca=None)).ca is False


def test_a_path_length_alone_makes_no_ca() -> None:
    """As for OpenSSL, whose text of it is CA:FALSE."""
    says_ca, says_length = bytes.fromhex("30030101ff"), bytes.fromhex("3003020105")
    assert A.count(says_ca) == 1
    assert facts(A.replace(says_ca, says_length)).ca is False


@given(st.binary(max_size=200))
@many
def test_facts_of_anything_else_are_a_value_error(data: bytes) -> None:
    """And of a certificate that was overwritten nothing worse."""
    with pytest.raises(ValueError):  # the message is for people
        facts(data)
    changed = A[:40] + data + A[40 + len(data) :]
    try:
        x509.facts(changed)
    except ValueError:
        pass


def test_der_at_more_places_than_are_read_is_damage() -> None:
    """What lies behind the bound is missing, and the line where reading ends is told."""
    piece = PEM_A + B + b"\n"
    assert not parse(piece * MAX_BETWEEN).damage
    parsed = parse(piece * (MAX_BETWEEN + 1))
    (damage,) = parsed.damage
    assert "more than 100 places" in damage.message
    assert damage.line > MAX_BETWEEN
    assert {found.block for found in parsed.certificates} == {PEM_A, encode_pem(B)}
