"""The command line: the table of commands, and main(), which runs one and prints its answer.

A command is a row of COMMANDS and a module of the same name. Its run() takes the options of the
row and returns a Report. The module is imported only when its command runs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence

from .. import __version__
from ..activation import shadows
from ..printable import printable
from ..settings import EVERY_SOURCE
from . import output, parser
from .output import Report, WrongUsage
from .parser import Command, Option

if TYPE_CHECKING:
    import argparse

PROGRAM = "certifi-system-store-wrapper"
# Who reads what shellenv prints: shells, and programs that read a file.
SHELLS = ("sh", "fish", "powershell", "cmd")
FORMATS = (*SHELLS, "dotenv", "dockerfile", "github", "systemd", "json")
_DESCRIPTION = (
    "Find out what certifi answers here, add your own CAs, and hand the bundle to other programs."
)
_EPILOG = """\
examples:
  certifi-system-store-wrapper                          is it active, and what is trusted?
  certifi-system-store-wrapper list --search zscaler    is my CA in the bundle?
  certifi-system-store-wrapper add corp-root.cer        trust it, in all my environments
  certifi-system-store-wrapper doctor example.com       why does TLS still fail there?
  eval "$(certifi-system-store-wrapper shellenv)"       curl, git, Node and others, too

environment:
  PYTHON_CERTIFI_CERT_FILES      your CA files and folders, with : between them (Windows: ;)
  PYTHON_CERTIFI_SOURCES         which of certifi,system,local,ssl,user to merge
  PYTHON_CERTIFI_BUNDLE_DIR      keep a persistent bundle in this folder
  PYTHON_CERTIFI_SSL_DEFAULTS    1: clients that never ask certifi trust the bundle, too
  PYTHON_CERTIFI_DISABLE         1: stay out of the way
  PYTHON_CERTIFI_STORE           0: store no bundle for the next process
  PYTHON_CERTIFI_LOG_LEVEL, _LOG_FILE, _LOG_FILE_LEVEL, _HANDLE_SIGTERM: see docs/settings.md
  NO_COLOR                       anything: no colours

exit status: 0 all is well, 1 a problem was found, 2 wrong usage
COMMAND --help tells more about each, as does help COMMAND.
"""

# main() acts on these two itself. Another interpreter runs the command:
_PYTHON = Option(
    ("--python",), {"metavar": "PATH", "help": "look into another environment, by its interpreter"}
)
# The answer becomes a page:
_HTML = Option(("--html",), {"metavar": "FILE", "help": "write it as a page, for a ticket"})

COMMANDS = (
    Command(
        "status",
        "tell whether certifi is answered from the bundle, and what is in it (default)",
        "Tell whether certifi is answered from the bundle here, or why not; how many certificates "
        "each source adds; how many certifi's own list lacks, whose these are, and how many "
        "certifi has removed; what was left out and why; and what could not be used. With "
        "--verbose, also how many certificates only one source has, and how many it shares with "
        "each other.",
        "exit status: 0 all is well, 1 not active, or something that you named cannot be used, "
        "2 wrong usage",
        (
            Option(("--verbose",), {"action": "store_true", "help": "compare the sources"}),
            _PYTHON,
        ),
    ),
    Command(
        "list",
        "list the certificates: subject, end, SHA-256, sources, marks",
        "List the certificates of the bundle, a line for each: its subject, the day on which it "
        "ends, its SHA-256 (its first digits on a terminal), the sources that have it, and in "
        "brackets what you should know: "
        "expired, expires soon (within 30 days), not yet valid, not a CA, comes before or after "
        "another one with the same name (OpenSSL takes the first), removed by certifi (with its "
        "last version and the advisory, if there is one), nobody knows who added it.",
        """\
examples:
  certifi-system-store-wrapper list --source user
  certifi-system-store-wrapper list --beyond certifi
  certifi-system-store-wrapper list --removed
  certifi-system-store-wrapper list --excluded
  certifi-system-store-wrapper list --html trusted.html
  certifi-system-store-wrapper list --json | jq '.certificates[].subject'

