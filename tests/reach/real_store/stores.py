"""The certificate store of this machine, whichever it is, changed by its own commands."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Callable, List, NamedTuple

KEYCHAIN = "/Library/Keychains/System.keychain"
NAME = "certifi-system-store-wrapper-test.crt"


class Store(NamedTuple):
    """How an administrator adds a CA (PEM), takes it back, and denies a root of the vendor."""

    add: Callable[[Path], None]
    remove: Callable[[Path], None]
    deny: Callable[[Path], None]
    allow: Callable[[Path], None]


def run(*command: str) -> None:
    """Run a command of an administrator."""
    prefix = ["sudo"] if os.name != "nt" and os.geteuid() != 0 else []
    done = subprocess.run(
        [*prefix, *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # Windows has its own encodings
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)


def folders(anchors: str, blocklist: str, *update: str) -> Store:
    """Return a store of Linux that is made from folders by a command."""

    def put(folder: str) -> Callable[[Path], None]:
        def copy(pem: Path) -> None:
            run("cp", str(pem), f"{folder}/{NAME}")
            run(*update)

        return copy

    def drop(folder: str) -> Callable[[Path], None]:
        def delete(pem: Path) -> None:
            del pem
            run("rm", f"{folder}/{NAME}")
            run(*update)

        return delete

    return Store(put(anchors), drop(anchors), put(blocklist), drop(blocklist))


def debian() -> Store:
    """Debian, Ubuntu, Alpine: what is denied has a line in a file."""
    both = folders("/usr/local/share/ca-certificates", "/tmp", "update-ca-certificates")
    conf = "/etc/ca-certificates.conf"

    def deny(pem: Path) -> None:
        file = _file_of(pem)
        run("sed", "-i", f"s|^{file}$|!{file}|", conf)
        run("update-ca-certificates")

    def allow(pem: Path) -> None:
        file = _file_of(pem)
        run("sed", "-i", f"s|^!{file}$|{file}|", conf)
        run("update-ca-certificates")

    return both._replace(deny=deny, allow=allow)


def _file_of(pem: Path) -> str:
    """Return the name under which ca-certificates has the same certificate."""
    top = Path("/usr/share/ca-certificates")
    same = [
        path for path in top.rglob("*.crt") if path.read_text("ascii") == pem.read_text("ascii")
    ]
    return str(same[0].relative_to(top))


def macos() -> Store:
    """Apple's: trust settings of the administrator's domain.

    Taken back by other settings and never by remove-trusted-cert, which waits for a person for
    ever on hosted machines; nor do those of macOS 15 let anybody do away with that question.
    https://github.com/actions/runner-images/issues/12116 and 11893
    """

    def trust(result: str) -> Callable[[Path], None]:
        def add(pem: Path) -> None:
            run("security", "add-trusted-cert", "-d", "-r", result, "-k", KEYCHAIN, str(pem))

        return add

    return Store(trust("trustRoot"), trust("unspecified"), trust("deny"), trust("unspecified"))


def windows() -> Store:
    """Microsoft's: a store for roots, and one for what is not allowed."""

    def add(store: str) -> Callable[[Path], None]:
        return lambda pem: run("certutil", "-f", "-addstore", store, str(pem))

    def delete(store: str) -> Callable[[Path], None]:
        return lambda pem: run("certutil", "-delstore", store, sha1(pem))

    return Store(add("Root"), delete("Root"), add("Disallowed"), delete("Disallowed"))


def sha1(pem: Path) -> str:
    """Return how Windows calls a certificate."""
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem.read_text("ascii"))).hexdigest()


def of_this_machine() -> Store:
    """Return the store, by the system and by the folders that are there."""
    if sys.platform in ("darwin", "win32"):
        return macos() if sys.platform == "darwin" else windows()
    layouts: List[List[str]] = [
        ["/etc/pki/ca-trust/source/anchors", "/etc/pki/ca-trust/source/blocklist"],  # Fedora
        [
            "/etc/ca-certificates/trust-source/anchors",
            "/etc/ca-certificates/trust-source/blocklist",
        ],
        ["/etc/pki/trust/anchors", "/etc/pki/trust/blocklist"],  # openSUSE
    ]
    update = "update-ca-trust" if shutil.which("update-ca-trust") else "update-ca-certificates"
    for anchors, blocklist in layouts:
        if Path(anchors).is_dir():
            return folders(anchors, blocklist, update)
    return debian()
