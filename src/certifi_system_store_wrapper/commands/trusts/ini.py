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


def text(path: str) -> str:
    """Return the text of a settings file, "" if it cannot be opened; raises NotUnderstood."""
    try:
        return read_regular(path, os.stat(path)).decode("utf-8")
    except OSError:
        return ""
    except ValueError:
        raise NotUnderstood(path, "a character that is not UTF-8") from None


def read(path: str) -> configparser.RawConfigParser:
    """Return what the file says, nothing if it cannot be opened; raises NotUnderstood."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text(path))
    except configparser.Error as error:
        told = vars(error)
        number = told.get("lineno") or next((line for line, _ in told.get("errors", ())), "?")
        raise NotUnderstood(path, f"line {number}") from None
    return parser
