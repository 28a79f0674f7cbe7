"""Certificates made for the tests, and the formats that people keep them in."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Dict, Iterable, List, Optional, Tuple, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization import pkcs7 as pkcs7_format
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certifi_system_store_wrapper.parsing.pem import block_of
from support.mutations import Node, decoded, encoded

NAMES: Dict[bytes, str] = {}  # DER: the name that a test knows the certificate by
OIDS = {
    "serverAuth": bytes.fromhex("2b06010505070301"),
    "emailProtection": bytes.fromhex("2b06010505070304"),
    "anyExtendedKeyUsage": bytes.fromhex("551d2500"),
}
_EKUS = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "anyExtendedKeyUsage": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
_NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
Key = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]


def key_of(name: str) -> Key:
    """Return the private key that goes by this name."""
    return _key(name, 0)


@lru_cache(maxsize=None)
def _key(name: str, rsa_bits: int) -> Key:
    del name
    if rsa_bits:
        return rsa.generate_private_key(65537, rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=None)
def mint(
    name: str,
    *,
    subject: str = "",
    key: str = "",
    issuer: str = "",
    ca: Optional[bool] = True,
    days: Tuple[int, int] = (-10, 3650),
    eku: Tuple[str, ...] = (),
    rsa_bits: int = 0,
    opaque: int = 0,
    san: str = "",
) -> bytes:
    """Return a certificate as DER, the same for the same arguments; self-signed by default.

    `issuer` is the name of another certificate's subject and key; `opaque` adds an extension of
    that many bytes, `san` a DNS name.
    """
    private = _key(key or name, rsa_bits)
    subject = subject or name
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer or subject))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW + dt.timedelta(days=days[0]))
        .not_valid_after(_NOW + dt.timedelta(days=days[1]))
    )
    if ca is not None:
        constraints = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    if eku:
        usage = x509.ExtendedKeyUsage([_EKUS[one] for one in eku])
        builder = builder.add_extension(usage, critical=False)
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(san)]), False)
    if opaque:
        oid = x509.ObjectIdentifier("1.2.3.4")
        extension = x509.UnrecognizedExtension(oid, encoded([(0x04, b"\x5a" * opaque)]))
        builder = builder.add_extension(extension, critical=False)
    signer = key_of(issuer) if issuer else private
    return known(name, builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER))


def known(name: str, der: bytes) -> bytes:
    """Remember the name of a certificate and return it."""
    NAMES[der] = name
    return der


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def version_1(der: bytes, name: str) -> bytes:
    """Return the certificate without version and extensions; nobody checks a root's signature."""
    tree = decoded(der)
    tbs = _children(_children(tree[0])[0])
    del tbs[0], tbs[-1]
    return known(name, encoded(tree))


def _children(node: Node) -> List[Node]:
    inside = node[1]
    assert not isinstance(inside, bytes)
    return inside


def encode_pem(data: bytes, label: bytes = b"CERTIFICATE") -> bytes:
    """Return `data` as PEM with that label."""
    return block_of(data).replace(b"CERTIFICATE", label)


def private_key_pem(name: str) -> bytes:
    """Return the private key of that name as PEM."""
    return key_of(name).private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def crl_pem(name: str) -> bytes:
    """Return an empty revocation list signed by that name."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(_name(name))
    builder = builder.last_update(_NOW).next_update(_NOW + dt.timedelta(days=1))
    return builder.sign(key_of(name), hashes.SHA256()).public_bytes(Encoding.PEM)


def request_pem(name: str) -> bytes:
    """Return a certificate signing request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(name))
    return builder.sign(key_of(name), hashes.SHA256()).public_bytes(Encoding.PEM)


def trusted_der(der: bytes, trust: Iterable[str] = (), reject: Iterable[str] = ()) -> bytes:
    """Return the certificate followed by OpenSSL's trust settings, as x509 -trustout does."""
    aux: List[Node] = []
    trusted: List[Node] = [(0x06, OIDS[one]) for one in trust]
    rejected: List[Node] = [(0x06, OIDS[one]) for one in reject]
    if trusted:
        aux.append((0x30, trusted))
    if rejected:
        aux.append((0xA0, rejected))
    return der + (encoded([(0x30, [*aux, (0x0C, b"an alias")])]) if aux else b"")


def trusted_pem(der: bytes, trust: Iterable[str] = (), reject: Iterable[str] = ()) -> bytes:
    """Return a TRUSTED CERTIFICATE block."""
    return encode_pem(trusted_der(der, trust, reject), b"TRUSTED CERTIFICATE")


def pkcs7(ders: Iterable[bytes]) -> bytes:
    """Return a PKCS#7 with these certificates, as DER."""
    loaded = [x509.load_der_x509_certificate(der) for der in ders]
    return pkcs7_format.serialize_certificates(loaded, Encoding.DER)


def pkcs7_indefinite(ders: Iterable[bytes]) -> bytes:
    """Return a PKCS#7 with indefinite lengths, as some Windows and Java tools write it."""
    oid, data = (bytes.fromhex("06092a864886f70d0107") + end for end in (b"\x02", b"\x01"))

    def open_ended(tag: int, *parts: bytes) -> bytes:
        return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"

    signed = open_ended(
        0x30,
        b"\x02\x01\x01\x31\x00",
        open_ended(0x30, data),
        open_ended(0xA0, *ders),
        b"\x31\x00",
    )
    return open_ended(0x30, oid, open_ended(0xA0, signed))
