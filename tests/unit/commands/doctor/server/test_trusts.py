"""The contexts with which `doctor HOST` asks."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import trustme
import urllib3
from pip._vendor import urllib3 as urllib3_of_pip

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor.server import trusts as asked
from certifi_system_store_wrapper.commands.doctor.server.handshake import Outcome
from support.trusts import here, of


def test_where_common_names_are_always_checked(
    monkeypatch: pytest.MonkeyPatch, private_ca: trustme.CA
) -> None:
    """LibreSSL, and OpenSSL 1.0.2: Python has a property there that cannot be set."""
    monkeypatch.setattr(ssl, "HAS_NEVER_CHECK_COMMON_NAME", False)
    fixed = property(lambda _: True)
    monkeypatch.setattr(ssl.SSLContext, "hostname_checks_common_name", fixed)
    pem = {trusts.BUNDLE: private_ca.cert_pem.bytes().decode("ascii")}
    context = asked._context(asked.BUNDLE, pem)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("module", [urllib3, urllib3_of_pip])
def test_as_urllib3_chooses(module: Any) -> None:
    """Its contexts have the same ciphers, and the same oldest version of TLS."""
    there = here({"requests": "2.32.5", "urllib3": module.__version__}, python=(3, 8))
    context = asked._context(of("requests", trusts.in_force(there))._replace(roots=()), {})
    theirs = module.util.ssl_.create_urllib3_context()
    assert context.get_ciphers() == theirs.get_ciphers()
    assert context.minimum_version == theirs.minimum_version


def test_an_old_version_that_openssl_is_told_to_take() -> None:
    """urllib3 2 takes it nowhere; redis does where Python leaves it to OpenSSL."""
    versions = {"requests": "2.32.5", "urllib3": "2.6.3", "redis": "5.0"}
    found = trusts.in_force(here(versions, python=(3, 9)))
    assert [of(name, found).checks.from_1_2 for name in ("requests", "redis")] == [True, False]


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_proxy_that_is_not_trusted(*, is_trusted: bool) -> None:
    """Who passes over it is not refused by it; where the bundle trusts it, that helps."""
    clients = ("aiohttp 3.14.5", "websockets 17.4")
    refused = Outcome(trusted=False, message="refused", remedy="`add` its CA", at_proxy=True)
    by_bundle = Outcome(trusted=True) if is_trusted else refused
    found = [
        asked.Tried(asked.BUNDLE._replace(clients=("requests 2.34.2",)), by_bundle),
        asked.Tried(asked.DEFAULTS._replace(clients=clients), refused),
    ]
    *_, told = asked.refusals(asked.at_proxy(found, clients[:1]))
    assert told.message.startswith("websockets 17.4: ssl defaults")
    assert ("PYTHON_CERTIFI_SSL_DEFAULTS=1" in told.remedy) == is_trusted
    assert ("`add` its CA" in told.remedy) != is_trusted
