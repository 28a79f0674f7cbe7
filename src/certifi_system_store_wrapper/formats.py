"""What people hand over instead of certificates: its name, and what to do about it. No I/O."""

from __future__ import annotations

from typing import Tuple

_EXPORT = "export the certificate alone, as PEM"
_STARTS: Tuple[Tuple[bytes, str], ...] = (
    (b"\xfe\xed\xfe\xed", f"it is a Java key store (JKS): {_EXPORT} (keytool -exportcert -rfc)"),
    (b"\xce\xce\xce\xce", f"it is a Java key store (JCEKS): {_EXPORT} (keytool -exportcert -rfc)"),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it"),
    (b"\x1f\x8b", "it is compressed with gzip: unpack it"),
    (b"<", "it is HTML or XML, perhaps the page of a login or an error: download it again"),
    (b"ssh-", "it is an SSH key"),
)
_LABELS: Tuple[Tuple[bytes, str], ...] = (
    (b"CERTIFICATE REQUEST-----", "it is a request for a certificate (CSR): use what was issued"),
    (b"X509 CRL-----", "it is a revocation list (CRL)"),
    (b"PUBLIC KEY-----", "it is a public key"),
    (b"PGP ", "it is from PGP"),
)
_PKCS12 = b"\x02\x01\x03\x30"  # PFX, RFC 7292 section 4: version 3, then a ContentInfo
_KEY = b"\x02\x01\x00"  # PrivateKeyInfo, RFC 5208 section 5, and RSAPrivateKey: version 0
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t "


def name_of(data: bytes) -> str:
    """Return in a few words what `data`, which holds no certificate, seems to be."""
    data = data.lstrip()
    if not data:
        return "it is empty"
    for start, name in _STARTS:
        if data.startswith(start):
            return name
    if data[:1] == b"\x30":
        return _der_name(data[1:16])
    for label, name in _LABELS:
        if label in data:
            return name
    if data.startswith(b"MII") and not data.translate(None, _BASE64):
        return "its BEGIN CERTIFICATE and END CERTIFICATE lines are missing: export it again"
    return "it is neither PEM, DER nor PKCS#7"


def _der_name(head: bytes) -> str:
    if _PKCS12 in head:
        return f"it is a PKCS#12 store (.p12, .pfx), made for private keys: {_EXPORT}"
    if _KEY in head:
        return f"it is a private key: {_EXPORT}"
    return "it is neither PEM, DER nor PKCS#7"
