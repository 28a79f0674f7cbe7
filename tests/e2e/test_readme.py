"""README.md and REFERENCE.md, line by line: what they show is run, and what they name is there."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import ssl
import subprocess
import sysconfig
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Set

import pytest
import trustme

import commands_table
from certifi_system_store_wrapper import commands as cli
from support import (
    CHECKOUT,
    MODULE,
    NAME,
    Environment,
    Sandbox,
    copy_checkout,
    new_environment,
    write,
)
from support.minting import CA, make
from support.servers import HttpsServer, context_for
from support.tables import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done

# Tables that a run has written are no claims of anybody; that of the commands is ours.
GENERATED = re.compile(
    r"(?s)<!-- begin (?!commands)(\w+) -->.*?<!-- end \1 -->|<!-- (\w+): begin -->.*?<!-- \2"
)
README, REFERENCE = (
    GENERATED.sub("", (CHECKOUT / name).read_text("utf-8"))
    for name in ("README.md", ".github/REFERENCE.md")
)
BLOCKS = re.findall(r"(?m)^    (.*)$", README)
SPANS = [
    " ".join(span.replace(r"\|", "|").split())
    for span in re.findall(r"`([^`]+)`", re.sub(r"(?m)^    .*$", "", README + REFERENCE))
]


class Step(NamedTuple):
    """How a command of the README is run here."""

    run: str = ""  # by bash; as it is shown unless it has placeholders
    says: str = ""  # what its output has to contain
    status: int = 0


# In this order, in an environment that has pip alone, and whose index has the wheel under test.
RUN: Dict[str, Step] = {
    f"pip install {NAME}": Step(f"! pip install {NAME}", "CERTIFICATE_VERIFY_FAILED"),
    f"pip install --cert corporate-root.pem {NAME}": Step(says="Successfully installed"),
    f"pip uninstall {NAME}": Step(says="Successfully uninstalled"),
    "PIP_CERT=corporate-root.pem": Step(
        f"PIP_CERT=corporate-root.pem pip download -q -d seen {NAME} && ls seen", MODULE
    ),
    f"pip download -d wheels {NAME}": Step(
        f"PIP_CERT=corporate-root.pem pip download -d wheels {NAME}", "Successfully downloaded"
    ),
    f"pip install --no-index --find-links wheels {NAME}": Step(says="Successfully installed"),
    NAME: Step(says="active"),
    f"python -m {MODULE}": Step(says="active"),
    "status [--verbose] [--python PATH]": Step(
        f"{NAME} status --verbose; {NAME} --python $(which python)", "active"
    ),
    "environments": Step(f"{NAME} environments", "active"),
    "list [--source certifi|system|local|ssl|user] [--search TEXT] [--beyond SOURCE] "
    "[--removed] [--excluded]": Step(
        f"{NAME} list --source certifi --search a; {NAME} list --beyond certifi; "
        f"{NAME} list --removed; {NAME} list --excluded",
        "20",
    ),
    f"{NAME} add FILE": Step(f"{NAME} add corporate-root.pem", ".config/"),
    "add FILE…": Step(f"{NAME} add corporate-root.pem corporate-root.pem", "held"),
    "export [-o FILE]": Step(f"cat $({NAME} export); {NAME} export -o copy.pem", "BEGIN CERT"),
    "$(python -m certifi)": Step('cat "$(python -m certifi)"', "BEGIN CERTIFICATE"),
    "python -m certifi": Step(says="cacert.pem"),
    f"shellenv [--format {'|'.join(cli.FORMATS)}]": Step(
        f"for f in {' '.join(cli.FORMATS)}; do {NAME} shellenv --format $f; done", "$env:"
    ),
    "run COMMAND…": Step(f"{NAME} run printenv SSL_CERT_FILE", "cacert.pem"),
    f'eval "$({NAME} shellenv)"': Step(f'eval "$({NAME} shellenv)"; cat $SSL_CERT_FILE', "BEGIN"),
    f"{NAME} doctor": Step(),
    "doctor [HOST] [--require SHA256] [--python PATH]": Step(
        f"{NAME} doctor HOST && {NAME} doctor https://HOST/ && {NAME} doctor --python $(which "
        f"python) && {NAME} doctor --require $(openssl x509 -in corporate-root.pem -noout"
        " -fingerprint -sha256 | sed 's/.*=//')",
        "certifi answers from the bundle, and ",
    ),
    f"{NAME} doctor example.com": Step(f"{NAME} doctor HOST", "server"),
    "remove [SHA256…]": Step(
        f"{NAME} remove $(openssl x509 -in corporate-root.pem -noout -fingerprint -sha256 |"
        " sed 's/.*=//' | tr -d : | tr A-F a-f | cut -c-8)",
        "removed",
    ),
    "import certifi": Step("python -c 'import certifi'"),
    "python -E": Step(
        "PYTHON_CERTIFI_DISABLE=1 python -E -c 'import certifi; print(certifi.where())'", NAME
    ),
    "python -S": Step("! python -S -c 'import sys; print(sys.meta_path)' | grep bootstrap"),
    f"uv tool install TOOL --with {NAME}": Step(
        f"uv tool install hatchling --with {NAME} && ls tools/hatchling/lib/*/site-packages", MODULE
    ),
}
# What cannot be run here, and why.
NOT_RUN = {
    "security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE": "macOS",
    "certutil -addstore Root FILE": "Windows",
    "trust anchor --store FILE": "it changes this machine's store",
    "update-ca-certificates": "it changes this machine's store",
    "update-ca-trust": "it changes this machine's store",
    "certctl rehash": "FreeBSD",
    f"pipx inject TOOL {NAME}": "pipx is no requirement of the tests; as pip install",
    "pip install git+ADDRESS-OF-THE-REPOSITORY": "the address is the reader's to know",
    "pex --venv": "tests/reach/packed",
}
# Commands that take minutes have a job of their own in the workflow.
CI = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
OF_CI = ("tests/benchmarks/run.py",)
# Names that are not ours.
OF_SYSTEMD = ("PrivateTmp=yes", "DynamicUser=yes", "ProtectSystem=strict", "CacheDirectory=NAME")
OF_CLUSTERS = ("emptyDir", "Nanny(env={...})", "distributed.nanny.environ")
FOREIGN = {
    **dict.fromkeys((*OF_SYSTEMD, *OF_CLUSTERS, 'runtime_env={"env_vars": {...}}'), "of others"),
    **dict.fromkeys(("chmod 1777 /tmp",), "of an image"),
    **dict.fromkeys(("nolock", "localflock"), "of file systems"),
    'RUN python -c "import certifi; certifi.where()"': "of a Dockerfile",
    **dict.fromkeys(("--trusted-host", "--target", "-I"), "of pip and python"),
    **dict.fromkeys(("--non-hermetic-venv-scripts", "--exclude-module " + MODULE), "of packers"),
    **dict.fromkeys(('ca_cert="certifi"', "sslrootcert=system", "cafile="), "of clients"),
    **dict.fromkeys((f"additional_dependencies: [{NAME}]", "deps", "Environment="), "of others"),
    **dict.fromkeys(
        (
            ":",
            ";",
            "os._exit",
            "importlib.reload(certifi.core)",
            "pip install",
            "TMPDIR",
            "wrapt<2.2",
            "uv tool",
            "security",
        ),
        "of others",
    ),
    f"--user-package-configuration-file=SITE_PACKAGES/{MODULE}/_pyinstaller/"
    "certifi.nuitka-package.config.yml": "of Nuitka, see tests/reach/packed",
    "/usr/local/share/ca-certificates/NAME.crt": "the administrator's, see tests/reach/real_store",
    "/etc/pki/ca-trust/source/anchors/": "the administrator's, see tests/reach/real_store",
    "/etc/pki/trust/anchors/": "the administrator's, see tests/reach/real_store",
    "/usr/local/etc/ssl/certs/": "the administrator's of FreeBSD",
}
PROGRAMS = ("python", "python3", "pip", "pipx", "uv", "eval", "pex", "security", "certutil", NAME)
PROGRAMS += ("trust", "update-ca-certificates", "update-ca-trust", "certctl", "import")


@pytest.fixture(name="source", scope="module")
def _source() -> str:
    """Return the text of the installed package."""
    found = find_spec(MODULE)
    assert found and found.submodule_search_locations
    files = sorted(Path(found.submodule_search_locations[0]).rglob("*.py"))
    return "\n".join(path.read_text("utf-8") for path in files)


@pytest.fixture(name="index")
def _index(tmp_path: Path, wheel: str, wheelhouse: str) -> Path:
    """Return a folder with our wheel and all that it needs."""
    folder = tmp_path / "index"
    shutil.copytree(wheelhouse, folder)
    shutil.copy(wheel, folder)
    return folder


class Files(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path, context: ssl.SSLContext) -> Iterator[str]:
    """Serve a folder over HTTPS; yield host and port."""
    handler = partial(Files, directory=str(folder))
    with HttpsServer(("127.0.0.1", 0), handler) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def shell(sandbox: Sandbox, command: str, **env: str) -> Done:
    """Run a line as a person would, in the environment of the sandbox."""
    programs = (sandbox.environment.python.parent, sysconfig.get_path("scripts"))
    path = os.pathsep.join([*map(str, programs), os.defpath])
    return subprocess.run(
        ["bash", "-c", command],
        cwd=sandbox.work,
        env=sandbox.variables({"PATH": path, **env}),
        input="y\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.posix("the commands are lines for a shell of Unix")
def test_every_command_does_what_it_is_shown_for(
    tmp_path: Path, interpreter: str, index: Path, private_ca: trustme.CA
) -> None:
    """In their order, in a fresh environment, against an index behind a private CA.

    Without that CA the same installation is refused, for that reason.
    """
    sandbox = Sandbox(tmp_path, new_environment(interpreter, tmp_path / "venv"))
    write(sandbox.work / "corporate-root.pem", private_ca.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert("localhost").configure_cert(context)
    with served(index, context) as host:
        settings = {
            # The settings that this machine has for pip are none of this.
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": f"https://{host}/",
            "PIP_RETRIES": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "UV_FIND_LINKS": str(index),
            "UV_NO_INDEX": "1",
            "UV_OFFLINE": "1",
            "UV_TOOL_DIR": "tools",
            "UV_TOOL_BIN_DIR": "programs",
            "UV_PYTHON": interpreter,
        }
        for command, step in RUN.items():
            done = shell(sandbox, (step.run or command).replace("HOST", host), **settings)
            said = done.stdout + done.stderr
            assert (done.returncode, step.says in said) == (0, True), (command, said[-3000:])


@pytest.mark.posix("the command is a line for a shell of Unix")
def test_the_first_command_shows_the_main_job(
    tmp_path: Path, plain: Environment, index: Path
) -> None:
    """In a checkout, on a machine that has Python and nothing else."""
    sandbox = Sandbox(tmp_path, plain)
    shutil.rmtree(sandbox.work)
    sandbox.work.mkdir()
    copy_checkout(sandbox.work)
    first = next(line for line in BLOCKS if line.startswith("python3 -m venv"))
    done = shell(sandbox, first, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(index))
    assert (done.returncode, "active" in done.stdout) == (0, True), done


def test_the_example_is_what_the_doctor_says(sandbox: Sandbox, tmp_path: Path) -> None:
    """To the letter, but for the header, the port and the date."""
    root = make("Corp Root", *CA)
    leaf = make("git.corp.example", by=root, names=["localhost"], days=(-1, 90))
    with served(tmp_path, context_for(leaf)) as host:
        done = sandbox.run("-m", MODULE, "doctor", host)
    header, server, rest = done.stdout.replace(host, "localhost:8443").partition("server ")
    assert header.startswith(NAME) and len(header.splitlines()) == 5
    said = f"{server}{rest}".splitlines()
    shown = [line for line in BLOCKS if not is_command(line)]
    when = re.compile(r"until [\d-]+T[\d:]+Z")
    assert [when.sub("", line) for line in said] == [when.sub("", line) for line in shown]
    assert done.returncode == 1


def is_command(line: str) -> bool:
    """Whether a line of an indented block is a command, and not what one has printed."""
    return line.split(" ", maxsplit=1)[0] in ("python3", "pip", NAME)


def is_of_ci(command: str) -> bool:
    """Whether the workflow has a job for a command that takes minutes."""
    return any(name in command and name in CI for name in OF_CI)


def test_every_command_is_accounted_for() -> None:
    """A new one is run here, or stands above with the reason why it cannot be."""
    spans = {span for span in SPANS if span.split(" ")[0] in PROGRAMS and span not in FOREIGN}
    shown = {line for line in BLOCKS if is_command(line)} | spans
    venv = {line for line in shown if line.startswith("python3 -m venv")}
    assert len(venv) == 2  # the one above, and the one that runs this test
    minutes = {command for command in shown if is_of_ci(command)}
    assert shown - venv - minutes - set(RUN) - set(NOT_RUN) == set()
    assert (set(RUN) | set(NOT_RUN)) - shown - set(SPANS) == set()
    assert not set(RUN) & set(NOT_RUN)


def options_of(parser: argparse.ArgumentParser) -> Set[str]:
    """Return the long options of a parser and of its commands, but for --help."""
    found: Set[str] = set()
    for action in parser._actions:
        found |= {each for each in action.option_strings if each.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found |= options_of(command)
    return found - {"--help", "--version"}


def test_commands_options_and_variables_are_all_told() -> None:
    """What the product has, the README has, and the other way round."""
    rows = "".join(re.findall(r"(?m)^\| `.*\| .*$", README.split("## How to see it")[1]))
    rows = rows.split("`PYTHON_CERTIFI_")[0] + "--json --output --shell"
    assert set(re.findall(r"--[a-z]+", rows)) == options_of(cli._parser())
    for command in (each.name for each in cli.COMMANDS):
        assert re.search(rf"`{command}[` ]", README), command


def test_the_table_of_commands_is_that_of_the_product() -> None:
    """Each command with its options, in the words of --help."""
    _, found, _ = split((CHECKOUT / "README.md").read_text("utf-8"), "commands")
    assert found == commands_table.table(), "run `python tests/commands_table.py`"


def test_every_variable_is_told(source: str) -> None:
    """The README's table has each variable of ours that the code reads, and no other."""
    pattern = r"PYTHON_CERTIFI_[A-Z_]+[A-Z]"
    table = re.findall(rf"(?m)^\| (?:`{pattern}`(?:, )?)+ \|.*$", README)
    told = set(re.findall(pattern, "".join(table)))
    assert set(re.findall(pattern, README)) == told
    assert set(re.findall(pattern, source)) == told


