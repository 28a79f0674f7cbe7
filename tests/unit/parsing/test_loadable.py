"""Where elements end, what a certificate is made of, and when OpenSSL need not be asked."""

from __future__ import annotations

import ssl
from random import Random
from typing import List

import pytest

from certifi_system_store_wrapper.parsing import asn1, loadable, pem, x509
from certifi_system_store_wrapper.parsing.asn1 import NotDer
from support.differential import load_as_file, loads_as_text
from support.minting import mint, version_1
from support.mutations import Node, decoded, encoded, mutated

EC, RSA = mint("EC"), mint("RSA", rsa_bits=2048)
MAIL = mint("mail", eku=("emailProtection",))
SEEDS = [EC, RSA, MAIL, mint("RSA 1024", rsa_bits=1024), mint("leaf", issuer="EC", ca=False)]


def edited(der: bytes, path: List[int], replacement: Node) -> bytes:
    """Return the certificate with one element of its tree replaced."""
    tree = decoded(der)
    siblings = tree
    for step in path[:-1]:
        inside = siblings[step][1]
        assert not isinstance(inside, bytes)
        siblings = inside
    siblings[path[-1]] = replacement
    return encoded(tree)


@pytest.mark.parametrize("der", SEEDS, ids=["EC", "RSA", "mail", "RSA 1024", "leaf"])
def test_ordinary_certificates_are_strict(der: bytes) -> None:
    """They need not be shown to OpenSSL, and OpenSSL does load them."""
    assert loadable.is_strict(der)
    assert loads_as_text(der)


def test_a_version_1_certificate_is_strict() -> None:
    """It has no extensions, and is as plain."""
    assert loadable.is_strict(version_1(EC, "version 1"))


def test_whatever_is_strict_loads() -> None:
    """The proof that OpenSSL need not be asked: 20,000 certificates that were tampered with."""
    random = Random(2459)
    mutants = [mutated(random.choice(SEEDS), random) for _ in range(20_000)]
    strict = list(dict.fromkeys(filter(loadable.is_strict, mutants)))
    assert len(strict) > 500
    assert [der.hex() for der in strict if not loads_as_text(der)] == []
    assert load_as_file(strict)


