"""doctor: the right cause for each fault, and none where all is well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest
import trustme

from conformance.minting import encode_pem, mint, private_key_pem
from support import Sandbox, write

COMMAND = ("-m", "certifi_system_store_wrapper", "doctor")


def doctor(
    sandbox: Sandbox, *arguments: str, env: Optional[Mapping[str, str]] = None
) -> Tuple[int, str, Dict[str, Any]]:
    """Return exit status, text and JSON of one question."""
    text = sandbox.run(*COMMAND, *arguments, env=env)
    data = sandbox.run(*COMMAND, *arguments, "--json", env=env)
    assert "Traceback" not in text.stderr + data.stderr
    assert text.returncode == data.returncode
    return text.returncode, text.stdout, json.loads(data.stdout)


def problems(data: Dict[str, Any]) -> List[str]:
    """Return which checks found a problem."""
    return [each["check"] for each in data["findings"] if each["level"] == "problem"]


def trusting(sandbox: Sandbox, *pems: bytes) -> Dict[str, str]:
    """Return the variable that names these as the user's CAs."""
    path = write(sandbox.work / "user.pem", b"".join(pems))
    return {"PYTHON_CERTIFI_CERT_FILES": str(path)}


def test_a_client_that_never_asks_certifi(sandbox: Sandbox, ca_file: Path) -> None:
    """Installed, and named with what helps it."""
    _, _, data = doctor(sandbox)
    told = {e["message"]: e["remedy"] for e in data["findings"] if e["check"] == "clients"}
    (defaults,) = [message for message in told if message.startswith("uses OpenSSL's defaults")]
    assert "aiohttp" in defaults
    assert "PYTHON_CERTIFI_SSL_DEFAULTS" in told[defaults]


def test_the_strict_checks_alone(sandbox: Sandbox) -> None:
    """A CA without key usage and key identifier: Python 3.13 refuses it, and says why."""
    root = mint("strictless")
    env = trusting(sandbox, encode_pem(root))
    status, text, data = doctor(sandbox, env=env)
    told = [each for each in data["findings"] if "Python 3.13" in each["message"]]
    assert len(told) == 1
    assert "it has no key usage" in text
    version = sandbox.run_code("import sys; print(sys.version_info >= (3, 13))").stdout.strip()
    assert (status, told[0]["level"]) == ((1, "problem") if version == "True" else (0, "note"))


# The installation itself.


def test_healthy(sandbox: Sandbox, ca_file: Path) -> None:
    """No problem: as installed, with a CA, with a right variable, under -I, with a proxy."""
    bundle = sandbox.run("-m", "certifi", env={"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    own = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    for env in (
        {},
        own,
        {**own, "SSL_CERT_FILE": bundle.stdout.strip()},
        {"HTTPS_PROXY": "http://x"},
    ):
        status, text, data = doctor(sandbox, env=env)
        assert (status, problems(data)) == (0, []), text
    assert sandbox.run("-I", *COMMAND).returncode == 0


@pytest.mark.parametrize(
    ("variables", "check"),
    [
        ({"REQUESTS_CA_BUNDLE": "/no/such.pem"}, "variable"),
        ({"SSL_CERT_FILE": "{other}", "PYTHON_CERTIFI_CERT_FILES": "{ca}"}, "variable"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{garbage}"}, "sources"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{key}"}, "sources"),
        ({"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}, "sources"),
        ({"PYTHON_CERTIFI_LOG_LEVEL": "LOUD"}, "settings"),
        ({"PYTHON_CERTIFI_DISABLE": "1"}, "active"),
    ],
)
def test_what_is_wrong_here(
    sandbox: Sandbox, ca_file: Path, variables: Dict[str, str], check: str
) -> None:
    """One problem each, which names what to do."""
    files = {
        "ca": ca_file,
        "other": write(sandbox.work / "other.pem", trustme.CA().cert_pem.bytes()),
        "garbage": write(sandbox.work / "garbage.pem", b"none"),
        "key": write(sandbox.work / "key.pem", private_key_pem("key")),
    }
    env = {name: value.format(**files) for name, value in variables.items()}
    status, text, data = doctor(sandbox, env=env)
    assert (status, problems(data)) == (1, [check]), text


def test_without_site(sandbox: Sandbox) -> None:
    """python -S is named."""
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    done = sandbox.run("-S", *COMMAND, env=env)
    assert done.returncode == 1
    assert "-S" in done.stdout


def test_the_start_up_file_is_missing(fresh: Sandbox) -> None:
    """Somebody copied the package, or removed the file."""
    for suffix in (".pth", ".start"):
        (fresh.environment.site_packages / f"certifi_system_store_wrapper{suffix}").unlink()
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "start-up file" in done.stdout


def test_without_wrapt_and_without_certifi(fresh: Sandbox) -> None:
    """Each is named, with the command that mends it."""
    packages = fresh.environment.site_packages
    (packages / "wrapt").rename(packages / "no-wrapt")
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "wrapt" in done.stdout
    (packages / "certifi").rename(packages / "no-certifi")
    done = fresh.run(*COMMAND)
    assert done.returncode == 1
    assert "pip install certifi" in done.stdout


def test_activated_late(fresh: Sandbox) -> None:
    """Another start-up file imports certifi before ours."""
    write(fresh.environment.site_packages / "aaa.pth", b"import certifi\n")
    done = fresh.run(*COMMAND)
    assert "activated late" in done.stdout
