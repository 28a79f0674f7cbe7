"""Names what people use in place of certificates, and says what to do about it. No I/O."""

from __future__ import annotations

import re
from itertools import islice
from typing import Tuple

from . import asn1
from .asn1 import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE
from .pem import UNKNOWN

_EXPORT = "export the certificate alone, as PEM"
_NAME = "name the certificate of the CA"

_KEY = f"it is a private key: {_EXPORT}"
_REQUEST = "it is a request for a certificate (CSR): use what was issued"
_REVOCATION = f"it is a revocation list (CRL): {_NAME}"
_PUBLIC_KEY = f"it is a public key: {_NAME}"
_PKCS12 = f"it is a PKCS#12 store (.p12, .pfx), made for keys: {_EXPORT}"
_JKS, _JCEKS = (
    f"it is a Java key store ({name}): {_EXPORT} (keytool -exportcert -rfc)"
    for name in ("JKS", "JCEKS")
)
# They may hold the certificate of a CA, and nobody but its owner can take it out.
KEY_STORES = (_PKCS12, _JKS, _JCEKS)
_STARTS: Tuple[Tuple[bytes, str], ...] = (
    (b"\xfe\xed\xfe\xed", _JKS),
    (b"\xce\xce\xce\xce", _JCEKS),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it"),
    (b"\x1f\x8b", "it is compressed with gzip: unpack it"),
    (b"BZh", "it is compressed with bzip2: unpack it"),
    (b"\xfd7zXZ", "it is compressed with xz: unpack it"),
    (b"\0\0\0\0CERT", "it is a store of Windows (.sst): open it there, and export it as .p7b"),
    (b"ssh-", f"it is an SSH key: {_NAME}"),
    (b"ecdsa-", f"it is an SSH key: {_NAME}"),
    (b"version https://git-lfs", "it is a pointer of Git LFS: run `git lfs pull`"),
)
_TEXTS: Tuple[Tuple[bytes, str], ...] = (
    (b"CERTIFICATE REQUEST-----", _REQUEST),
    (b"X509 CRL-----", _REVOCATION),
    (b"PUBLIC KEY-----", _PUBLIC_KEY),
    (b"PGP ", f"it is from PGP: {_NAME}"),
    (b"LS0tLS1CRUdJTi", "it is PEM in base64 once more, as in Kubernetes: decode it (base64 -d)"),
    (b"X509Certificate>", f"it is XML around certificates, as in SAML: {_EXPORT}"),
)
# The tags of the first two members of a SEQUENCE, and the first bytes of the first if they matter.
_SHAPES = {
    (INTEGER, SEQUENCE, b"\3"): _PKCS12,
    (INTEGER, SEQUENCE, b"\0"): _KEY,  # RFC 5208
    (INTEGER, INTEGER, b"\0"): _KEY,  # RFC 8017
    (INTEGER, OCTET_STRING, b"\1"): _KEY,  # RFC 5915
    (SEQUENCE, OCTET_STRING, b""): _KEY,  # RFC 5208, encrypted
    (SEQUENCE, BIT_STRING, b""): _PUBLIC_KEY,
    (SEQUENCE, SEQUENCE, b"\2\1\0"): _REQUEST,
    (SEQUENCE, SEQUENCE, b"\2\1\1"): _REVOCATION,
}
_HTML = "it is HTML or XML, perhaps the page of a login or an error: download it again"
_NO_LINES = "its BEGIN CERTIFICATE and END CERTIFICATE lines are missing: export it again"
_NO_BEGIN = (
    "the dashes around BEGIN CERTIFICATE are not five plain ones, or other text stands on that "
    "line (is it commented out?): export it again"
)
_LABEL = rb"-----BEGIN ([A-Z0-9 ]{1,64})-----"
# Byte-order marks and blanks.
_MARKS = b"\xef\xbb\xbf\xfe\xff \t\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t "


def name_of(data: bytes) -> str:
    """Say in a few words what `data`, which holds no certificate, seems to be."""
    for start, name in _STARTS:
        if data.startswith(start):
            return name
    if data[:1] == b"\x30":
        return _der_name(data)
    # Without the NULs of UTF-16.
    text = data.replace(b"\0", b"").lstrip(_MARKS)
    for part, name in _TEXTS:
        if part in text:
            return name
    return _text_name(text)


def _text_name(text: bytes) -> str:
    if not text:
        return f"it is empty: {_EXPORT}"
    if text.startswith(b"<"):
        return _HTML
    if text.startswith(b"MII") and not text.translate(None, _BASE64):
        return _NO_LINES
    if b"BEGIN CERTIFICATE-" in text:
        return _NO_BEGIN
    label = re.search(_LABEL, text)
    if label:
        return f"it is PEM, but of something else ({label[1].decode('ascii')}): {_NAME}"
    return _NO_BEGIN if b"BEGIN CERTIFICATE" in text else UNKNOWN


def _der_name(data: bytes) -> str:
    """Name DER by the members of its outer SEQUENCE."""
    try:
        _, start, end = asn1.element(data, 0, len(data))
        (first, a, b), (second, _, _) = islice(asn1.children(data, start, end), 2)
    except ValueError:
        return UNKNOWN
    head = data[a : min(b, a + 3)]
    return _SHAPES.get((first, second, head)) or _SHAPES.get((first, second, b""), UNKNOWN)
