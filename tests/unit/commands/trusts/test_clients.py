"""What each client's settings say, and that a line which is not understood is no guess."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.trusts import Root
from certifi_system_store_wrapper.commands.trusts.here import installed
from support import write
from support.trusts import NO_FILES, here, of

BUNDLE = Root(trusts.BUNDLE)


@pytest.mark.parametrize(
    ("version", "python", "strict"),
    [("2.4.0", (3, 13), True), ("2.4.0", (3, 12), False), ("2.3.0", (3, 13), False)],
)
def test_who_is_strict(version: str, python: Tuple[int, int], strict: bool) -> None:
    """urllib3 since 2.4, where Python is."""
    versions = {"requests": "2.32.3", "urllib3": version}
    assert of("requests", trusts.in_force(here(versions, NO_FILES, python))).checks.strict == strict


@pytest.mark.parametrize(
    ("version", "environ", "roots"),
    [
        ("26.0", {}, ["ssl defaults", "the bundle"]),
        ("24.1", {}, ["the bundle"]),
        ("24.1", {"PIP_CERT": "/x"}, ["/x"]),
        ("26.0", {"PIP_CERT": "/x"}, ["ssl defaults", "the bundle", "/x"]),
        ("26.0", {"PIP_CERT": "/x", "PIP_USE_DEPRECATED": "legacy-certs"}, ["/x"]),
        ("24.1", {"PIP_CERT": "/x", "REQUESTS_CA_BUNDLE": "/y"}, ["/y"]),
        ("24.1", {"PIP_CERT": "/x", "REQUESTS_CA_BUNDLE": "/y", "PIP_PROXY": "z"}, ["/x"]),
        ("24.1", {"PIP_CERT": "", "CURL_CA_BUNDLE": "/y"}, ["/y"]),
    ],
)
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_pip(
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    version: str,
    environ: Dict[str, str],
    roots: List[str],
) -> None:
    """Newer versions add to what truststore trusts, older ones replace certifi's.

    On Windows pip's own copy of certifi is left alone.
    """
    monkeypatch.setattr(trusts.pip.truststore, "roots", lambda: (Root(trusts.DEFAULTS),))
    monkeypatch.setattr(trusts.pip, "sys", SimpleNamespace(platform=platform))
    found = of("pip", trusts.in_force(here({"pip": version}, {**NO_FILES, **environ})))
    theirs = "certifi alone" if platform == "win32" else "the bundle"
    wanted = [each.replace("the bundle", theirs) for each in roots]
    assert [root.path or root.kind for root in found.roots] == wanted


def test_a_feature_that_pip_does_not_have() -> None:
    """Its truststore needs Python 3.10, and it ends with an error before."""
    environ = {**NO_FILES, "PIP_USE_FEATURE": "fast-deps truststore"}
    for python, fails in (((3, 9), True), ((3, 10), False)):
        found = of("pip", trusts.in_force(here({"pip": "23.0.1"}, environ, python)))
        assert bool(found.fault) == fails
        assert [each.name for each in found.settings] == ["PIP_USE_FEATURE"] * fails


AWS = "[default]\nca_bundle = /default\n[profile a]\nca_bundle=/a\n[profile b]\nregion = x\n"


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/default"),
        ({"AWS_PROFILE": "a"}, "/a"),
        ({"AWS_PROFILE": "b"}, ""),
        ({"AWS_PROFILE": "b", "REQUESTS_CA_BUNDLE": "/r"}, "/r"),
        ({"AWS_DEFAULT_PROFILE": "b", "AWS_PROFILE": "a"}, ""),
        ({"AWS_CA_BUNDLE": "/x", "AWS_PROFILE": "a"}, "/x"),
        ({"AWS_CONFIG_FILE": "/no/such"}, ""),
    ],
)
def test_aws(home: Path, environ: Dict[str, str], path: str) -> None:
    """The variable counts before the chosen profile, that before requests' variable."""
    write(home / ".aws" / "config", AWS.encode())
    found = of("botocore", trusts.in_force(here({"botocore": "1.40.0"}, {**NO_FILES, **environ})))
    assert found.roots == ((Root(trusts.FILE, path),) if path else (BUNDLE,))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[DEFAULT]\nca_bundle = /x\n[default]\nregion = y\n", "/x"),
        ("[default]\nca_bundle = /x\n[profile default]\nregion = y\n", ""),
        ("['default']\nca_bundle = /x\n", ""),
    ],
)
def test_which_section_is_a_profile_of_aws(home: Path, text: str, path: str) -> None:
    """Those that botocore takes for one; the later one replaces the earlier."""
    write(home / ".aws" / "config", text.encode())
    found = of("botocore", trusts.in_force(here({"botocore": "1.40.0"}, NO_FILES)))
    assert found.roots == ((Root(trusts.FILE, path),) if path else (BUNDLE,))


