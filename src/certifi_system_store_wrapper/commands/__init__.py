"""The command line: the table of commands, and main(), which runs one and prints its answer.

A command is a row of COMMANDS and a module of the same name. Its run() takes the options of the
row and returns a Report. The module is imported only when its command runs.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from importlib import import_module
from typing import Any, Dict, NamedTuple, NoReturn, Optional, Sequence, Tuple

from .. import __version__
from ..settings import EVERY_SOURCE
from . import output
from .output import Report, WrongUsage

PROGRAM = "certifi-system-store-wrapper"
# The shells that shellenv can quote for.
SHELLS = ("sh", "fish", "powershell", "cmd")
_JSON = "answer in JSON, for machines"


class Option(NamedTuple):
    """An option or argument, in argparse's words; run() has a parameter of its name."""

    names: Tuple[str, ...]
    settings: Dict[str, Any]


class Command(NamedTuple):
    """A command: `summary` is for the overview and the README, the rest for its own help."""

    name: str
    summary: str
    description: str
    epilog: str
    options: Tuple[Option, ...] = ()


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
  PYTHON_CERTIFI_CERT_FILES      your CA files and folders
  PYTHON_CERTIFI_SOURCES         which of certifi,system,local,ssl,user to merge
  PYTHON_CERTIFI_BUNDLE_DIR      keep a persistent bundle in this folder
  PYTHON_CERTIFI_SSL_DEFAULTS    1: clients that never ask certifi trust the bundle, too
  PYTHON_CERTIFI_DISABLE         1: stay out of the way
  PYTHON_CERTIFI_LOG_LEVEL, _LOG_FILE, _LOG_FILE_LEVEL, _HANDLE_SIGTERM: see the README
  NO_COLOR                       anything: no colours

exit status: 0 all is well, 1 a problem was found, 2 wrong usage
COMMAND --help tells more about each.
"""

COMMANDS = (
    Command(
        "status",
        "tell whether certifi is answered from the bundle, and what is in it (default)",
        "Tell whether certifi is answered from the bundle here, or why not; how many certificates "
        "each source brought, how many only that one has, and how many it shares with each other; "
        "how many certifi's own list lacks, whose these are, and how many certifi has removed; "
        "what was left out and why; and what could not be used.",
        "exit status: 0 all is well, 1 not active, or something that you named cannot be used, "
        "2 wrong usage",
    ),
    Command(
        "list",
        "list the certificates: end, SHA-256, sources, subject, marks",
        "List the certificates of the bundle, a line for each: the day on which it ends, its "
        "SHA-256, the sources that have it, its subject, and in brackets what you should know: "
        "expired, expires soon (within 30 days), not yet valid, not a CA, stands before or behind "
        "another of its name, removed by certifi (with its last version and the advisory, if there "
        "is one), nobody knows who added it.",
        """\
examples:
  certifi-system-store-wrapper list --source user
  certifi-system-store-wrapper list --beyond certifi
  certifi-system-store-wrapper list --removed
  certifi-system-store-wrapper list --excluded
  certifi-system-store-wrapper list --json | jq '.certificates[].subject'

exit status: 0 listed (even if nothing matches), 1 it cannot be listed, 2 wrong usage
""",
        (
            Option(("--source",), {"choices": EVERY_SOURCE, "help": "only those of this source"}),
            Option(
                ("--search",),
                {
                    "default": "",
                    "metavar": "TEXT",
                    "help": "only those that contain TEXT, any case",
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
        "CLI, Node, git, Cargo, gRPC, httplib2, gcloud, Deno and Bundler read, to the persistent "
        "bundle. Without --shell they are for the shell of this user: sh also means bash, zsh, "
        "dash and ksh.",
        """\
examples:
  eval "$(certifi-system-store-wrapper shellenv)"                            sh
  certifi-system-store-wrapper shellenv --shell fish | source                fish
  certifi-system-store-wrapper shellenv --shell powershell | Out-String | Invoke-Expression
  certifi-system-store-wrapper shellenv --shell cmd > ca.cmd & call ca.cmd   cmd

exit status: 0 printed, 1 no bundle can be written or quoted, 2 wrong usage
""",
        (Option(("--shell",), {"default": "", "choices": SHELLS, "help": "for which shell"}),),
    ),
    Command(
        "add",
        "trust the certificates of files, in all environments of this user",
        "Check the files, and copy each certificate in them into the drop folder of this user. "
        "Every environment of this user that has this package takes it from there. The content "
        "of a file decides whether it is PEM, DER or PKCS#7. A file without a certificate, a "
        "private key, a symbolic link or a folder is refused, with the reason; the other files "
        "are added all the same.",
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
        "several certificates are left alone.",
        """\
examples:
  certifi-system-store-wrapper remove
  certifi-system-store-wrapper remove 96bcec06

exit status: 0 removed or listed, 1 no certificate or several match, 2 wrong usage
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
        "strict checks of Python 3.13, and with the defaults of the ssl module; show what it "
        "presents, and say why it is refused. Nothing is sent but CONNECT and the handshake, and "
        "it takes a minute at most, once the name is resolved.",
        """\
examples:
  certifi-system-store-wrapper doctor
  certifi-system-store-wrapper doctor example.com
  certifi-system-store-wrapper doctor https://git.corp.example:8443/
  certifi-system-store-wrapper doctor [::1]:8443

environment: HTTPS_PROXY, ALL_PROXY, NO_PROXY

exit status: 0 nothing is wrong, 1 a problem was found, 2 wrong usage, 130 interrupted
""",
        (Option(("host",), {"nargs": "?", "metavar": "HOST", "help": "HOST, HOST:PORT or a URL"}),),
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
        options = vars(_parser().parse_args(arguments))
        as_json, command = options.pop("json"), options.pop("command") or "status"
        return output.show(_report(command, options), as_json=as_json)
    except BrokenPipeError:
        # The reader has enough, as in `… | head`.
        output.silence(sys.stdout)
        return 0
    except ImportError as error:
        output.complain(f"{error}; install it: python -m pip install certifi wrapt")
    except OSError as error:
        output.silence(sys.stdout)
        output.complain(error)
    except KeyboardInterrupt:
        output.complain("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - a certifi that was changed may raise anything
        output.complain(
            f"it fails in a way that was not foreseen: {error!r}; ask `{PROGRAM} doctor`"
        )
    return 1


def _report(command: str, options: Dict[str, Any]) -> Report:
    """Import the module of the command, and return its answer."""
    parser = options.pop("parser")
    try:
        report: Report = import_module(f".{command}", __name__).run(**options)
    except WrongUsage as error:
        parser.error(str(error))
    return report


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, with the next step."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        output.complain(f"error: {message}; {self.prog} --help tells more")
        sys.exit(2)

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a page of help; main() handles a full disk and a closed pipe."""
        del file
        output.write(message.splitlines())


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Fills a paragraph, but keeps the lines of a text that has several."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=_Formatter
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("--json", action="store_true", help=_JSON)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for each in COMMANDS:
        command = commands.add_parser(
            each.name,
            help=each.summary,
            description=each.description,
            epilog=each.epilog,
            formatter_class=_Formatter,
        )
        command.set_defaults(parser=command)
        command.add_argument("--json", action="store_true", help=_JSON, default=argparse.SUPPRESS)
        for option in each.options:
            command.add_argument(*option.names, **option.settings)
    return parser