def is_there(span: str, source: str) -> bool:
    """Whether the product, Python or this checkout has what the README names."""
    call = re.fullmatch(r"([\w.]+)\(\)", span)
    if call:
        return f"{call[1].split('.')[-1]}(" in source
    if (CHECKOUT / span).exists() or any(CHECKOUT.glob(f"src/{MODULE}/{span.lstrip('/')}")):
        return True
    if "PYTHON_CERTIFI_" in span:  # see test_every_variable_is_told
        return True
    if f"\n  {span}:\n" in CI:  # a job
        return True
    words = re.findall(r"[^ ,=/\\~$%.()]+", re.sub("=/.*", "", span))
    return all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source) for word in words)


def test_every_name_is_there(source: str) -> None:
    """Paths, functions, words, keys of answers: each is found where it is said to be."""
    known = {*RUN, *NOT_RUN, *FOREIGN}
    spans = [span for span in SPANS if span not in known and not is_of_ci(span)]
    missing = [span for span in spans if not is_there(span, source)]
    assert missing == []


def test_every_link_leads_somewhere() -> None:
    """To a file of this checkout, and to a heading that is in it; other sites are not asked."""
    broken = []
    folders = (CHECKOUT / ".github", CHECKOUT / "docs")
    for page in (CHECKOUT / "README.md", *(each for f in folders for each in f.glob("*.md"))):
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
            path, _, heading = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or heading not in {"", *headings(target)}:
                broken.append(f"{page.name}: {link}")
    assert broken == []


def headings(page: Path) -> Set[str]:
    """Return the headings of a page as links name them."""
    found = re.findall(r"(?m)^#+ (.*)$", page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}
