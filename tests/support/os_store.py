"""``os_store.py LAYOUT CA.pem FOLDER COMMAND...``: run a command on a machine of another kind.

The command sees the certificate store of LAYOUT (a function below), with the certificates of
CA.pem in it and no others. To be run in a mount namespace of its own, see `on`: this machine's
own store is not touched, and with the last process of the namespace all of it is gone. What has
to be put aside is below FOLDER.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

SSL, PKI, ARCH = Path("/etc/ssl"), Path("/etc/pki"), Path("/etc/ca-certificates")
SUSE = Path("/var/lib/ca-certificates")
# Below these, everything but the names that belong to certificate stores is kept.
KEPT = {
    Path("/etc"): ("ssl", "pki", "openssl", "certs", "ca-certificates", "ca-certificates.conf"),
    Path("/var/lib"): ("ca-certificates",),
}
# Stores that a machine may have elsewhere.
EMPTIED = (
    "/nix/var/nix/profiles/default/etc/ssl",
    "/opt/etc/ssl",
    "/run/current-system/profile/etc/ssl",
    "/usr/local/etc/ssl",
    "/usr/local/openssl",
    "/usr/local/share/ca-certificates",
    "/usr/local/share/certs",
)


def on(layout: str, ca: Path, folder: Path) -> List[str]:
    """Return the beginning of a command that is to run on such a machine."""
    folder.mkdir(exist_ok=True)
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    return [*namespace, sys.executable, "-I", "-S", __file__, layout, str(ca), str(folder)]


def debian(ca: Path) -> None:
    """Debian, Ubuntu and Gentoo: one file, and a directory with a hashed name for each CA."""
    put(ca, SSL / "certs" / "ca-certificates.crt")
    dironly(ca)


def dironly(ca: Path) -> None:
    """Like SLES 11, where there is the directory alone."""
    hashed(ca, SSL / "certs")


def empty(ca: Path) -> None:
    """Have no store at all, like python:slim before anybody installs ca-certificates."""


def rhel(ca: Path) -> None:
    """Fedora and RHEL: one file below /etc/pki, and links to it from everywhere else."""
    extracted = PKI / "ca-trust" / "extracted" / "pem" / "tls-ca-bundle.pem"
    put(ca, extracted)
    put(ca, PKI / "ca-trust" / "source" / "anchors" / "corporate.pem")
    link(PKI / "tls" / "certs" / "ca-bundle.crt", extracted)
    link(PKI / "tls" / "cert.pem", PKI / "tls" / "certs" / "ca-bundle.crt")
    link(SSL / "certs", PKI / "tls" / "certs")


def alpine(ca: Path) -> None:
    """Alpine: Debian's file without its directory, and OpenSSL's default name for it."""
    put(ca, SSL / "certs" / "ca-certificates.crt")
    link(SSL / "cert.pem", Path("certs/ca-certificates.crt"))


def suse(ca: Path) -> None:
    """Lay out openSUSE and SLES: everything is below /var/lib, /etc/ssl has links."""
    put(ca, SUSE / "ca-bundle.pem")
    hashed(ca, SUSE / "pem")
    link(SSL / "ca-bundle.pem", SUSE / "ca-bundle.pem")
    link(SSL / "certs", SUSE / "pem")


def arch(ca: Path) -> None:
    """Arch: one file and links to it, after `trust anchor --store`."""
    extracted, source = (ARCH / name for name in ("extracted", "trust-source"))
    put(ca, extracted / "tls-ca-bundle.pem")
    link(SSL / "certs" / "ca-certificates.crt", extracted / "tls-ca-bundle.pem")
    (source / "anchors").mkdir(parents=True)
    head = b"[p11-kit-object-v1]\ntrusted: true\nx-distrusted: false\nprivate: false\n"
    (source / "Corporate.p11-kit").write_bytes(head + ca.read_bytes())


def nixos(ca: Path) -> None:
    """Nix on another system: nothing where one would look, and a variable that tells."""
    store = SSL / "nix-store" / "ca-bundle.crt"
    put(ca, store)
    os.environ["NIX_SSL_CERT_FILE"] = str(store)


def unreadable(ca: Path) -> None:
    """Debian's, in folders that this process may not enter."""
    debian(ca)
    (SSL / "certs").chmod(0)


LAYOUTS = (debian, dironly, rhel, alpine, suse, arch, nixos, empty, unreadable)


def put(ca: Path, to: Path) -> None:
    """Copy the certificates, making the folders above."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ca, to)


def link(name: Path, to: Path) -> None:
    """Make a symbolic link and the folders above."""
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(to)


def hashed(ca: Path, folder: Path) -> None:
    """Put the certificates into a folder, under a name that OpenSSL looks for."""
    put(ca, folder / "corporate.pem")
    command = ["openssl", "x509", "-noout", "-hash", "-in", str(ca)]
    name = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode().strip()
    link(folder / f"{name}.0", Path("corporate.pem"))


def mount(*arguments: object) -> None:
    """Mount in this namespace."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def hide_stores(aside: Path) -> None:
    """Take every store from sight: folders become links to what they were, but for the stores."""
    for number, (folder, hidden) in enumerate(KEPT.items()):
        original = aside / str(number)
        original.mkdir()
        mount("--bind", folder, original)
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
        for path in original.iterdir():
            if path.name not in hidden:
                link(folder / path.name, path)
    SSL.mkdir()
    defaults = ssl.get_default_verify_paths()
    for name in {*EMPTIED, os.path.dirname(defaults.openssl_cafile), defaults.openssl_capath}:
        folder = Path(name)
        if folder.is_dir() and not str(folder.resolve()).startswith("/etc/"):
            keep = [path for path in folder.iterdir() if path.is_symlink()]  # Debian's, to /etc/ssl
            links = [(path, Path(os.readlink(path))) for path in keep]
            mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
            for path, target in links:
                link(path, target)


def main(layout: str, ca: str, folder: str, *command: str) -> None:
    """Become the command, once the machine is of that kind."""
    mount("--make-rprivate", "/")
    aside = Path(tempfile.mkdtemp(dir=folder))
    copy = aside / "ca.pem"
    shutil.copyfile(ca, copy)
    hide_stores(aside)
    next(each for each in LAYOUTS if each.__name__ == layout)(copy)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
