"""`completion`: what a shell needs to complete our command lines, made of the table of commands."""

from __future__ import annotations

from typing import Dict, List, Sequence

from . import COMMANDS, PROGRAM
from .output import Report
from .parser import Command, Option


def run(*, shell: str) -> Report:
    """Return the lines that the shell is to read."""
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()
    return Report({"command": "completion", "shell": shell, "lines": lines}, lines, exact=True)


def _bash() -> List[str]:
    """Return a function that offers options where the word begins with -, else values.

    Where it has nothing to offer, the shell offers files.
    """
    of, names = "${COMP_WORDS[1]}", " ".join(each.name for each in COMMANDS)
    return [
        "_certifi_system_store_wrapper() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" last="${COMP_WORDS[COMP_CWORD-1]}"',
        '  local options="" values=""',
        f'  case "{of}" in',
        *(f'  {each.name}) options="{" ".join(_options(each))}" ;;' for each in COMMANDS),
        "  esac",
        f'  case "{of} $last" in',
        *(
            f'  "{each.name} {before}") values="{" ".join(choices)}" ;;'
            for each in COMMANDS
            for before, choices in _choices(each).items()
        ),
        "  esac",
        '  [ "$COMP_CWORD" = 1 ] && options="--json --help --version"',
        f'  [ "$COMP_CWORD" = 1 ] && values="{names}"',
        '  case "$word" in -*) values="$options" ;; esac',
        '  COMPREPLY=($(compgen -W "$values" -- "$word"))',
        "}",
        f"complete -o default -F _certifi_system_store_wrapper {PROGRAM}",
    ]


def _zsh() -> List[str]:
    """Return bash's function; zsh runs it as it is."""
    return ["autoload -Uz bashcompinit && bashcompinit", *_bash()]


def _fish() -> List[str]:
    begin = f"complete -c {PROGRAM}"
    lines = [f"{begin} -n __fish_use_subcommand -f -a {each.name}" for each in COMMANDS]
    for each in COMMANDS:
        seen, choices = f"-n '__fish_seen_subcommand_from {each.name}'", _choices(each)
        for option in _options(each):
            values = f" -x -a '{' '.join(choices[option])}'" if option in choices else ""
            lines.append(f"{begin} {seen} -l {option[2:]}{values}")
        if each.name in choices:
            lines.append(f"{begin} {seen} -f -a '{' '.join(choices[each.name])}'")
    return lines


def _options(command: Command) -> List[str]:
    """Return the options of a command; none where another program's may follow."""
    if any(option.settings.get("nargs") == "..." for option in command.options):
        return []
    return [*filter(None, map(_long, command.options)), "--json", "--help"]


def _choices(command: Command) -> Dict[str, Sequence[str]]:
    """Return the values that may follow an option, or the command itself."""
    rows = [(each, each.settings.get("choices")) for each in command.options]
    return {_long(each) or command.name: choices for each, choices in rows if choices}


def _long(option: Option) -> str:
    """Return the name that pages use, "" for an argument."""
    return next((name for name in option.names if name.startswith("--")), "")
