"""Hypothesis strategies: certificates, PEM as people mangle it, and bytes that look like either."""

from __future__ import annotations

from typing import List

from hypothesis import strategies as st

from support.minting import (
    crl_pem,
    encode_pem,
    mint,
    pkcs7,
    pkcs7_indefinite,
    private_key_pem,
    trusted_pem,
)

DERS = [
    mint("s-0"),
    mint("s-1"),
    mint("s-2", rsa_bits=1024),
    mint("s-3", eku=("serverAuth",)),
    mint("s-4", subject="s-0"),
]
certificates = st.sampled_from(DERS)

_NOISE = [
    b"\n",
    b"\r\n",
    b"# a comment\n",
    "# ✓ é\n".encode(),
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0",
    b" ",
    b"-",
    b"-----",
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"-----BEGIN PRIVATE KEY-----\n",
    b"-----BEGIN blah\n",
    b"MIIB",
    b"=",
    b"Proc-Type: 4,CLEAR\n\n",
    b"\\n",
    b"0\x82\x01\x00",
    crl_pem("s-0"),
    private_key_pem("s-0"),
]
_PIECES = [
    *map(encode_pem, DERS),
    encode_pem(DERS[0]).rstrip(),
    encode_pem(DERS[1]).replace(b"\n", b"\r\n"),
    encode_pem(DERS[1]).replace(b"\n", b"\r"),
    encode_pem(DERS[0])[: -len(b"-----END CERTIFICATE-----\n")],
    encode_pem(DERS[0][:-5]),
    encode_pem(DERS[2] + b"junk"),
    encode_pem(DERS[0], b"X509 CERTIFICATE"),
    encode_pem(pkcs7(DERS[:2]), b"PKCS7"),
    encode_pem(pkcs7_indefinite(DERS[:2]), b"CMS"),
    trusted_pem(DERS[0], trust=["serverAuth"]),
    trusted_pem(DERS[1], trust=["emailProtection"]),
    b" " + encode_pem(DERS[0]),
    DERS[0],
    pkcs7(DERS[:2]),
]


def _joined(parts: List[bytes]) -> bytes:
    return b"".join(parts)


pieces = st.sampled_from(_PIECES + _NOISE)
mangled_pem = st.one_of(
    st.lists(pieces, max_size=8).map(_joined),
    st.lists(st.one_of(pieces, st.binary(max_size=20)), max_size=6).map(_joined),
)


@st.composite
def edited_pem(draw: st.DrawFn) -> bytes:
    """Return mangled PEM with a few bytes changed, put in or taken out."""
    data = draw(mangled_pem)
    for _ in range(draw(st.integers(0, 4))):
        position = draw(st.integers(0, len(data)))
        noise = draw(st.sampled_from([b"", b"-", b"\n", b"A", b"=", b" ", b"\0", b":", b"\xff"]))
        data = data[:position] + noise + data[position + draw(st.integers(0, 2)) :]
    return data


files = st.one_of(st.binary(max_size=300), mangled_pem, edited_pem())