@pytest.mark.parametrize("more", [{}, {"AWS_CA_BUNDLE": "/x"}])
@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
@pytest.mark.parametrize("profile", ["c", "", "default"])
def test_a_profile_of_aws_that_is_not_there(
    home: Path, profile: str, name: str, more: Dict[str, str]
) -> None:
    """botocore fails, also for an empty name, and whatever else is set."""
    write(home / ".aws" / "credentials", b"[a]\nca_bundle = /a\n")
    environ = {**NO_FILES, **more, name: profile}
    found = of("botocore", trusts.in_force(here({"botocore": "1.40.0"}, environ)))
    assert [each.name for each in found.settings] == [name]
    assert "no such profile" in found.fault
    known = {**environ, name: "a"}
    assert of("botocore", trusts.in_force(here({"botocore": "1.40.0"}, known))).fault == ""


@pytest.mark.parametrize(
    ("version", "nothing", "fault"), [("1.43.53", True, ""), ("1.43.54", False, "refuses")]
)
def test_an_empty_variable_of_aws(version: str, nothing: bool, fault: str) -> None:
    """Older versions check nothing then, newer ones refuse it."""
    environ = {**NO_FILES, "AWS_CA_BUNDLE": ""}
    found = of("botocore", trusts.in_force(here({"botocore": version}, environ)))
    assert found.checks_nothing == nothing
    assert fault in found.fault


def test_each_setting_has_its_own_clients(home: Path) -> None:
    """Also where two name one file, which one row tells."""
    write(home / ".aws" / "config", b"[default]\nca_bundle = /x\n")
    write(home / ".condarc", b"ssl_verify: truststore\n")
    versions = {"botocore": "1.40.0", "pip": "24.1", "conda": "25.1", "tornado": "6.4"}
    found = trusts.in_force(here(versions, {**NO_FILES, "PIP_CERT": "/x"}))
    told = [([s.name for s in each.settings], list(each.clients)) for each in found]
    assert sorted(told) == [
        ([], ["tornado 6.4"]),
        (["PIP_CERT"], ["pip 24.1"]),
        (["ca_bundle of [default]"], ["botocore 1.40.0"]),
        (["ssl_verify"], ["conda 25.1"]),
    ]
    rows = trusts.merged(found, whoever_set_it=True)
    assert [sorted(each.clients) for each in rows] == [
        ["botocore 1.40.0", "pip 24.1"],
        ["conda 25.1", "tornado 6.4"],
    ]


@pytest.mark.parametrize(
    ("file", "text", "client"),
    [
        (".aws/config", "[default\nca_bundle = /x", "botocore"),
        (".aws/config", "[default]\nca_bundle = /x\nca_bundle = /y", "botocore"),
        (f".config/pip/pip.{'ini' if os.name == 'nt' else 'conf'}", "cert = /x", "pip"),
        (".aws/config", "[profile a]\ns3 =\n  line /x\n[default]\nca_bundle = /x", "botocore"),
        (".aws/credentials", "[a]\nline =\n  key = 1\n\n  /x\n", "botocore"),
    ],
)
def test_a_file_that_is_not_understood(home: Path, file: str, text: str, client: str) -> None:
    """Its line is named, and nothing of it is quoted: it may hold a secret."""
    write(home / file, text.encode())
    environ: Dict[str, Any] = {"CONDA_ROOT": "/no"}
    environ.update(dict.fromkeys(("XDG_CONFIG_HOME", "APPDATA"), str(home / ".config")))
    found = of(client, trusts.in_force(here({client: "9"}, environ)))
    assert "is not understood" in found.fault
    assert "line " in found.fault or "s3 of [profile a]" in found.fault
    assert "/x" not in found.fault


