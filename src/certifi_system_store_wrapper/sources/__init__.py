"""The sources. Each fills its findings; collect() keeps the failure of one from the others."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from binascii import b2a_base64
from typing import List

from ..machine import drop_folders, openssl
from ..machine.files import MARK, Unusable, named_by
from ..machine.signals import interruptible
from ..settings import CERTIFI, INFO, LOCAL, SSL, SYSTEM, Settings, split_paths
from . import system
from .files import (
    add_file,
    add_folder,
    add_hashed,
    cannot_be_read,
    certificate_files,
    first_visible,
    misnamed_files,
    reason_of,
    report_untrusted,
)
from .findings import LISTED, NAMED, PROVEN, Findings
from .reader import Reader, Untrusted

_REPLACED = (
    "a bundle of ours stands in its place, and CAs that were removed since are trusted as "
    "certifi's: pip install --force-reinstall certifi"
)


def collect(settings: Settings, reader: Reader, certifi_file: str) -> List[Findings]:
    """Return the findings of the sources that the settings name, in the order of the bundle."""
    reader.isolated, reader.bundle_dir = settings.isolated, settings.bundle_dir
    everything = [Findings(name, reader) for name in settings.sources]
    for findings in everything:
        # What one of them reads in vain costs no other.
        reader.begin()
        try:
            if findings.source == CERTIFI:
                certifi(findings, certifi_file)
            elif findings.source in (SYSTEM, LOCAL):
                system.collect(findings)
            elif findings.source == SSL:
                ssl_defaults(findings)
            else:
                user(findings, settings)
        except (RecursionError, MemoryError):
            # The application is out of stack or memory. The next call tries again.
            raise
        except Exception as error:  # noqa: BLE001 - one source must not cost the others
            # An OSError's text names the file, and its repr() does not.
            why = error if isinstance(error, OSError) else repr(error)
            findings.failure = f"the {findings.source} source failed and is incomplete: {why}"
            findings.problem("", findings.failure)
    return everything


def certifi(findings: Findings, path: str) -> None:
    """Add certifi's own roots, or what a distribution's patched certifi names instead.

    Raises OSError where they cannot be read just now, and plain certifi may be able to.
    """
    findings.reader.certifi_file = path
    try:
        # Who builds a frozen program may take certifi's path from us, and needs no remedy.
        if findings.reader.data(path, vouched=True).startswith(MARK) and not hasattr(sys, "frozen"):
            findings.problem(path, _REPLACED)
    except (FileNotFoundError, NotADirectoryError, Unusable):
        # Nobody could answer with it. add_file() reports this.
        pass
    except OSError as error:
        # Windows also denies a file that another program has open just now.
        if os.name == "nt" or not isinstance(error, PermissionError):
            raise OSError(f"{path}: {reason_of(error)}") from error
    standing = PROVEN if _is_as_released(path, findings.reader) else LISTED
    with findings.named_by("certifi itself: reinstall it"):
        add_file(findings, path, standing, named=True)


def _is_as_released(path: str, reader: Reader) -> bool:
    """Whether it has the SHA-256 that certifi's RECORD states. Then OpenSSL need not check it.

    Source of the format: the packaging specification "Recording installed projects".
    """
    package, name = os.path.split(path)
    site, folder = os.path.split(package)
    try:
        beside = interruptible(os.listdir, site)
        installed = [each for each in beside if each.startswith("certifi-")]
        # This raises ValueError unless there is exactly one.
        (metadata,) = [each for each in installed if each.endswith(".dist-info")]
        data = reader.data(path, vouched=True)
        digest = b2a_base64(hashlib.sha256(data).digest(), newline=False).decode("ascii")
        # RECORD uses URL-safe base64 without padding.
        stated = digest.replace("+", "-").replace("/", "_").rstrip("=")
        with open(os.path.join(site, metadata, "RECORD"), encoding="utf-8") as record:
            return any(line.startswith(f"{folder}/{name},sha256={stated},") for line in record)
    except (OSError, ValueError):
        return False


def ssl_defaults(findings: Findings) -> None:
    """Add what ssl.create_default_context() loads, and what SSL_CERT_FILE and SSL_CERT_DIR name.

    In OpenSSL each variable replaces the default. Here it adds to the default.
    """
    if sys.platform == "win32":
        from .system import windows

        windows.ssl_defaults(findings)
    file, folder = openssl.default_paths()
    add_file(findings, file, LISTED, named=False)
    add_hashed(findings, folder)
    named = named_by("SSL_CERT_FILE")
    if named:
        with findings.named_by("SSL_CERT_FILE"):
            # LISTED, not NAMED: often a tool has set this variable, not a person.
            add_file(findings, named, LISTED, named=True)
    elif named is not None:
        message = "it is set, but empty, so OpenSSL itself loads no file: unset it"
        findings.problem("SSL_CERT_FILE", message)
    with findings.named_by("SSL_CERT_DIR"):
        for item in dict.fromkeys(split_paths(named_by("SSL_CERT_DIR") or "")):
            if item:
                # Also names that OpenSSL does not look for, but no folder that it never enters.
                add_folder(findings, item, deep=False)


def user(findings: Findings, settings: Settings) -> None:
    """Add the files of PYTHON_CERTIFI_CERT_FILES, then those in the drop folders."""
    with findings.named_by("PYTHON_CERTIFI_CERT_FILES"):
        for path in dict.fromkeys(settings.cert_files):
            if interruptible(os.path.isdir, path):
                add_folder(findings, path)
            else:
                add_file(findings, path, NAMED, named=True)
    for folder in drop_folders(isolated=settings.isolated):
        if is_drop_folder(findings, folder):
            _add_drop_folder(findings, folder)


def is_drop_folder(findings: Findings, folder: str) -> bool:
    """Whether a drop folder is there; a problem where that cannot be told, or something else is."""
    try:
        if stat.S_ISDIR(findings.reader.stat(folder).st_mode):
            return True
        # Somebody copied a certificate to this path before the folder existed.
        findings.problem(folder, "it is not a folder, so it is not used: make it one")
    except OSError as error:
        step = first_visible(folder)
        # Of a server that is away Windows says "not found", too, and of all that is on the way.
        is_way_there = step != folder and os.path.exists(step)
        is_within = os.name == "nt" or step in (folder, os.path.dirname(folder))
        if isinstance(error, PermissionError) and not is_within:
            # HOME is another user's, as under `sudo -u`: nobody knows whether there is one.
            findings.problem(step, "this user may not look for a drop folder in it", INFO)
        elif not (isinstance(error, (FileNotFoundError, NotADirectoryError)) and is_way_there):
            findings.problem(folder, cannot_be_read(error))
    return False


def _add_drop_folder(findings: Findings, folder: str) -> None:
    """Add the certificates in a drop folder, except those that other users may change."""
    others: List[str] = []
    for path in certificate_files(findings, folder, others):
        try:
            require_safe(path, findings.reader)
        except Untrusted as error:
            report_untrusted(findings, error)
            continue
        except OSError:
            # add_file() says why it cannot be read.
            pass
        add_file(findings, path, NAMED, named=True)
    for path, why in misnamed_files(findings, folder, others):
        findings.problem(path, why)


def require_safe(path: str, reader: Reader) -> None:
    """Raise Untrusted where other users may change a file of a drop folder, or OSError."""
    # The folder by itself: to a sticky one others may add a second name of our files.
    for each in (os.path.dirname(path), path):
        fault = interruptible(reader.check.fault, each)
        # What is no regular file is not opened at all, whoever owns it.
        if fault and (each != path or interruptible(os.path.isfile, path)):
            raise Untrusted(fault, each)
