"""formats: what is no certificate is called by its name."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from certifi_system_store_wrapper.parsing import parse
from certifi_system_store_wrapper.parsing.lookalikes import name_of
from certifi_system_store_wrapper.parsing.pem import UNKNOWN
from support.minting import crl_pem, encode_pem, key_of, mint, request_pem

KEY = key_of("key")
DER, CLEAR, SECRET = Encoding.DER, NoEncryption(), BestAvailableEncryption(b"secret")
REQUEST = x509.load_pem_x509_csr(request_pem("ca")).public_bytes(DER)
CRL = x509.load_pem_x509_crl(crl_pem("ca")).public_bytes(DER)
PUBLIC = KEY.public_key().public_bytes(DER, PublicFormat.SubjectPublicKeyInfo)
RSA = rsa.generate_private_key(65537, 1024)
PEM = encode_pem(mint("A"))
PKCS12 = pkcs12.serialize_key_and_certificates(b"me", KEY, None, None, NoEncryption())


STRANGE = [
    (b"", "empty"),
    (b" \r\n\t", "empty"),
    (b"\xef\xbb\xbf", "empty"),
    (b"\xff\xfe\r\0\n\0", "empty"),
    (bytes(4096), "empty"),
    (PKCS12, "PKCS#12"),
    (encode_pem(PKCS12, b"PKCS12"), "something else (PKCS12)"),
    (KEY.private_bytes(DER, PrivateFormat.PKCS8, CLEAR), "private key"),
    (KEY.private_bytes(DER, PrivateFormat.PKCS8, SECRET), "private key"),
    (KEY.private_bytes(DER, PrivateFormat.TraditionalOpenSSL, CLEAR), "private key"),
    (RSA.private_bytes(DER, PrivateFormat.TraditionalOpenSSL, CLEAR), "private key"),
    (REQUEST, "CSR"),
    (CRL, "CRL"),
    (PUBLIC, "public key"),
    (encode_pem(PUBLIC, b"PUBLIC KEY"), "public key"),
    (b"\xfe\xed\xfe\xed\0\0\0\x02", "Java key store"),
    (b"\xce\xce\xce\xce\0\0\0\x02", "Java key store"),
    (b"PK\x03\x04", "ZIP"),
    (gzip.compress(PEM), "gzip"),
    (bz2.compress(PEM), "bzip2"),
    (lzma.compress(PEM), "xz"),
    (b"<!DOCTYPE html><html>", "HTML"),
    ("\ufeff\r\n<html>".encode(), "HTML"),
    ("<html>".encode("utf-16"), "HTML"),
    (b"<KeyInfo><X509Certificate>%b</X509Certificate>" % b64encode(mint("A")), "SAML"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    (b"data:\n  ca.crt: " + b64encode(PEM), "base64 -d"),
    (b"\0\0\0\0CERT" + struct.pack("<3I", 32, 1, 400) + mint("A"), ".sst"),
    (b"ssh-ed25519 AAAA", "SSH"),
    (b"ecdsa-sha2-nistp256 AAAA", "SSH"),
    (crl_pem("ca"), "CRL"),
    (request_pem("ca"), "CSR"),
    (encode_pem(mint("A"), b"AGE ENCRYPTED FILE"), "AGE ENCRYPTED FILE"),
    (b64encode(mint("armourless")), "BEGIN CERTIFICATE"),
    (PEM.replace(b"-----", "\u2212\u2212".encode()), "five plain ones"),
    (b"# " + PEM, "is it commented out?"),
    (b'{"ca": "%b"}' % PEM.replace(b"\n", b"\\n"), "other text stands on that line"),
    (b"Hello", "neither"),
]


@pytest.mark.parametrize(("data", "name"), STRANGE, ids=range(len(STRANGE)))
def test_it_is_called_by_its_name(data: bytes, name: str) -> None:
    """It has no certificate, and the one sentence about it says what it is."""
    assert name in name_of(data)
    parsed = parse(data)
    assert not parsed.certificates
    (said,) = [*filter(None, [parsed.instead]), *(damage.message for damage in parsed.damage)]
    assert name in said


@pytest.mark.parametrize(
    "data", [mint("A"), b"-----BEGIN CERTIFICATE-----\nTm90\n"], ids=["whole", "broken"]
)
def test_what_is_or_was_a_certificate_is_not(data: bytes) -> None:
    """It is never taken for another format."""
    assert not parse(data).instead


@pytest.mark.parametrize("size", [2, 3, 5, 40])
def test_a_beginning_of_der_has_no_name_but_is_damage(size: int) -> None:
    """A file that was cut off is reported, however early."""
    parsed = parse(mint("A")[:size])
    assert not parsed.instead
    assert len(parsed.damage) == 1


def test_numbers_in_front_do_not_make_a_private_key() -> None:
    """A request to a time-stamp authority, and an RSA public key of its own format."""
    timestamp = b"\x30\x08\x02\x01\x01\x30\x03\x06\x01\x2a"
    public = RSA.public_key().public_bytes(DER, PublicFormat.PKCS1)
    assert name_of(timestamp) == name_of(public) == UNKNOWN
