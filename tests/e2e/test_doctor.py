"""doctor: the right cause for each fault, and none where all is well."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import ssl
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest
import trustme

from support import BY_A_CALL, POWERLESS, SUPPORT, Environment, Sandbox, write
from support.minting import CA, encode_pem, make, mint, private_key_pem

COMMAND = ("-m", "certifi_system_store_wrapper", "doctor")
ADD = (*COMMAND[:-1], "add")
# OpenSSL finds no such provider, and has no cipher then.
PROVIDER = b"openssl_conf = a\n[a]\nproviders = b\n[b]\nnone = c\n[c]\nactivate = 1\n"
OWN = {"PYTHON_CERTIFI_CERT_FILES": "{ca}"}
SIZES = (0, 300, 5000)


def doctor(
    sandbox: Sandbox, *arguments: str, env: Optional[Mapping[str, str]] = None
) -> Tuple[int, str, Dict[str, Any]]:
    """Return exit status, all sentences in a line each, and JSON of one question."""
    done = sandbox.run(*COMMAND, *arguments, "--json", env=env)
    assert "Traceback" not in done.stderr
    data = json.loads(done.stdout)
    told = [": ".join(filter(None, (e["message"], e["remedy"]))) for e in data["findings"]]
    return done.returncode, "\n".join(told), data


def problems(data: Dict[str, Any]) -> List[str]:
    """Return which checks found a problem."""
    return [each["check"] for each in data["findings"] if each["level"] == "problem"]


def is_bad(finding: Dict[str, str]) -> bool:
    """Whether it is a problem."""
    return finding["level"] == "problem"


def levels(data: Dict[str, Any], check: str) -> List[str]:
    """Return how much each finding of that check matters."""
    return [each["level"] for each in data["findings"] if each["check"] == check]


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
    """A CA without key usage and key identifier: Python 3.13 refuses it, in OpenSSL's words."""
    root = mint("strictless")
    env = trusting(sandbox, encode_pem(root))
    status, _, data = doctor(sandbox, env=env)
    told = [each for each in data["findings"] if "Python 3.13" in each["message"]]
    code = "import ssl, sys; print(sys.version_info >= (3, 13), ssl.OPENSSL_VERSION_INFO >= (3,))"
    is_strict, has_rules = sandbox.run_code(code).stdout.split()
    assert len(told) == (has_rules == "True")
    for each in told:
        assert "CN=strictless: Python 3.13 and later refuse it: CA cert does not" in each["message"]
        assert each["level"] == ("problem" if is_strict == "True" else "note")
    assert status == (is_strict == has_rules == "True")


@pytest.mark.parametrize(
    ("days", "level", "word"),
    [
        ((-9, -1), "problem", "expired"),
        ((1, 9), "problem", "not yet valid"),
        ((-9, 9), "ok", "soon"),
    ],
)
def test_the_time_of_a_users_ca(
    sandbox: Sandbox, days: Tuple[int, int], level: str, word: str
) -> None:
    """Expired is a problem, unless another certificate of that CA is valid."""
    root = make("Dated", *CA, days=days)
    status, text, data = doctor(sandbox, env=trusting(sandbox, root.pem))
    assert (status, levels(data, "user")) == (int(level == "problem"), [level])
    assert word in text
    renewed = make("Dated", *CA, key=root.key, days=(-1, 999))
    status, _, data = doctor(sandbox, env=trusting(sandbox, root.pem, renewed.pem))
    assert status == 0
    assert "problem" not in levels(data, "user")


def test_what_is_no_ca(sandbox: Sandbox) -> None:
    """A server's certificate that a person named is used, and it is said what that is worth."""
    status, text, data = doctor(sandbox, env=trusting(sandbox, make("one server").pem))
    assert (status, problems(data), levels(data, "user")) == (1, ["sources"], ["note"])
    assert "is not a CA's certificate" in text


