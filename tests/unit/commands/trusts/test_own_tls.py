"""What clients read whose TLS is not Python's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List

import pytest

from certifi_system_store_wrapper.commands.trusts import (
    Here,
    Root,
    in_force,
    own_tls,
    trust,
    truststore,
)
from support import write

ON, OFF = "system-certs = true\n", "system-certs = false\n"
MEMBER = "[project]\n[tool.uv]\n"
WORKSPACE = "[project]\n[tool.uv.workspace]\n[tool.uv]\n"
SYSTEMS = Root(trust.OWN_TLS, "/the/system's.pem")
# The variable that names the folder of the user's settings.
USERS = "APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME"


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
        ({"UV_NATIVE_TLS": "0", USERS: "{}/above"}, False),
        ({USERS: "{}/above"}, True),
        ({USERS: "{}/above", "UV_NO_CONFIG": "1"}, False),
        ({USERS: "{}/above", "UV_NO_CONFIG": "0"}, True),
        ({USERS: "{}/above", "UV_CONFIG_FILE": "other.toml"}, False),
        pytest.param(
            {"XDG_CONFIG_DIRS": "/none:{}/above"}, True, marks=pytest.mark.posix("no such variable")
        ),
        ({"XDG_CONFIG_DIRS": "/none:{}/above", "UV_NO_SYSTEM_CONFIG": "1"}, False),
        ({"UV_PROJECT": "above/uv"}, True),
    ],
)
def test_variables_of_uv(folder: Path, environ: Dict[str, str], *, is_systems: bool) -> None:
    """They choose between its own roots and the system's, and which files count."""
    write(folder / "above/uv/uv.toml", b"system-certs = true")
    environ = {name: value.format(folder) for name, value in environ.items()}
    assert (own_tls.uv(here(environ)).roots == (SYSTEMS,)) == is_systems


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ('["a.example"]', ["a.example"]),
        ("['a.example', \"https://b.example:8443\",] # two", ["a.example", "b.example:8443"]),
        ('[\n  "a.example", # one\n  # two\n  "B.example"\n]', ["a.example", "B.example"]),
        ('["*"]', [""]),
        ('["https://localhost/", "http://localhost", "[::1]"]', ["localhost", "[::1]"]),
        ("[]", []),
    ],
)
def test_hosts_that_uv_does_not_check(folder: Path, text: str, hosts: List[str]) -> None:
    """Those of the project and of the user, beside those of the variable; "" stands for all."""
    line = f"allow-insecure-host = {text}\n"
    write(folder / "pyproject.toml", f"[tool.uv]\n{line}".encode())
    write(folder / "users/uv/uv.toml", f"\ufeff{line}{ON}".encode())
    known = here({"UV_INSECURE_HOST": "x", USERS: str(folder / "users")})
    found = own_tls.unchecked_by_uv(known)
    assert [each.host for each in found] == ["x", *hosts, *hosts]
    project, users = str(folder / "pyproject.toml"), str(folder / "users/uv/uv.toml")
    places = ["", *[project] * len(hosts), *[users] * len(hosts)]
    assert [each.settings[0].place for each in found] == places
    assert own_tls.uv(known).roots == (SYSTEMS,)


@pytest.mark.parametrize("text", ['["a"', '["a\\u0062"]', "[a]", '["a", # one\n b]'])
def test_a_list_of_hosts_that_is_not_understood(folder: Path, text: str) -> None:
    """So uv's trust is not known."""
    write(folder / "uv.toml", f"allow-insecure-host = {text}\n{ON}".encode())
    for variables in ({}, {"SSL_CERT_FILE": "/whole.pem"}, {"UV_SYSTEM_CERTS": "1"}):
        found = own_tls.uv(here(variables, uv="0.13.9"))
        assert found.fault == f"{folder / 'uv.toml'}: line 1 is not understood"
        assert not found.roots


@pytest.mark.parametrize(
    "text",
    [
        'exclude_lines = [\n  "pragma",\n  "def __repr__\\\\("\n]\n',
        'notes = """\nx = [\n"""\n',
        "nested = [\n  [1, 2],\n  { a = 1 },\n]\n",
    ],
)
def test_what_else_a_project_may_say(folder: Path, text: str) -> None:
    """It hides nothing of what is looked for."""
    write(folder / "pyproject.toml", f"[tool.other]\n{text}[tool.uv]\n{ON}".encode())
    found = own_tls.uv(here({}, uv="0.13.9"))
    assert (found.roots, found.fault) == ((SYSTEMS,), "")


def test_a_folder_that_openssl_reads_in_another_way(folder: Path) -> None:
    """uv reads all its files, and OpenSSL those of hashed names: there is a trust for either."""
    found = in_force(here({"SSL_CERT_DIR": str(folder)}, uv="0.13.9"))
    by_it = [each for each in found if "SSL_CERT_DIR" in [s.name for s in each.settings]]
    kinds = [[root.kind for root in each.roots] for each in by_it]
    assert kinds == [[trust.OWN_TLS_FOLDERS], [trust.FOLDER]]


