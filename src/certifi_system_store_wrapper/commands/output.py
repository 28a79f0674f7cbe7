"""How commands answer: text for people or JSON for machines, and never a traceback."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, Iterable, List, NamedTuple, Sequence

from ..printable import printable

_LABEL = 10
_COLOURS = {"problem": "31", "inactive": "31", "refused": "31", "note": "33", "ok": "32"}


class Report(NamedTuple):
    """One answer: `data` as JSON, `lines` as text, and the exit status (0 healthy, 1 not)."""

    data: Dict[str, Any]
    lines: List[str]
    status: int = 0


def row(label: str, text: str) -> str:
    """Return one aligned line."""
    return f"{label:{_LABEL}}{text}".rstrip()


def table(rows: Sequence[Sequence[str]]) -> List[str]:
    """Return the rows with the first column aligned left and all others right."""
    widths = [max(map(len, column)) for column in zip(*rows)][1:]
    return [
        row(label, "  ".join(cell.rjust(width) for cell, width in zip(cells, widths)))
        for label, *cells in rows
    ]


def show(report: Report, *, as_json: bool) -> int:
    """Print it and return the exit status."""
    if as_json:
        write(json.dumps(report.data, indent=2, sort_keys=True).splitlines())
    else:
        write(_coloured(printable(line)) for line in report.lines)
    return report.status


def write(lines: Iterable[str]) -> None:
    """Write lines to stdout, as far as its encoding has their characters; raises OSError."""
    if sys.stdout is None:
        raise OSError(9, "there is no standard output")
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        text = line.encode(encoding, "backslashreplace").decode(encoding)
        sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(message: object) -> None:
    """Write one line to stderr."""
    if sys.stderr is not None:
        sys.stderr.write(f"certifi-system-store-wrapper: {printable(message)}\n")


def silence_stdout() -> None:
    """Have the interpreter's last flush of a broken stdout fail without a word."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return


def _coloured(line: str) -> str:
    """Return the line with its label in colour, on a terminal whose owner does not mind."""
    label = line.split(" ", 1)[0]
    if label not in _COLOURS or os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return line
    if os.name == "nt" or os.environ.get("TERM", "dumb") == "dumb":
        return line
    return f"\033[{_COLOURS[label]}m{label}\033[0m{line[len(label) :]}"
