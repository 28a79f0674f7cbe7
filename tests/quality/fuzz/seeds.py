"""Small valid inputs to start from: every format that the parser knows, and what mangles it."""

from __future__ import annotations

from typing import List

from support.minting import encode_pem, mint, pkcs7, pkcs7_indefinite, trusted_pem

PROSE = b"# CN=Some Root\n"


def seed_files() -> List[bytes]:
    """Return the files."""
    a, b, leaf = mint("A"), mint("B", rsa_bits=1024), mint("leaf", ca=False)
    pem_a, pem_b = encode_pem(a), encode_pem(b)
    both = pem_a + PROSE + pem_b
    return [
        pem_a,
        both,
        encode_pem(leaf),
        a,
        a + b,
        pkcs7([a, b]),
        pkcs7_indefinite([a]),
        encode_pem(pkcs7([a, b]), b"PKCS7"),
        encode_pem(a, b"X509 CERTIFICATE"),
        trusted_pem(a, trust=["serverAuth"], reject=["emailProtection"]),
        trusted_pem(a, reject=["anyExtendedKeyUsage"]),
        both.replace(b"\n", b"\r\n"),
        both.replace(b"\n", b"\r"),
        b"\xff\xfe" + both.decode().encode("utf-16-le"),
        b"\xef\xbb\xbf" + both,
        pem_a.rstrip() + pem_b,
        pem_a.replace(b"-----END CERTIFICATE-----\n", b"") + pem_b,
        pem_a.replace(b"\n", b"\\n") + b"\n",
        b"  " + pem_a.replace(b"\n", b"\n  "),
        b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n" + pem_a,
        pem_a.replace(b"-----\n", b"-----\nProc-Type: 4,CLEAR\n\n", 1),
    ]