def test_a_folder_beside_a_file(folder: Path) -> None:
    """uv adds them up, and only the file is there to have all."""
    both = {"SSL_CERT_FILE": "/whole.pem", "SSL_CERT_DIR": str(folder)}
    found = own_tls.uv(here(both, uv="0.13.9"))
    kinds = [root.kind for root in found.roots]
    assert kinds == [trust.OWN_TLS, trust.OWN_TLS_FOLDERS]
    assert [each.name for each in found.settings] == ["SSL_CERT_FILE"]


@pytest.mark.parametrize(
    "environ",
    [
        {"UV_SYSTEM_CERTS": "maybe"},
        {"UV_SYSTEM_CERTS": "maybe", "SSL_CERT_FILE": "/whole.pem"},
        {"UV_NATIVE_TLS": "2"},
        {"UV_CONFIG_FILE": "/no/such.toml"},
    ],
)
def test_a_variable_that_uv_refuses(environ: Dict[str, str]) -> None:
    """uv ends with an error, whatever it would trust; it is named."""
    found = own_tls.uv(here(environ, uv="0.13.9"))
    (name, value) = next(iter(environ.items()))
    assert "is not understood" in found.fault
    assert name in found.fault or value in found.fault
    ok = {"UV_SYSTEM_CERTS": "off", "UV_NATIVE_TLS": "N"}
    assert not own_tls.uv(here(ok, uv="0.13.9")).fault


@pytest.mark.parametrize(
    "value", ["corp.example", "https://corp.example", "CORP.example corp.example"]
)
def test_a_host_that_uv_does_not_check(value: str) -> None:
    """Its row says that nothing is checked, for that host alone."""
    found = own_tls.unchecked_by_uv(here({"UV_INSECURE_HOST": value}, uv="0.13.9"))
    each = found[-1]
    assert (each.host, each.checks_nothing, each.clients) == ("corp.example", True, ("uv 0.13.9",))
    assert not own_tls.unchecked_by_uv(here({}, uv="0.13.9"))


@pytest.mark.parametrize(
    ("files", "is_systems"),
    [
        ({"uv.toml": "native-tls = true"}, True),
        ({".config/uv/uv.toml": "system-certs=true # ours"}, True),
        ({"pyproject.toml": "[project]\n[tool.uv]\nsystem-certs = true\n[x]\n"}, True),
        ({"pyproject.toml": "[tool.uv]\n[tool.other]\nsystem-certs = true\n"}, False),
        ({"uv.toml": "# native-tls = true"}, False),
        ({"uv.toml": "system-certs = true\nnative-tls = false"}, True),
        ({".config/uv/uv.toml": ON, "uv.toml": OFF}, False),
        ({".config/uv/uv.toml": "native-tls = true", "uv.toml": OFF}, False),
        ({".config/uv/uv.toml": ON, "uv.toml": "offline = true"}, True),
        ({"uv.toml": "offline = true", "pyproject.toml": f"[tool.uv]\n{ON}"}, False),
        ({"uv.toml": ON, "below/other": ""}, True),
        ({"uv.toml": ON, "below/uv.toml": "offline = true"}, False),
        ({"uv.toml": ON, "below/pyproject.toml": "[project]"}, True),
        ({"uv.toml": ON, "below/pyproject.toml": "[tool.uv.pip]"}, False),
        ({"pyproject.toml": f"{WORKSPACE}{ON}", "below/pyproject.toml": f"{MEMBER}{OFF}"}, True),
        ({"pyproject.toml": f"[project]\n[tool.uv]\n{ON}", "below/uv.toml": OFF}, True),
        ({"pyproject.toml": f"[tool.uv]\n{ON}", "below/uv.toml": OFF}, False),
    ],
)
def test_settings_of_uv(
    folder: Path, monkeypatch: pytest.MonkeyPatch, files: Dict[str, str], *, is_systems: bool
) -> None:
    """So do its files: that of the project counts first, which may lie above."""
    for path, text in files.items():
        write(folder / path, text.encode())
    monkeypatch.chdir(folder / "below" if (folder / "below").exists() else folder)
    assert (own_tls.uv(here({})).roots == (SYSTEMS,)) == is_systems


def test_uvx_reads_no_project(folder: Path) -> None:
    """Nor does `uv tool`: their trust is told apart where it is another."""
    assert not own_tls.of_uv_tool(here({}, uv="0.13.9"))
    write(folder / "uv.toml", ON.encode())
    (found,) = own_tls.of_uv_tool(here({}, uv="0.13.9"))
    assert (found.roots, found.clients) == ((Root(trust.CERTIFI),), ("uv 0.13.9",))


def test_settings_of_uv_that_are_not_understood(folder: Path) -> None:
    """They forbid "ok"."""
    write(folder / "pyproject.toml", b"[tool]\nuv = { system-certs = true }\n")
    assert own_tls.uv(here({})).fault == f"{folder / 'pyproject.toml'}: line 2 is not understood"


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


@pytest.mark.links("it is about symbolic links")
def test_a_hashed_folder_of_dangling_links(folder: Path) -> None:
    """OpenSSL finds nothing behind them."""
    (folder / "0123abcd.0").symlink_to("/no/such/file")
    assert truststore.hashed(str(folder)) == []
    path = write(folder / "0123abcd.1", b"")
    assert truststore.hashed(str(folder)) == [str(path)]
