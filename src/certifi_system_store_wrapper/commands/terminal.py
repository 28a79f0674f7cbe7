"""What only a person at a terminal gets: lines that fit, short fingerprints, colours."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from typing import List, Optional, TextIO

# So many digits of a SHA-256 name a certificate: `remove` and `list --search` take them.
_DIGITS = 16
# What stands before the text of a line: a label and its blanks, or blanks alone.
_LABEL = re.compile(r"\S.{0,18}? {2,}(?=\S)| +(?=\S)")
_COLOURS = {"problem": "31", "inactive": "31", "note": "33", "ok": "32"}


def is_terminal(stream: Optional[TextIO]) -> bool:
    """Whether a person reads what is written there."""
    return stream is not None and stream.isatty()


def width() -> int:
    """Return how wide a line may be: as wide as the terminal, if there is one."""
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else 10_000


def fingerprint(sha256: str) -> str:
    """Return a SHA-256: its first digits on a terminal, else the whole, for programs."""
    return sha256[:_DIGITS] if is_terminal(sys.stdout) else sha256


def fitted(line: str, stream: Optional[TextIO]) -> List[str]:
    """Return the line in lines that fit a terminal, broken between words; paths stay whole."""
    columns = shutil.get_terminal_size().columns
    if not is_terminal(stream) or len(line) <= columns:
        return [line]
    label = _LABEL.match(line)
    return textwrap.wrap(
        line,
        columns,
        subsequent_indent=" " * (label.end() if label else 0),
        break_long_words=False,
        break_on_hyphens=False,
    )


def coloured(line: str) -> str:
    """Return the line with its label in colour, if the terminal and NO_COLOR allow it."""
    label = line.split(" ", 1)[0]
    is_plain = os.name == "nt" or os.environ.get("TERM") in (None, "", "dumb")
    is_wanted = label in _COLOURS and not os.environ.get("NO_COLOR")
    if not is_wanted or is_plain or not is_terminal(sys.stdout):
        return line
    return f"\033[{_COLOURS[label]}m{label}\033[0m{line[len(label) :]}"
