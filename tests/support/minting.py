"""Certificates made for the tests, and the formats that people keep them in."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
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
NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
Key = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]
Extension = Tuple[x509.ExtensionType, bool]
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Made(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def name(self) -> x509.Name:
        """Whom it is for."""
        return self.certificate.subject

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class Issuer(NamedTuple):
    """Who signs, where only the name and the key matter."""

    name: x509.Name
    key: Any


def key_usage(*allowed: str) -> Extension:
    """Return a critical key usage extension."""
    return x509.KeyUsage(**{name: name in allowed for name in USAGES}), True


CA = (
    (x509.BasicConstraints(ca=True, path_length=None), True),
    key_usage("key_cert_sign", "crl_sign"),
)


def make(
    subject: str,
    *extensions: Extension,
    by: Union[Made, Issuer, None] = None,
    names: Sequence[str] = (),
    days: Tuple[float, float] = (-1, 9),
    key: Any = None,
    rsa_bits: int = 0,
    identified: bool = True,
    name: Optional[x509.Name] = None,
    until: Optional[dt.datetime] = None,
) -> Made:
    """Return a certificate as RFC 5280 asks, but for what is asked otherwise."""
    key = key or new_key(rsa_bits)
    own = x509.Name(name) if name is not None else _common_name(subject)
    begin, end = NOW + dt.timedelta(days=days[0]), NOW + dt.timedelta(days=days[1])
    if until:
        begin, end = min(begin, until), until
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by.name if by else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    signer = by.key if by else key
    if identified:
        held = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        extensions = (*extensions, (held, False), (of_issuer, False))
    if names:
        alternatives = x509.SubjectAlternativeName(list(map(_general_name, names)))
        extensions = (*extensions, (alternatives, False))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    # Ed25519 brings its own hash.
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(builder.sign(signer, digest), key)


def with_sha1(made: Made, by: Made) -> Made:
    """Return the certificate signed again with SHA-1 by an RSA key, which no library does now."""
    der = made.certificate.public_bytes(serialization.Encoding.DER)
    sha256, sha1 = (bytes.fromhex("2a864886f70d0101") + end for end in (b"\x0b", b"\x05"))
    tbs = made.certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = by.key.sign(tbs, padding.PKCS1v15(), hashes.SHA1())
    start = der.index(made.certificate.tbs_certificate_bytes)
    der = der[:start] + tbs + der[start + len(tbs) : -len(signature)].replace(sha256, sha1)
    return Made(x509.load_der_x509_certificate(der + signature), made.key)


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def key_of(name: str) -> Key:
    """Return the private key that goes by this name."""
    return _key(name, 0)


@lru_cache(maxsize=None)
def _key(name: str, rsa_bits: int) -> Key:
    del name
    return new_key(rsa_bits)


def new_key(rsa_bits: int = 0) -> Key:
    """Make a private key: of P-256, or an RSA key of that size."""
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
    extensions: List[Extension] = []
    if ca is not None:
        extensions.append((x509.BasicConstraints(ca=ca, path_length=None), True))
    if eku:
        extensions.append((x509.ExtendedKeyUsage([_EKUS[one] for one in eku]), False))
    if opaque:
        oid, value = x509.ObjectIdentifier("1.2.3.4"), encoded([(0x04, b"\x5a" * opaque)])
        extensions.append((x509.UnrecognizedExtension(oid, value), False))
    made = make(
        subject or name,
        *extensions,
        by=Issuer(_common_name(issuer), key_of(issuer)) if issuer else None,
        names=(san,) if san else (),
        days=days,
        key=_key(key or name, rsa_bits),
        identified=False,
    )
    return known(name, made.certificate.public_bytes(Encoding.DER))


def known(name: str, der: bytes) -> bytes:
    """Remember the name of a certificate and return it."""
    NAMES[der] = name
    return der


def _common_name(common: str) -> x509.Name:
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
    builder = x509.CertificateRevocationListBuilder().issuer_name(_common_name(name))
    builder = builder.last_update(NOW).next_update(NOW + dt.timedelta(days=1))
    return builder.sign(key_of(name), hashes.SHA256()).public_bytes(Encoding.PEM)


def request_pem(name: str) -> bytes:
    """Return a certificate signing request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_common_name(name))
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
