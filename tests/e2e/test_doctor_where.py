"""doctor: the header that people paste, one CA for fleets, and programs with their own Python."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest
from cryptography.hazmat.primitives import hashes

from support import MODULE, NAME, Sandbox, new_environment, write
from support.minting import CA, key_usage, make
from support.servers import Echo, context_for, serving, serving_pages

COMMAND = ("-m", MODULE)
DOCTOR = (*COMMAND, "doctor")
posix = pytest.mark.posix("programs are no scripts there")


def sha256_of(sandbox: Sandbox, path: Path) -> str:
    """Return the SHA-256 of the one certificate in a file."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    data = json.loads(sandbox.run(*COMMAND, "list", "--source=user", "--json", env=env).stdout)
    (each,) = data["certificates"]
    return str(each["sha256"])


def findings(
    sandbox: Sandbox, check: str, env: Optional[Mapping[str, str]] = None
) -> List[Dict[str, Any]]:
    """Return what that check of the doctor says."""
    data = json.loads(sandbox.run(*DOCTOR, "--json", env=env).stdout)
    return [each for each in data["findings"] if each["check"] == check]


# The header


@pytest.mark.parametrize("arguments", [["status"], ["doctor"], ["doctor", "localhost:1"]])
def test_the_header(sandbox: Sandbox, arguments: List[str]) -> None:
    """Version, interpreter, environment, OpenSSL, system, user and home: as Python itself says."""
    code = """
        import os, platform, ssl, sys
        from importlib.metadata import version
        print(version("certifi-system-store-wrapper"), sys.executable, sys.prefix, sep="\\n")
        print(platform.python_implementation(), platform.python_version())
        print(ssl.OPENSSL_VERSION, platform.machine(), os.path.expanduser("~"), sep="\\n")
    """
    truth = sandbox.run_code(code).stdout.splitlines()
    text = sandbox.run(*COMMAND, *arguments).stdout.splitlines()
    header = "\n".join(text[:6])
    here = json.loads(sandbox.run(*COMMAND, *arguments, "--json").stdout)["here"]
    for said in truth:
        assert said in header and said in " ".join(here.values())
    assert here["kind"] == "virtual environment"
    assert text[0] == f"{NAME} {here['version']}"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may change")
def test_the_user_is_the_one_that_acts(sandbox: Sandbox) -> None:
    """Not the one who logged in: LOGNAME says nothing."""
    env = {"LOGNAME": "somebody", "USER": "somebody"}
    data = json.loads(sandbox.run(*COMMAND, "--json", env=env).stdout)
    assert data["here"]["user"] == "root (uid 0)"
    code = f"""
        import os, pwd
        from {MODULE}.commands import here
        os.setuid(12345)
        print(here._user())
    """
    assert sandbox.run_code(code).stdout == "uid 12345\n"


def test_the_header_shows_no_secret(sandbox: Sandbox) -> None:
    """A home that acts on a terminal is escaped."""
    env = {"HOME": "/x\x1b[31m", "USERPROFILE": "/x\x1b[31m"}
    done = sandbox.run(*COMMAND, env=env)
    assert "\x1b" not in done.stdout and r"/x\x1b[31m" in done.stdout


# --require


def test_a_ca_that_is_required(sandbox: Sandbox, ca_file: Path) -> None:
    """0 in one line where it is trusted, 1 with the reason where it is not; any spelling."""
    sha256 = sha256_of(sandbox, ca_file)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    colons = ":".join(sha256[i : i + 2] for i in range(0, 64, 2)).upper()
    for spelled in (sha256, colons, f" {sha256} "):
        done = sandbox.run(*DOCTOR, "--require", spelled, env=env)
        (line,) = done.stdout.splitlines()
        assert (done.returncode, done.stderr) == (0, "")
        assert line.startswith("ok  ") and "certifi answers from the bundle" in line
    done = sandbox.run(*DOCTOR, "--require", sha256)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        f"problem   no certificate with SHA-256 {sha256} is in the bundle"
    )
    env["PYTHON_CERTIFI_SOURCES"] = "certifi,system"
    done = sandbox.run(*DOCTOR, "--require", sha256, env=env)
    assert done.returncode == 1 and "leaves out the user source: name it there" in done.stdout
    data = json.loads(sandbox.run(*DOCTOR, "--require", sha256, "--json").stdout)
    assert (data["healthy"], [each["check"] for each in data["findings"]]) == (False, ["require"])


