"""The contexts with which `doctor HOST` asks."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
import urllib3
from pip._vendor import urllib3 as urllib3_of_pip

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor.server import contexts
from certifi_system_store_wrapper.commands.doctor.server.trusts import BUNDLE, DEFAULTS
from support.trusts import here, of


def test_where_common_names_are_always_checked(
    monkeypatch: pytest.MonkeyPatch, private_ca: trustme.CA
) -> None:
    """LibreSSL, and OpenSSL 1.0.2: Python has a property there that cannot be set."""
    monkeypatch.setattr(ssl, "HAS_NEVER_CHECK_COMMON_NAME", False)
    fixed = property(lambda _: True)
    monkeypatch.setattr(ssl.SSLContext, "hostname_checks_common_name", fixed)
    pem = {trusts.BUNDLE: private_ca.cert_pem.bytes().decode("ascii")}
    context = contexts.for_server(BUNDLE, pem)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("module", [urllib3, urllib3_of_pip])
def test_as_urllib3_chooses(module: Any) -> None:
    """Its contexts have the same ciphers, and the same oldest version of TLS."""
    there = here({"requests": "2.32.5", "urllib3": module.__version__}, python=(3, 8))
    context = contexts.for_server(of("requests", trusts.in_force(there))._replace(roots=()), {})
    theirs = module.util.ssl_.create_urllib3_context()
    assert context.get_ciphers() == theirs.get_ciphers()
    assert context.minimum_version == theirs.minimum_version


@pytest.mark.posix("there are no such files")
@pytest.mark.parametrize("is_on", [False, True])
def test_defaults_of_which_one_is_a_fifo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private_ca: trustme.CA, *, is_on: bool
) -> None:
    """The file that cannot be loaded costs no other, and the switch adds the bundle as ever."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHON_CERTIFI_SSL_DEFAULTS", str(int(is_on)))
    os.mkfifo(tmp_path / "abcdef12.0")
    pem = {trusts.BUNDLE: private_ca.cert_pem.bytes().decode("ascii")}
    assert len(contexts.for_server(DEFAULTS, pem).get_ca_certs()) == is_on
    private_ca.cert_pem.write_to_path(str(tmp_path / "abcdef12.1"))
    monkeypatch.setenv("PYTHON_CERTIFI_DISABLE", "1")
    assert len(contexts.for_server(DEFAULTS, {}).get_ca_certs()) == 1
