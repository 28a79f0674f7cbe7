"""Which changes of Windows' stores show: each of them, and nothing else."""

from __future__ import annotations

import _ssl
import sys
from typing import Dict, List, Set, Tuple, Union

import pytest

from certifi_system_store_wrapper.machine import windows_stores
from support.fakes import winreg

pytestmark = pytest.mark.posix("the real stores are in tests/e2e/test_windows_stores.py")

Entry = Tuple[bytes, str, Union[bool, Set[str]]]
ADDED = r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root\Certificates"
ONE: Entry = (b"one", "x509_asn", True)
TWO: Entry = (b"two", "x509_asn", {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"})
HELD: Dict[str, List[Entry]] = {"ROOT": [ONE, TWO], "Disallowed": []}
OTHERS: List[Dict[str, List[Entry]]] = [
    {"ROOT": [ONE]},
    {"ROOT": [ONE, (b"two", "x509_asn", {"1.3.6.1.5.5.7.3.1"})]},
    {"ROOT": [ONE, (b"two", "x509_asn", True)]},
    {"ROOT": [ONE, (b"two", "pkcs_7_asn", TWO[2])]},
    {"ROOT": [ONE], "Disallowed": [TWO]},
    {"Disallowed": [TWO]},
]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return what changes a machine with two roots, one of them added by a group policy."""
    monkeypatch.setattr(_ssl, "enum_certificates", HELD.__getitem__, raising=False)
    monkeypatch.setitem(sys.modules, "winreg", None)
    winreg.install({f"HKEY_LOCAL_MACHINE\\{ADDED}": ["AB12"]})
    return monkeypatch


def test_what_is_as_it_was_has_the_same_state(machine: pytest.MonkeyPatch) -> None:
    """Windows lists its entries, and the registry its keys, in no order."""
    before = windows_stores.state()
    turned = {name: entries[::-1] for name, entries in HELD.items()}
    machine.setattr(_ssl, "enum_certificates", turned.__getitem__)
    assert windows_stores.state() == before


@pytest.mark.parametrize("other", OTHERS)
def test_each_change_shows(machine: pytest.MonkeyPatch, other: Dict[str, List[Entry]]) -> None:
    """Of what is held, for which purposes, in which encoding, and what is distrusted."""
    before = windows_stores.state()
    machine.setattr(_ssl, "enum_certificates", {**HELD, **other}.__getitem__)
    assert windows_stores.state() != before


def test_where_it_was_added_shows(machine: pytest.MonkeyPatch) -> None:
    """For the source `local` that alone decides."""
    del machine
    before = windows_stores.state()
    winreg.install({f"HKEY_CURRENT_USER\\{ADDED}": ["AB12"]})
    assert windows_stores.state() != before


@pytest.mark.parametrize("what", ["a store", "a key"])
def test_what_cannot_be_read_is_never_as_it_was(machine: pytest.MonkeyPatch, what: str) -> None:
    """Nobody knows what it holds."""

    def closed(name: str) -> List[Entry]:
        raise PermissionError(13, "closed", name)

    if what == "a store":
        machine.setattr(_ssl, "enum_certificates", closed)
    else:
        winreg.install({}, f"HKEY_LOCAL_MACHINE\\{ADDED}")
    assert windows_stores.state() != windows_stores.state()