exit status: 0 listed, 1 nothing has TEXT, or it cannot be listed, 2 wrong usage
""",
        (
            Option(
                ("--source",),
                {
                    "choices": EVERY_SOURCE,
                    "help": "only those of this source; local is what the administrator has added "
                    "to the system's, user is yours",
                },
            ),
            Option(
                ("--search",),
                {
                    "default": "",
                    "metavar": "TEXT",
                    "help": "only those whose lines contain TEXT, any case",
                },
            ),
            Option(
                ("--beyond",),
                {
                    "choices": EVERY_SOURCE,
                    "metavar": "SOURCE",
                    "help": "only those that this source, for example certifi, does not have",
                },
            ),
            Option(
                ("--removed",),
                {"action": "store_true", "help": "only those that certifi has removed"},
            ),
            Option(("--excluded",), {"action": "store_true", "help": "what was left out, and why"}),
            _HTML,
        ),
    ),
    Command(
        "export",
        "print the path of a bundle that outlives this command",
        "Print the path of the persistent bundle, which is kept up to date by this command and by "
        "`python -m certifi`, in PYTHON_CERTIFI_BUNDLE_DIR or the cache folder of this user. With "
        "-o, write a copy to FILE instead: whole or not at all, readable for everybody, and never "
        "changed again.",
        """\
examples:
  curl --cacert "$(certifi-system-store-wrapper export)" https://example.com/
  certifi-system-store-wrapper export -o /srv/app/cacert.pem

exit status: 0 printed or written, 1 it cannot be written, 2 wrong usage
""",
        (Option(("-o", "--output"), {"metavar": "FILE", "help": "write a copy to FILE instead"}),),
    ),
    Command(
        "shellenv",
        "print the variables that make other tools use the bundle",
        "Print the lines that set the variables which OpenSSL, requests, curl, pip, uv, the AWS "
        "CLI, Node, npm, git, Cargo, gRPC, httplib2, gcloud, Deno, Bundler, Nix, websocket-client "
        "and Codex read, to the persistent bundle. Without --format they are for the shell that "
        "started this: sh also means bash, zsh, dash and ksh. dotenv is for a .env file and "
        "`docker run --env-file`, dockerfile for ENV, github for $GITHUB_ENV, systemd for "
        "EnvironmentFile=. A container has to have that file at that path: mount it there, or COPY "
        "what `export -o` writes.",
        """\
examples:
  eval "$(certifi-system-store-wrapper shellenv)"                            sh
  certifi-system-store-wrapper shellenv --format fish | source               fish
  certifi-system-store-wrapper shellenv --format powershell | Out-String | Invoke-Expression
  certifi-system-store-wrapper shellenv --format cmd > ca.cmd & call ca.cmd  cmd
  certifi-system-store-wrapper shellenv --format github >> "$GITHUB_ENV"     GitHub Actions

exit status: 0 printed, 1 no bundle can be written or quoted, 2 wrong usage
""",
        (
            Option(
                ("--format", "--shell"),
                {"dest": "shell", "default": "", "choices": FORMATS, "help": "who reads it"},
            ),
        ),
    ),
    Command(
        "run",
        "run a command with the variables of shellenv",
        "Run COMMAND with the variables that shellenv prints, set to an up-to-date bundle: for "
        "cron, CI and every place without a shell. On Unix it takes the place of this process, so "
        "signals and the exit status are its own.",
        """\
examples:
  certifi-system-store-wrapper run git fetch
  certifi-system-store-wrapper run -- npm ci

