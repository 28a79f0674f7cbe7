"""One root of every kind, the file that names it, and a server's certificate under it."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Callable, Dict, NamedTuple, Tuple, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support.minting import encode_pem, pkcs7, pkcs7_indefinite, trusted_pem
from support.mutations import decoded, encoded

Key = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey]
NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)


class Root(NamedTuple):
    """A root, and a server's certificate and private key under it."""

    name: str
    der: bytes
    file: bytes  # as a person has it; empty: it lies in the store of the machine
    leaf: bytes
    leaf_key: bytes


def p256() -> Key:
    """Make the key of most roots."""
    return ec.generate_private_key(ec.SECP256R1())


def plain(der: bytes) -> bytes:
    """Return PEM."""
    return encode_pem(der)


# Each line: key, common name, and how the file looks that a person names.
KINDS: Dict[str, Tuple[Callable[[], Key], str, Callable[[bytes], bytes]]] = {
    "RSA": (lambda: rsa.generate_private_key(65537, 2048), "", plain),
    "P-256": (p256, "", plain),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), "", plain),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, "", plain),
    "version 1": (p256, "", plain),
    "version 1 RSA": (lambda: rsa.generate_private_key(65537, 2048), "", plain),
    "Unicode subject": (p256, "Zürich 測試 Ωmega \N{LOCK}", plain),
    "twin subject 1": (p256, "Twin", plain),
    "twin subject 2": (p256, "Twin", plain),
    "CRLF": (p256, "", lambda der: encode_pem(der).replace(b"\n", b"\r\n")),
    "BOM": (p256, "", lambda der: b"\xef\xbb\xbf" + encode_pem(der)),
    "UTF-16": (p256, "", lambda der: encode_pem(der).decode("ascii").encode("utf-16")),
    "TRUSTED": (p256, "", lambda der: trusted_pem(der, trust=["serverAuth"])),
    "DER": (p256, "", bytes),
    "PKCS#7 DER": (p256, "", lambda der: pkcs7([der])),
    "PKCS#7 BER": (p256, "", lambda der: pkcs7_indefinite([der])),
    "PKCS#7 PEM": (p256, "", lambda der: encode_pem(pkcs7([der]), b"PKCS7")),
    "system store": (p256, "", lambda _der: b""),
}


def mint(name: str) -> Root:
    """Mint the root of that name, and what its server needs."""
    make_key, subject, as_file = KINDS[name]
    key = make_key()
    der = _root(subject or f"Readers {name}", key)
    if name.startswith("version 1"):
        der = _version_1(der, key)
    server_key = ec.generate_private_key(ec.SECP256R1())
    private = server_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Root(name, der, as_file(der), encode_pem(_leaf(der, key, server_key)), private)


def _root(subject: str, key: Key) -> bytes:
    """Return a self-signed certificate of a CA."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _dated().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.add_extension(constraints, critical=True)
    return _signed(builder.add_extension(identifier, critical=False), key)


def _leaf(root: bytes, key: Key, server_key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the certificate of a server on 127.0.0.1."""
    issuer = x509.load_der_x509_certificate(root).subject
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _dated().subject_name(x509.Name([])).issuer_name(issuer)
    builder = builder.public_key(server_key.public_key()).add_extension(names, critical=True)
    builder = builder.add_extension(authority, critical=False)
    return _signed(builder.add_extension(usage, critical=False), key)


def _dated() -> x509.CertificateBuilder:
    """Begin a certificate that is good today."""
    builder = x509.CertificateBuilder().serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW - dt.timedelta(days=2))
    return builder.not_valid_after(NOW + dt.timedelta(days=30))


def _signed(builder: x509.CertificateBuilder, key: Key) -> bytes:
    """Sign; Ed25519 brings its own hash."""
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.DER)


def _version_1(der: bytes, key: Key) -> bytes:
    """Return the certificate without version and extensions, signed again."""
    ((tag, outer),) = decoded(der)
    (signed_tag, signed), algorithm, _ = outer  # type: ignore[misc]
    tbs = (signed_tag, signed[1:-1])
    message = encoded([tbs])
    if isinstance(key, rsa.RSAPrivateKey):
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        signature = key.sign(message, PKCS1v15(), hashes.SHA256())
    else:
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg]
    return encoded([(tag, [tbs, algorithm, (0x03, b"\0" + signature)])])  # type: ignore[list-item]
