"""The table in docs/commands.md, made of the table that the commands are made of.

`python tests/commands_table.py` writes it, where this checkout is installed; test_readme compares.
"""

from __future__ import annotations

from certifi_system_store_wrapper.commands import COMMANDS, Command, Option
from support import CHECKOUT
from support.tables import line, split

PAGE = CHECKOUT / "docs" / "commands.md"


def table() -> str:
    """Return a row for each command: how it is called, and what it does."""
    rows = [line(["command", "what it does"]), "|---|---|"]
    rows += [line([f"`{usage(each)}`".replace("|", r"\|"), each.summary]) for each in COMMANDS]
    return "\n".join(["", *rows, ""])


def usage(command: Command) -> str:
    """Return a command with its options, as manuals write them."""
    return " ".join([command.name, *map(shown, command.options)])


def shown(option: Option) -> str:
    """Return an option or argument, in brackets where it can be left out."""
    name, nargs = option.names[0], option.settings.get("nargs")
    value = option.settings.get("metavar") or "|".join(option.settings.get("choices", ()))
    if name.startswith("-"):
        return f"[{f'{name} {value}'.strip()}]"
    value += "…" if nargs in ("+", "*", "...") else ""
    return f"[{value}]" if nargs in ("*", "?") else value


def main() -> None:
    """Write it into the page."""
    before, _, after = split(PAGE.read_text("utf-8"), "commands")
    PAGE.write_text(before + table() + after, "utf-8")


if __name__ == "__main__":
    main()
