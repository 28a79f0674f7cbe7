"""The words on the screen: they fit, each thing is said once, and a wrong word is understood."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
from pathlib import Path
from typing import Dict, List

import pytest

from support import MODULE, Sandbox, write
from support.minting import CA, make
from support.terminal import on_a_terminal

COMMAND = ("-m", MODULE)
HASH = re.compile("[0-9a-f]{64}")
unix = pytest.mark.posix("there are no such terminals")


def tried(sandbox: Sandbox) -> List[List[str]]:
    """Return commands that say much: a long name, one that is left out, a refusal."""
    name = "A Certification Authority With A Name Of Many Words For All"
    root = write(sandbox.work / "root.pem", make(name, *CA).pem)
    return [
        ["status"],
        ["list", "--source", "user"],
        ["list", "--excluded"],
        ["doctor"],
        ["doctor", "localhost:1"],
        ["add", str(root)],
        ["remove"],
        ["remove", "0" * 64],
        ["environments"],
        ["list", "--search", "nobody is called that"],
        ["nonsense"],
    ]


@unix
def test_text_is_wrapped_by_words(sandbox: Sandbox, ca_file: Path) -> None:
    """At 80 columns no line is longer, unless one word is; no word is lost or broken."""
    folder = write(sandbox.work / "folder" / "leaf.pem", make("leaf.example").pem).parent
    env = {"PYTHON_CERTIFI_CERT_FILES": os.pathsep.join([str(ca_file), str(folder)])}
    env["NO_COLOR"] = "1"
    wrapped = 0
    for arguments in tried(sandbox):
        wide = on_a_terminal(sandbox, arguments, columns=5000, **env)
        shown = on_a_terminal(sandbox, arguments, columns=80, **env)
        for line in shown.splitlines():
            assert len(line) <= 80 or " " not in line.strip(), line
        # Behind `running` stand other programs of this user, which come and go.
        words = [len(text.partition("\nrunning ")[0].split()) for text in (wide, shown)]
        assert words[0] == words[1], (wide, shown)
        wrapped += len(shown.splitlines()) > len(wide.splitlines())
    assert wrapped > 5


@unix
def test_a_wrapped_line_goes_on_below_its_text(sandbox: Sandbox) -> None:
    """Not below its label, so that labels can be looked through."""
    shown = on_a_terminal(sandbox, ["doctor"], columns=60, NO_COLOR="1")
    (first,) = [n for n, line in enumerate(shown.splitlines()) if "uses OpenSSL's" in line]
    assert shown.splitlines()[first].startswith("ok        uses")
    assert shown.splitlines()[first + 1].startswith(" " * 10)


@unix
def test_a_fingerprint_is_short_on_a_terminal_and_whole_in_a_pipe(
    sandbox: Sandbox, ca_file: Path
) -> None:
    """What is shown names the certificate for `remove` and `list --search`."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    (whole,) = HASH.findall(sandbox.run(*COMMAND, "list", "--source=user", env=env).stdout)
    shown = on_a_terminal(sandbox, ["list", "--source=user"], columns=80, **env)
    assert whole not in shown and whole[:16] in shown
    for arguments in (["add", str(ca_file)], ["remove"]):
        assert not HASH.search(on_a_terminal(sandbox, arguments, columns=80))
    assert HASH.findall(sandbox.run(*COMMAND, "remove").stdout) == [whole]
    found = sandbox.run(*COMMAND, "list", "--search", whole[:16]).stdout
    assert HASH.findall(found) == [whole]
    assert sandbox.run(*COMMAND, "remove", whole[:16]).returncode == 0


