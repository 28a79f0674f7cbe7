"""The answer of a command, and how it is printed: as text or JSON, never as a traceback."""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, TextIO

from ..machine import CLOSE_IT, is_in_use, is_no_name
from ..printable import printable
from .terminal import coloured, fitted, is_terminal

_LABEL = 10
_NEXT_STEPS = {
    errno.ENOENT: "make that folder first, or name another",
    errno.ENOTDIR: "name a path whose folders are folders",
    errno.EACCES: "it has to be a place that you may write to",
    errno.EPERM: "it has to be a place that you may write to",
    errno.EROFS: "it has to be a place that can be written to",
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "name the file itself, not a link",
    errno.EBADF: "leave standard output open",
}
# CPython has these for what Windows says that has no errno, of a server or of the name of a device.
_UNKNOWN = (errno.EINVAL, errno.EBADF)


def several(names: Sequence[str], most: int = 1) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if names[most:] else ""
    return ", ".join(names[:most]) + more


class Report(NamedTuple):
    """One answer: `data` as JSON, `lines` as text, and the exit status (0 healthy, 1 not).

    With `exact`, other programs read the lines: they are escaped on a terminal only.
    `errors` are for stderr; JSON has them in `data`.
    """

    data: Dict[str, Any]
    lines: List[str]
    status: int = 0
    exact: bool = False
    errors: Sequence[str] = ()


class WrongUsage(Exception):
    """The arguments make no sense; the message says what would."""


class Finding(NamedTuple):
    """The result of one check; `level` is ok, note or problem."""

    level: str
    check: str
    message: str
    remedy: str = ""

    @property
    def sentence(self) -> str:
        """The finding in one line."""
        return "; ".join(filter(None, [self.message, self.remedy]))

    def lines(self) -> List[str]:
        """Return the finding as lines of text."""
        return [row(self.level, self.message), *([row("", self.remedy)] if self.remedy else [])]


def problem(check: str, message: str, remedy: str = "") -> Finding:
    """Return a finding that the user has to act on."""
    return Finding("problem", check, message, remedy)


def note(check: str, message: str, remedy: str = "") -> Finding:
    """Return a finding that the user should know."""
    return Finding("note", check, message, remedy)


def row(label: str, text: str) -> str:
    """Return one aligned line."""
    return f"{label:{_LABEL}}{text}".rstrip()


def table(rows: Sequence[Sequence[str]]) -> List[str]:
    """Return the rows with the first column aligned left and all others right."""
    first, *widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        label.ljust(max(first + 1, _LABEL))
        + "  ".join(cell.rjust(size) for cell, size in zip(cells, widths)).rstrip()
        for label, *cells in rows
    ]


def show(report: Report, *, as_json: bool) -> int:
    """Print it and return the exit status."""
    try:
        _print(report, as_json=as_json)
    except BrokenPipeError:
        # The reader has enough, as in `… | head`.
        silence(sys.stdout)
    finally:
        # Also where stdout fails, of which main() tells after these.
        for each in () if as_json else report.errors:
            complain(each)
    return report.status


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        data = report.data if report.exact else _escaped(report.data)
        write(json.dumps(data, indent=2, sort_keys=True, allow_nan=False).splitlines())
    elif report.exact:
        _write_exact(report.lines)
    else:
        # Only people need a line that says "none"; a program would take it for an item.
        nothing = ["none"] if is_terminal(sys.stdout) and not report.errors else []
        lines = map(printable, report.lines or nothing)
        write(coloured(part) for line in lines for part in fitted(line, sys.stdout))


def _escaped(data: object) -> object:
    """Return the data with every text in it made printable."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, dict):
        return {printable(key): _escaped(value) for key, value in data.items()}
    return [_escaped(each) for each in data] if isinstance(data, (list, tuple)) else data


def _write_exact(lines: Iterable[str]) -> None:
    """Write lines for other programs: a path goes out with exactly its bytes."""
    if is_terminal(sys.stdout):
        write(map(printable, lines))
        return
    if os.name == "nt" or not hasattr(sys.stdout, "buffer"):
        write(_encodable(line) for line in lines)
        return
    data = b"".join(os.fsencode(line) + b"\n" for line in lines)
    with _stdout_named():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _encodable(line: str) -> str:
    """Return the line; raises OSError if the encoding of stdout lacks one of its characters."""
    encoding = sys.stdout.encoding or "ascii"
    if line.encode(encoding, "replace").decode(encoding) != line:
        remedy = "set PYTHONUTF8=1, or PYTHON_CERTIFI_BUNDLE_DIR to another folder"
        raise OSError(0, f"{encoding} does not have every character of {line}; {remedy}")
    return line


def write(lines: Iterable[str]) -> None:
    """Write lines to stdout, and escape what its encoding lacks; raises OSError."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "there is no standard output")
    encoding = sys.stdout.encoding or "ascii"
    texts = [line.encode(encoding, "backslashreplace").decode(encoding) for line in lines]
    with _stdout_named():
        for text in texts:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()


@contextmanager
def _stdout_named() -> Iterator[None]:
    """Have an OSError of writing to it say so."""
    try:
        yield
    except OSError as error:
        # Thus Windows says that nobody reads the pipe: https://bugs.python.org/issue30418
        if os.name == "nt" and error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
        if error.errno:
            error.strerror = f"standard output: {error.strerror}"
        raise


def complain(message: object) -> None:
    """Write one line to stderr, with the next step."""
    if sys.stderr is None:
        return
    line = f"certifi-system-store-wrapper: {printable(sentence(message))}"
    try:
        sys.stderr.write("\n".join(fitted(line, sys.stderr)) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        # The exit status still says that something is wrong.
        silence(sys.stderr)


def sentence(message: object) -> str:
    """Return what went wrong, with the next step where one is known."""
    if not isinstance(message, OSError) or not message.strerror:
        return str(message)
    if not message.errno:
        # This package raised it, and the sentence has the next step already.
        return message.strerror
    name = "" if message.filename is None else f"{message.filename}: "
    return "; ".join(filter(None, [f"{name}{message.strerror}", _next_step(message)]))


def _next_step(error: OSError) -> Optional[str]:
    if is_in_use(error):
        return CLOSE_IT
    if error.filename is None or error.errno not in _UNKNOWN:
        return _NEXT_STEPS.get(error.errno or 0)
    is_bad = is_no_name(error, os.fsdecode(error.filename))
    return 'choose a name without < > : " | ? * in it' if is_bad else "name another place"


def silence(broken: Optional[TextIO]) -> None:
    """Redirect stdout or stderr to nowhere, so that the last flush at exit cannot fail."""
    if broken is not None:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), broken.fileno())