VERSION, SERIAL, ALGORITHM, ISSUER, TIMES, SUBJECT, KEY, EXTENSIONS = range(8)
TBS = [0, 0]


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ([*TBS, VERSION], (0xA0, b"\x02\x01\x00")),  # version 1, written out
        ([*TBS, VERSION], (0xA0, b"\x02\x01\x01")),  # version 2 with extensions
        ([*TBS, SERIAL], (0x02, b"")),
        ([*TBS, SERIAL], (0x02, b"\x00\x01")),
        ([*TBS, SERIAL], (0x02, b"\xff\xff")),
        ([*TBS, ALGORITHM], (0x30, b"\x06\x03\x2a\x03\x04")),
        ([*TBS, ISSUER], (0x30, b"\x31\x00")),
        ([*TBS, SUBJECT], (0x30, b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03\xff\xfe\xfd")),
        ([*TBS, SUBJECT], (0x30, b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x1e\x03abc")),
        ([*TBS, TIMES, 0], (0x17, b"260101000000+0100")),
        ([*TBS, TIMES, 1], (0x18, b"20991")),
        ([*TBS, KEY], (0x30, b"\x30\x03\x06\x01\x2a\x03\x01\x00")),
        ([*TBS, EXTENSIONS], (0xA3, b"\x30\x00")),
        ([*TBS, EXTENSIONS, 0, 0], (0x30, b"\x06\x03\x55\x1d\x13\x01\x01\x01\x04\x02\x30\x00")),
        ([*TBS, EXTENSIONS, 0, 0], (0x30, b"\x06\x03\x55\x1d\x93\x04\x02\x30\x00")),
        ([*TBS, EXTENSIONS, 0, 0], (0x30, b"\x06\x03\x55\x1d\x13\x04\x02\x30\x05")),
        ([0, 1], (0x30, b"\x06\x03\x2a\x03\x04")),
        ([0, 2], (0x03, b"\x01\xfe")),
        ([0, 2], (0x03, b"")),
    ],
)
def test_anything_unusual_is_not_strict(path: List[int], node: Node) -> None:
    """One element changed is enough for OpenSSL to be asked."""
    der = edited(EC, path, node)
    assert der != EC
    assert not loadable.is_strict(der)


def test_version_1_with_extensions_is_not_strict() -> None:
    """The version was taken away, and they contradict each other."""
    tree = decoded(EC)
    del tree[0][1][0][1][VERSION]  # type: ignore[index, union-attr]
    assert not loadable.is_strict(encoded(tree))


def test_a_duplicate_extension_is_not_strict() -> None:
    """Also where both copies say the same."""
    tree = decoded(MAIL)
    text = repr(tree)
    extensions = tree[0][1][0][1][EXTENSIONS][1][0][1]  # type: ignore[index]
    extensions.append(extensions[0])  # type: ignore[union-attr, arg-type]
    assert repr(tree) != text
    assert not loadable.is_strict(encoded(tree))


def test_every_truncation_is_refused() -> None:
    """Neither strict nor laid out, at any length."""
    for size in range(len(EC)):
        assert not loadable.is_strict(EC[:size])
        with pytest.raises(NotDer):
            x509.layout(EC[:size])


def with_signature_length(length: bytes) -> bytes:
    """Return a certificate whose signature's length is spelled like that."""
    _, start, end = asn1.element(EC, 0, len(EC))
    tbs_and_algorithm = encoded(decoded(EC[start:end])[:2])
    content = EC[start + len(tbs_and_algorithm) + 2 : end]
    length = length + bytes([len(content)])
    return encoded([(0x30, tbs_and_algorithm + b"\x03" + length + content)])


@pytest.mark.parametrize(
    "der",
    [
        with_signature_length(b"\x81"),
        with_signature_length(b"\x82\0"),
        b"\x30\x83\x00" + EC[2:4] + EC[4:],  # the outer length in three bytes
        edited(EC, [0, 1], (0x30, b"\x06\x81\x08" + bytes.fromhex("2a8648ce3d040302"))),
        edited(RSA, [0, 1], (0x30, bytes.fromhex("06092a864886f70d01010b0501ff"))),
        edited(EC, [0, 2], (0x03, b"\x01" + b"\xfe" * 70)),
        EC + b"\0",
    ],
    ids=["0x81", "0x82", "outer length", "algorithm", "NULL with content", "bits", "behind it"],
)
def test_a_second_spelling_of_a_certificate_is_refused(der: bytes) -> None:
    """OpenSSL would take both for one, and the number of blocks would not be the number loaded."""
    assert with_signature_length(b"") == EC
    assert not loadable.is_strict(der)
    with pytest.raises(NotDer):
        x509.layout(der)


OID = b"\x06\x03\x2a\x03\x04"
WITHOUT_SECONDS = (0x17, b"2501010000Z")  # OpenSSL 3.6 refuses it, too
NAME = b"\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03abc"


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ([*TBS, VERSION], (0xA0, b"\x02\x01\x01")),  # version 2 with extensions
        ([*TBS, VERSION], (0xA0, b"\x02\x01\x00")),  # version 1, written out
        ([*TBS, VERSION], (0xA0, b"\x02\x01\x03")),
        ([*TBS, ALGORITHM], (0x30, OID)),
        ([*TBS, ISSUER], (0x30, NAME + b"\x31\x00")),
        ([*TBS, SUBJECT], (0x30, b"\x31\x00")),
        ([*TBS, TIMES, 0], (0x17, b"251301000000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250001000000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250229000000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250431000000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250101240000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250101006000Z")),
        ([*TBS, TIMES, 0], (0x17, b"250101000060Z")),
        ([*TBS, TIMES, 0], WITHOUT_SECONDS),
        ([*TBS, TIMES, 0], (0x17, b"250101000000+0100")),
        ([*TBS, TIMES, 1], (0x18, b"20500101000000.5Z")),
        ([*TBS, TIMES, 1], (0x18, b"21000229000000Z")),
        ([*TBS, EXTENSIONS, 0, 0], (0x30, [(0x06, b"\x2a\x03"), (0x24, b"\x04\x00")])),
    ],
)
def test_what_openssl_loads_but_others_do_not_is_refused(path: List[int], node: Node) -> None:
    """GnuTLS, BoringSSL or both refuse it, and their users would lose the whole file to it."""
    der = edited(EC, path, node)
    assert loads_as_text(der) or (node == WITHOUT_SECONDS and ssl.OPENSSL_VERSION_INFO >= (3, 6))
    assert not loadable.is_strict(der)
    with pytest.raises(NotDer):
        x509.layout(der)


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ([*TBS, TIMES, 0], (0x17, b"240229235959Z")),
        ([*TBS, TIMES, 0], (0x17, b"000229000000Z")),
        ([*TBS, TIMES, 1], (0x18, b"99991231235959Z")),
        ([*TBS, TIMES, 1], (0x18, b"20000229000000Z")),
        ([*TBS, SERIAL], (0x02, b"\xff\x00")),
        ([*TBS, SERIAL], (0x02, b"\x00\x80")),
        ([*TBS, SERIAL], (0x02, b"\x00")),
        ([*TBS, SERIAL], (0x02, b"\x01" * 64)),
        ([*TBS, SUBJECT], (0x30, b"")),
        ([*TBS, EXTENSIONS, 0, 0], (0x30, [(0x06, b"\x2a\x03"), (0x01, b"\xff"), (0x04, b"\5\0")])),
    ],
)
def test_what_is_merely_unusual_is_a_certificate(path: List[int], node: Node) -> None:
    """OpenSSL loads it, and so do we."""
    der = edited(EC, path, node)
    assert loads_as_text(der)
    x509.layout(der)


