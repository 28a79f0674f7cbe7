"""What clients read whose TLS is not Python's."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest

from certifi_system_store_wrapper.commands.trusts import Here, Root, own_tls, trust, truststore
from support import write

SYSTEMS = Root(trust.OWN_TLS, "/the/system's.pem")


def here(environ: Dict[str, str], **versions: str) -> Here:
    """Return an environment with these variables."""
    return Here(versions, environ, (3, 12), {}, "/no/such/prefix")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have an empty home, which is the current folder, and a store of the system."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(truststore, "systems_file", lambda: (SYSTEMS,))
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "is_systems"),
    [
        ({}, False),
        ({"UV_SYSTEM_CERTS": "true"}, True),
        ({"UV_NATIVE_TLS": "1"}, True),
        ({"UV_SYSTEM_CERTS": "0", "UV_NATIVE_TLS": "1"}, False),
    ],
)
def test_variables_of_uv(environ: Dict[str, str], *, is_systems: bool) -> None:
    """They choose between its own roots and the system's."""
    assert (own_tls.uv(here(environ)).roots == (SYSTEMS,)) == is_systems


@pytest.mark.parametrize(
    ("path", "text", "is_systems"),
    [
        ("uv.toml", "native-tls = true", True),
        (".config/uv/uv.toml", "system-certs=true # ours", True),
        ("pyproject.toml", "[project]\n[tool.uv]\nsystem-certs = true\n[x]\n", True),
        ("pyproject.toml", "[tool.uv]\n[tool.other]\nsystem-certs = true\n", False),
        ("uv.toml", "# native-tls = true", False),
    ],
)
def test_settings_of_uv(folder: Path, path: str, text: str, *, is_systems: bool) -> None:
    """So do its files."""
    write(folder / path, text.encode())
    assert (own_tls.uv(here({})).roots == (SYSTEMS,)) == is_systems


def test_curl_cffi_before_it_read_variables() -> None:
    """It asked certifi alone up to 0.14."""
    environ = {"SSL_CERT_FILE": __file__}
    old, new = (here(environ, **{"curl-cffi": version}) for version in ("0.14.0", "0.15.0"))
    assert own_tls.curl_cffi(old).roots == (Root(trust.BUNDLE),)
    assert own_tls.curl_cffi(new).roots == (Root(trust.OWN_TLS, __file__),)


def test_niquests() -> None:
    """It reads what requests reads, else the system's store."""
    assert own_tls.niquests(here({})).roots == (SYSTEMS,)
    named = own_tls.niquests(here({"CURL_CA_BUNDLE": "/x"}))
    assert named.roots == (Root(trust.OWN_TLS, "/x"),)
    assert named.name == f"CURL_CA_BUNDLE{trust.NO_COMMON_NAMES}"
