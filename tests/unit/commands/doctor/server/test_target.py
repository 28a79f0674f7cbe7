"""Which host is asked."""

from __future__ import annotations

import pytest

from certifi_system_store_wrapper.commands.doctor.server.target import target
from certifi_system_store_wrapper.commands.output import WrongUsage


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("M\u00dcNCHEN.example", "xn--mnchen-3ya.example"),
        ("plain.example.", "plain.example"),
        ("a.\u03b2\u03cc\u03bb\u03bf\u03c2", "a.xn--nxasmm1c"),
    ],
)
def test_a_name_beyond_ascii(name: str, asked: str) -> None:
    """It is the one that requests and httpx ask for (IDNA 2008)."""
    assert target(name).host == asked


@pytest.mark.parametrize("name", ["\u2603.example", "a.\u20ac", "\U0001f40d.example"])
def test_a_name_of_symbols(name: str) -> None:
    """Python's codec takes it, and requests, httpx and pip do not."""
    with pytest.raises(WrongUsage, match="no host name"):
        target(name)