def test_settings_within_a_setting_of_aws(home: Path) -> None:
    """They begin on the next line, and do not harm."""
    write(home / ".aws" / "config", b"[default]\ns3 =\n  a = 1\n  b = \nca_bundle = /x\n")
    found = of("botocore", trusts.in_force(here({"botocore": "1.44.8"}, NO_FILES)))
    assert (found.roots, found.fault) == ((Root(trusts.FILE, "/x"),), "")


@pytest.mark.parametrize(
    ("environ", "requests", "nothing"),
    [
        ({"CURL_CA_BUNDLE": ""}, "2.24.0", True),
        ({"CURL_CA_BUNDLE": "", "PIP_CERT": "/x"}, "2.24.0", True),
        ({"CURL_CA_BUNDLE": ""}, "2.28.0", False),
        ({"CURL_CA_BUNDLE": ""}, "", False),
        ({"CURL_CA_BUNDLE": "", "PIP_PROXY": "http://a:1"}, "2.24.0", False),
        ({"CURL_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": "/x"}, "2.24.0", False),
    ],
)
def test_an_empty_variable_of_pip(environ: Dict[str, str], requests: str, *, nothing: bool) -> None:
    """It switches every check off in the requests that old versions have in themselves."""
    place = here({"pip": "20.3.4"}, {**NO_FILES, **environ})
    place = place._replace(vendored={**place.vendored, "requests": requests})
    assert of("pip", trusts.in_force(place)).checks_nothing is nothing


