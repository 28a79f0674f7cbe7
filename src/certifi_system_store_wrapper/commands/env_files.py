"""Files that hold variables: one line of each format, which all of its readers read alike."""

from __future__ import annotations

import os
import re
from typing import Dict, NamedTuple


class Form(NamedTuple):
    """A format: its line, and what its readers, of which there are several, disagree about."""

    line: str
    unsure: str


# Neither has an escape that every reader knows, and some expand variables.
_IN_QUOTES = '["\\\\$`]'
# Docker's --env-file takes all as it stands; python-dotenv and Node know quotes and comments, which
# in Node begin with any #; a shell (`set -a; . ./.env`) runs what stands behind a blank, and
# puts a home in the place of a ~ in front or behind a colon. On Windows no shell reads such a file,
# and paths have blanks and backslashes.
_IN_DOTENV = r"""["'`$#]|^\s|\s$""" if os.name == "nt" else r"""["'`$#\s;&|<>()\\]|(^|:)~"""
FORMS: Dict[str, Form] = {
    "dotenv": Form("{}={}", _IN_DOTENV),
    # https://docs.docker.com/reference/dockerfile/#env
    "dockerfile": Form('ENV {}="{}"', _IN_QUOTES),
    # To the end of the line, as it stands.
    "github": Form("{}={}", "\n"),
    # EnvironmentFile= of systemd.exec(5), and environment.d(5), which expands variables.
    "systemd": Form('{}="{}"', _IN_QUOTES),
}


def assignment(form: str, name: str, value: str) -> str:
    """Return the line; raises ValueError for a value that would not be read alike by all."""
    line, unsure = FORMS[form]
    found = re.search(unsure, value)
    if found:
        raise ValueError(f"the readers of {form} disagree about {found[0]!r}")
    return line.format(name, value)
