"""The command line: which command it is, and what becomes of its answer."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import NoReturn, Optional, Sequence

from .. import __version__
from ..settings import SOURCES
from . import manual, output
from .manual import OVERVIEW, PAGES, PROGRAM, SHELLS
from .output import Report

_JSON = "answer in JSON, for machines"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; return 0 where all is well, 1 where a problem was found, 2 for usage."""
    try:
        options = _parser().parse_args(arguments)
        return output.show(_report(options), as_json=options.json)
    except BrokenPipeError:  # `… | head`
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
    except Exception as error:  # noqa: BLE001 - a certifi that was changed may do anything
        output.complain(
            f"it fails in a way that was not foreseen: {error!r}; ask `{PROGRAM} doctor`"
        )
    return 1


def _report(options: argparse.Namespace) -> Report:
    """Return what the command answers; its modules are loaded only for it."""
    command = options.command
    if command == "list":
        from .listing import listing

        return listing(options.source, options.search, left_out=options.excluded)
    if command in ("export", "shellenv"):
        from . import handover

        if command == "shellenv":
            return handover.shellenv(options.shell)
        if options.output in ("", "-"):  # a variable that is not set; what others call stdout
            options.parser.error("argument -o/--output: name a file")
        return handover.export(options.output or "")
    if command in ("add", "remove"):
        from . import drop

        return drop.add(options.files) if command == "add" else drop.remove(options.names)
    if command == "doctor":
        return _doctor(options.host, options.parser)
    from .status import status

    return status()


def _doctor(host: Optional[str], parser: argparse.ArgumentParser) -> Report:
    if host is None:
        from . import doctor

        return doctor.doctor()
    from . import host as host_doctor
    from . import target

    try:
        target.target(host)
    except ValueError as error:
        parser.error(str(error))
    return host_doctor.doctor(host)


class _Parser(argparse.ArgumentParser):
    """Complains in one line, with the next step."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        output.complain(f"error: {message}; {self.prog} --help tells more")
        sys.exit(2)

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a page of help; a full disk or a closed pipe is main()'s to tell."""
        del file
        output.write(message.splitlines())


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs, and leaves what has lines of its own."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description=OVERVIEW.description,
        epilog=OVERVIEW.epilog,
        formatter_class=_Formatter,
    )
    parser.add_argument("--json", action="store_true", help=_JSON)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, page in PAGES.items():
        _add_arguments(_add_command(commands, name, page), name)
    return parser


def _add_command(
    commands: argparse._SubParsersAction[_Parser], name: str, page: manual.Page
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=page.summary,
        description=page.description,
        epilog=page.epilog,
        formatter_class=_Formatter,
    )
    command.set_defaults(parser=command)
    command.add_argument("--json", action="store_true", help=_JSON, default=argparse.SUPPRESS)
    return command


def _add_arguments(command: argparse.ArgumentParser, name: str) -> None:
    add = command.add_argument
    if name == "list":
        add("--source", choices=SOURCES, help="only those of this source")
        add("--search", default="", metavar="TEXT", help="only those that contain TEXT, any case")
        add("--excluded", action="store_true", help="what was left out, and why")
    elif name == "export":
        add("-o", "--output", metavar="FILE", help="write a copy to FILE instead")
    elif name == "shellenv":
        add("--shell", default="", choices=SHELLS, help="for which shell")
    elif name == "add":
        add("files", nargs="+", metavar="FILE", help="PEM, DER or PKCS#7")
    elif name == "remove":
        add("names", nargs="*", metavar="SHA256", help="its first 8 digits, or a file")
    elif name == "doctor":
        add("host", nargs="?", metavar="HOST", help="HOST, HOST:PORT or a URL")
