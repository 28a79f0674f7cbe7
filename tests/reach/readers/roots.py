"""One root of every kind, the file that names it, and a server's certificate under it."""

from __future__ import annotations

import ipaddress
from typing import Callable, Dict, NamedTuple, Tuple, Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from support.minting import (
    SERVER_AUTH,
    Issuer,
    encode_pem,
    make,
    new_key,
    pkcs7,
    pkcs7_indefinite,
    trusted_pem,
)
from support.mutations import decoded, encoded

Key = Union[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey]
DAYS = (-2, 30)


class Root(NamedTuple):
    """A root, and a server's certificate and private key under it."""

    name: str
    der: bytes
    file: bytes  # as a person has it; empty: it lies in the store of the machine
    leaf: bytes
    leaf_key: bytes


def plain(der: bytes) -> bytes:
    """Return PEM."""
    return encode_pem(der)


# Each line: key, common name, and how the file looks that a person names.
KINDS: Dict[str, Tuple[Callable[[], Key], str, Callable[[bytes], bytes]]] = {
    "RSA": (lambda: new_key(2048), "", plain),
    "P-256": (new_key, "", plain),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()), "", plain),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, "", plain),
    "version 1": (new_key, "", plain),
    "version 1 RSA": (lambda: new_key(2048), "", plain),
    "Unicode subject": (new_key, "Zürich 測試 Ωmega \N{LOCK}", plain),
    "twin subject 1": (new_key, "Twin", plain),
    "twin subject 2": (new_key, "Twin", plain),
    "CRLF": (new_key, "", lambda der: encode_pem(der).replace(b"\n", b"\r\n")),
    "BOM": (new_key, "", lambda der: b"\xef\xbb\xbf" + encode_pem(der)),
    "UTF-16": (new_key, "", lambda der: encode_pem(der).decode("ascii").encode("utf-16")),
    "TRUSTED": (new_key, "", lambda der: trusted_pem(der, trust=["serverAuth"])),
    "DER": (new_key, "", bytes),
    "PKCS#7 DER": (new_key, "", lambda der: pkcs7([der])),
    "PKCS#7 BER": (new_key, "", lambda der: pkcs7_indefinite([der])),
    "PKCS#7 PEM": (new_key, "", lambda der: encode_pem(pkcs7([der]), b"PKCS7")),
    "system store": (new_key, "", lambda _der: b""),
}


def mint(name: str) -> Root:
    """Mint the root of that name, and what its server needs."""
    make_key, subject, as_file = KINDS[name]
    key = make_key()
    der = _root(subject or f"Readers {name}", key)
    if name.startswith("version 1"):
        der = _version_1(der, key)
    server_key = new_key()
    private = server_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Root(name, der, as_file(der), encode_pem(_leaf(der, key, server_key)), private)


def _root(subject: str, key: Key) -> bytes:
    """Return a self-signed certificate of a CA."""
    constraints = x509.BasicConstraints(ca=True, path_length=None), True
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    made = make(subject, constraints, identifier, key=key, days=DAYS, identified=False)
    return made.certificate.public_bytes(serialization.Encoding.DER)


def _leaf(root: bytes, key: Key, server_key: Key) -> bytes:
    """Return the certificate of a server on 127.0.0.1, which has no name but that."""
    issuer = Issuer(x509.load_der_x509_certificate(root).subject, key)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    made = make(
        "",
        (x509.SubjectAlternativeName([address]), True),
        (authority, False),
        (x509.ExtendedKeyUsage([SERVER_AUTH]), False),
        by=issuer,
        days=DAYS,
        key=server_key,
        identified=False,
        name=x509.Name([]),
    )
    return made.certificate.public_bytes(serialization.Encoding.DER)


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
