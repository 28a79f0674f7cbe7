"""What requests trusts, by its version."""

from __future__ import annotations

from typing import Dict, Tuple

import pytest

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.trusts import Root
from support.trusts import NO_FILES, here, of


@pytest.mark.parametrize(
    ("version", "environ", "nothing"),
    [
        ("2.28.0", {"CURL_CA_BUNDLE": ""}, False),
        ("2.27.1", {"CURL_CA_BUNDLE": ""}, True),
        ("2.27.1", {"REQUESTS_CA_BUNDLE": ""}, False),
        ("2.27.1", {"REQUESTS_CA_BUNDLE": "/x", "CURL_CA_BUNDLE": ""}, False),
    ],
)
def test_an_empty_variable_of_requests(
    version: str, environ: Dict[str, str], nothing: bool
) -> None:
    """It is none since 2.28; before, curl's switched every check off."""
    versions = {"requests": version, "urllib3": "2.0"}
    found = of("requests", trusts.in_force(here(versions, {**NO_FILES, **environ})))
    assert found.checks_nothing == nothing


@pytest.mark.parametrize(
    ("version", "environ", "roots"),
    [
        ("2.31.0", {}, ()),
        ("2.32.0", {}, (Root(trusts.DEFAULTS),)),
        ("2.32.4", {}, (Root(trusts.DEFAULTS),)),
        ("2.32.4", {"REQUESTS_CA_BUNDLE": "/x"}, ()),
        ("2.32.5", {}, ()),
    ],
)
def test_a_proxy_of_requests(
    version: str, environ: Dict[str, str], roots: Tuple[Root, ...]
) -> None:
    """Some versions leave its certificate to OpenSSL's defaults; else it is as a server's."""
    versions = {"requests": version, "urllib3": "2.6.3"}
    found = of("requests", trusts.in_force(here(versions, {**NO_FILES, **environ})))
    assert found.proxy_roots == roots


@pytest.mark.parametrize(
    ("requests", "chooses"), [("2.31.0", False), ("2.32.4", True), ("2.32.5", False)]
)
def test_the_context_of_requests_itself(requests: str, *, chooses: bool) -> None:
    """Versions that make one have the ciphers of urllib3-future, but not where they name a file."""
    versions = {"requests": requests, "urllib3": "2.25.904"}
    for named, expected in (({}, chooses), ({"REQUESTS_CA_BUNDLE": "/etc/ca.pem"}, False)):
        found = of("requests", trusts.in_force(here(versions, {**NO_FILES, **named}, (3, 8))))
        assert bool(found.checks.ciphers) == expected
