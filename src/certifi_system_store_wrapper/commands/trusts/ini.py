"""Settings files of pip and AWS, read as those read them: by Python's own parser."""

from __future__ import annotations

import configparser
import os
from typing import Tuple

from ...machine.files import read_regular
from .trust import Setting, Trust


class NotUnderstood(ValueError):
    """A settings file has a line that cannot be read for certain; the message never quotes it."""

    def __init__(self, path: str, what: str) -> None:
        """Name the line of the file, as in "line 3"."""
        super().__init__(f"{path}: {what} is not understood")
        self.path = path

    def trust(self, name: str, readers: str, clients: Tuple[str, ...] = ()) -> Trust:
        """Return what stands for the trust that the setting of that name would give."""
        setting = Setting(name, "", self.path, readers)
        return Trust((), clients=clients, settings=(setting,), fault=str(self))


def read(path: str) -> configparser.RawConfigParser:
    """Return what the file says, nothing if it cannot be opened; raises NotUnderstood."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(read_regular(path, os.stat(path)).decode("utf-8"))
    except OSError:
        return parser
    except (configparser.Error, ValueError) as error:
        raise NotUnderstood(path, _line_of(error)) from None
    return parser


def _line_of(error: Exception) -> str:
    told = vars(error)
    number = told.get("lineno") or next((line for line, _ in told.get("errors", ())), None)
    return f"line {number}" if number else "a character that is not UTF-8"