def test_many_cas_are_told_in_few_lines(sandbox: Sandbox) -> None:
    """A company's bundle is no reason for pages."""
    key = make("key").key
    pems = [make(f"CA {number}", *CA, key=key).pem for number in range(60)]
    _, text, data = doctor(sandbox, env=trusting(sandbox, *pems))
    assert len(levels(data, "user")) == 21
    assert "40 more of yours are trusted" in text


# The installation itself.


def test_healthy(sandbox: Sandbox, ca_file: Path) -> None:
    """No problem: as installed, with a CA, with right variables, with a proxy, under -I and -E."""
    own = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    bundle = sandbox.run("-m", "certifi", env=own).stdout.strip()
    pip = {"PIP_CONFIG_FILE": str(write(sandbox.work / "pip.conf", b"[global]\ncert = /x\n"))}
    for env in (
        {},
        own,
        {**own, "SSL_CERT_FILE": bundle, "REQUESTS_CA_BUNDLE": bundle},
        {**own, "PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")},
        {"HTTPS_PROXY": "http://me:secret@x", "NO_PROXY": "localhost"},
        {"PYTHON_CERTIFI_LOG_FILE": str(sandbox.work / "log"), **pip},
        {"XDG_CONFIG_HOME": "/no/such/folder", "HOME": "/no/such/home"},
    ):
        status, text, data = doctor(sandbox, env=env)
        assert (status, problems(data)) == (0, []), text
    for option in ("-I", "-E", "-s"):
        assert sandbox.run(option, *COMMAND, env=own).returncode == 0


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="no namespaces")
@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("", "there is no store of the system here"),
        ("mkdir /etc/ssl/certs; echo >", "the store of the system has no certificate"),
    ],
)
def test_healthy_without_any_store(sandbox: Sandbox, ca_file: Path, make: str, told: str) -> None:
    """A slim container: certifi's list and the user's are there, and it is said that no more is."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    mounts = "for each in /etc/ssl /etc/pki /usr/lib/ssl /usr/share/ca-certificates; do"
    mounts += ' [ ! -d "$each" ] || mount -t tmpfs tmpfs "$each"; done; '
    mounts += f'{make and make + " /etc/ssl/certs/ca-certificates.crt;"} exec "$@"'
    prefix = ("unshare", "-m", "sh", "-c", mounts, "sh")
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file), "PIP_CONFIG_FILE": os.devnull}
    done = sandbox.run(*COMMAND, env=env, prefix=prefix)
    assert done.returncode == 0, done
    assert told in done.stdout and done.stdout.count(" of the system ") == 1


def test_misnamed_certificates_in_a_named_folder_are_noted(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path
) -> None:
    """As Windows makes them; the program that uses the folder prints nothing."""
    folder = tmp_path / "named"
    for name in ("good.pem", "corp.cer.txt", "corp.cert", "corp"):
        write(folder / name, ca_file.read_bytes())
    write(folder / "notes.txt", b"whom to ask")
    env = {"PYTHON_CERTIFI_CERT_FILES": str(folder), "PIP_CONFIG_FILE": os.devnull}
    assert sandbox.run_code("import certifi; certifi.where()", env=env).stderr == ""
    done = sandbox.run(*COMMAND, env=env)
    told = [line for line in done.stdout.splitlines() if "rename it to end in .pem" in line]
    names = ("corp", "corp.cer.txt", "corp.cert")
    assert [line.split(": ")[0].split()[-1] for line in told] == [str(folder / n) for n in names]
    assert "notes.txt" not in done.stdout
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    ("variables", "check", "word"),
    [
        ({"REQUESTS_CA_BUNDLE": "/no/such.pem"}, "variable", "does not exist"),
        ({"CURL_CA_BUNDLE": "{garbage}"}, "variable", "no certificate"),
        ({"AWS_CA_BUNDLE": "{key}"}, "variable", "private key"),
        ({"HTTPLIB2_CA_CERTS": "{folder}"}, "variable", "no file"),
        (
            {"SSL_CERT_DIR": "{folder}{sep}/no/such/folder"},
            "variable",
            "/no/such/folder",
        ),
        ({"SSL_CERT_FILE": "{other}", **OWN}, "variable", "is not in it"),
        ({"REQUESTS_CA_BUNDLE": "{other}", **OWN}, "variable", "is not in it"),
        (
            {"REQUESTS_CA_BUNDLE": "/tmp/certifi-system-store-wrapper-0/x/cacert.pem"},
            "variable",
            "of a process that has ended",
        ),
        ({"REQUESTS_CA_BUNDLE": "{other}"}, "variable", "it has 1 certificate where"),
        ({"REQUESTS_CA_BUNDLE": "{folder}"}, "variable", "openssl rehash"),
        ({"REQUESTS_CA_BUNDLE": "{empty}"}, "variable", "no certificate"),
        ({"HTTPS_PROXY": " http://localhost:1"}, "variable", "blank"),
        pytest.param(
            # A store of Windows may have roots that OpenSSL is to judge, and could not.
            {"OPENSSL_CONF": "{provider}", "PYTHON_CERTIFI_SOURCES": "certifi,user"},
            *("variable", "no client can use TLS"),
            marks=pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,), reason="it has no providers"),
        ),
        ({"AWS_CONFIG_FILE": "{garbage}"}, "boto3", "line 1 is not understood"),
        ({"AWS_CONFIG_FILE": "{garbage}"}, "boto3", "correct that line of "),
        ({"SSLKEYLOGFILE": "/no/such/folder/keys"}, "variable", "cannot be written"),
        ({"SSLKEYLOGFILE": "{ca}/keys"}, "variable", "cannot be written"),
        ({"SSLKEYLOGFILE": "{folder}/" + "k" * 300}, "variable", "cannot be written"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{garbage}"}, "sources", "no certificate"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{empty}"}, "sources", "empty"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{key}"}, "sources", "private key"),
        ({"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}, "sources", "does not exist"),
        ({"PYTHON_CERTIFI_CERT_FILES": "{folder}"}, "sources", "no certificate file"),
        ({"PYTHON_CERTIFI_LOG_LEVEL": "LOUD"}, "settings", "LOUD"),
        ({"PYTHON_CERTIFI_LOG_FILE": "/no/such/folder/log"}, "settings", "cannot be written"),
        ({"PYTHON_CERTIFI_BUNDLE_DIR": "{garbage}"}, "bundle", "cannot be used"),
        ({"PYTHON_CERTIFI_DISABLE": "1"}, "active", "PYTHON_CERTIFI_DISABLE"),
    ],
)
def test_what_is_wrong_here(
    sandbox: Sandbox, ca_file: Path, variables: Dict[str, str], check: str, word: str
) -> None:
    """One problem each, which names what to do."""
    files = {
        "ca": ca_file,
        "other": write(sandbox.work / "other.pem", trustme.CA().cert_pem.bytes()),
        "garbage": write(sandbox.work / "garbage.pem", b"none"),
        "empty": write(sandbox.work / "empty.pem", b""),
        "key": write(sandbox.work / "key.pem", private_key_pem("key")),
        "provider": write(sandbox.work / "provider.cnf", PROVIDER),
        "folder": write(sandbox.work / "folder" / "readme.txt", b"").parent,
    }
    env = {name: value.format(sep=os.pathsep, **files) for name, value in variables.items()}
    status, _, data = doctor(sandbox, env=env)
    wanted = [check] if "SSL_CERT_DIR" not in env else ["sources", "sources", check]
    assert (status, problems(data)) == (1, wanted), data
    # What people get says the same.
    text = sandbox.run(*COMMAND, env=env)
    assert (text.returncode, "Traceback" in text.stderr) == (1, False), text
    told = [each[part] for each in data["findings"] for part in ("message", "remedy")]
    assert [each for each in told if each not in text.stdout] == []
    (found,) = [each for each in data["findings"] if each["check"] == check and is_bad(each)]
    assert word in f"{found['message']}; {found['remedy']}"


@pytest.mark.links("it is about symbolic links")
@pytest.mark.parametrize("kind", ["new", "a link", "there"])
def test_a_log_of_keys_that_can_be_written(sandbox: Sandbox, kind: str) -> None:
    """The doctor makes no file to know that, above all not through a link."""
    keys, target = sandbox.work / "keys", sandbox.work / "folder" / "target"
    target.parent.mkdir()
    if kind == "a link":
        keys.symlink_to(target)
    elif kind == "there":
        keys.write_bytes(b"kept")
    before = sorted(sandbox.work.rglob("*"))
    _, _, data = doctor(sandbox, env={"SSLKEYLOGFILE": str(keys)})
    assert "SSLKEYLOGFILE" not in str(data["findings"])
    assert sorted(sandbox.work.rglob("*")) == before
    assert kind != "there" or keys.read_bytes() == b"kept"


def test_an_empty_variable_of_aws(sandbox: Sandbox, url: str) -> None:
    """The botocore that is here refuses it, or takes any server: the doctor says which."""
    empty = {"AWS_CA_BUNDLE": ""}
    asking = ("-c", "import sys, five_clients; five_clients.botocore(sys.argv[1])", url)
    found = {"PYTHONPATH": str(SUPPORT)}
    assert "CERTIFICATE_VERIFY_FAILED" in sandbox.run(*asking, env=found).stderr
    said = sandbox.run(*asking, env={**found, **empty}).stderr
    is_refused = "Invalid CA bundle" in said
    assert is_refused != ("InsecureRequestWarning" in said), said
    status, text, data = doctor(sandbox, env=empty)
    assert (status, problems(data)) == (1, ["variable"]), text
    assert ("botocore refuses that" if is_refused else "switches every check off") in text


def test_shellenv_in_force(sandbox: Sandbox, ca_file: Path) -> None:
    """All is well, in one line; where a CA was removed behind its back, one command helps."""
    done = sandbox.run("-m", "certifi_system_store_wrapper", "shellenv", "--json")
    variables = json.loads(done.stdout)["variables"]
    status, text, data = doctor(sandbox, env=variables)
    assert (status, problems(data), levels(data, "printed")) == (0, [], ["ok"]), text
    assert "REQUESTS_CA_BUNDLE=" not in sandbox.run(*COMMAND, env=variables).stdout
    write(sandbox.drop_folder / "behind.pem", ca_file.read_bytes())
    status, text, data = doctor(sandbox, env=variables)
    assert (status, problems(data)) == (1, ["printed"]), text
    (found,) = [each for each in data["findings"] if is_bad(each)]
    assert "is out of date: it lacks" in found["message"]
    command = found["remedy"].split()
    assert command[0] == "certifi-system-store-wrapper"
    renewing = ("-m", "certifi_system_store_wrapper", *command[1:])
    assert sandbox.run(*renewing, env=variables).returncode == 0
    assert doctor(sandbox, env=variables)[0] == 0


def test_what_was_appended_under_other_settings(sandbox: Sandbox, ca_file: Path) -> None:
    """It counts in that bundle alone: a note names it, with what has it count everywhere."""
    printed = Path(sandbox.run("-m", "certifi").stdout.strip())
    with printed.open("ab") as file:
        file.write(ca_file.read_bytes())
    other = trusting(sandbox, make("other", *CA).pem)
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    sources = {"PYTHON_CERTIFI_SOURCES": "certifi,user"}

    def told(env: Dict[str, str]) -> List[Dict[str, str]]:
        status, text, data = doctor(sandbox, env=env)
        assert status == 0, text
        return [each for each in data["findings"] if "appended to it" in each["message"]]

    assert told({}) == told(named) == []
    for env in (other, sources, {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work), **other}):
        (found,) = told(env)
        assert (found["level"], found["check"]) == ("note", "user")
        assert str(printed) in found["message"]
        assert "tests" in found["message"]  # of its subject
        assert "certifi-system-store-wrapper add FILE" in found["remedy"]
    assert sandbox.run(*ADD, str(ca_file)).returncode == 0
    assert told(other) == []


@pytest.mark.linux("root may read everything elsewhere")
def test_a_file_that_may_not_be_read(sandbox: Sandbox, ca_file: Path) -> None:
    """Of a variable, and of the user's own."""
    ca_file.chmod(0)
    prefix = POWERLESS if os.geteuid() == 0 else []
    for name in ("REQUESTS_CA_BUNDLE", "PYTHON_CERTIFI_CERT_FILES"):
        done = sandbox.run(*COMMAND, env={name: str(ca_file)}, prefix=prefix)
        assert done.returncode == 1, done
        assert "cannot be read: Permission denied" in done.stdout


