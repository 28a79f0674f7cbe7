"""The source `certifi`: its own list, and whether that is still the file that was released."""

from __future__ import annotations

import os
import sys
from binascii import b2a_base64

from .files import add_file
from .findings import LISTED, PROVEN, Findings
from .reader import Reader


def collect(findings: Findings, path: str) -> None:
    """Add certifi's own roots, or what a distribution's patched certifi names instead."""
    if getattr(sys, "frozen", False):
        # Who built the frozen program may have put a bundle of ours there instead.
        findings.reader.baked = path
    standing = PROVEN if _is_pristine(path, findings.reader) else LISTED
    with findings.named_by("certifi itself: reinstall it"):
        add_file(findings, path, standing, named=True)


def _is_pristine(path: str, reader: Reader) -> bool:
    """Whether `path` is certifi's cacert.pem with the SHA-256 that certifi's RECORD states.

    Then OpenSSL need not prove its certificates again.
    Source of the format: the packaging specification "Recording installed projects".
    """
    package, name = os.path.split(path)
    if os.path.basename(package) != "certifi":
        return False
    site, wanted = os.path.dirname(package), f"certifi/{name},sha256="
    try:
        records = [entry for entry in os.listdir(site) if _is_certifis(entry)]
        if len(records) != 1:
            return False
        with open(os.path.join(site, records[0], "RECORD"), encoding="utf-8") as record:
            lines = [line for line in record if line.startswith(wanted)]
        return bool(lines) and lines[0][len(wanted) :].split(",")[0] == _sha256(path, reader)
    except (OSError, ValueError):
        return False


def _is_certifis(name: str) -> bool:
    return name.startswith("certifi-") and name.endswith(".dist-info")


def _sha256(path: str, reader: Reader) -> str:
    """Return the hash as RECORD writes it: URL-safe base64 without padding."""
    from hashlib import sha256

    digest = b2a_base64(sha256(reader.data(path)).digest(), newline=False)
    return digest.decode("ascii").translate({43: "-", 47: "_", 61: None})
