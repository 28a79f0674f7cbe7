"""The source `ssl`: what ssl.create_default_context() would load, and OpenSSL's variables."""

from __future__ import annotations

import os
import sys

from ..machine import openssl
from ..settings import split_paths
from .files import add_file, add_folder, add_hashed
from .findings import LISTED, Findings

if sys.platform == "win32":
    from .system import windows


def collect(findings: Findings) -> None:
    """Add the defaults, and what SSL_CERT_FILE and SSL_CERT_DIR name.

    For OpenSSL each variable replaces the default; here it adds to it.
    """
    if sys.platform == "win32":
        windows.ssl_defaults(findings)
    file, folder = openssl.default_paths()
    add_file(findings, file, LISTED, named=False)
    add_hashed(findings, folder)
    named = os.environ.get("SSL_CERT_FILE")
    if named:
        with findings.named_by("SSL_CERT_FILE"):
            # LISTED, not NAMED: often a tool set it, and no person.
            add_file(findings, named, LISTED, named=True)
    elif named is not None:
        message = "it is set, but empty, so OpenSSL itself loads no file: unset it"
        findings.problem("SSL_CERT_FILE", message)
    with findings.named_by("SSL_CERT_DIR"):
        for item in dict.fromkeys(split_paths(os.environ.get("SSL_CERT_DIR", ""))):
            if item:
                add_folder(findings, item)