exit status: that of COMMAND; 126 it cannot be run, 127 it is not there, 125 no bundle can be
written, 2 wrong usage
""",
        (
            Option(
                ("program",),
                {"nargs": "...", "metavar": "COMMAND", "help": "and its arguments"},
            ),
        ),
    ),
    Command(
        "add",
        "trust the certificates of files, in all environments of this user",
        "Check the files, and copy each certificate in them into the drop folder of this user. "
        "Every environment of this user that has this package takes it from there. The content "
        "of a file decides whether it is PEM, DER or PKCS#7. A file without a certificate, a "
        "private key, a symbolic link or a folder is refused, with the reason; the other files "
        "are added all the same. The bundle that was printed here is renewed, others are named.",
        """\
examples:
  certifi-system-store-wrapper add corp-root.cer
  certifi-system-store-wrapper add ca/*.pem

files: ~/.config/certifi-system-store-wrapper/certs ($XDG_CONFIG_HOME), on macOS below
~/Library/Application Support, on Windows below %APPDATA%

exit status: 0 all are in the folder now, 1 one was refused, 2 wrong usage
""",
        (Option(("files",), {"nargs": "+", "metavar": "FILE", "help": "PEM, DER or PKCS#7"}),),
    ),
    Command(
        "remove",
        "take back what was added; without a name, list it",
        "Delete certificates from the drop folder of this user, each named by the first 8 digits "
        "of its SHA-256 or more, or by its file. Without a name, list what is there. Files with "
        "several certificates are listed and left alone. What is removed leaves every printed "
        "bundle at once; where it is trusted from elsewhere, too, each such place is named.",
        """\
examples:
  certifi-system-store-wrapper remove
  certifi-system-store-wrapper remove 96bcec06

exit status: 0 removed or listed, 1 none or several match, or it is still trusted, 2 wrong usage
""",
        (
            Option(
                ("names",),
                {"nargs": "*", "metavar": "SHA256", "help": "its first 8 digits, or a file"},
            ),
        ),
    ),
    Command(
        "doctor",
        "find out why TLS still fails, here or with one server",
        "Without HOST, look at this installation: whether this package started, the variables "
        "and settings that lead clients past certifi, each of your CAs, and which of the installed "
        "clients ask certifi at all. With HOST, connect to it (by the proxy of the environment, if "
        "NO_PROXY allows that) with certifi's own list, with the bundle, with the bundle and the "
        "strict checks of Python 3.13, with the defaults of the ssl module, and with each file "
        "that variables and settings make a client trust; show the certificates that it presents, "
        "and say why it is refused. "
        "Nothing is sent but CONNECT and the handshake, and it takes a minute at most, once the "
        "name is resolved. With --require, say only whether "
        "certifi answers from the bundle and trusts the CA of that SHA-256.",
        """\
examples:
  certifi-system-store-wrapper doctor
  certifi-system-store-wrapper doctor example.com
  certifi-system-store-wrapper doctor https://git.corp.example:8443/
  certifi-system-store-wrapper doctor [::1]:8443
  certifi-system-store-wrapper doctor --require 96bcec06…
  certifi-system-store-wrapper doctor --html report.html example.com
  certifi-system-store-wrapper doctor --python ~/.local/share/pipx/venvs/httpie

environment: HTTPS_PROXY, ALL_PROXY, NO_PROXY

exit status: 0 nothing is wrong, 1 a problem was found, 2 wrong usage, 130 interrupted
""",
        (
            Option(("host",), {"nargs": "?", "metavar": "HOST", "help": "HOST, HOST:PORT or URL"}),
            Option(
                ("--save",),
                {
                    "metavar": "FILE",
                    "help": "write the CA that HOST presents; nothing is trusted by that",
                },
            ),
            Option(
                ("--require",),
                {
                    "metavar": "SHA256",
                    "help": "only whether that CA, by all 64 digits, is trusted: for fleets",
                },
            ),
            _HTML,
            _PYTHON,
        ),
    ),
    Command(
        "environments",
        "list the Python environments of this user, and where this package is missing",
        "List the Python environments that can be found: those of pipx, uv tool, pipenv, Poetry, "
        "pyenv, conda and Jupyter's kernels, the interpreters on PATH, and the virtual "
        "environments below the current folder. Each with whether certifi is answered from the "
        "bundle there, and if not, with the command that installs this package. Nothing that is "
        "found is executed, and nothing is changed.",
        """\
examples:
  certifi-system-store-wrapper environments
  certifi-system-store-wrapper environments --json | jq -r '.environments[].install'

exit status: 0 listed, 1 it cannot be listed, 2 wrong usage
""",
    ),
    Command(
        "completion",
        "print what bash, zsh or fish needs to complete these commands",
        "Print the lines that make a shell complete the commands, their options and the values "
        "of these. The shell reads them each time it starts, so that they are always those of "
        "this version.",
        """\
examples:
  eval "$(certifi-system-store-wrapper completion bash)"     in ~/.bashrc
  eval "$(certifi-system-store-wrapper completion zsh)"      in ~/.zshrc, after compinit
  certifi-system-store-wrapper completion fish | source      in ~/.config/fish/config.fish

exit status: 0 printed, 2 wrong usage
""",
        (Option(("shell",), {"choices": ("bash", "zsh", "fish"), "help": "for which shell"}),),
    ),
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; return 0 where all is well, 1 where a problem was found, 2 for usage."""
    try:
        options = parser.parsed(_parser(), sys.argv[1:] if arguments is None else arguments)
        as_json, command = options.pop("json"), options.pop("command")
        if options.pop("version"):
            output.write([_version()])
            return 0
        return output.show(_report(command, options, as_json=as_json), as_json=as_json)
    except BrokenPipeError:
        # The reader has enough, as in `… | head`.
        output.silence(sys.stdout)
        return 0
    except ImportError as error:
        shadow = shadows.culprit(error)
        remedy = shadow.remedy if shadow else "install it: python -m pip install certifi wrapt"
        if error.name in ("ssl", "_ssl") and not shadow:
            remedy = "this Python has no TLS for any program: install it again, with its ssl module"
        output.complain(f"{shadow or error}; {remedy}")
    except OSError as error:
        output.silence(sys.stdout)
        output.complain(error)
    except KeyboardInterrupt:
        output.complain("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - a certifi that was changed may raise anything
        shadow = shadows.culprit(error)
        unforeseen = f"it fails in a way that was not foreseen: {error!r}; ask `{PROGRAM} doctor`"
        output.complain(f"{shadow}; {shadow.remedy}" if shadow else unforeseen)
    return 1


def _parser() -> argparse.ArgumentParser:
    return parser.make(PROGRAM, _DESCRIPTION, _EPILOG, COMMANDS)


def _version() -> str:
    """Return the name, the version and the path of this package, and its Python."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    python = f"Python {sys.version.split()[0]}, {sys.executable}"
    return printable(f"{PROGRAM} {__version__} from {folder} ({python})")


def _report(command: str, options: Dict[str, Any], *, as_json: bool) -> Report:
    """Return the answer of a command, or where the page is that it was written into."""
    asked, file = options.pop("parser"), options.pop("html", None)
    try:
        if file is None:
            report = _answer(command, options, as_json=as_json)
        else:
            from . import export, page

            path = export.place(file, "--html")  # before anybody waits for a server
            report = page.write(_answer(command, options, as_json=True), path)
    except WrongUsage as error:
        asked.error(str(error))
    return report


def _answer(command: str, options: Dict[str, Any], *, as_json: bool) -> Report:
    """Import the module of the command, and return what it says, here or with `--python`."""
    python = options.pop("python", None)
    if python is not None:
        from . import elsewhere

        words = parser.words_of(_row(command), options)
        return elsewhere.report(python, command, words, as_json=as_json)
    report: Report = import_module(f".{command}", __name__).run(**options)
    return report


def _row(command: str) -> Command:
    return next(each for each in COMMANDS if each.name == command)
