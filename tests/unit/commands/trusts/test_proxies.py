"""Which variables of proxies make httpx and httpx2 fail, as the real clients do."""

from __future__ import annotations

from typing import Dict

import pytest

from certifi_system_store_wrapper.commands import trusts
from support.trusts import NO_FILES, here, of

FINE: Dict[str, Dict[str, str]] = {
    "http": {"HTTPS_PROXY": "http://a:1"},
    "no scheme": {"HTTPS_PROXY": "a:1"},
    "every host is excepted": {"ALL_PROXY": "socks://a:1", "NO_PROXY": "b, *"},
    "small letters count": {"ALL_PROXY": "socks://a:1", "all_proxy": "http://a:1"},
    "small letters take it away": {"ALL_PROXY": "socks://a:1", "all_proxy": ""},
    "addresses": {"NO_PROXY": "::1,10.0.0.0/8,localhost,.corp.example,fe80::1%eth0"},
    "odd names": {"NO_PROXY": "*.svc, a:8080,http://x:1/,x@y,<local>,x y", "HTTP_PROXY": "a_b:1"},
    "odd passwords": {"HTTP_PROXY": "http://u:p@q @[::1]:1/", "HTTPS_PROXY": "http://m\u00fcn.de:"},
}
WRONG = {
    "socks": {"HTTP_PROXY": "socks://a:1", "HTTPS_PROXY": "http://a:1"},
    "socks, excepted": {"ALL_PROXY": "socks://a:1", "NO_PROXY": "localhost"},
    "socks5 without socksio": {"all_proxy": "socks5://a:1"},
    "a port that is none": {"HTTP_PROXY": "http://h:abc"},
    "a mark in a password": {"HTTP_PROXY": "http://u:p#w@h:1"},
    "a symbol": {"http_proxy": "\u2603.example:1"},
}
UNREAD = {
    "brackets": {"NO_PROXY": "a,[::1]"},
    "a network": {"no_proxy": "fd00::/8"},
    "no network": {"no_proxy": "::1/129"},
    "a port that is none, excepted": {"NO_PROXY": "localhost:abc"},
    "a URL with one": {"NO_PROXY": "http://x:abc"},
    "not ASCII": {"NO_PROXY": "\u00e9.example"},
}


@pytest.mark.parametrize("client", ["httpx", "httpx2"])
@pytest.mark.parametrize("name", [*FINE, *WRONG, *UNREAD])
def test_what_makes_it_fail(client: str, name: str) -> None:
    """The variable is named; httpx2 reads IPv6 in NO_PROXY."""
    environ = {**FINE, **WRONG, **UNREAD}[name]
    found = of(client, trusts.in_force(here({client: "2.16.2"}, {**NO_FILES, **environ})))
    is_wrong = name in WRONG or (client == "httpx" and name in UNREAD)
    assert bool(found.fault) == is_wrong
    assert {each.name for each in found.settings} <= set(environ)
    assert bool(found.settings) == is_wrong


def test_with_socksio() -> None:
    """Then socks5:// is a proxy like others."""
    versions = {"httpx": "0.28.1", "socksio": "1.0.0"}
    environ = {**NO_FILES, "ALL_PROXY": "socks5://a:1"}
    assert not of("httpx", trusts.in_force(here(versions, environ))).fault
