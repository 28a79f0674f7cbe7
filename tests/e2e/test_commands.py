"""list, export, shellenv, add, remove and their JSON, from the installed wheel."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
import shutil
import ssl
import stat
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, List

import jsonschema
import pytest
import trustme
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from support import POWERLESS, Sandbox, assert_fetched, assert_untrusted, write
from support.minting import CA, encode_pem, make, mint, pkcs7

COMMAND = ("-m", "certifi_system_store_wrapper")
posix = pytest.mark.posix("modes and links say nothing there")

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TEXTS = {"type": "array", "items": TEXT}


def shape(**properties: Any) -> Dict[str, Any]:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


CERTIFICATE = shape(sha256=HASH, subject=TEXT, issuer=TEXT, marks=TEXTS)
SOURCE = shape(
    source=TEXT, certificates=COUNT, adds=COUNT, only_there=COUNT, shared={"type": "object"}
)
HERE = shape(
    version=TEXT,
    python=TEXT,
    python_version=TEXT,
    environment=TEXT,
    kind=TEXT,
    openssl=TEXT,
    system=TEXT,
    user=TEXT,
    home=TEXT,
)
ENVIRONMENT = shape(
    python=TEXT,
    prefix=TEXT,
    kind={"enum": ["pipx", "uv tool", "conda", "virtual environment", "interpreter"]},
    python_version={"type": ["string", "null"]},
    version={"type": ["string", "null"]},
    active={"type": "boolean"},
    inactive_because={"type": ["string", "null"]},
    install={"type": ["string", "null"]},
    found=TEXTS,
)
PROBLEM = shape(source=TEXT, path=TEXT, message=TEXT, level={"enum": ["warning", "note"]})
REFUSED_FILE = shape(path=TEXT, refused=TEXT)
STORED = {"type": "array", "items": {"anyOf": [CERTIFICATE, REFUSED_FILE]}}
BUNDLE = shape(
    path=TEXT, prefix=TEXT, renewed={"type": "boolean"}, command=TEXT, why=TEXT, failed=TEXT
)
RUNNING = shape(process=COUNT, name=TEXT)
STILL_TRUSTED = shape(sha256=HASH, subject=TEXT, source=TEXT, path=TEXT, remedy=TEXT)
CHANGED = {
    "folder": TEXT,
    "certificates": STORED,
    "bundles": {"type": "array", "items": BUNDLE},
    "running": {"type": "array", "items": RUNNING},
    "still_trusted": {"type": "array", "items": STILL_TRUSTED},
}
ADVISORY = shape(id=TEXT, cve=TEXT, url=TEXT)
REMOVED = shape(last_version=TEXT, advisory={"anyOf": [{"type": "null"}, ADVISORY]})
OUTCOME = shape(trusted={"type": "boolean"}, message=TEXT, code=COUNT, remedy=TEXT)
SETTING = shape(name=TEXT, value=TEXT, place=TEXT, readers=TEXT)
TRUST = shape(
    name=TEXT,
    clients=TEXTS,
    settings={"type": "array", "items": SETTING},
    only=TEXT,
    **OUTCOME["properties"],
)
SCHEMAS = {
    "status": shape(
        command={"const": "status"},
        version=TEXT,
        here=HERE,
        active={"type": "boolean"},
        inactive_because={"type": ["string", "null"]},
        python={"type": ["string", "null"]},
        bundle={"type": ["string", "null"]},
        persistent={"type": "boolean"},
        certificates=COUNT,
        beyond_certifi=shape(vendor=COUNT, added=COUNT, ssl=COUNT, unknown=COUNT),
        removed_by_certifi=COUNT,
        removed_by_advisory=COUNT,
        expired=COUNT,
        sources={"type": "array", "items": SOURCE},
        excluded={"type": "array", "items": CERTIFICATE},
        problems={"type": "array", "items": PROBLEM},
        variables={"type": "object"},
        bypassing={"type": "array", "items": shape(variable=TEXT, value=TEXT, message=TEXT)},
    ),
    "list": shape(
        command={"const": "list"},
        here=HERE,
        excluded={"type": "boolean"},
        in_bundle=COUNT,
        left_out={"type": "array", "items": CERTIFICATE},
        problems=TEXTS,
        certificates={
            "type": "array",
            "items": shape(
                sources=TEXTS,
                paths=TEXTS,
                whose={"enum": ["certifi", "vendor", "added", "ssl", "unknown"]},
                removed_by_certifi={"anyOf": [{"type": "null"}, REMOVED]},
            ),
        },
    ),
    "environments": shape(
        command={"const": "environments"},
        complete={"type": "boolean"},
        environments={"type": "array", "items": ENVIRONMENT, "minItems": 1},
    ),
    "export": shape(command={"const": "export"}, path=TEXT, certificates=COUNT),
    "shellenv": shape(command={"const": "shellenv"}, shell=TEXT, variables={"type": "object"}),
    "remove": shape(command={"const": "remove"}, **CHANGED),
    "doctor": shape(
        command={"const": "doctor"},
        healthy={"type": "boolean"},
        here=HERE,
        findings={
            "type": "array",
            "items": shape(
                level={"enum": ["ok", "note", "problem"]}, check=TEXT, message=TEXT, remedy=TEXT
            ),
        },
    ),
}


COMPLETION = shape(command={"const": "completion"}, shell=TEXT, lines=TEXTS)
ADDED = shape(command={"const": "add"}, **CHANGED)
OF_A_HOST = shape(
    host=TEXT,
    port=COUNT,
    proxy={"type": ["string", "null"]},
    outcomes={"type": "object", "additionalProperties": OUTCOME},
    trusts={"type": "array", "items": TRUST},
    chain={"type": "array", "items": CERTIFICATE},
    **SCHEMAS["doctor"]["properties"],
)


@pytest.mark.parametrize("command", sorted(SCHEMAS))
def test_the_json_of_every_command_has_its_shape(sandbox: Sandbox, command: str) -> None:
    """What the README documents, whole and parsable, nothing else on stdout."""
    done = sandbox.run(*COMMAND, command, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    jsonschema.validate(json.loads(done.stdout), SCHEMAS[command])


def test_the_json_of_completion(sandbox: Sandbox) -> None:
    """The lines for that shell."""
    done = sandbox.run(*COMMAND, "completion", "fish", "--json")
    jsonschema.validate(json.loads(done.stdout), COMPLETION)


def test_the_json_of_add_and_of_a_host(sandbox: Sandbox, ca_file: Path, url: str) -> None:
    """What was added and what was refused; who trusts a server, and a host that is not there."""
    done = sandbox.run(*COMMAND, "add", "--json", str(ca_file), "/no/such/file")
    assert (done.returncode, done.stderr) == (1, "")
    jsonschema.validate(json.loads(done.stdout), ADDED)
    for host, status in ((url, 0), ("localhost:1", 1)):
        env = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
        done = sandbox.run(*COMMAND, "--json", "doctor", host, env=env)
        assert (done.returncode, done.stderr) == (status, "")
        data = json.loads(done.stdout)
        jsonschema.validate(data, OF_A_HOST)
        assert bool(data["outcomes"]) == (not status)


def test_list_finds_by_text_and_source(
    sandbox: Sandbox, ca_file: Path, private_ca: trustme.CA
) -> None:
    """One line with subject, end, SHA-256 and sources."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run(*COMMAND, "list", "--search", "SYSTEM-store-wrapper TESTS", env=env)
    (line,) = done.stdout.splitlines()
    assert line.endswith("  user")
    by_source = sandbox.run(*COMMAND, "list", "--source=user", env=env)
    assert by_source.stdout == done.stdout
    assert "O=certifi-system-store-wrapper tests" in line.partition("  ")[0]
    (digits,) = re.findall("[0-9a-f]{64}", line)
    digits = digits.upper()
    colons = ":".join(digits[i : i + 2] for i in range(0, 20, 2))  # as OpenSSL prints it
    assert sandbox.run(*COMMAND, "list", "--search", colons, env=env).stdout == done.stdout
    everything = sandbox.run(*COMMAND, "list", env=env).stdout.splitlines()
    assert line in everything
    assert len(everything) > 100


