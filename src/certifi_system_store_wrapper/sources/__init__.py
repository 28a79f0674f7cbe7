"""The four sources: each fills its findings, and collect() sees to it that none raises."""

from __future__ import annotations

import os
import sys
from typing import Dict, List

from ..machine import openssl, ownership, places
from ..machine.signals import raise_what_it_hides
from ..reporting.findings import HELD, LISTED, NAMED, PROVEN, Findings
from ..settings import CERTIFI, SSL, SYSTEM, Settings, split_paths
from . import system
from .certifi import is_pristine
from .files import add_file, add_hashed, certificate_files
from .reader import Reader

if sys.platform == "win32":
    from .system import windows


def collect(settings: Settings, reader: Reader, certifi_file: str) -> List[Findings]:
    """Return the findings of the sources asked for, in the order of the bundle."""
    return [_collect_one(name, settings, reader, certifi_file) for name in settings.sources]


def _collect_one(name: str, settings: Settings, reader: Reader, certifi_file: str) -> Findings:
    findings = Findings(name)
    try:
        if name == CERTIFI:
            certifi(findings, reader, certifi_file)
        elif name == SYSTEM:
            system.collect(findings, reader)
        elif name == SSL:
            ssl(findings, reader)
        else:
            user(findings, reader, settings)
    except (RecursionError, MemoryError):  # our caller's doing: it is asked again
        raise
    except Exception as error:  # noqa: BLE001 - one source must not cost the others
        raise_what_it_hides(error)
        findings.problem("", f"the {name} source failed and is incomplete: {error!r}")
    return findings


def certifi(findings: Findings, reader: Reader, path: str) -> None:
    """Add certifi's own roots, or what a distribution's patched certifi names instead."""
    if getattr(sys, "frozen", False):  # its builder may have put a bundle there instead
        reader.baked = path
    standing = PROVEN if is_pristine(path, reader) else LISTED
    with findings.named_by("certifi itself: reinstall it"):
        add_file(findings, reader, path, standing, named=True)


def ssl(findings: Findings, reader: Reader) -> None:
    """Add what ssl.create_default_context() would load, and SSL_CERT_FILE and SSL_CERT_DIR.

    For OpenSSL each variable replaces the default; here it adds to it.
    """
    if sys.platform == "win32":
        windows.ssl_defaults(findings)
    file, folder = openssl.default_paths()
    add_file(findings, reader, file, LISTED, named=False)
    add_hashed(findings, reader, folder)
    with findings.named_by("SSL_CERT_FILE"):
        if "SSL_CERT_FILE" in os.environ:
            _ssl_cert_file(findings, reader, os.environ["SSL_CERT_FILE"])
    with findings.named_by("SSL_CERT_DIR"):
        for item in dict.fromkeys(split_paths(os.environ.get("SSL_CERT_DIR", ""))):
            if item:
                _folder(findings, reader, item)


def _ssl_cert_file(findings: Findings, reader: Reader, path: str) -> None:
    if path:
        add_file(findings, reader, path, LISTED, named=True)  # often a tool set it, no person
    else:
        message = "it is set, but empty, so OpenSSL itself loads no file: unset it"
        findings.problem("SSL_CERT_FILE", message)


def user(findings: Findings, reader: Reader, settings: Settings) -> None:
    """Add PYTHON_CERTIFI_CERT_FILES, then the drop folders."""
    with findings.named_by("PYTHON_CERTIFI_CERT_FILES"):
        for path in dict.fromkeys(settings.cert_files):
            if os.path.isdir(path):
                _folder(findings, reader, path)
            else:
                add_file(findings, reader, path, NAMED, named=True)
    for folder in drop_folders(settings):
        if os.path.isdir(folder):
            _drop_folder(findings, reader, folder)
        else:
            reader.inputs.append((folder, -1, -1))
            if os.path.lexists(folder):  # a copy into a folder that was not there yet
                findings.problem(folder, "it is not a folder, so it is not used: make it one")


def drop_folders(settings: Settings) -> List[str]:
    """Return the drop folders, which need not exist: the package's, the old one, the user's."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [package, os.path.join(os.path.dirname(package), "certifi_system")]
    own = user_drop_folder()
    if own and not settings.isolated:
        folders.append(own)
    return folders


def user_drop_folder() -> str:
    """Return the drop folder of this user, which outlives a virtual environment; or ""."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME", "")
        base = base if os.path.isabs(base) else os.path.expanduser("~/.config")
    return os.path.join(base, places.APPLICATION, "certs") if os.path.isabs(base) else ""


def _folder(findings: Findings, reader: Reader, folder: str) -> None:
    """Add what a named folder holds; one without a CA certificate is a problem."""
    before, first, count = len(findings.problems), len(findings.trusted), 0
    for path in certificate_files(findings, reader, folder):
        count += add_file(findings, reader, path, HELD, named=True)
    if len(findings.problems) > before:
        return
    if not count:
        message = "there is no certificate file in this folder (.cer .crt .pem .der .p7b .p7c)"
        findings.unusable(folder, message)
    elif not any(reader.known.is_ca(found.block) for found in findings.trusted[first:]):
        message = "no certificate in this folder is a CA's: name the file itself to trust it"
        findings.problem(folder, message)


def _drop_folder(findings: Findings, reader: Reader, folder: str) -> None:
    """Add what was dropped, where nobody else could have dropped it."""
    unsafe: Dict[str, str] = {}
    for path in certificate_files(findings, reader, folder):
        here = os.path.dirname(path)
        if here not in unsafe:
            unsafe[here] = _first_unsafe(folder, here)
        if not unsafe[here]:
            add_file(findings, reader, path, NAMED, named=True, safe=True)
            continue
        what = "it" if unsafe[here].startswith(folder) else folder
        message = f"others may write to this folder, so {what} is not used: chmod go-w, and own it"
        findings.problem(unsafe[here], message)


def _first_unsafe(top: str, folder: str) -> str:
    """Return the first folder from `folder` up to `top` that others may write to, or "".

    Above the user's own nobody may move it away, either; above our code that would be too late.
    """
    while True:
        if not ownership.is_safe(os.stat(folder), folder):
            return folder
        if len(folder) <= len(top):
            return ownership.unsafe_step(top) if top == user_drop_folder() else ""
        folder = os.path.dirname(folder)
