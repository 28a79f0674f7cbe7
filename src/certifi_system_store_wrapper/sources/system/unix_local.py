"""What an administrator added to the store of Linux or a BSD, without the list of the vendor.

The tools that make the store take it from these folders. What packages bring lies elsewhere, below
/usr/share, and is the vendor's.
"""

from __future__ import annotations

import os
from typing import List

from ...parsing import p11_kit
from ...settings import INFO
from ..files import add_file, cannot_be_read, certificate_files, report_untrusted
from ..findings import HELD, LISTED, Findings
from ..reader import Untrusted

# Debian, Ubuntu, Alpine, Gentoo, Void, Slackware: update-ca-certificates(8) takes files of this
# ending, at any depth.
DEBIAN, _DEBIAN_ENDING = "/usr/local/share/ca-certificates", ".crt"
# The tools take any file that lies here.
ANCHORS = (
    "/etc/pki/ca-trust/source/anchors",  # Fedora, RHEL: update-ca-trust(8)
    "/etc/pki/trust/anchors",  # openSUSE
    "/etc/ca-certificates/trust-source/anchors",  # Arch
    "/usr/local/etc/ssl/certs",  # FreeBSD: certctl(8)
)
# `trust anchor --store` writes objects of p11-kit here. Other files here are not trusted.
OBJECTS = (
    "/etc/pki/ca-trust/source",  # Fedora, RHEL
    "/etc/pki/trust",  # openSUSE
    "/etc/ca-certificates/trust-source",  # Arch
)


def add(findings: Findings) -> None:
    """Add the certificates in these folders."""
    if not any(os.path.isdir(folder) for folder in (DEBIAN, *ANCHORS)):
        message = "this machine has no folder for what is added to its store, so that is not known"
        findings.problem("", message, INFO)
    if _entries(findings, DEBIAN):
        for path in certificate_files(findings, DEBIAN):
            if path.endswith(_DEBIAN_ENDING):
                add_file(findings, path, LISTED, named=False)
    for folder in (*ANCHORS, *OBJECTS):
        for entry in _entries(findings, folder):
            path = entry.path
            if not os.path.isdir(path) and not _add_objects(findings, path) and folder in ANCHORS:
                add_file(findings, path, HELD, named=False)


def _entries(findings: Findings, folder: str) -> List[os.DirEntry[str]]:
    """Return what is in a folder, sorted by name; nothing if there is no such folder."""
    try:
        return findings.reader.entries(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except Untrusted as error:
        report_untrusted(findings, error)
    except OSError as error:
        findings.problem(folder, f"what was added there is missing: it {cannot_be_read(error)}")
    return []


def _add_objects(findings: Findings, path: str) -> bool:
    """Add what the objects of p11-kit in a file trust; return whether it has any."""
    try:
        data = findings.reader.data(path)
    except OSError:
        # It is reported where the file is read for what else it may be.
        return False
    findings.trust_all(p11_kit.trusted(data), path, HELD)
    return p11_kit.has_objects(data)
