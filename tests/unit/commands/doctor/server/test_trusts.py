"""Which trusts `doctor HOST` asks with, and what it says of their verdicts."""

from __future__ import annotations

from typing import Tuple

import pytest

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor.server import trusts as asked
from certifi_system_store_wrapper.commands.doctor.server.handshake import Outcome
from certifi_system_store_wrapper.commands.trusts import Root
from support.trusts import here, of


def test_an_old_version_that_openssl_is_told_to_take() -> None:
    """urllib3 2 takes it nowhere; redis does where Python leaves it to OpenSSL."""
    versions = {"requests": "2.32.5", "urllib3": "2.6.3", "redis": "5.0"}
    found = trusts.in_force(here(versions, python=(3, 9)))
    assert [of(name, found).checks.from_1_2 for name in ("requests", "redis")] == [True, False]


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_proxy_that_is_not_trusted(*, is_trusted: bool) -> None:
    """Who passes over it is not refused by it; where the bundle trusts it, that helps."""
    clients = ("aiohttp 3.14.5", "websockets 17.4")
    refused = Outcome(trusted=False, message="refused", remedy="`add` its CA", refuses_proxy=True)
    by_bundle = Outcome(trusted=True) if is_trusted else refused
    found = [
        asked.Tried(asked.BUNDLE._replace(clients=("requests 2.34.2",)), by_bundle),
        asked.Tried(asked.DEFAULTS._replace(clients=clients), refused),
    ]
    *_, told = asked.refusals(asked.with_proxy_told(found, clients[:1]))
    assert told.message.startswith("websockets 17.4: ssl defaults")
    assert ("PYTHON_CERTIFI_SSL_DEFAULTS=1" in told.remedy) == is_trusted
    assert ("`add` its CA" in told.remedy) != is_trusted


@pytest.mark.parametrize(
    ("proxy_roots", "strict", "remedy"),
    [
        ((), True, "what the proxy's own says"),
        ((Root(trusts.DEFAULTS),), False, "PYTHON_CERTIFI_SSL_DEFAULTS=1"),
        ((Root(trusts.FILE, "/x.pem"),), False, "shellenv"),
    ],
)
def test_who_refuses_a_proxy_that_the_bundle_trusts(
    proxy_roots: Tuple[Root, ...], remedy: str, *, strict: bool
) -> None:
    """A client that has the bundle for servers may verify proxies by other roots or checks."""
    refused = Outcome(
        trusted=False, message="refused", remedy="what the proxy's own says", refuses_proxy=True
    )
    trust = asked.BUNDLE._replace(clients=("a client 1",), proxy_roots=proxy_roots)
    trust = trust._replace(checks=trusts.Checks(strict=strict))
    found = [asked.Tried(asked.BUNDLE, Outcome(trusted=True)), asked.Tried(trust, refused)]
    told = list(asked.with_proxy_told(found, []))
    (finding,) = asked.refusals(told)
    assert remedy in finding.remedy
    assert told[1].outcome.remedy == finding.remedy


def test_who_has_a_proxy_of_its_own() -> None:
    """That one, which the bundle has not been tried with, is not said to be trusted by it."""
    refused = Outcome(trusted=False, message="refused", remedy="`add` its CA", refuses_proxy=True)
    trust = asked.DEFAULTS._replace(clients=("pip 24",), proxy="https://127.0.0.1:1")
    found = [asked.Tried(asked.BUNDLE, Outcome(trusted=True)), asked.Tried(trust, refused)]
    assert list(asked.with_proxy_told(found, [])) == found
