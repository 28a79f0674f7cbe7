"""What clients check without OpenSSL."""

from __future__ import annotations

import pytest

from certifi_system_store_wrapper.commands.doctor.server.by_itself import CHECKS, _matches


@pytest.mark.parametrize(
    ("kind", "name", "host", "matches"),
    [
        ("DNS", "a.example", "A.example", True),
        ("DNS", "*.example", "a.example", True),
        ("DNS", "*.example", "a.b.example", False),
        ("DNS", "g*.example", "git.example", True),
        ("DNS", "127.0.0.1", "127.0.0.1", False),
        ("commonName", "127.0.0.1", "127.0.0.1", True),
        ("IP Address", "127.0.0.1", "127.0.0.1", True),
        ("IP Address", "0:0:0:0:0:0:0:1", "::1%lo", True),
        ("IP Address", "<invalid>", "127.0.0.1", False),
    ],
)
def test_names_as_urllib3_compares_them(kind: str, name: str, host: str, *, matches: bool) -> None:
    """The texts are those of getpeercert()."""
    assert _matches(kind, name, host) is matches


@pytest.mark.parametrize("host", ["127.0.0.1", "a.example"])
@pytest.mark.parametrize("version", ["urllib3", "urllib3 2"])
def test_a_common_name_alone(version: str, host: str) -> None:
    """From version 2 on, urllib3 takes none for an address."""
    answer = {"subject": ((("commonName", host),),)}
    tls = type("Connection", (), {"getpeercert": lambda _: answer})()
    assert (CHECKS[version](tls, host) is None) == (host == "a.example" or version == "urllib3")