def test_list_marks(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is no CA, and what was left out, with the reason."""
    ca = trustme.CA()
    leaf = ca.issue_cert("leaf.example").cert_chain_pems[0].bytes()
    path = write(tmp_path / "leaf.pem", leaf)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    done = sandbox.run(*COMMAND, "list", "--source=user", env=env)
    assert "not a CA" in done.stdout
    folder = {"PYTHON_CERTIFI_CERT_FILES": str(tmp_path)}
    out = sandbox.run(*COMMAND, "list", "--excluded", env=folder)
    assert "not a CA certificate" in out.stdout


def test_export_prints_a_path_that_lasts(sandbox: Sandbox, ca_file: Path) -> None:
    """The same path as python -m certifi."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run(*COMMAND, "export", env=env)
    path = Path(done.stdout.strip())
    assert (done.returncode, done.stderr) == (0, "")
    assert sandbox.run("-m", "certifi", env=env).stdout == done.stdout
    assert ca_file.read_text() in path.read_text()


def test_export_to_a_file(sandbox: Sandbox, ca_file: Path) -> None:
    """Only certificates, readable for all, and a source again for whoever names it."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    target = sandbox.work / "copy.pem"
    done = sandbox.run(*COMMAND, "export", "-o", "copy.pem", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{target}\n", "")
    text = target.read_text(encoding="ascii")
    assert text.startswith("-----BEGIN CERTIFICATE-----\n")
    assert ca_file.read_text() in text
    if os.name != "nt":
        assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [path.name for path in sandbox.work.iterdir()] == ["copy.pem"]
    env = {"PYTHON_CERTIFI_CERT_FILES": str(target)}
    again = sandbox.run(*COMMAND, "list", "--source=user", env=env)
    assert "certifi-system-store-wrapper tests" in again.stdout


@pytest.mark.parametrize("target", [".", "no/such/folder/copy.pem"])
def test_export_to_where_nothing_can_be_written(sandbox: Sandbox, target: str) -> None:
    """One line on stderr, status 1."""
    done = sandbox.run(*COMMAND, "export", "-o", target)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert not list(sandbox.work.iterdir())


@pytest.mark.parametrize("arguments", [["export"], ["export", "-o", "copy.pem"], ["shellenv"]])
def test_export_of_nothing(sandbox: Sandbox, arguments: List[str]) -> None:
    """The reason is told once, whatever number of places there are."""
    done = sandbox.run(*COMMAND, *arguments, env={"PYTHON_CERTIFI_SOURCES": "user"})
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.count("has a certificate: unset it") == 1
    assert not list(sandbox.work.iterdir())


def test_export_replaces_no_bundle_of_ours(sandbox: Sandbox) -> None:
    """Its own bundle keeps its first line, without which it would be nobody's and left alone."""
    path = sandbox.run(*COMMAND, "export").stdout.strip()
    done = sandbox.run(*COMMAND, "export", "-o", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a bundle of ours already" in done.stderr
    assert sandbox.run(*COMMAND, "export").stdout.strip() == path


@posix
def test_export_does_not_replace_a_log_that_stdout_leads_to(sandbox: Sandbox) -> None:
    """`export -o /dev/stdout >> log` leaves what the log had."""
    log = write(sandbox.work / "log", b"before\n")
    command = f"{sandbox.environment.python} {' '.join(COMMAND)} export -o /dev/stdout >> log"
    environ = sandbox.variables({})
    done = subprocess.run(["sh", "-c", command], env=environ, cwd=sandbox.work, check=False)
    assert (done.returncode, log.read_text()) == (1, "before\n")


@pytest.mark.posix("there are no such files")
def test_export_does_not_replace_what_is_no_regular_file(sandbox: Sandbox) -> None:
    """As root, `export -o /dev/null` must not leave a file in its place."""
    fifo = sandbox.work / "fifo"
    os.mkfifo(fifo)
    done = sandbox.run(*COMMAND, "export", "-o", str(fifo))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a regular file" in done.stderr
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert list(sandbox.work.iterdir()) == [fifo]


def test_add_and_remove(sandbox: Sandbox, ca_file: Path, url: str) -> None:
    """A DER file is trusted in all environments of this user, until it is removed."""
    der = ssl.PEM_cert_to_DER_cert(ca_file.read_text())
    given = write(sandbox.work / "corp.bin", der)
    assert_untrusted(sandbox.fetch("requests", url))
    added = sandbox.run(*COMMAND, "add", str(given))
    assert (added.returncode, added.stderr) == (0, "")
    assert added.stdout.startswith("added")
    given.unlink()
    assert_fetched(sandbox.fetch("requests", url))
    held = json.loads(sandbox.run(*COMMAND, "remove", "--json").stdout)["certificates"]
    stored = Path(held[0]["stored"])
    assert stored.parent == sandbox.drop_folder
    assert stored.name.endswith(f"{held[0]['sha256'][:16]}.pem")
    removed = sandbox.run(*COMMAND, "remove", held[0]["sha256"][:8])
    assert removed.stdout.startswith("removed")
    assert not stored.exists()
    assert_untrusted(sandbox.fetch("requests", url))
    assert sandbox.run(*COMMAND, "remove", held[0]["sha256"]).returncode == 1


def test_adding_twice_is_once(sandbox: Sandbox, ca_file: Path) -> None:
    """The name comes from the content."""
    for label in ("added", "held"):
        done = sandbox.run(*COMMAND, "add", str(ca_file))
        assert done.returncode == 0
        assert done.stdout.startswith(label)


@posix
@pytest.mark.parametrize(
    "kind", ["garbage", "key", "link", "missing", "folder", "broken", "both", "for mail"]
)
def test_what_add_refuses(sandbox: Sandbox, ca_file: Path, kind: str) -> None:
    """The reason is named, nothing is stored, and the good file beside it is."""
    path = sandbox.work / "given.pem"
    ca = trustme.CA()
    key = ca.issue_cert("x.example").private_key_pem.bytes()
    contents = {"garbage": b"no", "key": key, "both": ca.cert_pem.bytes() + key}
    contents["broken"] = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    contents["for mail"] = encode_pem(mint("mail", eku=("emailProtection",)))
    if kind in contents:
        write(path, contents[kind])
    elif kind == "link":
        path.symlink_to(ca_file)
    elif kind == "folder":
        path.mkdir()
    done = sandbox.run(*COMMAND, "add", str(path), str(ca_file))
    assert done.returncode == 1
    (refused,), added = done.stderr.splitlines(), done.stdout.splitlines()[0]
    assert f": refused {path}: " in refused and added.startswith("added")
    folder = sandbox.drop_folder
    assert len(list(folder.iterdir())) == 1


@posix
def test_shellenv_in_a_shell(sandbox: Sandbox, ca_file: Path) -> None:
    """`eval "$(… shellenv)"` gives every variable the path of a bundle that is there."""
    command = f"{sandbox.environment.python} -m certifi_system_store_wrapper shellenv"
    script = f'eval "$({command})"; test -s "$SSL_CERT_FILE" && echo "$CURL_CA_BUNDLE"'
    done = subprocess.run(
        ["sh", "-c", script],
        env=sandbox.variables({"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert ca_file.read_text() in Path(done.stdout.strip()).read_text()


@posix
@pytest.mark.parametrize("folder", ["", "bundle"])
def test_shellenv_again_is_the_same(sandbox: Sandbox, ca_file: Path, folder: str) -> None:
    """In a shell that has its variables it prints the same path, and writes nothing."""
    command = f"{sandbox.environment.python} -m certifi_system_store_wrapper shellenv --format sh"
    look = 'ls -i "$SSL_CERT_FILE"'
    shutil.copy(ca_file, sandbox.work / "a:b.pem")
    time.sleep(2.1)  # what it is made from has settled then
    env = {"SSL_CERT_FILE": "a:b.pem", "PYTHON_CERTIFI_BUNDLE_DIR": folder and str(sandbox.work)}
    done = subprocess.run(
        ["sh", "-c", f'eval "$({command})"; {look}; cd /; eval "$({command})"; {look}'],
        env=sandbox.variables(env),
        cwd=sandbox.work,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = done.stdout.splitlines()
    assert (lines[:1], done.stderr) == (lines[1:], "")
    assert ca_file.read_text() in Path(lines[0].split(" ", 1)[1]).read_text()


PLAIN = ("env", "PYTHON_CERTIFI_DISABLE=1")  # we may be installed beside the pip of these tests
TOOLS = {
    "curl": ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"],
    "git": ["git", "ls-remote"],
    "node": ["node", "-e", "require('https').get(process.argv[1], a => a.destroy())"],
    "pip": [
        *(*PLAIN, sys.executable, "-m", "pip", "--isolated", "--retries=0"),
        *("download", "nothing", "-i"),
    ],
    "uv": [sys.executable, "-m", "uv", "pip", "install", "--target=x", "nothing", "-i"],
}
REFUSED = re.compile("certificate|issuer|CERT_|unable to get", re.IGNORECASE)


@posix
@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_shellenv_reaches_other_programs(
    sandbox: Sandbox, ca_file: Path, url: str, tool: str
) -> None:
    """With its variables they trust the user's CA; without, they refuse the server."""
    if not shutil.which(TOOLS[tool][0]):
        pytest.skip(f"there is no {tool} here")
    shellenv = f"{sandbox.environment.python} -m certifi_system_store_wrapper shellenv"
    call = shlex.join([*TOOLS[tool], url])
    env = sandbox.variables({"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    env.update(PATH=os.environ["PATH"], PIP_CONFIG_FILE=os.devnull)
    env.update(UV_NO_CONFIG="1", UV_NATIVE_TLS="0", UV_HTTP_RETRIES="0")

    def said(script: str) -> str:
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=sandbox.work,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr

    assert REFUSED.search(said(call))
    reached = said(f'eval "$({shellenv})"; {call}')
    assert not REFUSED.search(reached), reached
    assert "command not found" not in reached


@pytest.mark.linux("there is no such device")
@pytest.mark.parametrize("command", ["list", "--help"])
def test_a_full_disk_is_one_line(sandbox: Sandbox, command: str) -> None:
    """`… list > file` on a full disk says so."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [str(sandbox.environment.python), *COMMAND, command],
            env=sandbox.variables({}),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "standard output: No space left" in line


@posix
def test_a_closed_stdout_is_one_line(sandbox: Sandbox) -> None:
    """`… >&-` is no traceback."""
    command = f"{sandbox.environment.python} -m certifi_system_store_wrapper >&-"
    done = subprocess.run(
        ["sh", "-c", command],
        env=sandbox.variables({}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["add"],
        ["list", "--source=moon"],
        ["export", "-o", ""],
        ["export", "-o", "-"],
        ["shellenv", "--shell=\x1b[31m"],
        ["doctor", "ssh://localhost"],
    ],
)
def test_wrong_usage_is_status_2(sandbox: Sandbox, arguments: List[str]) -> None:
    """One line on stderr, with what was wrong and the next step, and nothing of it acts."""
    done = sandbox.run(*COMMAND, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "error:" in line and line.isprintable()
    assert f"{arguments[0]} --help tells more" in line


@pytest.mark.linux("there is no such device")
@pytest.mark.parametrize("command", ["status", "list"])
def test_a_python_without_tls(sandbox: Sandbox, command: str) -> None:
    """It is said that Python is what has to be installed again: pip cannot work there."""
    code = (
        "import sys; sys.modules['_ssl'] = None; from certifi_system_store_wrapper import commands"
    )
    done = sandbox.run("-c", f"{code}; sys.exit(commands.main(['{command}']))")
    assert (done.returncode, done.stdout) == (1, ""), done
    assert "this Python has no TLS" in done.stderr and "pip" not in done.stderr, done


def test_wrong_usage_where_stderr_is_full(sandbox: Sandbox) -> None:
    """The status is the same, and not that of an interpreter that failed at its end."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [str(sandbox.environment.python), *COMMAND, "add"],
            env=sandbox.variables({}),
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, b"")


def test_help_names_every_command(sandbox: Sandbox) -> None:
    """And shows examples, the variables and the exit status; so does each for itself."""
    done = sandbox.run(*COMMAND, "--help")
    assert done.returncode == 0
    for word in (*SCHEMAS, "add", "completion", "examples:", "environment:", "exit status:"):
        assert word in done.stdout
    for command in (*SCHEMAS, "add", "completion"):
        page = sandbox.run(*COMMAND, command, "--help", env={"COLUMNS": "40"})
        assert page.returncode == 0
        assert "exit status:" in page.stdout
        prose = page.stdout.partition("\n\n")[2].partition("\n\n")[0]
        assert len(prose) > 100 and max(map(len, prose.splitlines())) <= 40


@posix
def test_what_is_added_at_the_same_time(sandbox: Sandbox, ca_file: Path) -> None:
    """Eight at once: each says that it is there, and it is there once, whole."""
    command = [str(sandbox.environment.python), *COMMAND, "add", str(ca_file)]
    processes = [
        subprocess.Popen(command, env=sandbox.variables({}), stdout=subprocess.PIPE)
        for _ in range(8)
    ]
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert out.startswith((b"added", b"held"))
    (stored,) = sandbox.drop_folder.iterdir()
    assert stored.read_bytes() == ca_file.read_bytes()


@posix
def test_what_add_takes(sandbox: Sandbox) -> None:
    """Several in a file, PKCS#7, odd names and subjects, leafs and expired ones, marked."""
    old, leaf = make("\u4e2d\u6587 / ../x", *CA, days=(-9, -1)), make("\x1b[31mred\n")
    two = [make(f"Corp Root {number}", *CA) for number in range(2)]
    ders = [ssl.PEM_cert_to_DER_cert(each.pem.decode()) for each in two]
    given = [
        write(sandbox.work / "both \u4e2d\n.pem", old.pem + leaf.pem),
        write(sandbox.work / "-chain.p7b", pkcs7(ders)),
    ]
    done = sandbox.run(*COMMAND, "add", "--", str(given[0]), given[1].name)
    assert (done.returncode, done.stderr) == (0, "")
    # Other programs of this user, which run now, may be named as well.
    others = ("note", "running")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(others)]
    assert len(lines) == 4
    assert "[expired]" in lines[0] and "not a CA" in lines[1]
    assert all(line.isprintable() and line.startswith("added") for line in lines)
    names = sorted(path.name for path in sandbox.drop_folder.iterdir())
    assert len(names) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9-]+-[0-9a-f]{16}\.pem", name) for name in names)
    listed = json.loads(sandbox.run(*COMMAND, "list", "--source=user", "--json").stdout)
    assert len(listed["certificates"]) == 4


def test_a_stored_file_that_was_spoiled_is_stored_again(sandbox: Sandbox, ca_file: Path) -> None:
    """Its name alone does not count."""
    assert sandbox.run(*COMMAND, "add", str(ca_file)).returncode == 0
    (stored,) = sandbox.drop_folder.iterdir()
    write(stored, b"spoiled")
    assert sandbox.run(*COMMAND, "add", str(ca_file)).stdout.startswith("added")
    assert stored.read_text() == ca_file.read_text()


def test_what_remove_refuses(sandbox: Sandbox, ca_file: Path) -> None:
    """Too few digits, a file elsewhere of the same name, several of that name; nothing goes."""
    sandbox.run(*COMMAND, "add", str(ca_file))
    (stored,) = sandbox.drop_folder.iterdir()
    for folder in ("a", "b"):
        write(sandbox.drop_folder / folder / "same.pem", make(folder, *CA).pem)
    elsewhere = write(sandbox.work / stored.name, b"")
    both = [(sandbox.drop_folder / each / "same.pem").read_bytes() for each in ("a", "b")]
    several = write(sandbox.work / "several.pem", b"".join(both))
    words = (stored.stem[-16:][:7], str(elsewhere), "same.pem", str(several), "", ".", "/")
    for word in words:
        done = sandbox.run(*COMMAND, "remove", word)
        assert (done.returncode, done.stdout) == (1, ""), word
        assert len(done.stderr.splitlines()) == 1 and f": refused {word}: " in done.stderr
    assert len(list(sandbox.drop_folder.rglob("*.pem"))) == 3
    done = sandbox.run(*COMMAND, "remove", str(stored), str(sandbox.drop_folder / "a" / "same.pem"))
    assert done.returncode == 0
    assert len(list(sandbox.drop_folder.rglob("*.pem"))) == 1


def test_a_certificate_that_only_openssl_can_read(sandbox: Sandbox, ca_file: Path) -> None:
    """Its basic constraints are broken: it is added, as are the others, and all is told."""
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), b"\x05\0")
    odd = write(sandbox.work / "odd.pem", make("Odd", (broken, False)).pem)
    done = sandbox.run(*COMMAND, "add", str(ca_file), str(odd))
    assert done.returncode == 0 and "not foreseen" not in done.stderr, done
    assert len(list(sandbox.drop_folder.iterdir())) == 2
    assert done.stdout.count("added ") == 2


@posix
def test_remove_deletes_nothing_behind_a_linked_folder(sandbox: Sandbox, ca_file: Path) -> None:
    """What is a person's own elsewhere stays theirs; a linked file loses the link alone."""
    write(sandbox.work / "mine" / "ca.pem", ca_file.read_bytes())
    write(sandbox.work / "other.pem", make("Other", *CA).pem)
    sandbox.drop_folder.mkdir(parents=True)
    (sandbox.drop_folder / "linked").symlink_to(sandbox.work / "mine")
    (sandbox.drop_folder / "other.pem").symlink_to(sandbox.work / "other.pem")
    done = sandbox.run(*COMMAND, "remove", "ca.pem")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the file in {sandbox.work / 'mine'}" in done.stderr
    assert sandbox.run(*COMMAND, "remove", "other.pem").returncode == 0
    assert [path.name for path in sandbox.drop_folder.iterdir()] == ["linked"]
    assert (sandbox.work / "mine" / "ca.pem").exists() and (sandbox.work / "other.pem").exists()


@posix
def test_a_drop_folder_that_is_a_link_or_open_to_others(sandbox: Sandbox, ca_file: Path) -> None:
    """A link is followed; where others may write, nothing is stored, with the next step."""
    real = sandbox.home / "dotfiles"
    real.mkdir()
    sandbox.drop_folder.parent.mkdir(parents=True)
    sandbox.drop_folder.symlink_to(real)
    assert sandbox.run(*COMMAND, "add", str(ca_file)).returncode == 0
    assert len(list(real.iterdir())) == 1
    real.chmod(0o777)
    done = sandbox.run(*COMMAND, "add", str(ca_file))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "chmod go-w" in line


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_file_where_a_folder_must_be(sandbox: Sandbox, ca_file: Path, depth: int) -> None:
    """It is named, whether it stands in place of the drop folder or of one above."""
    place = [sandbox.drop_folder, *sandbox.drop_folder.parents][depth]
    write(place, b"")
    done = sandbox.run(*COMMAND, "add", str(ca_file))
    assert (done.returncode, done.stdout, place.read_bytes()) == (1, "", b"")
    (line,) = done.stderr.splitlines()
    assert f"{place} has to be a folder, and is none" in line


@posix
def test_no_folder_is_made_where_others_may_write(sandbox: Sandbox, ca_file: Path) -> None:
    """What is refused leaves nothing: root would bar somebody from their own home."""
    sandbox.home.chmod(0o777)
    done = sandbox.run(*COMMAND, "add", str(ca_file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "chmod go-w" in done.stderr
    assert list(sandbox.home.iterdir()) == []


@posix
def test_add_whatever_the_umask(sandbox: Sandbox, ca_file: Path) -> None:
    """What it makes is open to no other, so that it is used; and is readable where it may be."""
    for umask in ("0", "022", "077"):
        env = {"XDG_CONFIG_HOME": str(sandbox.home / umask)}
        prefix = ("sh", "-c", f'umask {umask}; exec "$@"', "sh")
        done = sandbox.run(*COMMAND, "add", str(ca_file), env=env, prefix=prefix)
        assert (done.returncode, done.stderr) == (0, ""), umask
        shutil.rmtree(sandbox.home / umask, ignore_errors=True)


@posix
def test_one_that_cannot_be_stored_or_removed(sandbox: Sandbox, ca_file: Path) -> None:
    """The others are, each with its line."""
    other = write(sandbox.work / "other.pem", make("Other", *CA).pem)
    sandbox.run(*COMMAND, "add", str(ca_file), str(other))
    stored, second = sorted(sandbox.drop_folder.iterdir(), key=lambda p: "Other" in p.name)
    stored.unlink()
    stored.mkdir()  # not even root replaces a folder by a file
    second.unlink()
    done = sandbox.run(*COMMAND, "add", str(ca_file), str(other))
    (refused,), added = done.stderr.splitlines(), done.stdout.splitlines()[0]
    assert done.returncode == 1 and added.startswith("added") and str(stored) in refused
    held = write(stored / "held.pem", ca_file.read_bytes())
    stored.chmod(0o555)
    prefix = POWERLESS if os.geteuid() == 0 else []
    done = sandbox.run(*COMMAND, "remove", second.name, held.name, prefix=prefix)
    stored.chmod(0o755)
    (refused,), removed = done.stderr.splitlines(), done.stdout.splitlines()[0]
    assert done.returncode == 1 and removed.startswith("removed") and str(held) in refused
    assert held.exists() and not second.exists()


@posix
def test_export_and_shellenv_are_exact(sandbox: Sandbox) -> None:
    """A path that is no UTF-8, and acts on a terminal, arrives as it is; in JSON, too."""
    name = b"\xff\x1b[31m caf\xe9 'q'"
    folder = os.fsencode(sandbox.work) + b"/" + name
    env = {**sandbox.variables({}), "PYTHON_CERTIFI_BUNDLE_DIR": folder}
    python = str(sandbox.environment.python)
    for locale in ({}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        run = partial(subprocess.check_output, env={**env, **locale}, cwd=sandbox.work)
        assert run([python, *COMMAND, "export"]) == folder + b"/cacert.pem\n"
        assert Path(os.fsdecode(folder), "cacert.pem").exists()
        script = f'eval "$({shlex.join([python, *COMMAND, "shellenv", "--shell=sh"])})"'
        told = run(["sh", "-c", f'{script}; printf %s "$CURL_CA_BUNDLE"'])
        assert told == folder + b"/cacert.pem"
        data = json.loads(run([python, *COMMAND, "shellenv", "--json"]))
        if not locale:
            assert os.fsencode(data["variables"]["PIP_CERT"]) == folder + b"/cacert.pem"
        shown = run([python, *COMMAND]).decode()  # for people it is escaped
        assert "\x1b" not in shown and "\\x1b[31m" in shown


@posix
def test_shellenv_refuses_a_line_break(sandbox: Sandbox) -> None:
    """One line on stderr, with the way out."""
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "a\nb")}
    done = sandbox.run(*COMMAND, "shellenv", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "line break" in line and "PYTHON_CERTIFI_BUNDLE_DIR" in line


def test_passwords_are_shown_to_nobody(sandbox: Sandbox) -> None:
    """In no variable that is shown, whatever its name."""
    env = {
        "REQUESTS_CA_BUNDLE": "https://me:s3/cret@host/x",
        "PYTHON_CERTIFI_SOMETHING": "http://me:s3#cret@host",
        "PYTHON_CERTIFI_CERT_FILES": "proxyuser:s3:cret@host",
        "PYTHON_CERTIFI_LOG_LEVEL": "me:s3cret@host",
        "AWS_CA_BUNDLE": "me:s3cret@proxy:3128",
        "http_proxy": "me:s3cret@proxy:3128",
    }
    for command in ("status", "doctor"):
        for options in ([], ["--json"]):
            done = sandbox.run(*COMMAND, command, *options, env=env)
            assert "***@host" in done.stdout
            assert "cret" not in done.stdout + done.stderr
    for arguments in (["status", "https://me:s3cret@host"], ["add", "https://me:s3cret@host/x"]):
        done = sandbox.run(*COMMAND, *arguments)
        assert "https://***@host" in done.stdout + done.stderr
        assert "cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("variable", ["PYTHON_CERTIFI_CERT_FILES", "SSL_CERT_DIR"])
def test_a_url_in_a_list_of_paths_shows_no_password(sandbox: Sandbox, variable: str) -> None:
    """Its colons separate paths, so its parts come apart before they are shown."""
    file = write(sandbox.work / "me@work.pem", make("CA", *CA).pem)
    env = {variable: os.pathsep.join(["https://me:s3/cret@host/x", str(file), str(sandbox.work)])}
    done = sandbox.run_code("import certifi; certifi.where()", env=env)
    assert "***@host" in done.stderr
    assert "me@work.pem: the file does not exist" not in done.stderr
    for arguments in (["status"], ["doctor"], ["doctor", "--json"]):
        shown = sandbox.run(*COMMAND, *arguments, env=env)
        assert "cret" not in shown.stdout + shown.stderr + done.stderr


def test_thousands_of_certificates(sandbox: Sandbox) -> None:
    """A folder of them is listed, found and marked."""
    key = make("key").key
    pems = [make(f"CA number {number}", *CA, key=key, days=(-1, 999)).pem for number in range(2000)]
    path = write(sandbox.work / "many.pem", b"".join(pems))
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    done = sandbox.run(*COMMAND, "list", "--source=user", env=env)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2000)
    assert sandbox.run(*COMMAND, "doctor", env=env).returncode == 0


def test_strange_certificates(sandbox: Sandbox) -> None:
    """What OpenSSL loads is listed in printable lines: names of 64 KB, NULs, times out of reach."""
    odd = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x" * 64)] * 900),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a\0b\u202e\x9b31m\r\n")]),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "caf\xe9", _ASN1Type.T61String)]),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "\u4e2d", _ASN1Type.BMPString)]),
        x509.Name([x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4.5"), "unknown")]),
        x509.Name([]),
    ]
    pems = [make("odd", *CA, name=name).pem for name in odd]
    pems += [
        make(f"until {year}", *CA, until=dt.datetime(year, 1, 2, tzinfo=dt.timezone.utc)).pem
        for year in (1951, 9999)
    ]
    path = write(sandbox.work / "odd.pem", b"".join(pems))
    env = {"PYTHON_CERTIFI_CERT_FILES": str(path)}
    for arguments in (["list", "--source=user"], ["doctor"], ["status"], ["list", "--json"]):
        done = sandbox.run(*COMMAND, *arguments, env=env)
        assert "Traceback" not in done.stderr
        assert all(line.isprintable() and len(line) < 3000 for line in done.stdout.splitlines())
    listed = sandbox.run(*COMMAND, "list", "--source=user", env=env).stdout
    assert len(listed.splitlines()) == len(pems)
    for word in (
        "more)",
        r"a\x00b\u202e\x9b31m\r\n",
        "caf",
        "\u4e2d",
        "1.2.3.4.5",
        "9999",
        "1951",
    ):
        assert word in listed


def test_list_of_what_is_beyond_certifi_and_of_what_it_removed(
    sandbox: Sandbox, ca_file: Path
) -> None:
    """Each shows a part of the bundle, and of what was left out; the marks say why."""
    code = """
        import hashlib, ssl, sys
        from certifi_system_store_wrapper import commands
        from certifi_system_store_wrapper.commands import whose

        der = ssl.PEM_cert_to_DER_cert(open(sys.argv[1]).read())
        known = {hashlib.sha256(der).hexdigest(): {"last": "2020.1.1"}}
        whose._removed = lambda: known
        sys.exit(commands.main(sys.argv[2:]))
    """
    program = write(sandbox.work / "program.py", textwrap.dedent(code).encode())

    def listed(*arguments: str, **env: str) -> List[str]:
        env = {"PYTHON_CERTIFI_SOURCES": "certifi,user", **env}
        done = sandbox.run(str(program), str(ca_file), *arguments, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    own = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    (line,) = listed("list", "--beyond", "certifi", **own)
    assert line.endswith("[removed by certifi after 2020.1.1]")
    assert listed("list", "--removed", **own) == [line]
    assert len(listed("list", "--beyond", "user", **own)) > 100
    assert listed("list", "--removed") == listed("list", "--beyond", "certifi") == []
    status = listed("status", **own)
    beyond = "beyond    1 more than certifi alone: 1 added here; "
    assert f"{beyond}1 that certifi has removed (`list --removed`)" in status
    assert not [each for each in listed("status") if each.startswith("beyond")]


def test_one_exclusion_for_each_certificate(sandbox: Sandbox, ca_file: Path) -> None:
    """Wherever it was found: in `status`, in `list --excluded` and in JSON, with all places."""
    ca = trustme.CA()
    pem = ca.issue_cert("leaf.example").cert_chain_pems[0].bytes()
    one, other = (write(sandbox.work / name / "leaf.pem", pem) for name in ("one", "other"))
    folders = os.pathsep.join(str(path.parent) for path in (one, other))
    env = {"PYTHON_CERTIFI_CERT_FILES": folders, "PYTHON_CERTIFI_SOURCES": "certifi,user"}
    told = json.loads(sandbox.run(*COMMAND, "status", "--json", env=env).stdout)["excluded"]
    done = sandbox.run(*COMMAND, "list", "--excluded", "--json", env=env)
    (listed,) = json.loads(done.stdout)["certificates"]
    assert [each["paths"] for each in told] == [[str(one), str(other)]] == [listed["paths"]]
    assert listed["sources"] == ["user"]
    lines = sandbox.run(*COMMAND, "list", "--excluded", env=env).stdout.splitlines()
    text = sandbox.run(*COMMAND, env=env).stdout.splitlines()
    shown = [line for line in text if line.startswith("left out")]
    assert len(lines) == len(shown) == 1
    assert f"{one} (and 1 more)" in lines[0] and f"{one} (and 1 more)" in shown[0]


def test_list_says_why_a_root_stands_before_its_twin(sandbox: Sandbox) -> None:
    """OpenSSL takes the first of a name: the reason is a mark, also in JSON."""
    old, new = (make("twins", *CA, days=(begin, 99)) for begin in (-5, -2))
    env = {"PYTHON_CERTIFI_CERT_FILES": str(write(sandbox.work / "both.pem", old.pem + new.pem))}
    listed = sandbox.run(*COMMAND, "list", "--search=CN=twins", env=env).stdout.splitlines()
    assert [line.partition("[")[2] for line in listed] == [
        "stands before another of its name: issued later]",
        "stands behind 1 of its name]",
    ]
    done = sandbox.run(*COMMAND, "list", "--search=CN=twins", "--json", env=env)
    first, second = json.loads(done.stdout)["certificates"]
    assert first["marks"] == ["stands before another of its name: issued later"]
    assert second["marks"] == ["stands behind 1 of its name"]
