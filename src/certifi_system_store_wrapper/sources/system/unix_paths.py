"""Where systems keep their certificates: data, a reason per line."""

from __future__ import annotations

import os
from typing import List, Mapping

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
# Files with trust settings (TRUSTED blocks, p11-kit objects): only what they refuse is taken.
SETTINGS_FOLDERS = (
    "/etc/pki/ca-trust/source",  # Fedora, RHEL: see update-ca-trust(8)
    "/etc/pki/trust",  # openSUSE
    "/etc/ca-certificates/trust-source",  # Arch
)
# What packages bring: the whole list of the vendor as p11-kit objects, some of them distrusted.
OBJECT_FOLDERS = (
    "/usr/share/pki/ca-trust-source",  # Fedora, RHEL
    "/usr/share/pki/trust",  # openSUSE
    "/usr/share/ca-certificates/trust-source",  # Arch
)
DISTRUST_BUNDLES = (
    "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",  # Fedora up to 41: TRUSTED blocks
)


def bundles(environ: Mapping[str, str]) -> List[str]:
    """Return the bundle files to try: the fixed ones and those below HOME and PREFIX."""
    found = list(_BUNDLES)
    home, prefix = environ.get("HOME", ""), environ.get("PREFIX", "")
    if os.path.isabs(home):
        found.append(home + "/.nix-profile/etc/ssl/certs/ca-bundle.crt")  # Nix, single user
        found.append(home + "/.local/state/nix/profile/etc/ssl/certs/ca-bundle.crt")  # by XDG
        found.append(home + "/.guix-profile/etc/ssl/certs/ca-certificates.crt")  # Guix elsewhere
    if "com.termux" in prefix:
        found.append(prefix + "/etc/tls/cert.pem")  # Termux
    return found


def directories(environ: Mapping[str, str]) -> List[str]:
    """Return the hashed directories to try where no bundle file has yielded anything."""
    found = list(_DIRECTORIES)
    if "com.termux" in environ.get("PREFIX", ""):
        found.append(environ["PREFIX"] + "/etc/tls/certs")
    return found
