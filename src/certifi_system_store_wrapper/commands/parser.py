"""How a command line is read: options, help, and "did you mean"."""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from typing import Any, Dict, Iterable, List, NamedTuple, NoReturn, Sequence, Tuple

from . import output

# Words that people try before they know the options.
_WORDS = {"help": "--help", "version": "--version"}
# Whatever else comes first without a command is for `status`.
_OF_NO_COMMAND = ("-h", "--help", "-V", "--version")
_JSON = "answer in JSON, for machines"
# A host with a dot or a port, or a URL.
_HOST = re.compile(r"[\w.-]+(\.[A-Za-z]\w*|:\d+)/?|\w+://.*")


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


def parsed(program: argparse.ArgumentParser, arguments: Sequence[str]) -> Dict[str, Any]:
    """Return the options that are asked for; exits with status 2 where they make no sense."""
    found, unknown = program.parse_known_args(_words(arguments))
    options = vars(found)
    if unknown:
        known = options["parser"].options
        meant = did_you_mean(unknown[0].partition("=")[0], known)
        options["parser"].error(f"there is no option or argument {unknown[0]!r}{meant}")
    return options


def _words(given: Sequence[str]) -> List[str]:
    """Return the arguments with `help` and `version` as options, and with the default command."""
    words = list(given)
    while words[:1] and words[0] in _WORDS:
        words = [*words[1:], _WORDS[words[0]]]
    first = next((word for word in words if word != "--json"), "-")
    is_for_status = first.startswith("-") and first not in _OF_NO_COMMAND
    return ["status", *words] if is_for_status else words


def words_of(command: Command, options: Dict[str, Any]) -> List[str]:
    """Return the arguments that would be parsed to these options."""
    words: List[str] = []
    for option in command.options:
        name = option.names[-1]
        value = options.get(name.lstrip("-"))
        if value in (None, False):
            continue
        if not name.startswith("-"):
            words += ["--", *([value] if isinstance(value, str) else value)]
        else:
            words[:0] = [name] if value is True else [f"{name}={value}"]
    return words


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that names what the word is like, or ""."""
    from difflib import get_close_matches

    like = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{like[0]}`?" if like else ""


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, with the next step."""

    options: Sequence[str] = ("--json", "--help", "--version")

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        end = "" if message.endswith("?") else ";"
        output.complain(f"error: {message}{end} {self.prog} --help tells more")
        sys.exit(2)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse what is none of the choices, and name the one that is like it."""
        if action.choices is None or value in action.choices:
            return
        known = [str(each) for each in action.choices]
        meant = did_you_mean(str(value), known)
        if action.dest == "command":
            meant = meant or _command_for(str(value))
        message = f"{value!r} is none of {', '.join(known)}{meant}"
        raise argparse.ArgumentError(action, message)

    def _print_message(self, message: str, file: object = None) -> None:
        """Print a page of help; main() handles a full disk and a closed pipe."""
        del file
        output.write(message.splitlines())


def _command_for(value: str) -> str:
    """Return the end of a sentence that names the command for a file or a host, or ""."""
    if os.path.isfile(value):
        return f"; did you mean `add {value}`?"
    return f"; did you mean `doctor {value}`?" if _HOST.fullmatch(value) else ""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Fills a paragraph, and the prose of a text that has several lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # What is indented already is an example or a table.
        filled = [
            textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent)
            if line[:1].strip()
            else indent + line
            for line in text.splitlines()
        ]
        return "\n".join(filled)


def make(
    name: str, description: str, epilog: str, commands: Sequence[Command]
) -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(prog=name, description=description, epilog=epilog, formatter_class=_Formatter)
    parser.set_defaults(parser=parser)
    parser.add_argument("--json", action="store_true", help=_JSON)
    parser.add_argument("-V", "--version", action="store_true", help="name, version, path, Python")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for each in commands:
        command = subparsers.add_parser(
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
        command.options = ["--json", "--help", *_names(each.options)]
    return parser


def _names(options: Iterable[Option]) -> List[str]:
    return [name for option in options for name in option.names if name.startswith("-")]
