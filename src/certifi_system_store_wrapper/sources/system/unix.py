"""Linux, the BSDs and their relatives: files that everybody may read.

All bundle files that exist are read (which links survive on which release is a moving target);
hashed directories only where no bundle yields a certificate, because the folders of some
systems also hold servers' own certificates.
"""

from __future__ import annotations

import os
import re
from typing import Dict, Iterator, Mapping

from ... import parsing
from ...reporting.findings import LISTED, Findings
from ...settings import INFO, WARNING
from ..files import add_file, add_hashed
from ..reader import Reader, read_regular
from . import unix_paths

_MAX_DISTRUST_FILES = 10_000
_P11_KIT_OBJECT = b"[p11-kit-object-v1]"
_NIX_SANDBOX = "/no-cert-file.crt"
_NOTHING = "it distrusts something, but holds no certificate"


def collect(findings: Findings, reader: Reader) -> None:
    """Add the trusted certificates of this machine's store, and those it distrusts."""
    found = sum(
        add_file(findings, reader, path, LISTED, named=False)
        for path in unix_paths.bundles(os.environ)
    )
    found += _nix(findings, reader, os.environ)
    if not found:
        for folder in unix_paths.directories(os.environ):
            found += add_hashed(findings, reader, folder) or 0
    if not found:
        findings.problem("", "this machine has no certificate store that can be read", INFO)
    _distrust(findings, reader)


def _distrust(findings: Findings, reader: Reader) -> None:
    """Add what the administrator and the vendor refuse."""
    _debian_distrust(findings, reader)
    for folder in unix_paths.DISTRUST_FOLDERS:
        for path in _files(findings, reader, folder):
            _p11_kit_objects(findings, reader, path)
            _distrust_file(findings, reader, path)
    for folder in unix_paths.SETTINGS_FOLDERS:
        for path in _files(findings, reader, folder):
            _p11_kit_objects(findings, reader, path)
            _rejected_blocks(findings, reader, path)
    for folder in unix_paths.OBJECT_FOLDERS:
        for path in _files(findings, reader, folder):
            _p11_kit_objects(findings, reader, path)
    for path in unix_paths.DISTRUST_BUNDLES:
        _rejected_blocks(findings, reader, path)


def _nix(findings: Findings, reader: Reader, environ: Mapping[str, str]) -> int:
    """Read the file that Nix' OpenSSL is told to use; its build sandbox names one that is none."""
    path = environ.get("NIX_SSL_CERT_FILE", "")
    if path in ("", _NIX_SANDBOX):
        return 0
    with findings.named_by("NIX_SSL_CERT_FILE"):
        return add_file(findings, reader, path, LISTED, named=True)


def _debian_distrust(findings: Findings, reader: Reader) -> None:
    """Follow the lines ``!mozilla/Some_CA.crt`` of update-ca-certificates(8)."""
    conf = unix_paths.DEBIAN_CONF
    try:
        lines = read_regular(conf, reader.stat(conf)).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    except OSError as error:
        _unknown(findings, conf, error)
        return
    for line in lines.split("\n"):
        name = line[1:].strip()
        if line.startswith("!") and name:
            path = os.path.join(unix_paths.DEBIAN_STORE, name)
            _distrust_file(findings, reader, path, asked_by=conf)


def _files(findings: Findings, reader: Reader, folder: str) -> Iterator[str]:
    try:
        names = reader.names(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        _unknown(findings, folder, error)
        return
    for name in names[:_MAX_DISTRUST_FILES]:
        path = os.path.join(folder, name)
        if not os.path.isdir(path):
            yield path


def _unknown(findings: Findings, path: str, error: OSError) -> None:
    """Say that distrust may be lost, once for whatever folder is closed."""
    remedy = ""
    if isinstance(error, PermissionError):
        remedy = "; let this user read it"
        while not os.path.lexists(path):
            path = os.path.dirname(path)
    message = f"cannot be read, so its distrust is not known: {error.strerror}{remedy}"
    findings.problem(path, message)


def _distrust_file(findings: Findings, reader: Reader, path: str, asked_by: str = "") -> None:
    """Distrust every certificate of a file, whatever trust settings stand in it."""
    try:
        parsed = reader.parse(path)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a NUL
        reason = getattr(error, "strerror", None) or error
        message = f"{asked_by or path} distrusts it, but it cannot be read: {reason}"
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
    elif not parsed.certificates:  # p11-kit can also block by issuer and serial number alone
        findings.problem(path, _NOTHING, INFO)


def _rejected_blocks(findings: Findings, reader: Reader, path: str) -> None:
    """Take from a bundle with trust settings only what it rejects: the rest is listed elsewhere."""
    everything = Findings(findings.source)
    add_file(everything, reader, path, LISTED, named=False)
    findings.distrusted.extend(everything.distrusted)
    findings.excluded.extend(everything.excluded)
    findings.problems.extend(p for p in everything.problems if p.level >= WARNING)


def _p11_kit_objects(findings: Findings, reader: Reader, path: str) -> None:
    """Distrust what an object of p11-kit's own format says no to."""
    try:
        data = reader.data(path)
    except FileNotFoundError:  # a link to nothing
        return
    except OSError as error:
        _unknown(findings, path, error)
        return
    for each in data.split(_P11_KIT_OBJECT)[1:]:
        if _is_distrusted(each):
            _distrust_object(findings, each, path)


def _distrust_object(findings: Findings, p11_kit_object: bytes, path: str) -> None:
    """Distrust what it holds as PEM or DER, or what issuer and serial number tell without it."""
    values = _values(p11_kit_object)
    held = p11_kit_object, values.get(b"value", b"")
    refused = [found.block for data in held for found in parsing.parse(data).certificates]
    if b"issuer" in values and b"serial-number" in values:
        refused.append(values[b"issuer"] + values[b"serial-number"])
    for each in refused:
        findings.distrust(each, path)
    if not refused:
        findings.problem(path, _NOTHING, INFO)


def _is_distrusted(p11_kit_object: bytes) -> bool:
    """Whether one of its lines says so; blanks mean nothing in them."""
    return b"x-distrusted" in p11_kit_object and any(
        b"".join(line.split()) == b"x-distrusted:true" for line in p11_kit_object.split(b"\n")
    )


def _values(p11_kit_object: bytes) -> Dict[bytes, bytes]:
    """Return the DER of issuer, serial number and certificate, which is percent-encoded there."""
    line = rb'^\s*(issuer|serial-number|value)\s*:\s*"(.*)"'
    found = re.findall(line, p11_kit_object, re.MULTILINE)
    return {name: re.sub(rb"%([\dA-Fa-f]{2})", _byte, value) for name, value in found}


def _byte(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode("ascii"))