@pytest.mark.posix("modes say nothing there")
def test_a_drop_folder_that_others_may_write_to(sandbox: Sandbox, ca_file: Path) -> None:
    """It is not used, and that is said."""
    assert sandbox.run(*ADD, str(ca_file)).returncode == 0
    sandbox.drop_folder.chmod(0o777)
    status, text, data = doctor(sandbox)
    assert (status, problems(data)) == (1, ["sources"])
    assert "chmod go-w" in text


@pytest.mark.posix("owners say nothing there")
@pytest.mark.parametrize("mount", ["", "read-only"])
def test_whose_the_drop_folder_is(sandbox: Sandbox, ca_file: Path, mount: str) -> None:
    """Of uid 1000 for root, as under sudo or in a mounted volume: who, why, and what works."""
    if os.geteuid() != 0 or (mount and not shutil.which("unshare")):
        pytest.skip("only root gives files away and mounts")
    assert sandbox.run(*ADD, str(ca_file)).returncode == 0
    (stored,) = sandbox.drop_folder.iterdir()
    for path in (stored, sandbox.drop_folder):
        os.chown(path, 1000, 1000)
    bind = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'
    prefix = ("unshare", "-m", "sh", "-ec", bind, "sh", str(sandbox.drop_folder)) if mount else ()
    done = sandbox.run(*COMMAND, prefix=prefix)
    said = "user 1000 owns it, and could change what user 0 trusts"
    way = "name the file in PYTHON_CERTIFI_CERT_FILES if you trust that user"
    assert (done.returncode, said in done.stdout, way in done.stdout) == (1, True, True), done
    added = sandbox.run(*ADD, str(ca_file), prefix=prefix)
    assert (added.returncode, said in added.stderr, way in added.stderr) == (1, True, True), added
    # That is the way out, though the folder is still not used.
    env = {"PYTHON_CERTIFI_CERT_FILES": str(stored)}
    assert f"ok        {stored}: " in sandbox.run(*COMMAND, env=env, prefix=prefix).stdout


