"""README.md and docs/, line by line: what they show is run, and what they name is there."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import ssl
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, List, NamedTuple, Set

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
    first_steps,
    pages,
    write,
)
from support.doctor import is_313
from support.minting import CA, make
from support.servers import context_for
from support.shell import served, shell, uv_asks_only
from support.tables import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

# Every command of these is run; what the first four name is there, too.
NAMING = ("README.md", "docs/commands.md", "docs/settings.md", "docs/containers.md")
TEXTS = {page.name: pages.told(page) for page in pages.PAGES}
SAID = "\n".join(TEXTS[name.rpartition("/")[2]] for name in NAMING)
SPANS = pages.spans(SAID)
EVERY_SPAN = pages.spans("\n".join(TEXTS.values()))
BLOCKS = [block for text in TEXTS.values() for block in pages.blocks(text)]


class Step(NamedTuple):
    """How a command of the README is run here."""

    run: str = ""  # by bash; as it is shown unless it has placeholders
    says: str = ""  # what its output has to contain
    status: int = 0


UV = "UV_PYTHON=$(which python) uv pip"
# In this order, in an environment that has pip alone, and whose index has the wheel under test.
RUN: Dict[str, Step] = {
    f"pip install {NAME}": Step(f"! pip install {NAME}", "CERTIFICATE_VERIFY_FAILED"),
    f"pip install --cert corporate-root.pem {NAME}": Step(says="Successfully installed"),
    f"pip uninstall {NAME}": Step(says="Successfully uninstalled"),
    f"SSL_CERT_FILE=corporate-root.pem uv pip install {NAME}": Step(
        f"{UV} install {NAME} 2>&1 | grep -q UnknownIssuer &&"
        f" SSL_CERT_FILE=corporate-root.pem {UV} install {NAME} && pip uninstall -y {NAME}",
        "Successfully uninstalled",
    ),
    f"python -m pip install {NAME}": Step(
        f"PIP_CERT=corporate-root.pem python -m pip install {NAME} && pip uninstall -y {NAME}",
        "Successfully uninstalled",
    ),
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
    "[--removed] [--excluded] [--html FILE]": Step(
        f"{NAME} list --source certifi --search a; {NAME} list --beyond certifi; "
        f"{NAME} list --removed; {NAME} list --excluded; {NAME} list --html list.html",
        "20",
    ),
    f"{NAME} add corporate-root.pem": Step(says=".config/"),
    f"{NAME} add FILE": Step(f"{NAME} add corporate-root.pem", ".config/"),
    "add FILE…": Step(f"{NAME} add corporate-root.pem corporate-root.pem", "held"),
    "export [-o FILE]": Step(f"cat $({NAME} export); {NAME} export -o copy.pem", "BEGIN CERT"),
    "$(python -m certifi)": Step('cat "$(python -m certifi)"', "BEGIN CERTIFICATE"),
    "python -m certifi": Step(says="cacert.pem"),
    f"shellenv [--format {'|'.join(cli.FORMATS)}]": Step(
        f"for f in {' '.join(cli.FORMATS)}; do {NAME} shellenv --format $f; done", "$env:"
    ),
    f"{NAME} run COMMAND": Step(f"{NAME} run true"),
    "run COMMAND…": Step(f"{NAME} run printenv SSL_CERT_FILE", "cacert.pem"),
    f'eval "$({NAME} shellenv)"': Step(f'eval "$({NAME} shellenv)"; cat $SSL_CERT_FILE', "BEGIN"),
    "completion bash|zsh|fish": Step(f"{NAME} completion fish", "complete -c"),
    f'eval "$({NAME} completion bash)"': Step(
        f'eval "$({NAME} completion bash)" && complete -p {NAME}', "-F _certifi"
    ),
    f"{NAME} doctor": Step(),
    "doctor [HOST] [--save FILE] [--require SHA256] [--html FILE] [--python PATH]": Step(
        f"{NAME} doctor --html doctor.html HOST && {NAME} doctor https://HOST/ && "
        f"{NAME} doctor --python $(which python) && "
        f"{NAME} doctor --require $(openssl x509 -in corporate-root.pem -noout"
        " -fingerprint -sha256 | sed 's/.*=//')",
        "certifi answers from the bundle, and ",
    ),
    f"{NAME} doctor git.corp.example": Step(f"{NAME} doctor HOST", "server"),
    f"{NAME} doctor git.corp.example --save presented.pem": Step(
        f"{NAME} doctor HOST --save presented.pem", "get that of"
    ),
    "remove [SHA256…]": Step(
        f"{NAME} remove $(openssl x509 -in corporate-root.pem -noout -fingerprint -sha256 |"
        " sed 's/.*=//' | tr -d : | tr A-F a-f | cut -c-8)",
        "removed",
    ),
    "python -c pass": Step(),
    f"import {MODULE}; {MODULE}.activate()": Step(
        f"python -S -c 'import sys; sys.path.append(sys.argv[1]); import {MODULE};"
        f" {MODULE}.activate(); import certifi; print(certifi.where())' \"$(python -c"
        ' \'import sysconfig; print(sysconfig.get_path("purelib"))\')"',
        NAME,
    ),
    f"import {MODULE}.bootstrap; {MODULE}.bootstrap.bootstrap()": Step(
        f"python -S -c 'import sys; sys.path.append(sys.argv[1]); import {MODULE}.bootstrap;"
        f" {MODULE}.bootstrap.bootstrap(); import certifi; print(certifi.where())' \"$(python -c"
        ' \'import sysconfig; print(sysconfig.get_path("purelib"))\')"',
        NAME,
    ),
    "import certifi": Step("python -c 'import certifi'"),
    "python -E": Step(
        "PYTHON_CERTIFI_DISABLE=1 python -E -c 'import certifi; print(certifi.where())'", NAME
    ),
    "python -S": Step("! python -S -c 'import sys; print(sys.meta_path)' | grep bootstrap"),
    f"uv tool install TOOL --with {NAME}": Step(
        f"SSL_CERT_FILE=corporate-root.pem uv tool install hatchling --with {NAME}"
        " && ls tools/hatchling/lib/*/site-packages",
        MODULE,
    ),
}
OWNED = pages.repository().partition("github.com/")[2]
# What cannot be run here, and why.
NOT_RUN = {
    "security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE": "macOS",
    "certutil -addstore Root FILE": "Windows",
    "certutil -addstore Root corp.cer": "Windows",
    "certutil -user -addstore Root corp.cer": "Windows",
    f"{NAME} shellenv > ca.cmd & call ca.cmd": "tests/e2e/test_windows_commands.py",
    f"{NAME} shellenv | Out-String | Invoke-Expression": "tests/e2e/test_windows_commands.py",
    f"{NAME} add corp.cer": "as `add corporate-root.pem`",
    f"{NAME} add corp.pem": "as `add corporate-root.pem`",
    f"{NAME} list --source local": "tests/unit/commands/test_whose.py",
    "WSLENV=PYTHON_CERTIFI_SOURCES PYTHON_CERTIFI_SOURCES=local,user python.exe -m "
    f"{MODULE} export -o corp.pem": "WSL",
    "import requests": "tests/reach/first_steps/test_recipes.py",
    "trust anchor --store FILE": "it changes this machine's store",
    "update-ca-certificates": "it changes this machine's store",
    "update-ca-trust": "it changes this machine's store",
    "certctl rehash": "FreeBSD",
    f"pipx inject TOOL {NAME}": "pipx is no requirement of the tests; as pip install",
    f"pip install git+{pages.repository()}": "the tests use no network",
    f"gh attestation verify {MODULE}-1.0.0-py3-none-any.whl --repo {OWNED}": "nothing is released",
    f"pypi-attestations verify pypi --repository {pages.repository()} "
    f"pypi:{MODULE}-1.0.0-py3-none-any.whl": "nothing is released",
    "pex --venv": "tests/reach/packed",
    "python tests/commands_table.py": "test_the_table_of_commands_is_that_of_the_product",
    "python tests/startup_files.py": "tests/e2e/test_pages.py compares what it writes",
    "python tests/copies_of_certifi.py": "the tests use no network",
    "python tests/benchmarks/beside.py": "half a minute of waiting, and truststore",
    "python3 tests/reach/neighbours/table.py CACHE --markdown docs/tested.md": "hours",
    "python tests/reach/windows.py CACHE": "Wine, and hours",
}
# Commands that take minutes have a job of their own in the workflow.
CI = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
OF_CI = ("tests/benchmarks/run.py", "tests/reach/interpreters.py", "tests/reach/clients")
OF_CI += ("tests/reach/workers", "tests/reach/packed")
# Names that are not ours.
OF_SYSTEMD = ("PrivateTmp=yes", "DynamicUser=yes", "ProtectSystem=strict", "CacheDirectory=NAME")
OF_CLUSTERS = ("emptyDir", "Nanny(env={...})", "distributed.nanny.environ")
FOREIGN = {
    **dict.fromkeys((*OF_SYSTEMD, *OF_CLUSTERS, 'runtime_env={"env_vars": {...}}'), "of others"),
    **dict.fromkeys(("chmod 1777 /tmp", "gh", "python -I", "wrapt<1.15"), "of others"),
    **dict.fromkeys(
        (
            "CERTIFICATE_VERIFY_FAILED … unable to get local issuer certificate",
            "self-signed certificate in certificate chain",
            "Missing Authority Key Identifier",
            "Could not find a suitable TLS CA certificate bundle",
            "ResolutionImpossible … wrapt",
        ),
        "messages: tests/e2e/test_troubleshooting.py",
    ),
    **dict.fromkeys(("nolock", "localflock"), "of file systems"),
    'RUN python -c "import certifi; certifi.where()"': "of a Dockerfile",
    **dict.fromkeys(("--trusted-host", "--target", "-I"), "of pip and python"),
    **dict.fromkeys(("--non-hermetic-venv-scripts", "--exclude-module " + MODULE), "of packers"),
    **dict.fromkeys(('ca_cert="certifi"', "sslrootcert=system", "cafile="), "of clients"),
    **dict.fromkeys(("additional_dependencies", "deps", "Environment="), "of others"),
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


@pytest.mark.posix("the commands are lines for a shell of Unix")
def test_every_command_does_what_it_is_shown_for(
    tmp_path: Path, interpreter: str, only_pip: Environment, index: Path, private_ca: trustme.CA
) -> None:
    """In their order, in a fresh environment, against an index behind a private CA.

    Without that CA the same installation is refused, for that reason.
    """
    sandbox = Sandbox(tmp_path, only_pip.copied(tmp_path / "venv"))
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
            **uv_asks_only(sandbox, f"https://{host}/"),
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
    readme = pages.lines_of_blocks(TEXTS["README.md"])
    first = next(line for line in readme if line.startswith("python3 -m venv"))
    done = shell(sandbox, first, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(index))
    assert (done.returncode, "active" in done.stdout) == (0, True), done


def test_the_example_is_what_the_doctor_says(sandbox: Sandbox, tmp_path: Path) -> None:
    """To the letter, but for the header, the installed clients, the port and the date."""
    if is_313(sandbox):
        pytest.skip("from Python 3.13 on a row says that the defaults are strict, too")
    root = make("Corp Root", *CA)
    leaf = make("git.corp.example", by=root, names=["localhost"], days=(-1, 90))
    with served(tmp_path, context_for(leaf)) as host:
        # The settings that this machine has for pip are none of this.
        done = sandbox.run("-m", MODULE, "doctor", host, env={"PIP_CONFIG_FILE": os.devnull})
    text = re.sub(r"(?m) \[.*\]$", "", done.stdout.replace(host, "git.corp.example:443"))
    header, server, rest = text.partition("server ")
    assert header.startswith(NAME) and len(header.splitlines()) == 5
    said = f"{server}{rest}".splitlines()
    shown = next(block for block in BLOCKS if block[0].startswith("server "))
    when = re.compile(r"until [\d-]+T[\d:]+Z")
    assert [when.sub("", line) for line in said] == [when.sub("", line) for line in shown]
    assert done.returncode == 1


def is_run_by_another_test(block: List[str]) -> bool:
    """Whether it is the answer of the doctor, an image, or the first steps."""
    return block[0].startswith(("server ", "FROM ")) or block in first_steps.BLOCKS.values()


def is_of_ci(command: str) -> bool:
    """Whether the workflow has a job for a command that takes minutes."""
    return any(name in command and name in CI for name in OF_CI)


def test_every_command_is_accounted_for() -> None:
    """A new one is run here, or stands above with the reason why it cannot be."""
    found = {span for span in EVERY_SPAN if span.split(" ")[0] in PROGRAMS} - set(FOREIGN)
    blocks = [block for block in BLOCKS if not is_run_by_another_test(block)]
    shown = {line for block in blocks for line in block} | found
    venv = {line for line in shown if line.startswith("python3 -m venv")}
    assert len(venv) == 2  # the one above, and the one that runs this test
    minutes = {command for command in shown if is_of_ci(command)}
    assert shown - venv - minutes - set(RUN) - set(NOT_RUN) == set()
    assert (set(RUN) | set(NOT_RUN)) - shown - set(EVERY_SPAN) == set()
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


def test_commands_and_options_are_all_told() -> None:
    """What the product has, the page of commands has, and the other way round."""
    page = TEXTS["commands.md"]
    rows = "".join(re.findall(r"(?m)^\| `.*\| .*$", page)) + "--json --output --shell"
    assert set(re.findall(r"--[a-z]+", rows)) == options_of(cli._parser())
    for command in (each.name for each in cli.COMMANDS):
        assert re.search(rf"`{command}[` ]", page), command
        assert f"`{command}`" in TEXTS["README.md"], command


def test_the_table_of_commands_is_that_of_the_product() -> None:
    """Each command with its options, in the words of --help."""
    _, found, _ = split(commands_table.PAGE.read_text("utf-8"), "commands")
    assert found == commands_table.table(), "run `python tests/commands_table.py`"


def test_every_variable_is_told(source: str) -> None:
    """The page of settings and the README have each variable that the code reads, and no other."""
    pattern = r"PYTHON_CERTIFI_[A-Z_]+[A-Z]"
    table = re.findall(rf"(?m)^\| (?:`{pattern}`(?:, )?)+ \|.*$", TEXTS["settings.md"])
    told = set(re.findall(pattern, "".join(table)))
    assert set(re.findall(pattern, "".join(TEXTS.values()))) == told
    assert set(re.findall(pattern, TEXTS["README.md"])) == told
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
