"""What every bundle promises, whatever went into it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from certifi_system_store_wrapper import parsing

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = {"-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"}


def assert_invariants(body: bytes, path: Path) -> None:
    """Assert plain ASCII PEM of unique certificates, all of which OpenSSL loads from `path`."""
    lines = body.decode("ascii").split("\n")
    assert {line for line in lines if line.startswith("-")} == MARKERS
    assert b"\r" not in body
    blocks = [found.block for found in parsing.parse(body).certificates]
    assert len(set(blocks)) == len(blocks) == lines.count("-----BEGIN CERTIFICATE-----")
    path.write_bytes(body)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(path))
    assert context.cert_store_stats()["x509"] == len(blocks)