def test_the_settings_of_pip(sandbox: Sandbox, ca_file: Path) -> None:
    """They lead pip past the user's CA: told, with the file."""
    other = write(sandbox.work / "other.pem", trustme.CA().cert_pem.bytes())
    config = write(sandbox.work / "pip.conf", b"[global]\ncert = %s\n" % bytes(other))
    env = {"PIP_CONFIG_FILE": str(config), "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    status, _, data = doctor(sandbox, env=env)
    (found,) = [e for e in data["findings"] if e["message"].startswith(str(config))]
    # pip itself is not installed there.
    assert (status, found["level"], found["check"]) == (0, "note", "pip")
    assert "is not in it" in found["message"]


def test_a_variable_that_nobody_reads(sandbox: Sandbox, ca_file: Path) -> None:
    """One that is spelled wrong is told everywhere, with the right one; right ones are not."""
    right = {"PYTHON_CERTIFI_LOG_LEVEL": "WARNING"}
    said = (
        "PYTHON_CERTIFI_CERT_FILE is set, but nobody reads it: is PYTHON_CERTIFI_CERT_FILES meant?"
    )
    for name, words in (
        ("PYTHON_CERTIFI_CERT_FILE", said),
        ("PYTHON_CERTIFI_X", "nobody reads it"),
    ):
        env = {name: str(ca_file), **right}
        status, text, data = doctor(sandbox, env=env)
        (line,) = [line for line in text.splitlines() if "nobody reads" in line]
        assert (status, problems(data)) == (1, ["settings"]) and words in line
        done = sandbox.run(*COMMAND[:-1], "status", env=env)
        assert (done.returncode, words in done.stdout) == (1, True)
        done = sandbox.run_code("import certifi; certifi.where()", env=env)
        assert words in done.stderr and "WARNING" in done.stderr


@pytest.mark.parametrize("lines", [True, False], ids=["lines", "one line"])
@pytest.mark.parametrize("size", SIZES)
def test_a_variable_that_holds_a_certificate(sandbox: Sandbox, size: int, *, lines: bool) -> None:
    """PEM, base64 of it or of DER, and a URL: of any length, told and printed nowhere."""
    der = mint("Told", opaque=size)
    pem, bare = encode_pem(der), base64.encodebytes(der)
    bare = bare if lines else bare.replace(b"\n", b"")
    pieces = [bare[at : at + 40].decode() for at in range(0, len(bare) - 40, 40)]
    whole = pem if lines else pem.replace(b"\n", b"\\n")
    values = [whole, bare, base64.b64encode(pem), b"/no/such.pem" + os.pathsep.encode() + bare]
    ways = (
        COMMAND,
        (*COMMAND, "--json"),
        (*COMMAND[:-1], "status"),
        ("-c", "import certifi; certifi.where()"),
    )
    # The first is met in each way, each of the others in one, which changes with the size.
    turn = SIZES.index(size) + lines
    met = [(values[0], way) for way in ways]
    met += [(value, ways[at % len(ways)]) for at, value in enumerate(values[1:], turn)]
    for value, way in met:
        done = sandbox.run(*way, env={"PYTHON_CERTIFI_CERT_FILES": value.decode()})
        said = done.stdout + done.stderr
        assert "name a file, not what is in it" in said, said
        assert not [piece for piece in pieces if piece in said]
    url = {"PYTHON_CERTIFI_CERT_FILES": "https://me:s3cret@corp.example:8443/ca.pem"}
    done = sandbox.run(*COMMAND, env=url)
    assert "name a file, not a URL" in done.stdout and "s3cret" not in done.stdout


@pytest.mark.parametrize("file", ["{}.py", "{}/__init__.py"])
@pytest.mark.parametrize("module", ["ssl", "logging", "random", "email"])
def test_a_file_that_is_taken_for_pythons_own(sandbox: Sandbox, module: str, file: str) -> None:
    """A program beside it is told which file that is, and so is who asks the doctor there."""
    path = write(sandbox.work / file.format(module), b"x = 1\n")
    program = write(sandbox.work / "program.py", b"import certifi; print(certifi.where())\n")
    done = sandbox.run(str(program))
    # (Without random, certifi itself cannot be imported, and Python says why.)
    assert done.stdout.endswith("cacert.pem\n") or module == "random"
    warning = done.stderr.partition("Traceback")[0]
    if warning:  # how much of Python's own wrapt loads depends on its version
        assert f"{path} is taken for Python's own module {module}" in warning
        assert "rename it" in warning and "reinstall" not in warning
    beside = sandbox.run("-m", COMMAND[1], "doctor")
    assert "Traceback" not in beside.stderr
    assert f"{path} " in beside.stdout + beside.stderr
    command = "from certifi_system_store_wrapper.commands import main; main(['doctor'])"
    far = f"import os, sys; os.chdir('/'); {command}"
    near = sandbox.run_code(f"import sys; sys.path.remove(''); {command}")
    assert f"take {path} for Python's own module {module}" in near.stdout
    path.unlink()
    assert "Python's own module" not in sandbox.run_code(far).stdout


@pytest.mark.parametrize("file", ["argparse.py", "argparse/__init__.py", "json.py"])
def test_a_file_without_which_there_are_no_commands(sandbox: Sandbox, file: str) -> None:
    """It is named in one line, and a folder without Python in it is none."""
    (sandbox.work / "argparse").mkdir()
    (sandbox.work / "argparse" / "notes.txt").touch()
    assert sandbox.run(*COMMAND).returncode == 0
    path = write(sandbox.work / file, b"x = 1\n")
    done = sandbox.run(*COMMAND)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert f"{path} is taken for Python's own module" in line
    assert "rename it" in line


@pytest.mark.skipif(sys.platform != "linux", reason="root may read everything elsewhere")
@pytest.mark.parametrize("closed", ["certifi", "certifi/__init__.py"])
def test_certifi_is_closed_to_this_user(fresh: Sandbox, closed: str) -> None:
    """It was installed with umask 077: that is told, and what opens it."""
    path = fresh.environment.site_packages / closed
    shutil.rmtree(fresh.environment.site_packages / "certifi" / "__pycache__")
    path.chmod(0)
    prefix = POWERLESS if os.geteuid() == 0 else []
    done = fresh.run(*COMMAND, prefix=prefix)
    assert done.returncode == 1
    assert "problem" in done.stdout and "chmod" in done.stdout and str(path) in done.stdout, done
    assert "shadowed" not in done.stdout
    path.chmod(0o755)
    assert fresh.run(*COMMAND, prefix=prefix).returncode == 0


def test_without_site(sandbox: Sandbox) -> None:
    """python -S is named."""
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    done = sandbox.run("-S", *COMMAND, env=env)
    assert done.returncode == 1
    assert "-S" in done.stdout


def test_found_by_pythonpath(sandbox: Sandbox, plain: Environment) -> None:
    """Another environment's folder, or one of --target: no start-up file is read there."""
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    other = Sandbox(sandbox.work, plain)
    status, text, data = doctor(other, env=env)
    assert (status, problems(data)) == (1, ["start"])
    assert "in no folder that Python reads at its start" in text
    assert str(sandbox.environment.site_packages) in text


def test_another_certifi(sandbox: Sandbox) -> None:
    """A certifi.py in the working directory: every command says so in a line."""
    for code in (b"", b"def where(): return __file__\n", b"def where(): 1/0\n", b"1/0\n", b"(\n"):
        path = write(sandbox.work / "certifi.py", code)
        done = sandbox.run(*COMMAND)
        assert "Traceback" not in done.stderr
        assert "certifi" in done.stdout.splitlines()[0]
        assert done.returncode == 1, done
        if not code:
            assert f"shadowed by another module: {path}" in done.stdout
        status = sandbox.run(*COMMAND[:-1], "status")
        assert "Traceback" not in status.stderr


@pytest.mark.parametrize("error", ["ValueError", "RuntimeError"])
def test_a_certifi_that_cannot_be_imported(sandbox: Sandbox, error: str) -> None:
    """What it raises is told as its own, in one line with the next step; the doctor knows more."""
    write(sandbox.work / "certifi.py", f"raise {error}('boo')\n".encode())
    env = {"PYTHONPATH": str(sandbox.work)}
    for command in ("status", "list", "export", "shellenv"):
        done = sandbox.run("-m", "certifi_system_store_wrapper", command, env=env)
        (line,) = done.stderr.splitlines()
        assert (done.returncode, done.stdout) == (1, "") and "boo" in line and "doctor" in line
    done = sandbox.run("-m", "certifi_system_store_wrapper", "doctor", env=env)
    assert f"certifi cannot be imported: {error}" in done.stdout


def test_the_start_up_file(fresh: Sandbox) -> None:
    """It is empty, or missing: the folder was copied, or the file removed."""
    packages = fresh.environment.site_packages
    names = [packages / f"certifi_system_store_wrapper{end}" for end in (".pth", ".start")]
    for path in names:
        write(path, b"")
    status, text, data = doctor(fresh)
    assert (status, problems(data)) == (1, ["start"])
    assert "is empty or changed" in text
    for path in names:
        path.unlink()
    status, text, data = doctor(fresh)
    assert (status, problems(data)) == (1, ["start"])
    assert "is missing" in text
    # Not in the environment: Debian's own, beside the standard library, is imported before that.
    write(fresh.work / "first" / "sitecustomize.py", BY_A_CALL)
    status, text, data = doctor(fresh, env={"PYTHONPATH": str(fresh.work / "first")})
    assert (status, problems(data), levels(data, "start")) == (0, [], ["ok"]), text
    assert "active by a call" in text and "install again" not in text


def test_certifi_and_wrapt(fresh: Sandbox) -> None:
    """Too old, or missing: each is named, with the command that mends it."""
    packages = fresh.environment.site_packages
    (metadata,) = packages.glob("wrapt-*.dist-info/METADATA")
    written = metadata.read_text(encoding="utf-8")
    metadata.write_text(re.sub("(?m)^Version: .*", "Version: 1.14.1", written), encoding="utf-8")
    init = packages / "certifi" / "__init__.py"
    init.write_text(re.sub('"[0-9.]+"', '"2019.11.28"', init.read_text()))
    os.utime(init, (0, 0))  # of the same length, perhaps within one second: what is cached goes
    status, text, data = doctor(fresh)
    assert (status, problems(data)) == (1, ["wrapt"])
    assert "install --upgrade wrapt" in text and "install --upgrade certifi" in text
    (packages / "wrapt").rename(packages / "no-wrapt")
    status, text, _ = doctor(fresh)
    assert status == 1
    assert "No module named 'wrapt'" in text and "reinstall wrapt" in text
    (packages / "certifi").rename(packages / "no-certifi")
    status, text, data = doctor(fresh)
    assert (status, problems(data)) == (1, ["certifi"])
    assert "pip install certifi" in text


def test_what_was_removed_by_half(fresh: Sandbox) -> None:
    """A folder without the metadata that it is for hides nothing of the rest."""
    packages = fresh.environment.site_packages
    (metadata,) = packages.glob("wrapt-*.dist-info/METADATA")
    metadata.unlink()
    (packages / "requests-1.0.dist-info").mkdir()
    write(packages / "oldie-1.0.egg-info" / "PKG-INFO", b"Name: oldie\nAuthor: J\xf6rg\n")
    write(packages / "httpx-1.0.dist-info" / "METADATA", b"Name: httpx\n")
    write(packages / "x-1.0.dist-info" / "METADATA", b"")
    status, text, data = doctor(fresh, env={"PYTHONWARNINGS": "error"})
    assert (status, problems(data)) == (0, []), text
    page = fresh.run(*COMMAND, env={"PYTHONWARNINGS": "error"})
    assert page.returncode == 0 and "None" not in page.stdout + page.stderr


def test_activated_late(fresh: Sandbox) -> None:
    """Another start-up file imports certifi before ours: that is the one to look at."""
    culprit = write(fresh.environment.site_packages / "aaa.pth", b"import certifi\n")
    status, text, data = doctor(fresh)
    assert (status, problems(data)) == (1, ["late"])
    assert "activated late" in text and str(culprit) in text


def test_another_one_that_changes_certifi(fresh: Sandbox) -> None:
    """Before us it is asked for what was there, after us it takes the answer away."""
    packages = fresh.environment.site_packages
    other = b"import certifi\ndef where(): return '/x'\ndef change(): certifi.where = where\n"
    write(packages / "other.py", other)
    write(packages / "zzz.pth", b"import other; other.change()\n")
    write(packages / "zzz.start", b"other:change\n")
    status, text, _ = doctor(fresh)
    assert status == 1
    assert "other.py" in text
