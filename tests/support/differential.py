"""What OpenSSL reads from a file, compared with what we read: nothing may be lost in silence."""

from __future__ import annotations

import os
import ssl
import tempfile
from base64 import b64encode
from hashlib import sha256
from typing import List, Set, Tuple

from certifi_system_store_wrapper import parsing
from certifi_system_store_wrapper.machine import openssl
from certifi_system_store_wrapper.parsing import asn1, pem
from certifi_system_store_wrapper.parsing.pem import Parsed

_BLANKS = b" \t\r\n\v\f\0"


def read_by_openssl(data: bytes) -> Tuple[Set[bytes], int]:
    """Return the CA certificates that OpenSSL takes from a file, and how many of any kind."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        try:
            context.load_verify_locations(cafile=path)
        except OSError:  # one bad block costs the whole file; cadata keeps what stands before it
            _load_text(context, data)
    finally:
        os.unlink(path)
    return set(context.get_ca_certs(binary_form=True)), context.cert_store_stats()["x509"]


def _load_text(context: ssl.SSLContext, data: bytes) -> None:
    try:
        context.load_verify_locations(cadata=data.decode("ascii"))
    except (OSError, ValueError):
        pass


def lost(data: bytes) -> List[str]:
    """Return what OpenSSL reads from a file, and we neither read nor report."""
    parsed = parsing.parse(data)
    ours = {pem.der_of(found.block) for found in parsed.certificates}
    cas, count = read_by_openssl(data)
    signed = {signed_part(der) for der in ours}
    silent = [
        f"CA certificate with SHA-256 {sha256(der).hexdigest()}"
        for der in cas
        if signed_part(der) not in signed and not is_reported(der, parsed)
    ]
    known = len(parsed.certificates)  # with repetitions: OpenSSL 3.6 counts some of them
    if count > known + sum(bool(damage.data) for damage in parsed.damage):
        silent.append(f"{count} certificates, of which we know {known}")
    return silent


def signed_part(der: bytes) -> bytes:
    """Return what makes an anchor: all but its signature, which nobody looks at.

    OpenSSL drops the end of a line with a NUL in it; where that is the signature, the
    certificate that it reads differs from ours in nothing that counts.
    """
    _, start, end = asn1.element(der, 0, len(der))
    return der[start : asn1.element(der, start, end)[2]]


def is_reported(der: bytes, parsed: Parsed) -> bool:
    """Whether the bytes of this certificate are part of some damage."""
    # One piece of damage may end within it, and the next one begin.
    damaged = b"".join([damage.data for damage in parsed.damage])
    return der[:45] in damaged or b64encode(der[:45]) in damaged.translate(None, _BLANKS)


def loads_as_text(der: bytes) -> bool:
    """Whether exactly one certificate arrives through cadata."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem.block_of(der).decode("ascii"))
    except ssl.SSLError:
        return False
    return context.cert_store_stats()["x509"] == 1


def load_as_file(ders: List[bytes]) -> bool:
    """Whether all of these arrive through cafile, a thousand in a file (the store is slow)."""
    ders = list(dict.fromkeys(ders))
    return all(_load_as_file(ders[i : i + 1000]) for i in range(0, len(ders), 1000))


def _load_as_file(ders: List[bytes]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.pem")
        with open(path, "wb") as file:
            file.write(b"".join(map(pem.block_of, ders)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            return False
        return context.cert_store_stats()["x509"] == len(ders)


def default_store() -> Set[bytes]:
    """Return the CA certificates of OpenSSL's default file and folder."""
    file, folder = openssl.default_paths()
    files = [os.path.join(folder, name) for name in _names(folder)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path in [file, *files]:
        try:
            context.load_verify_locations(cafile=path)
        except OSError:
            pass
    return set(context.get_ca_certs(binary_form=True))


def _names(folder: str) -> List[str]:
    return [name for name in os.listdir(folder) if ".0" in name] if os.path.isdir(folder) else []
