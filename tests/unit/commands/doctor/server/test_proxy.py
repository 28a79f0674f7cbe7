"""Which hosts NO_PROXY excepts for every client, for some, and for none."""

from __future__ import annotations

from typing import Optional

import pytest

from certifi_system_store_wrapper.commands.doctor.server.proxy import _is_meant
from certifi_system_store_wrapper.commands.doctor.server.target import target


@pytest.mark.parametrize(
    ("item", "host", "is_meant"),
    [
        ("a.example", "a.example", True),
        (".example", "a.example", True),
        ("example", "a.example", True),
        ("a.example:8443", "a.example:8443", True),
        ("a.example:443", "a.example", None),
        (".a.example", "a.example", None),
        ("ample", "a.example", None),
        ("*.example", "a.example", None),
        ("*", "a.example", None),
        ("localhost", "localhost", True),
        ("localhost", "a.localhost", None),
        ("b.example", "a.example", False),
        ("a.example:8443", "a.example", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1:8443", "127.0.0.1:8443", None),
        ("127.0.0.0/8", "127.0.0.1", None),
        ("0.0.1", "127.0.0.1", None),
        ("10.0.0.0/8", "127.0.0.1", False),
        ("::1", "[::1]:8443", None),
    ],
)
def test_an_item(item: str, host: str, is_meant: Optional[bool]) -> None:
    """It is told from what all clients agree in; where they do not, no one way is tried for all."""
    assert _is_meant(item, target(host)) is is_meant
