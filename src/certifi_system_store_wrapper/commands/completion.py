"""`completion`: what a shell needs to complete our command lines, made of the table of commands."""

from __future__ import annotations

from typing import Dict, List

from . import COMMANDS, PROGRAM
from .output import Report
from .parser import Command


def run(*, shell: str) -> Report:
    """Return the lines that the shell is to read."""
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()
    return Report({"command": "completion", "shell": shell, "lines": lines}, lines, exact=True)


def _bash() -> List[str]:
    return [
        "_certifi_system_store_wrapper() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" words=""',
        '  case "${COMP_WORDS[1]}" in',
        *(f'  {name}) words="{" ".join(words)}" ;;' for name, words in _words().items()),
        "  esac",
        f'  [ "$COMP_CWORD" = 1 ] && words="{" ".join(_words())} --json --help --version"',
        '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
        "}",
        f"complete -o default -F _certifi_system_store_wrapper {PROGRAM}",
    ]


def _zsh() -> List[str]:
    """Return bash's function; zsh runs it as it is."""
    return ["autoload -Uz bashcompinit && bashcompinit", *_bash()]


def _fish() -> List[str]:
    begin = f"complete -c {PROGRAM}"
    lines = [f"{begin} -n __fish_use_subcommand -f -a {name}" for name in _words()]
    for name, words in _words().items():
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        options = [word for word in words if word.startswith("--")]
        values = [word for word in words if not word.startswith("--")]
        lines += [f"{begin} {seen} -l {option[2:]}" for option in options]
        lines += [f"{begin} {seen} -f -a '{' '.join(values)}'"] if values else []
    return lines


def _words() -> Dict[str, List[str]]:
    """Return for each command the words that may follow it: its options, and their values."""
    return {each.name: _of(each) for each in COMMANDS}


def _of(command: Command) -> List[str]:
    names = [option.names[-1] for option in command.options if option.names[-1].startswith("-")]
    every = [word for each in command.options for word in each.settings.get("choices", ())]
    return [*names, "--json", "--help", *dict.fromkeys(every)]
