"""doctor HOST finds the missing certificate on this machine, and tells only what it has tried."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from certifi_system_store_wrapper.commands.environment import typed
from certifi_system_store_wrapper.parsing.pem import der_of
from support import MODULE, Sandbox, assert_fetched, assert_untrusted, write
from support.doctor import COMMAND, Answer, ask, trusting
from support.minting import CA, Made, make
from support.servers import Echo, context_for, serving, serving_pages

ROOT = make("Corporate Root", *CA)
LEAF = make("a server", by=ROOT, names=["localhost"])
# What is done to a home: the file that holds the certificate, and the variables.
Told = Tuple[Path, Dict[str, str]]


def _variable(name: str, *, list_of: str = "{}") -> Callable[[Sandbox], Told]:
    def tell(sandbox: Sandbox) -> Told:
        path = write(sandbox.work / "corp.pem", ROOT.pem)
        return path, {name: list_of.format(path)}

    tell.__name__ = name
    return tell


def _settings(file: str, text: str, *, of_project: bool = False) -> Callable[[Sandbox], Told]:
    def tell(sandbox: Sandbox) -> Told:
        path = write(sandbox.home / "corp ca.pem", ROOT.pem)
        folder = sandbox.work if of_project else sandbox.home
        write(folder / file, text.format(path).encode())
        return path, {}

    tell.__name__ = file
    return tell


def _by_variable(name: str, file: str, text: str) -> Callable[[Sandbox], Told]:
    def tell(sandbox: Sandbox) -> Told:
        path, _ = _settings(file, text)(sandbox)
        return path, {name: str(sandbox.home / file.split("/", maxsplit=1)[0])}

    tell.__name__ = name
    return tell


_FOLDER_OF_PIP = ("XDG_CONFIG_HOME", "corp/pip/pip.conf")
if os.name == "nt":
    _FOLDER_OF_PIP = ("APPDATA", "corp/pip/pip.ini")


def _of_project(file: str, text: str) -> Callable[[Sandbox], Told]:
    return _settings(file, text, of_project=True)


def _included(sandbox: Sandbox) -> Told:
    write(sandbox.home / ".gitconfig", b"[user]\n\tname = x\n[include]\n\tpath = corp\n")
    return _settings("corp", "[http]\n\tsslCAInfo = {}\n")(sandbox)


def _folder_of_git(sandbox: Sandbox) -> Told:
    path = write(sandbox.home / "cas" / "corp.pem", ROOT.pem)
    text = f"[http]\n\tsslCAPath = {path.parent}\n"
    write(sandbox.home / ".gitconfig", text.encode())
    return path, {}


def _other_environment(sandbox: Sandbox) -> Told:
    site = "Lib/site-packages" if os.name == "nt" else "lib/python3.9/site-packages"
    return write(sandbox.work / ".venv" / site / "certifi_system" / "corp.pem", ROOT.pem), {}


def _separator(sandbox: Sandbox) -> Told:
    path, other = write(sandbox.work / "corp.pem", ROOT.pem), sandbox.work / "other.pem"
    write(other, make("Other", *CA).pem)
    return path, {"PYTHON_CERTIFI_CERT_FILES": f"{other},{path}"}


def _misspelled(sandbox: Sandbox) -> Told:
    path = write(sandbox.work / "corp.pem", ROOT.pem)
    return path, {"PYTHON_CERTIFI_CERT_FILE": str(path)}


def _drop_folder(sandbox: Sandbox) -> Told:
    return write(sandbox.drop_folder / "corp.cert", ROOT.pem), {}


TOLD = (
    _variable("NODE_EXTRA_CA_CERTS"), _variable("REQUESTS_CA_BUNDLE"), _variable("CURL_CA_BUNDLE"),
    _variable("AWS_CA_BUNDLE"), _variable("PIP_CERT"), _variable("GIT_SSL_CAINFO"),
    _variable("CODEX_CA_CERTIFICATE"), _variable("BUNDLE_SSL_CA_CERT"),
    _settings(".gitconfig", '[user]\n\tname = x\n[http]\n\tsslCAInfo = "{}"\n'),
    _settings(".gitconfig", '[http "https://corp"]\n\tsslcainfo={}\n'),
    _settings(".npmrc", "registry=https://x\ncafile={}\n"),
    _settings(".aws/config", "[profile x]\nca_bundle = {}\n"),
    _settings(".config/pip/pip.conf", "[global]\ncert = {}\n"),
    _settings(".condarc", "ssl_verify: {}\n"),
    _settings(".gitconfig", "[http] sslCAInfo = {}\n"),
    _settings(".gitconfig", '[http]\n\tsslCAInfo = "{}" ; of the company\n'),
    _settings(".gitconfig", "[http]\n\tsslCAInfo = {} # of the company\n"),
    _included, _folder_of_git,
    _by_variable("GIT_CONFIG_GLOBAL", "corp", "[http]\n\tsslCAInfo = {}\n"),
    _by_variable("XDG_CONFIG_HOME", "corp/git/config", "[http]\n\tsslCAInfo = {}\n"),
    _of_project(".git/config", "[http]\n\tsslCAInfo = {}\n"),
    _of_project(".npmrc", "cafile={}\n"), _by_variable("NPM_CONFIG_USERCONFIG", "x", "cafile={}"),
    _settings(".config/pip/pip.conf", "[global]\ncert: {}\n"),
    _by_variable(*_FOLDER_OF_PIP, "[global]\ncert = {}\n"),
    _by_variable("AWS_CONFIG_FILE", "corp", "[default]\nca_bundle = {}\n"),
    _settings(".config/gcloud/configurations/config_a", "[core]\ncustom_ca_certs_file = {}\n"),
    _other_environment, _separator, _misspelled, _drop_folder,
)  # fmt: skip
ONE_OF_EACH_KIND = (
    _variable("NODE_EXTRA_CA_CERTS"), _settings(".npmrc", "registry=https://x\ncafile={}\n"),
    _included, _folder_of_git, _of_project(".npmrc", "cafile={}\n"),
    _by_variable("AWS_CONFIG_FILE", "corp", "[default]\nca_bundle = {}\n"),
    _other_environment, _separator, _misspelled, _drop_folder,
)  # fmt: skip
REMEDIES = {
    _separator: "separate the files in PYTHON_CERTIFI_CERT_FILES",
    _misspelled: "nobody reads PYTHON_CERTIFI_CERT_FILE",
    _drop_folder: "rename it to end in .pem",
}


def asked(sandbox: Sandbox, *presented: Made, env: Dict[str, str]) -> Answer:
    """Ask about a server that presents these."""
    with serving(Echo, context_for(*presented)) as server:
        return ask(sandbox, f"localhost:{server.port}", env)


@pytest.mark.parametrize("tell", TOLD, ids=lambda tell: tell.__name__.strip("_"))
def test_it_lies_where_another_program_was_told_of_it(
    sandbox: Sandbox, tell: Callable[[Sandbox], Told]
) -> None:
    """The file and the one command are told."""
    path, env = tell(sandbox)
    answer = asked(sandbox, LEAF, env=env)
    # (That a variable names one certificate alone may be a problem, too.)
    assert (answer.status, answer.problems[:1]) == (1, ["root"]), answer
    assert f"its root is not trusted here, but it lies in {path}: CN=Corporate Root" in answer.said
    if tell in REMEDIES:
        assert REMEDIES[tell] in answer.said
    else:
        assert typed("certifi-system-store-wrapper", "add", str(path)) in answer.said


@pytest.mark.parametrize("tell", ONE_OF_EACH_KIND, ids=lambda tell: tell.__name__.strip("_"))
def test_for_another_servers_ca_nothing_is_told(
    sandbox: Sandbox, tell: Callable[[Sandbox], Told]
) -> None:
    """A file that was found is offered for what it holds, and for nothing else."""
    _, env = tell(sandbox)
    other = make("another server", by=make("Nobody's Root", *CA), names=["localhost"])
    assert "lies in" not in asked(sandbox, other, env=env).said


def test_the_command_helps(sandbox: Sandbox) -> None:
    """It is run as it was printed; before, a client refuses the server, and then it does not."""
    path = write(sandbox.work / "corp.pem", ROOT.pem)
    env = {"NODE_EXTRA_CA_CERTS": str(path)}
    with serving_pages(context_for(LEAF)) as url:
        assert_untrusted(sandbox.fetch("requests", url))
        answer = ask(sandbox, url, env)
        (told,) = [e for e in answer.data["findings"] if e["level"] == "problem"]
        words = shlex.split(told["remedy"], posix=os.name != "nt")
        command, *arguments = [word.strip('"') for word in words]
        assert command == "certifi-system-store-wrapper"
        assert sandbox.run("-m", MODULE, *arguments).returncode == 0
        ask(sandbox, url, env).is_healthy()
        assert_fetched(sandbox.fetch("requests", url))


def test_a_name_proves_nothing(sandbox: Sandbox) -> None:
    """A CA of that name with another key is not offered, whatever key identifiers say."""
    for identified in (True, False):
        impostor = make("Unnamed", *CA, identified=identified)
        right = make("Unnamed", *CA, identified=identified)
        leaf = make("leaf", by=right, names=["localhost"], identified=identified)
        path = write(sandbox.work / "impostor.pem", impostor.pem)
        env = {"DENO_CERT": str(path)}
        assert "lies in" not in asked(sandbox, leaf, env=env).said
        env["NODE_EXTRA_CA_CERTS"] = str(write(sandbox.work / "right.pem", right.pem))
        assert f"it lies in {env['NODE_EXTRA_CA_CERTS']}" in asked(sandbox, leaf, env=env).said


@pytest.mark.posix("modes say nothing there")
@pytest.mark.parametrize("writable", ["file", "folder", "neither"])
def test_what_others_may_write_to_is_not_read(sandbox: Sandbox, writable: str) -> None:
    """Somebody else could have put the certificate there."""
    path = write(sandbox.work / "shared" / "corp.pem", ROOT.pem)
    if writable == "file":
        path.chmod(0o666)
    elif writable == "folder":
        path.parent.chmod(0o777)
    answer = asked(sandbox, LEAF, env={"NODE_EXTRA_CA_CERTS": str(path)})
    assert ("lies in" in answer.said) == (writable == "neither")
    answer.names("root" if writable == "neither" else "issuer")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_odd_files_cost_nothing(sandbox: Sandbox) -> None:
    """A FIFO, a folder, garbage and a loop of links are passed over."""
    fifo = sandbox.work / "fifo"
    os.mkfifo(fifo)
    loop = sandbox.work / "loop"
    loop.symlink_to(loop)
    garbage = write(sandbox.work / "garbage", b"-----BEGIN CERTIFICATE-----\nx")
    names = ("NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "DENO_CERT", "CARGO_HTTP_CAINFO")
    env = dict(zip(names, map(str, (fifo, loop, garbage, sandbox.work))))
    asked(sandbox, LEAF, env=env).names("issuer")


def test_an_intermediate_certificate(sandbox: Sandbox) -> None:
    """The server does not send it, and another program has it: certain, not likely."""
    middle = make("Issuing CA", *CA, by=ROOT)
    leaf = make("leaf", by=middle, names=["localhost"])
    path = write(sandbox.work / "chain.pem", middle.pem)
    env = {**trusting(sandbox, ROOT), "NODE_EXTRA_CA_CERTS": str(path)}
    answer = asked(sandbox, leaf, env=env)
    answer.names(
        "intermediate", f"its intermediate certificate is not trusted here, but it lies in {path}"
    )


def test_a_self_signed_server(sandbox: Sandbox) -> None:
    """Its own certificate was given to another program."""
    alone = make("alone", names=["localhost"])
    path = write(sandbox.work / "alone.pem", alone.pem)
    env = {"DENO_CERT": str(path)}
    asked(sandbox, alone, env=env).names("self-signed", f"it lies in {path}")


def test_what_a_strict_python_will_say_then(sandbox: Sandbox) -> None:
    """The certificate is found all the same, and that it will not do is told at once."""
    root = make("Lenient", CA[0])
    path = write(sandbox.work / "corp.pem", root.pem)
    leaf = make("leaf", by=root, names=["localhost"])
    answer = asked(sandbox, leaf, env={"NODE_EXTRA_CA_CERTS": str(path)})
    answer.names("root", f"it lies in {path}")
    code = "import sys; print(sys.version_info >= (3, 13))"
    is_strict = sandbox.run_code(code).stdout == "True\n"
    words = "even then the strict checks of this Python refuse it: CN=Lenient"
    assert (words in answer.said) == is_strict


def test_somebodys_whole_list(sandbox: Sandbox) -> None:
    """The one certificate is to be added, not the whole list."""
    key = make("key").key
    others = [make(f"CA {number}", *CA, key=key).pem for number in range(20)]
    path = write(sandbox.work / "all.pem", b"".join((*others, ROOT.pem)))
    answer = asked(sandbox, LEAF, env={"NODE_EXTRA_CA_CERTS": str(path)})
    answer.names("root", f"lies in {path}", "copy the certificate with the SHA-256")


# Stores, each in a mount namespace of its own.

STORES = [
    ("/usr/local/share/ca-certificates/corp.pem", "", "rename it to end in .crt, and run"),
    ("/usr/local/share/ca-certificates/corp/root.crt", "", "run update-ca-certificates as root"),
    ("/usr/local/share/ca-certificates/der.crt", "", "write it as PEM (`openssl x509 -inform"),
    ("/usr/share/ca-certificates/corp.crt", "corp.crt", "          run update-ca-certificates"),
    ("/usr/share/ca-certificates/corp.crt", "!corp.crt", "take the ! off the line corp.crt"),
    ("/usr/share/ca-certificates/corp.crt", "", "write the line corp.crt in /etc/ca-certificates"),
    ("/etc/pki/ca-trust/source/anchors/corp", "", "run update-ca-trust as root"),
    ("/etc/pki/trust/anchors/corp.pem", "", "run update-ca-certificates as root"),
    ("/etc/ca-certificates/trust-source/anchors/x.crt", "", "run update-ca-trust as root"),
]
MOUNTS = """
mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/etc && mkdir -p /mnt/etc/pki /mnt/etc/ca-certificates
mount --bind /mnt/etc /etc && mount -t tmpfs tmpfs /usr/local/share
mkdir -p /usr/share/ca-certificates && mount -t tmpfs tmpfs /usr/share/ca-certificates
mkdir -p "$(dirname "$1")" && cp "$2" "$1"
chmod 755 /usr/local/share /usr/share/ca-certificates; echo "$3" > /etc/ca-certificates.conf
shift 3; exec "$@"
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("unshare"), reason="no namespaces")
@pytest.mark.parametrize(("place", "line", "remedy"), STORES)
def test_it_lies_beside_the_store(sandbox: Sandbox, place: str, line: str, remedy: str) -> None:
    """Where an administrator put it: with the command that takes it into the store."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    content = der_of(ROOT.pem) if "der" in place else ROOT.pem
    path = write(sandbox.work / "corp", content)
    prefix: List[str] = ["unshare", "-m", "sh", "-ec", MOUNTS, "sh", place, str(path), line]
    with serving(Echo, context_for(LEAF)) as server:
        where = f"localhost:{server.port}"
        done = sandbox.run(*COMMAND, where, prefix=prefix)
    assert f"it lies in {place}: CN=Corporate Root" in done.stdout, done
    assert remedy in done.stdout
