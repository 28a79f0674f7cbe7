"""What clients check without OpenSSL."""

from __future__ import annotations

import pytest

from certifi_system_store_wrapper.commands.doctor.server.by_itself import _matches


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
