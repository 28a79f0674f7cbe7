"""Linux, the BSDs and their relatives: files that everybody may read.

All bundle files that exist are read (which links survive on which release is a moving target);
hashed directories only where no bundle yields a certificate, because the folders of some
systems also hold servers' own certificates.
"""

from __future__ import annotations

import os
from typing import Iterable, Iterator

from ...parsing import p11_kit
from ...settings import INFO, WARNING
from ..files import add_file, add_hashed, reason_of
from ..findings import LISTED, Findings
from ..reader import read_regular
from . import unix_paths

_MAX_DISTRUST_FILES = 10_000
_NIX_SANDBOX = "/no-cert-file.crt"
_NOTHING = "it distrusts something, but holds no certificate"


def collect(findings: Findings) -> None:
    """Add the trusted certificates of this machine's store, and those it distrusts."""
    bundles = unix_paths.bundles(os.environ)
    found = sum([add_file(findings, path, LISTED, named=False) for path in bundles])
    found += _nix(findings)
    if not found:
        found = sum([add_hashed(findings, f) for f in unix_paths.directories(os.environ)])
    if not found:
        findings.problem("", "this machine has no certificate store that can be read", INFO)
    _distrust(findings)


def _nix(findings: Findings) -> int:
    """Read the file that Nix' OpenSSL is told to use; its build sandbox names one that is none."""
    path = os.environ.get("NIX_SSL_CERT_FILE", "")
    if path in ("", _NIX_SANDBOX):
        return 0
    with findings.named_by("NIX_SSL_CERT_FILE"):
        return add_file(findings, path, LISTED, named=True)


def _distrust(findings: Findings) -> None:
    """Add what the administrator and the vendor refuse."""
    _debian_distrust(findings)
    for path in _files(findings, unix_paths.DISTRUST_FOLDERS):
        _distrust_objects(findings, path)
        _distrust_file(findings, path)
    for path in _files(findings, unix_paths.SETTINGS_FOLDERS):
        _distrust_objects(findings, path)
        _distrust_rejected(findings, path)
    for path in _files(findings, unix_paths.OBJECT_FOLDERS):
        _distrust_objects(findings, path)
    for path in unix_paths.DISTRUST_BUNDLES:
        _distrust_rejected(findings, path)


def _files(findings: Findings, folders: Iterable[str]) -> Iterator[str]:
    """Yield the files in these folders, whatever they are called."""
    for folder in folders:
        try:
            names = findings.reader.names(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            _unknown(findings, folder, error)
            continue
        for name in names[:_MAX_DISTRUST_FILES]:
            path = os.path.join(folder, name)
            if not os.path.isdir(path):
                yield path


def _debian_distrust(findings: Findings) -> None:
    """Follow the lines ``!mozilla/Some_CA.crt`` of update-ca-certificates(8)."""
    conf = unix_paths.DEBIAN_CONF
    try:
        data = read_regular(conf, findings.reader.stat(conf))
    except FileNotFoundError:
        return
    except OSError as error:
        _unknown(findings, conf, error)
        return
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        name = line[1:].strip()
        if line.startswith("!") and name:
            path = os.path.join(unix_paths.DEBIAN_STORE, name)
            _distrust_file(findings, path, asked_by=conf)


def _distrust_file(findings: Findings, path: str, asked_by: str = "") -> None:
    """Distrust every certificate of a file, whatever trust settings stand in it."""
    try:
        parsed = findings.reader.parse(path)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        # ValueError: there is a NUL in the path.
        message = f"{asked_by or path} distrusts it, but it cannot be read: {reason_of(error)}"
        findings.problem(path, message, INFO)
        return
    except OSError as error:
        _unknown(findings, path, error)
        return
    for certificate in parsed.certificates:
        findings.distrust(certificate.block, asked_by or path)
    if parsed.damage:
        message = "a certificate in it cannot be read, so its distrust is not known"
        findings.problem(path, f"line {parsed.damage[0].line}: {message}")
    elif not parsed.certificates:
        # p11-kit can also block by issuer and serial number alone.
        findings.problem(path, _NOTHING, INFO)


def _distrust_rejected(findings: Findings, path: str) -> None:
    """Take from a file with trust settings only what it rejects: the rest is listed elsewhere."""
    everything = Findings(findings.source, findings.reader)
    add_file(everything, path, LISTED, named=False)
    findings.distrusted.update(everything.distrusted)
    findings.refused += everything.refused
    findings.problems += [p for p in everything.problems if p.level >= WARNING]


def _distrust_objects(findings: Findings, path: str) -> None:
    """Distrust what an object of p11-kit's own format says no to."""
    try:
        data = findings.reader.data(path)
    except FileNotFoundError:
        # It is a link to nothing.
        return
    except OSError as error:
        _unknown(findings, path, error)
        return
    for refused in p11_kit.distrusts(data):
        for block in refused.blocks:
            findings.distrust(block, path)
        if refused.issuer_and_serial:
            findings.distrust_number(refused.issuer_and_serial, path)
        elif not refused.blocks:
            findings.problem(path, _NOTHING, INFO)


def _unknown(findings: Findings, path: str, error: OSError) -> None:
    """Say that distrust may be lost, once for whatever folder is closed."""
    remedy = ""
    if isinstance(error, PermissionError):
        remedy = "; let this user read it"
        while not os.path.lexists(path):
            path = os.path.dirname(path)
    message = f"cannot be read, so its distrust is not known: {error.strerror}{remedy}"
    findings.problem(path, message)
