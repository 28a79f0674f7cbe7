"""Which programs of an environment start Python with -E, -I or -S, so that less reaches them."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from ..machine.files import names
from .environment import NAME, Environment
from .output import Finding, note, problem, several

_MAX_FILES, _HEAD, _TAIL = 5000, 1024, 64 << 10
# Also as pip and uv write a long path: '''exec' "/path/to/python" -E "$0" "$@"
_SHEBANG = re.compile(
    rb"\A#![^\r\n]*?py[^\s/\\]*\"?(?P<one>(?: +-\w+)*) *\r?\n"
    rb"|\A#!/bin/sh\n'''exec' [^\r\n]*?py[^\s/\\\"]*\"?(?P<two>(?: +-\w+)*) +\"\$0\""
)
# The programs of Windows: a launcher, that line, and a zip file.
_LAUNCHER = re.compile(rb"#![^\r\n]*?py[^\s/\\]*\"?(?P<one>(?: +-\w+)*) *\r?\n(?=PK\x03\x04)")


class Reach(NamedTuple):
    """What an option keeps away, and what helps."""

    level: str
    keeps: str
    remedy: str


# In the order of what they keep away: -I means -E, and more.
_REACH = {
    "S": Reach(
        "problem",
        "starts no start-up file, so certifi's own list answers",
        "take -S out of its first line",
    ),
    "I": Reach(
        "note",
        "gets no PYTHON_ variable and no drop folder of the user",
        "put the CA into site-packages/certifi_system of that environment",
    ),
    "E": Reach("note", "gets no PYTHON_ variable", f"`{NAME} add FILE` reaches it"),
}


def findings(there: Environment) -> Iterator[Finding]:
    """Report the programs beside the interpreter that start with one of these options."""
    told: Dict[str, List[str]] = {}
    for name, letters in _options(os.path.dirname(there.python)):
        for letter in _REACH:
            if letter in letters:
                told.setdefault(letter, []).append(name)
                break
    for letter, programs in told.items():
        reach = _REACH[letter]
        make = problem if reach.level == "problem" else note
        yield make(
            "scripts",
            f"python -{letter} runs {several(programs, 3)}: it {reach.keeps}",
            reach.remedy,
        )


def _options(folder: str) -> Iterator[Tuple[str, str]]:
    """Yield the name of each program and the letters of its options."""
    for name in names(folder)[:_MAX_FILES]:
        path = os.path.join(folder, name)
        # An interpreter is large, and a link leads to one.
        if not os.path.islink(path) and os.path.isfile(path):
            yield name, _letters(path)


def _letters(path: str) -> str:
    try:
        with open(path, "rb") as file:
            found = _SHEBANG.match(file.read(_HEAD))
            if found is None and path.endswith(".exe"):
                file.seek(max(0, os.path.getsize(path) - _TAIL))
                found = _LAUNCHER.search(file.read(_TAIL))
    except OSError:
        return ""
    groups = found.groupdict() if found else {}
    return b"".join(filter(None, groups.values())).decode("ascii").replace("-", "")
