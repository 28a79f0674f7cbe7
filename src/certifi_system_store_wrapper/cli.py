"""Find out what certifi answers here, add your own CAs, and hand the bundle to other programs."""

from __future__ import annotations

import argparse
from typing import Optional, Sequence

from . import __version__
from .commands import output
from .commands.output import Report
from .findings import SOURCES
from .printable import printable

_JSON = "answer in JSON, for machines"
_EPILOG = """\
examples:
  certifi-system-store-wrapper                          is it active, and what is trusted?
  certifi-system-store-wrapper list --search zscaler    is my CA in the bundle?
  certifi-system-store-wrapper add corp-root.cer        trust it, in all my environments
  certifi-system-store-wrapper doctor example.com       why does TLS still fail there?
  eval "$(certifi-system-store-wrapper shellenv)"       curl, git, Node and others, too

exit status: 0 all is well, 1 a problem was found, 2 wrong usage
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; return 0 where all is well, 1 where a problem was found, 2 for usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return output.show(_report(options, parser), as_json=options.json)
    except BrokenPipeError:  # `… | head`
        output.silence_stdout()
        return 0
    except ImportError as error:
        output.complain(f"{error}; install it: python -m pip install certifi wrapt")
    except (OSError, ValueError) as error:
        output.silence_stdout()
        output.complain(error)
    except KeyboardInterrupt:
        output.complain("interrupted")
        return 130
    return 1


def _report(options: argparse.Namespace, parser: argparse.ArgumentParser) -> Report:
    """Return what the command answers; its modules are loaded only for it."""
    command = options.command
    if command == "list":
        from .commands.listing import listing

        return listing(options.source, options.search, left_out=options.excluded)
    if command in ("export", "shellenv"):
        from .commands import handover

        shelled = command == "shellenv"
        return handover.shellenv(options.shell) if shelled else handover.export(options.output)
    if command in ("add", "remove"):
        from .commands import drop

        return drop.add(options.files) if command == "add" else drop.remove(options.names)
    if command == "doctor":
        return _doctor(options.host, parser)
    from .commands.status import status

    return status()


def _doctor(host: str, parser: argparse.ArgumentParser) -> Report:
    if not host:
        from .commands import doctor

        return doctor.doctor()
    from .commands import host as host_doctor
    from .commands import target

    try:
        target.target(host)
    except ValueError as error:
        parser.error(printable(error))
    return host_doctor.doctor(host)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="certifi-system-store-wrapper",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help=_JSON)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("--json", action="store_true", help=_JSON, default=argparse.SUPPRESS)
        return command

    add("status", "tell whether certifi is answered from the bundle, and what is in it (default)")
    listed = add("list", "list the certificates: end, SHA-256, sources, subject, marks")
    listed.add_argument("--source", choices=SOURCES, help="only those of this source")
    listed.add_argument("--search", default="", metavar="TEXT", help="only those that contain TEXT")
    listed.add_argument("--excluded", action="store_true", help="what was left out, and why")
    exported = add("export", "print the path of a bundle that outlives this command")
    exported.add_argument(
        "-o", "--output", default="", metavar="FILE", help="write a copy to FILE instead"
    )
    shell = add("shellenv", "print the variables that make other tools use the bundle")
    shell.add_argument(
        "--shell", default="", choices=("sh", "fish", "powershell", "cmd"), help="for which shell"
    )
    added = add("add", "trust the certificates of files, in all environments of this user")
    added.add_argument("files", nargs="+", metavar="FILE", help="PEM, DER or PKCS#7")
    removed = add("remove", "take back what was added; without a name, list it")
    removed.add_argument("names", nargs="*", metavar="SHA256", help="its first 8 digits, or a file")
    checked = add("doctor", "find out why TLS still fails, here or with one server")
    checked.add_argument(
        "host", nargs="?", default="", metavar="HOST", help="HOST, HOST:PORT or a URL"
    )
    return parser