def test_a_ca_that_is_required_where_certifi_is_plain(sandbox: Sandbox) -> None:
    """Not even a root of certifi's own counts: what was asked for is that this is active."""
    data = json.loads(sandbox.run(*COMMAND, "list", "--source=certifi", "--json").stdout)
    sha256 = data["certificates"][0]["sha256"]
    assert sandbox.run(*DOCTOR, "--require", sha256).returncode == 0
    off = {"PYTHON_CERTIFI_DISABLE": "1"}
    (told,) = json.loads(sandbox.run(*DOCTOR, "--require", sha256, "--json", env=off).stdout)[
        "findings"
    ]
    assert told["remedy"] == "unset it" and "unset it" not in told["message"]
    done = sandbox.run(*DOCTOR, "--require", sha256, env=off)
    assert done.returncode == 1
    assert "not answered from the bundle: PYTHON_CERTIFI_DISABLE is set" in done.stdout


@pytest.mark.parametrize(
    ("days", "reason"),
    [((-9, -1), "is in the bundle, but it is expired"), ((1, 9), "it is not yet valid")],
)
def test_a_ca_that_is_required_and_vouches_for_nobody(
    sandbox: Sandbox, days: Tuple[int, int], reason: str
) -> None:
    """It is there, and trusts nothing today."""
    path = write(sandbox.work / "ca.pem", make("Dated", *CA, days=days).pem)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    done = sandbox.run(*DOCTOR, "--require", sha256_of(sandbox, path), env=env)
    assert (done.returncode, reason in done.stdout) == (1, True), done


def test_a_ca_that_is_required_and_may_sign_no_certificate(sandbox: Sandbox) -> None:
    """Its key usage lacks keyCertSign, so that OpenSSL refuses whom it has signed."""
    lists = make("Lists Alone", CA[0], key_usage("crl_sign"))
    path = write(sandbox.work / "ca.pem", lists.pem)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    done = sandbox.run(*DOCTOR, "--require", sha256_of(sandbox, path), env=env)
    assert (done.returncode, "is in the bundle, but it is not a CA" in done.stdout) == (1, True)
    leaf = make("leaf", by=lists, names=["localhost"])
    with serving(Echo, context_for(leaf)) as server:
        done = sandbox.run(*DOCTOR, f"localhost:{server.port}", env=env)
    assert "the bundle          refused: invalid CA certificate" in done.stdout, done.stdout


@pytest.mark.parametrize("what", ["a short key", "an intermediate", "with its root"])
def test_a_ca_by_which_openssl_trusts_nobody(sandbox: Sandbox, what: str) -> None:
    """`add`, doctor and --require say so, in OpenSSL's words; a client is refused beside it."""
    root = make("Root", *CA)
    middle = make("Middle", *CA, by=root)
    ca = make("Weak CA", *CA, rsa_bits=1024) if what == "a short key" else middle
    more = root.pem if what == "with its root" else b""
    added = sandbox.run(*COMMAND, "add", str(write(sandbox.work / "all.pem", ca.pem + more)))
    leaf = make("leaf", by=ca, names=["localhost"])
    with serving_pages(context_for(leaf)) as url:
        got_through = sandbox.fetch("requests", url).returncode == 0
    assert got_through or what != "with its root"
    sha256 = ca.certificate.fingerprint(hashes.SHA256()).hex()
    done = sandbox.run(*DOCTOR, "--require", sha256)
    assert (done.returncode == 0) == got_through, done
    said = {
        "a short key": "CA certificate key too weak",
        "an intermediate": "unable to get issuer certificate",
    }
    words = f"OpenSSL here trusts no server by it: {said.get(what, '')}"
    for each in (added, done, sandbox.run(*DOCTOR)):
        assert (words in each.stdout) != got_through, each


def test_a_ca_that_is_required_and_not_strict(sandbox: Sandbox) -> None:
    """Where Python is strict requests refuses it, and so does --require."""
    ca = make("Lenient", (CA[0][0], False), CA[1])
    env = {"PYTHON_CERTIFI_CERT_FILES": str(write(sandbox.work / "ca.pem", ca.pem))}
    with serving_pages(context_for(make("leaf", by=ca, names=["localhost"]))) as url:
        got_through = sandbox.fetch("requests", url, env).returncode == 0
    sha256 = ca.certificate.fingerprint(hashes.SHA256()).hex()
    done = sandbox.run(*DOCTOR, "--require", sha256, env=env)
    assert (done.returncode == 0) == got_through, done
    assert ("Python 3.13 and later refuse it" in done.stdout) != got_through


