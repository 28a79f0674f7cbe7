"""stored: which processes may use what another one has built."""

from __future__ import annotations

from typing import Dict

import pytest

from certifi_system_store_wrapper.publishing.stored import Place
from certifi_system_store_wrapper.settings import Settings

OTHERS: Dict[str, Settings] = {
    "a folder in which people append": Settings(bundle_dir="/folder"),
    "other sources": Settings(sources=("certifi",)),
    "other files": Settings(cert_files=("/corp.pem",)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_settings_have_another_place(other: Settings) -> None:
    """Whatever a person sets counts."""
    assert Place(other, "/certifi.pem").folder != Place(Settings(), "/certifi.pem").folder


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "LD_LIBRARY_PATH", "XDG_CONFIG_HOME"])
def test_other_variables_have_another_place(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """So does what names certificates, homes, or another OpenSSL."""
    before = Place(Settings(), "/certifi.pem").asked
    monkeypatch.setenv(name, "/elsewhere")
    assert Place(Settings(), "/certifi.pem").asked != before


def test_pips_copy_has_another_place() -> None:
    """It is another list."""
    ours, pips = (Place(Settings(), path) for path in ("/certifi.pem", "/pip/certifi.pem"))
    assert ours.folder != pips.folder
