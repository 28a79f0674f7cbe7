"""Settings files of pip and AWS, read as those read them: by Python's own parser."""

from __future__ import annotations

import configparser
import os
from typing import Optional

from ...sources.reader import read_regular


class NotUnderstood(ValueError):
    """A settings file has a line that cannot be read for certain; the message never quotes it."""


def read(path: str, default_section: Optional[str] = "DEFAULT") -> configparser.RawConfigParser:
    """Return what the file says, nothing if it cannot be opened; raises NotUnderstood."""
    # None is what botocore gives, so that [DEFAULT] is a section as any other.
    parser = configparser.RawConfigParser(default_section=default_section)  # type: ignore[arg-type]
    try:
        parser.read_string(read_regular(path, os.stat(path)).decode("utf-8"))
    except OSError:
        return parser
    except (configparser.Error, ValueError) as error:
        raise NotUnderstood(f"{path}: {_line_of(error)} is not understood") from None
    return parser


def _line_of(error: Exception) -> str:
    number = getattr(error, "lineno", None)
    number = number or next((line for line, _ in getattr(error, "errors", ())), None)
    return f"line {number}" if number else "a character that is not UTF-8"
