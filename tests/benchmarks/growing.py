"""Mints the CA certificates of the growth table: as many as are wanted, all different."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

START = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - certificates have no time zone
END = dt.datetime(2040, 1, 1)  # noqa: DTZ001 - as above


def write_certificates(path: Path, count: int) -> None:
    """Write that many self-signed CA certificates of one key, under different names."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with path.open("wb") as file:
        for number in range(count):
            file.write(_certificate(key, number))


def _certificate(key: rsa.RSAPrivateKey, number: int) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Benchmark"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Root {number}"),
        ]
    )
    public = key.public_key()
    builder = x509.CertificateBuilder(name, name, public, number + 1, START, END)
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    builder = builder.add_extension(constraints, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)
