"""A machine in a temporary folder: the real path tables, moved there, and what is built from it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import List, Optional, Sequence, Set

import pytest

from certifi_system_store_wrapper import bundle, sources
from certifi_system_store_wrapper.bundle import Bundle
from certifi_system_store_wrapper.machine import openssl
from certifi_system_store_wrapper.parsing import pem
from certifi_system_store_wrapper.reporting.findings import Exclusion, Problem
from certifi_system_store_wrapper.settings import SOURCES, WARNING, Settings
from certifi_system_store_wrapper.sources import system
from certifi_system_store_wrapper.sources.system import unix, unix_local, windows
from support.invariants import assert_invariants
from support.minting import NAMES, encode_pem, mint

DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
_TABLES = {
    unix: (
        "_BUNDLES",
        "_DIRECTORIES",
        "DISTRUST_FOLDERS",
        "SETTINGS_FOLDERS",
        "OBJECT_FOLDERS",
        "DISTRUST_BUNDLES",
    ),
    unix_local: ("ANCHORS", "OBJECTS"),
}
_PATHS = {unix: ("DEBIAN_CONF", "DEBIAN_STORE"), unix_local: ("DEBIAN",)}


class World:
    """The file system of a machine, and the last bundle that was built on it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.monkeypatch = monkeypatch
        self.certifi_file = self.write("/site/certifi/cacert.pem", encode_pem(mint("certifi")))
        self.built: Optional[Bundle] = None
        for module, tables in _TABLES.items():
            for name in tables:
                moved = tuple(self.path(path) for path in getattr(module, name))
                monkeypatch.setattr(module, name, moved)
        for module, paths in _PATHS.items():
            for name in paths:
                monkeypatch.setattr(module, name, self.path(getattr(module, name)))
        defaults = self.path("/usr/lib/ssl/cert.pem"), self.path("/usr/lib/ssl/certs")
        monkeypatch.setattr(openssl, "default_paths", lambda: defaults)
        monkeypatch.setattr(system, "collect", unix.collect)
        monkeypatch.setattr(windows, "ssl_defaults", lambda _findings: None)
        monkeypatch.setattr(sources, "drop_folders", lambda **_: [self.path("/drop")])
        monkeypatch.setenv("HOME", self.path("/home"))
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "PREFIX"):
            monkeypatch.delenv(name, raising=False)

    def path(self, path: str) -> str:
        """Return where that absolute path of the machine really lies."""
        return str(self.root) + path.replace("/", os.sep)

    def write(self, path: str, data: bytes) -> str:
        """Write a file and return where it really lies."""
        real = Path(self.path(path))
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(data)
        return str(real)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link, whose target stays as it is given."""
        real = Path(self.path(path))
        real.parent.mkdir(parents=True, exist_ok=True)
        real.symlink_to(target)

    def build(self, *cert_files: str, sources: Sequence[str] = SOURCES) -> Set[str]:
        """Build the bundle, check what every bundle promises, return the names of its anchors."""
        settings = Settings(cert_files=cert_files, sources=tuple(sources))
        self.built = bundle.build(settings, self.certifi_file)
        check(self.built, self.root / "checked.pem")
        return set(self.names())

    def build_user(self, data: bytes, name: str = "user.pem") -> Set[str]:
        """Build with one file that a person named; leave certifi's own root out of the answer."""
        return self.build(self.write("/home/" + name, data)) - {"certifi"}

    def names(self) -> List[str]:
        """Return the names of the anchors, in the order of the bundle."""
        return [NAMES[anchor.der] for anchor in self.last.anchors]

    @property
    def last(self) -> Bundle:
        """The bundle that was built last."""
        assert self.built is not None
        return self.built

    @property
    def warnings(self) -> List[Problem]:
        """What is printed by default."""
        return [problem for problem in self.last.problems if problem.level >= WARNING]

    def excluded(self, der: bytes) -> List[Exclusion]:
        """Return every record of a certificate that was left out."""
        block = pem.block_of(der)
        return [out for out in self.last.excluded if out.block == block]

    def reasons(self, der: bytes) -> Set[str]:
        """Return why a certificate was left out, wherever it was found."""
        return {out.reason for out in self.excluded(der)}


def check(built: Bundle, path: Path) -> None:
    """Assert the invariants of section 4 for the body, and that the published text loads too."""
    assert_invariants(built.body, path)
    assert built.text.isascii()
    assert b"\r" not in built.text
    assert b"PRIVATE" not in built.text
    assert built.text.endswith(built.body)
    assert {len(line) for line in built.body.splitlines()} <= set(range(1, 65))
    path.write_bytes(built.text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=os.fspath(path))
    assert context.cert_store_stats()["x509"] == len(built.anchors)