def test_an_extension_that_occurs_twice_is_refused() -> None:
    """By its reason, although this OpenSSL loads it."""
    der = edited(
        EC, [*TBS, EXTENSIONS, 0], (0x30, [(0x30, [(0x06, b"\x2a\x03"), (0x04, b"")])] * 2)
    )
    assert loads_as_text(der)
    with pytest.raises(NotDer, match="twice"):
        x509.layout(der)


def test_layout_finds_the_parts() -> None:
    """Version, names and extensions, where they are and where they are not."""
    parts = x509.layout(MAIL)
    assert parts.version == 3
    assert MAIL[slice(*parts.subject[1:])] == MAIL[slice(*parts.issuer[1:])]
    assert x509.OID_EKU in parts.extensions
    assert x509.OID_EKU not in x509.layout(EC).extensions


def test_indefinite_lengths() -> None:
    """An element of BER ends where its end mark stands, whatever is nested in it."""
    data = b"\x30\x80" + b"\x04\x01a" + b"\x24\x80\x04\x00\0\0" + b"\0\0" + b"rest"
    outer = asn1.whole(data, 0)
    assert (outer.tag, outer.next) == (0x30, len(data) - 4)
    assert [part.tag for part in asn1.parts(data, outer)] == [0x04, 0x24]


@pytest.mark.parametrize(
    "data",
    [b"\x30\x80" * 40 + b"\0\0" * 40, b"\x30\x80" * 10, b"\x30\x80" + bytes(asn1.MAX_BER)],
    ids=["too deep", "never ends", "too long"],
)
def test_indefinite_lengths_are_bounded(data: bytes) -> None:
    """In depth and size, and one that never ends is refused."""
    with pytest.raises(NotDer):
        asn1.whole(data, 0)


def test_canonical_is_what_encoding_again_gives() -> None:
    """The quick test of certificates.py says the same as the slow way, for any spelling."""
    random = Random(7468)
    for size in range(1, 200):
        block = pem.block_of(bytes(random.randrange(256) for _ in range(size)))
        assert pem.is_canonical(block)
        for _ in range(20):
            position = random.randrange(len(pem.BEGIN), len(block))
            other = random.choice(b"AB/=\n *-")
            changed = block[:position] + bytes([other]) + block[position + random.randrange(2) :]
            if changed.endswith(pem.END):
                assert pem.is_canonical(changed) is _is_canonical_slowly(changed)


def _is_canonical_slowly(block: bytes) -> bool:
    try:
        return pem.block_of(pem.der_of(block)) == block
    except ValueError:
        return False
