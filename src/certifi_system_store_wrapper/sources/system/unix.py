"""What Linux, the BSDs and their relatives trust and distrust, in files that all users may read.

All bundle files that exist are read: which of them a release links to which changes too often.
Hashed directories are read only if no bundle file holds a certificate, because on some systems
they also hold the certificates of servers.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterable, Iterator, List, Mapping

from ...machine.environment import environ
from ...machine.files import named_by
from ...parsing import p11_kit
from ...settings import INFO, LOCAL, WARNING
from ..files import (
    MAX_FILES,
    add_file,
    add_hashed,
    first_visible,
    reason_of,
    report_notes,
)
from ..findings import LISTED, Findings
from ..reader import Untrusted
from . import unix_local

_NIX_SANDBOX = "/no-cert-file.crt"
_DOES_NOT_COUNT = "what is distrusted there does not count: chown root, chmod go-w"
_NOTHING = "it distrusts something, but holds no certificate"

# Where systems keep their certificates, and which systems do.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Gentoo, Arch, Alpine, Void, NixOS, Guix
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL 7+, every Fedora, Cygwin
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL 6 to 9, Fedora up to 43, NixOS
    "/etc/pki/tls/cert.pem",  # RHEL 6 to 9, Fedora up to 41
    "/etc/ssl/ca-bundle.pem",  # openSUSE, SLE 12+
    "/var/lib/ca-certificates/ca-bundle.pem",  # what the file above links to
    "/etc/ssl/cert.pem",  # Alpine, Arch, OpenBSD, FreeBSD 15, RHEL 9+
    "/etc/ssl/certs/ca-bundle.crt",  # RHEL 9 and Fedora through a link, NixOS
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch, without the link
    "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt",  # Nix on another system
    "/run/current-system/profile/etc/ssl/certs/ca-certificates.crt",  # Guix System
    "/etc/pki/tls/cacert.pem",  # OpenELEC, LibreELEC
    "/opt/etc/ssl/certs/ca-certificates.crt",  # Entware on routers and NAS
    "/etc/ssl/certs/cacert.pem",  # OpenHarmony
    "/usr/local/etc/ssl/cert.pem",  # FreeBSD, the port ca_root_nss
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD, DragonFly
    "/usr/local/openssl/cert.pem",  # FreeBSD, OpenSSL from ports
    "/etc/openssl/certs/ca-certificates.crt",  # NetBSD 10+
    "/etc/certs/ca-certificates.crt",  # Solaris 11.2+, OpenIndiana
    "/etc/ssl/cacert.pem",  # OmniOS
    "/var/ssl/certs/ca-bundle.crt",  # AIX
    "/opt/freeware/etc/ssl/certs/ca-bundle.crt",  # AIX Toolbox
    "/boot/system/data/ssl/CARootCertificates.pem",  # Haiku
    "/usr/ssl/cert.pem",  # Cygwin, old
)
_BELOW_HOME = (
    "/.nix-profile/etc/ssl/certs/ca-bundle.crt",  # Nix, single user
    "/.local/state/nix/profile/etc/ssl/certs/ca-bundle.crt",  # Nix, by XDG
    "/.guix-profile/etc/ssl/certs/ca-certificates.crt",  # Guix on another system
)
_DIRECTORIES = (
    "/etc/ssl/certs",  # Debian and relatives, openSUSE, FreeBSD 12 to 14, SLES 11
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  # Fedora 42+, RHEL 10
    "/etc/pki/tls/certs",  # Fedora 42+
    "/var/lib/ca-certificates/pem",  # openSUSE
    "/etc/ca-certificates/extracted/cadir",  # Arch
    "/run/current-system/profile/etc/ssl/certs",  # Guix System
    "/opt/etc/ssl/certs",  # Entware
    "/etc/openssl/certs",  # NetBSD, Solaris
    "/usr/pkg/etc/openssl/certs",  # pkgsrc
    "/opt/local/etc/openssl/certs",  # SmartOS
    "/etc/certs/CA",  # Solaris, illumos
    "/var/ssl/certs",  # AIX
    "/usr/ssl/certs",  # Cygwin, old
    "/etc/security/certificates",  # OpenHarmony
    "/apex/com.android.conscrypt/cacerts",  # Android 14+
    "/system/etc/security/cacerts",  # Android
)

# Who names one of these asks for what the system trusts.
STORES = _BUNDLES + _DIRECTORIES

DEBIAN_CONF = "/etc/ca-certificates.conf"  # lines with ! are what the administrator refused
DEBIAN_STORE = "/usr/share/ca-certificates"  # what those lines are relative to

DISTRUST_FOLDERS = (
    "/etc/pki/ca-trust/source/blocklist",  # Fedora, RHEL
    "/etc/pki/ca-trust/source/blacklist",  # the same before 2020
    "/usr/share/pki/ca-trust-source/blocklist",  # Fedora, what packages bring
    "/usr/share/pki/ca-trust-source/blacklist",
    "/etc/pki/trust/blocklist",  # openSUSE
    "/etc/pki/trust/blacklist",
    "/usr/share/pki/trust/blocklist",  # openSUSE, what packages bring
    "/usr/share/pki/trust/blacklist",
    "/etc/ca-certificates/trust-source/blocklist",  # Arch
    "/etc/ca-certificates/trust-source/blacklist",
    "/usr/share/ca-certificates/trust-source/blocklist",  # Arch, what packages bring
    "/usr/share/ca-certificates/trust-source/blacklist",
    "/etc/ssl/untrusted",  # FreeBSD
    "/etc/ssl/blacklisted",  # FreeBSD 12
    "/usr/share/certs/untrusted",  # FreeBSD, what the base system brings
    "/usr/local/etc/ssl/untrusted",  # FreeBSD, certctl untrust
    "/usr/local/etc/ssl/blacklisted",
    "/etc/openssl/certs.untrusted",  # NetBSD, certctl untrust
)
# Files with trust settings (TRUSTED blocks, p11-kit objects): only distrust is read from them.
SETTINGS_FOLDERS = (*unix_local.OBJECTS, *unix_local.ANCHORS)
# Packages bring the whole list of the vendor as p11-kit objects; some of them are distrusted.
OBJECT_FOLDERS = (
    "/usr/share/pki/ca-trust-source",  # Fedora, RHEL
    "/usr/share/pki/trust",  # openSUSE
    "/usr/share/ca-certificates/trust-source",  # Arch
)
DISTRUST_BUNDLES = (
    "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",  # Fedora up to 41: TRUSTED blocks
)


def collect(findings: Findings) -> None:
    """Add what the store of this machine trusts and distrusts."""
    if findings.source == LOCAL:
        unix_local.add(findings)
    else:
        _add_store(findings)
    _distrust(findings)


def _add_store(findings: Findings) -> None:
    """Add what the store of this machine trusts."""
    variables = dict(environ())
    if findings.reader.isolated:
        variables.pop("HOME", None)
    found = sum([add_file(findings, p, LISTED, named=False) for p in bundles(variables)])
    found += _nix(findings)
    if not found:
        found = sum([add_hashed(findings, f) for f in directories(variables)])
    if not found:
        findings.problem("", "this machine has no certificate store that can be read", INFO)


def bundles(variables: Mapping[str, str]) -> List[str]:
    """Return the paths of bundle files: the fixed ones and those below HOME and PREFIX."""
    home = variables.get("HOME", "")
    below_home = [home + path for path in _BELOW_HOME] if os.path.isabs(home) else []
    return [*_BUNDLES, *below_home, *_below_termux(variables, "/etc/tls/cert.pem")]


def directories(variables: Mapping[str, str]) -> List[str]:
    """Return the hashed directories, which are read if no bundle file holds a certificate."""
    return [*_DIRECTORIES, *_below_termux(variables, "/etc/tls/certs")]


def _below_termux(variables: Mapping[str, str], path: str) -> List[str]:
    prefix = variables.get("PREFIX", "")
    return [prefix + path] if "com.termux" in prefix else []


def _nix(findings: Findings) -> int:
    """Read the file that NIX_SSL_CERT_FILE names; in a build sandbox of Nix there is none."""
    path = named_by("NIX_SSL_CERT_FILE")
    if not path or path == _NIX_SANDBOX:
        return 0
    with findings.named_by("NIX_SSL_CERT_FILE"):
        return add_file(findings, path, LISTED, named=True)


def _distrust(findings: Findings) -> None:
    """Add what the administrator and the vendor distrust."""
    _debian_distrust(findings)
    for path in _files(findings, DISTRUST_FOLDERS):
        _distrust_objects(findings, path)
        _distrust_file(findings, path)
    for path in (*_files(findings, SETTINGS_FOLDERS + OBJECT_FOLDERS), *DISTRUST_BUNDLES):
        if _distrust_objects(findings, path):
            _distrust_rejected(findings, path)


def _files(findings: Findings, folders: Iterable[str]) -> Iterator[str]:
    """Yield the files in these folders, whatever their names are."""
    for folder in folders:
        paths: List[str] = []
        with _reporting_unknown(findings, folder):
            entries = findings.reader.entries(folder)
            if len(entries) > MAX_FILES:
                message = f"it holds more than {MAX_FILES} files: the distrust of others is unknown"
                findings.problem(folder, message)
            paths = [e.path for e in entries[:MAX_FILES] if not os.path.isdir(e.path)]
        yield from paths


def _debian_distrust(findings: Findings) -> None:
    """Distrust the files that lines such as ``!mozilla/Some_CA.crt`` name.

    Source: update-ca-certificates(8).
    """
    lines: List[str] = []
    with _reporting_unknown(findings, DEBIAN_CONF):
        data = findings.reader.data(DEBIAN_CONF)
        lines = data.decode("utf-8", "surrogateescape").split("\n")
    for line in lines:
        name = line[1:].strip()
        if line.startswith("!") and name:
            _distrust_file(findings, os.path.join(DEBIAN_STORE, name), asked_by=DEBIAN_CONF)


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
        _report_unknown(findings, path, error)
        return
    for certificate in parsed.certificates:
        findings.distrust(certificate.block, asked_by or path)
    # An administrator put it there.
    report_notes(findings, parsed, path, named=True)
    if parsed.damage:
        message = "a certificate in it cannot be read, so its distrust is not known"
        findings.problem(path, f"line {parsed.damage[0].line}: {message}")
    elif not (parsed.certificates or parsed.notes):
        # p11-kit can also block by issuer and serial number alone.
        findings.problem(path, _NOTHING, INFO)


def _distrust_rejected(findings: Findings, path: str) -> None:
    """Distrust what TRUSTED blocks of a file reject. Other files list what is trusted."""
    everything = Findings(findings.source, findings.reader)
    add_file(everything, path, LISTED, named=False)
    for block, said_by in everything.distrusted.items():
        findings.distrusted.setdefault(block, said_by)
    findings.refused += everything.refused
    findings.problems += [p for p in everything.problems if p.level >= WARNING]


def _distrust_objects(findings: Findings, path: str) -> bool:
    """Distrust what the objects of p11-kit in a file distrust; return whether it could be read."""
    data = b""
    with _reporting_unknown(findings, path):
        data = findings.reader.data(path)
    for blocks, issuer_and_serial in p11_kit.distrusted(data):
        for block in blocks:
            findings.distrust(block, path)
        if issuer_and_serial:
            findings.distrust_number(issuer_and_serial, path)
        elif not blocks:
            findings.problem(path, _NOTHING, INFO)
    return bool(data)


@contextmanager
def _reporting_unknown(findings: Findings, path: str) -> Iterator[None]:
    """If the body cannot read the path, report that and go on; an absent path is no problem."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        # A file where a folder is looked for is a mistake, and one above it is none.
        if not isinstance(error, NotADirectoryError) or os.path.exists(path):
            _report_unknown(findings, path, error)


def _report_unknown(findings: Findings, path: str, error: OSError) -> None:
    """Report that distrust may be lost. For files in a closed folder name that folder, so once.

    What lies among the anchors seldom distrusts anything, and root made the store of it.
    """
    is_anchor = not {path, os.path.dirname(path)}.isdisjoint(unix_local.ANCHORS)
    message = f"cannot be read, so its distrust is not known: {error.strerror}"
    if isinstance(error, Untrusted):
        # Its own advice is to name the file as a CA's.
        path, message = error.step, f"{error.why}, so {_DOES_NOT_COUNT}"
    elif isinstance(error, PermissionError):
        path, message = first_visible(path), f"{message}; let this user read it"
    findings.problem(path, message, INFO if is_anchor else WARNING)