def test_the_subject_comes_first(sandbox: Sandbox, ca_file: Path) -> None:
    """It is what people look for; in a pipe a certificate is one line."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    data = json.loads(sandbox.run(*COMMAND, "list", "--json", env=env).stdout)
    lines = sandbox.run(*COMMAND, "list", env=env).stdout.splitlines()
    subjects = [each["subject"] or "no subject" for each in data["certificates"]]
    assert [line.partition("  ")[0] for line in lines] == subjects


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_named_problem_is_told_once(sandbox: Sandbox, command: str) -> None:
    """As a problem on stdout, and not as a WARNING on stderr, too; in a log file it is."""
    log = sandbox.work / "log"
    env = {"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem", "PYTHON_CERTIFI_LOG_FILE": str(log)}
    for options in ([], ["--json"]):
        done = sandbox.run(*COMMAND, command, *options, env=env)
        assert (done.returncode, done.stderr) == (1, "")
    assert sandbox.run(*COMMAND, command, env=env).stdout.count("does not exist") == 1
    path = os.path.join("no", "such.pem")
    assert path in log.read_text(encoding="utf-8")
    asked = sandbox.run(*COMMAND, command, env={**env, "PYTHON_CERTIFI_LOG_LEVEL": "WARNING"})
    assert asked.stderr.count(path) == 1


def test_a_warning_that_is_no_finding_becomes_one(sandbox: Sandbox) -> None:
    """What only the log would have told is not lost: here, that the folder is another's."""
    kept = str(sandbox.work / "kept")
    first = {"PYTHON_CERTIFI_BUNDLE_DIR": kept}
    assert sandbox.run_code("import certifi; certifi.where()", env=first).returncode == 0
    other = {**first, "PYTHON_CERTIFI_SOURCES": "certifi"}
    for command in ("status", "doctor"):
        done = sandbox.run(*COMMAND, command, env=other)
        assert done.stdout.count("it was made with other settings") == 1, done
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["statsu"], "`status`"),
        (["docter"], "`doctor`"),
        (["list", "--serach", "x"], "`--search`"),
        (["list", "--source", "xsystem"], "`system`"),
        (["shellenv", "--shell=fsh"], "`fish`"),
        (["git.corp.example"], "`doctor git.corp.example`"),
        (["https://git.corp.example/"], "`doctor https://git.corp.example/`"),
        (["localhost:8443"], "`doctor localhost:8443`"),
        (["corp.pem"], "`add corp.pem`"),
    ],
)
def test_did_you_mean(sandbox: Sandbox, arguments: List[str], meant: str) -> None:
    """A word that is like a known one, a host and a file each lead to the right command."""
    write(sandbox.work / "corp.pem", b"")
    done = sandbox.run(*COMMAND, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"did you mean {meant}?" in line


def test_a_word_like_none_is_not_guessed_at(sandbox: Sandbox) -> None:
    """It is said which words there are."""
    done = sandbox.run(*COMMAND, "xyzzy")
    assert done.returncode == 2
    assert "did you mean" not in done.stderr and "status, list" in done.stderr


def test_help_and_version(sandbox: Sandbox) -> None:
    """By every word that people try; the version says whose it is, and where."""
    assert sandbox.run(*COMMAND, "help").stdout == sandbox.run(*COMMAND, "--help").stdout
    assert sandbox.run(*COMMAND, "help", "add").stdout == sandbox.run(*COMMAND, "add", "-h").stdout
    assert "did you mean `list`?" in sandbox.run(*COMMAND, "help", "lst").stderr
    told = {sandbox.run(*COMMAND, word).stdout for word in ("version", "-V", "--version")}
    (line,) = told
    python = sandbox.run_code("import sys; print(sys.version.split()[0], sys.executable)").stdout
    assert re.match(r"certifi-system-store-wrapper \d+\.\d+\.\d+ from ", line)
    for part in (str(sandbox.environment.site_packages), *python.split()):
        assert part in line


@pytest.mark.parametrize("url", ["https://pki.corp.example/root.crt", "http://x", "file:///x.pem"])
def test_add_of_a_url(sandbox: Sandbox, url: str) -> None:
    """Nothing is downloaded, and it is said what to do."""
    done = sandbox.run(*COMMAND, "add", url)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"refused {url}: it is a URL" in line and "save the certificate to a file" in line


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("localhost:99999", "there is no port 99999: ports are 1 to 65535"),
        ("localhost:0", "there is no port 0: "),
        ("https://localhost:65536/", "there is no port 65536: "),
        ("localhost:https", "the port is no number: "),
        ("https://me:s3cret/x@localhost/", "name HOST, HOST:PORT"),
    ],
)
def test_a_port_that_there_is_not(sandbox: Sandbox, host: str, said: str) -> None:
    """It is named, but for what may be a password."""
    done = sandbox.run(*COMMAND, "doctor", host)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert said in line and "cret" not in line


def test_a_search_without_a_hit(sandbox: Sandbox) -> None:
    """It says so, where else to look, and exits 1; what is no search exits 0."""
    for options in ([], ["--json"]):
        done = sandbox.run(*COMMAND, "list", "--search", "no such name", *options)
        assert done.returncode == 1
        assert (json.loads(done.stdout)["certificates"] if options else done.stdout) in ([], "")
    done = sandbox.run(*COMMAND, "list", "--search", "no such name")
    (line,) = done.stderr.splitlines()
    assert "no certificate with 'no such name' is in the bundle" in line
    folder = write(sandbox.work / "folder" / "leaf.pem", make("leaf.example").pem).parent
    env = {"PYTHON_CERTIFI_CERT_FILES": str(folder)}
    done = sandbox.run(*COMMAND, "list", "--search", "leaf.example", env=env)
    assert done.returncode == 1 and "add --excluded" in done.stderr
    search = ("list", "--excluded", "--search")
    assert sandbox.run(*COMMAND, *search, "leaf.example", env=env).returncode == 0
    assert sandbox.run(*COMMAND, *search, "no such name", env=env).returncode == 1
    assert sandbox.run(*COMMAND, "list", "--source=user").returncode == 0


