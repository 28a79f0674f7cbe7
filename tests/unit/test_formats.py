"""formats: what is no certificate is called by its name."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from certifi_system_store_wrapper.certificates import parse
from certifi_system_store_wrapper.formats import name_of
from conformance.minting import crl_pem, key_of, mint, request_pem

KEY = key_of("key")
PKCS12 = pkcs12.serialize_key_and_certificates(b"me", KEY, None, None, NoEncryption())


STRANGE = [
    (b"", "empty"),
    (b" \r\n\t", "empty"),
    (PKCS12, "PKCS#12"),
    (KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), "private key"),
    (b"\xfe\xed\xfe\xed\0\0\0\x02", "Java key store"),
    (b"\xce\xce\xce\xce\0\0\0\x02", "Java key store"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"<!DOCTYPE html><html>", "HTML"),
    (b"ssh-ed25519 AAAA", "SSH"),
    (crl_pem("ca"), "CRL"),
    (request_pem("ca"), "CSR"),
    (b64encode(mint("armourless")), "BEGIN CERTIFICATE"),
    (b"Hello", "neither"),
]


@pytest.mark.parametrize(("data", "name"), STRANGE, ids=[name for _, name in STRANGE])
def test_it_is_called_by_its_name(data: bytes, name: str) -> None:
    assert name in name_of(data)
    parsed = parse(data)
    assert not parsed.certificates
    (said,) = [*parsed.instead, *(damage.message for damage in parsed.damage)]
    assert name in said


@pytest.mark.parametrize(
    "data", [mint("A"), b"-----BEGIN CERTIFICATE-----\nTm90\n"], ids=["whole", "broken"]
)
def test_what_is_or_was_a_certificate_is_not(data: bytes) -> None:
    assert not parse(data).instead