@pytest.mark.parametrize("kind", ["none", "no key", "whole", "at home", "a password"])
def test_a_certificate_of_pips_own(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """pip fails where the file of PIP_CLIENT_CERT is not there, or lacks its key.

    It asks its user for the password of a key.
    """
    own = trustme.CA().issue_cert("client")
    whole = own.private_key_and_cert_chain_pem.bytes()
    if kind == "a password":
        key = load_pem_private_key(own.private_key_pem.bytes(), None)
        how = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        whole = key.private_bytes(*how) + own.cert_chain_pems[0].bytes()
    path = home / "client.pem"
    is_whole = kind not in ("none", "no key")
    if kind != "none":
        write(path, whole if is_whole else own.cert_chain_pems[0].bytes())
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    named = "~/client.pem" if kind == "at home" else str(path)
    environ = {**NO_FILES, "PIP_CLIENT_CERT": named}
    found = of("pip", trusts.in_force(here({"pip": "24.1"}, environ)))
    assert bool(found.fault) == (not is_whole)
    assert [each.name for each in found.settings] == ["PIP_CLIENT_CERT"] * (not is_whole)


@pytest.mark.posix("there are no such files")
def test_a_certificate_of_pips_own_that_nobody_writes(tmp_path: Path) -> None:
    """pip waits for it; nobody else does."""
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    environ = {**NO_FILES, "PIP_CLIENT_CERT": path}
    assert "no file" in of("pip", trusts.in_force(here({"pip": "24.1"}, environ))).fault


@pytest.mark.parametrize(
    ("name", "environ"),
    [
        ("uv 0.13", {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}),
        ("uv 0.13", {"https_proxy": "http://a:1", "NO_PROXY": "b,localhost:1"}),
        ("grpcio 1.80", {"HTTPS_PROXY": "http://a:1"}),
        ("grpcio 1.80", {"https_proxy": "http://a:1", "grpc_proxy": "http://b:1"}),
        ("httplib2 0.32", {"https_proxy": "http://a:1", "no_proxy": "b, localhost"}),
        ("websocket-client 1.9", {"https_proxy": "http://a:1", "no_proxy": "LOCALHOST"}),
        ("websockets 17.0", {"https_proxy": "http://a:1", "wss_proxy": "http://b:1"}),
    ],
)
def test_who_reads_proxies_by_own_rules(name: str, environ: Dict[str, str]) -> None:
    """Each client is named there, and not where all read the same."""
    client, version = name.split()
    assert trusts.by_own_rules(here({client: version}, environ)) == [name]
    same = {"HTTPS_PROXY": "http://a:1", "https_proxy": "http://a:1", "NO_PROXY": "::1,localhost"}
    assert not trusts.by_own_rules(here({client: version}, same))
    assert not trusts.by_own_rules(here({client: version}, {"NO_PROXY": "B, localhost:1"}))


@pytest.mark.parametrize(
    ("versions", "named"),
    [
        ({"httpx": "0.23.3", "httpcore": "0.16.3"}, True),
        ({"httpx": "0.25", "httpcore": "0.18"}, False),
        ({"requests": "2.27.1", "urllib3": "1.25.11"}, True),
        ({"requests": "2.27.1", "urllib3": "1.26.0"}, False),
        ({"websocket-client": "1.9.0"}, True),
        ({"websockets": "17.0"}, False),
    ],
)
def test_who_speaks_no_tls_to_a_proxy(versions: Dict[str, str], *, named: bool) -> None:
    """Old versions of what they connect with, and websocket-client in each."""
    assert bool(trusts.not_by_tls(here(versions))) is named


@pytest.mark.parametrize(
    ("versions", "environ", "past"),
    [
        ({"httplib2": "0.32.1"}, {}, True),
        ({"httplib2": "0.32.1", "pysocks": "1.7.1"}, {}, False),
        ({"websockets": "14.2"}, {}, True),
        ({"websockets": "15.0"}, {}, False),
        ({"botocore": "1.44.8"}, {"ALL_PROXY": "http://a:1"}, True),
        ({"websockets": "17.0"}, {"ALL_PROXY": "http://a:1"}, True),
        ({"httplib2": "0.32.1", "pysocks": "1.7.1"}, {"ALL_PROXY": "http://a:1"}, True),
        ({"botocore": "1.44.8"}, {"ALL_PROXY": "http://a:1", "https_proxy": "http://a:1"}, False),
    ],
)
def test_who_passes_over_a_proxy(
    versions: Dict[str, str], environ: Dict[str, str], *, past: bool
) -> None:
    """What a client needs for one, and which variable it reads."""
    assert bool(trusts.past_proxies(here(versions, environ))) is past


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"TWINE_CERT": "/x"}, "/x"),
        ({"TWINE_CERT": "/x", "REQUESTS_CA_BUNDLE": "/y"}, "/y"),
        ({}, ""),
    ],
)
def test_a_variable_of_twine(environ: Dict[str, str], path: str) -> None:
    """It gives that to requests, which takes its own variables before; others read it nowhere."""
    versions = {"twine": "6.2.0", "requests": "2.34.2"}
    found = trusts.in_force(here(versions, {**NO_FILES, **environ}))
    assert [root.path for root in of("twine", found).roots] == [path]
    own = path if path != "/x" else ""
    assert [root.path for root in of("requests", found).roots] == [own]


@pytest.mark.parametrize(
    ("python", "theirs", "in_place", "common_name", "strict"),
    [
        ((3, 11), "1.26.20", False, True, False),
        ((3, 11), "1.26.20", True, False, False),
        ((3, 13), "2.8.0", False, False, True),
        ((3, 13), "2.8.0", True, False, False),
    ],
)
def test_where_urllib3_future_is_urllib3(
    tmp_path: Path,
    python: Tuple[int, int],
    theirs: str,
    in_place: bool,
    common_name: bool,
    strict: bool,
) -> None:
    """Its rules count where it has written its files over urllib3's, and only there."""
    given = {"requests": "2.34.2", "urllib3": theirs, "urllib3-future": "2.25.904"}
    for name, version in given.items():
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(tmp_path / f"{name.replace('-', '_')}-{version}.dist-info/METADATA", text.encode())
    imported = given["urllib3-future"] if in_place else theirs
    write(tmp_path / "urllib3" / "_version.py", f'__version__ = "{imported}"\n'.encode())
    found = installed([str(tmp_path / "none"), str(tmp_path)])
    assert found["urllib3"] == imported
    checks = of("requests", trusts.in_force(here(found, NO_FILES, python))).checks
    assert (checks.strict, checks.common_name or bool(checks.by_itself)) == (strict, common_name)
    assert bool(checks.ciphers) == (theirs < "2" and not in_place)