def test_add_of_a_servers_own_certificate(sandbox: Sandbox) -> None:
    """It is said at once what it is, and whose certificate would help; of a CA's nothing."""
    root = make("Corp Root", *CA)
    issued, alone = make("git.corp.example", by=root), make("wiki.corp.example")
    paths = [
        str(write(sandbox.work / f"{number}.pem", each.pem))
        for number, each in enumerate((issued, alone, root))
    ]
    done = sandbox.run(*COMMAND, "add", *paths)
    assert (done.returncode, done.stderr) == (0, "")
    notes = [line for line in done.stdout.splitlines() if line.startswith("note")]
    assert ["issued it, CN=Corp Root" in line for line in notes] == [True, False]
    assert "until it has another certificate" in notes[1]
    data = json.loads(sandbox.run(*COMMAND, "add", "--json", *paths).stdout)
    assert [bool(each["warning"]) for each in data["certificates"]] == [True, True, False]


def test_the_debug_log_names_everything(sandbox: Sandbox, ca_file: Path) -> None:
    """Each source, each file, each CA of the user's own, the hook, and the answered path."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file), "PYTHON_CERTIFI_LOG_LEVEL": "DEBUG"}
    env["PYTHON_CERTIFI_SOURCES"] = "certifi,user"
    done = sandbox.run_code("import certifi; print(certifi.where())", env=env)
    path, own = done.stdout.strip(), sandbox.environment.site_packages / "certifi"
    sha256 = hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca_file.read_text())).hexdigest()
    assert done.stderr.count("SHA-256") == 1  # public lists are long
    for said in (
        r"DEBUG: certifi\.where\(\) is replaced: .*certifi",
        r"DEBUG: the source certifi has \d{3} certificates",
        r"DEBUG: the source user has 1 certificates",
        rf"DEBUG: user: {re.escape(str(ca_file))} has 1 certificates",
        rf"DEBUG: certifi: {re.escape(str(own))}.* has \d{{3}} certificates",
        rf"DEBUG: user: {re.escape(str(ca_file))} has OU=Testing CA .*, SHA-256 {sha256[:16]}\n",
        r"DEBUG: the bundle has \d{3} certificates",
        rf"DEBUG: certifi\.where\(\) answers {re.escape(path)}",
    ):
        assert re.search(said, done.stderr), (said, done.stderr)
    code = f"import logging; logging.basicConfig(level='INFO'); {'import certifi; certifi.where()'}"
    assert "has 1 certificates" not in sandbox.run_code(code, env={**env, **quiet()}).stderr


def quiet() -> Dict[str, str]:
    """Return the variable that asks for no more than warnings."""
    return {"PYTHON_CERTIFI_LOG_LEVEL": "WARNING"}


def test_status_explains_itself(sandbox: Sandbox, ca_file: Path) -> None:
    """In words what each source adds; the numbers are those of the matrix, and add up."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    text = sandbox.run(*COMMAND, env=env).stdout
    (line,) = [line for line in text.splitlines() if line.startswith("trusts")]
    data = json.loads(sandbox.run(*COMMAND, "--json", env=env).stdout)
    adds = {each["source"]: each["adds"] for each in data["sources"]}
    assert sum(adds.values()) == data["certificates"]
    assert line.startswith(f"trusts    {data['certificates']} certificates: ")
    assert f"certifi's own list has {adds['certifi']}" in line
    assert line.endswith("your CAs 1")
    if adds["system"]:
        assert f"the system adds {adds['system']}, " in line
    assert "only there" not in text
    verbose = sandbox.run(*COMMAND, "--verbose", env=env).stdout
    assert "only there" in verbose and line in verbose.splitlines()


@unix
@pytest.mark.parametrize("command", ["", "status", "list", "add", "doctor", "environments"])
def test_help_fits_80_columns(sandbox: Sandbox, command: str) -> None:
    """But for examples, which are to be copied in one piece."""
    arguments = [*filter(None, [command]), "--help"]
    # Newer versions of argparse write in colours.
    shown = re.sub("\x1b[^m]*m", "", on_a_terminal(sandbox, arguments, columns=80))
    long = [line for line in shown.splitlines() if len(line) > 80]
    assert [line for line in long if not line.startswith("  ")] == []
    assert "usage:" in shown