def test_a_certificate_that_is_required_and_left_out(sandbox: Sandbox) -> None:
    """The reason is that of `list --excluded`."""
    path = write(sandbox.work / "folder" / "leaf.pem", make("leaf").pem)
    sha256 = sha256_of(sandbox, path)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path.parent)}
    done = sandbox.run(*DOCTOR, "--require", sha256, env=env)
    assert done.returncode == 1
    assert "problem   CN=leaf is left out: not a CA certificate" in done.stdout
    assert "list --excluded" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["--require", "96bcec06"], ["--require", "x" * 64], ["--require", "0" * 64, "x"]]
)
def test_what_cannot_be_required(sandbox: Sandbox, arguments: List[str]) -> None:
    """The first digits are not enough for a fleet, and a host is another question."""
    done = sandbox.run(*DOCTOR, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--require" in done.stderr


# Clients


def distribution(folder: Path, name: str, version: str, *requires: str) -> None:
    """Write the metadata of an installed distribution."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires]
    text = "\n".join([*lines, "", ""]).encode()
    write(folder / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA", text)


def test_what_rides_on_another_client(sandbox: Sandbox) -> None:
    """Each is helped by what helps the client that its installed version requires."""
    folder = sandbox.work / "packages"
    for name in ("openai", "anthropic", "huggingface_hub", "mcp"):
        distribution(folder, name, "9.0", "httpx2<3,>=2.0.0", 'requests; extra == "x"')
    distribution(folder, "httpx2", "2.0")
    env = {"PYTHONPATH": str(folder)}
    told = {each["message"].partition(":")[0]: each for each in findings(sandbox, "clients", env)}
    for name in ("openai", "anthropic", "huggingface-hub", "mcp"):
        assert f"{name} 9.0 (by httpx2)" in told["asks certifi"]["message"]
    assert told["asks certifi"]["remedy"] == "helped by installing"


@pytest.mark.parametrize(
    ("name", "requires", "kind"),
    [
        ("openai", "httpx<1,>=0.23.0", "asks certifi"),
        ("anthropic", "httpx (>=0.25)", "asks certifi"),
        ("huggingface_hub", "requests", "asks certifi"),
        ("mcp", "httpx>=0.27", "asks certifi"),
        ("poetry", "requests (>=2.26,<3.0)", "asks certifi"),
        ("azure-cli-core", "requests[socks]", "asks certifi"),
        ("conda", "requests >=2.28.0,<3", "asks certifi"),
        ("ansible-core", "jinja2", "uses OpenSSL's defaults"),
        ("pipenv", "certifi", "reads only variables"),
    ],
)
def test_how_each_version_is_helped(sandbox: Sandbox, name: str, requires: str, kind: str) -> None:
    """By its own metadata: earlier versions rode on another client."""
    folder = sandbox.work / "packages"
    distribution(folder, name, "1.2.3", requires)
    told = findings(sandbox, "clients", {"PYTHONPATH": str(folder)})
    (found,) = [each for each in told if f"{name.replace('_', '-')} 1.2.3" in each["message"]]
    assert found["message"].startswith(f"{kind}: ")


# Programs that have an environment of their own


@posix
def test_a_program_with_an_environment_of_its_own(
    sandbox: Sandbox, interpreter: str, tmp_path: Path
) -> None:
    """It is said which, and the command that installs this package there; nothing is run."""
    folder = tmp_path / "pipx" / "venvs" / "poetry"
    folder.parent.mkdir(parents=True)
    python = new_environment(interpreter, folder, "--without-pip").python
    write(folder / "pipx_metadata.json", b"{}")
    programs = sandbox.home / "bin"
    texts = {"poetry": f"#!{python}\n", "ansible": f"#!{python}\n"}
    texts["az"] = f'#!/usr/bin/env bash\n{python} -sm azure.cli "$@"\n'
    texts["pipenv"] = f"#!{sandbox.environment.python}\n"
    texts["gcloud"] = "#!/bin/sh\necho gcloud\n"
    texts["conda"] = "#!/no/such/python\n"
    for name, text in texts.items():
        write(programs / name, text.encode()).chmod(0o755)
    told = findings(sandbox, "programs", {"PATH": str(programs)})
    names = [each["message"].split()[0] for each in told]
    assert names == ["ansible", "az", "poetry", "gcloud"]
    ansible, az, poetry, gcloud = told
    for each in (ansible, az, poetry):
        assert str(folder) in each["message"] and each["level"] == "note"
        assert each["remedy"] == f"pipx inject poetry {NAME}"
    assert "uses OpenSSL's defaults" in ansible["message"]
    assert "asks certifi; this package is not installed there" in poetry["message"]
    assert "core/custom_ca_certs_file" in gcloud["remedy"]
    assert findings(sandbox, "programs", {"PATH": str(sandbox.work)}) == []


@posix
def test_a_program_whose_environment_is_active(sandbox: Sandbox, fresh: Sandbox) -> None:
    """All is well, and it is said by what."""
    programs = sandbox.home / "bin"
    text = f"#!{fresh.environment.python}\n".encode()
    write(programs / "poetry", text).chmod(0o755)
    (found,) = findings(sandbox, "programs", {"PATH": str(programs)})
    assert (found["level"], found["remedy"]) == ("ok", "helped by installing")
