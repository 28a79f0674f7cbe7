"""The environment variables of the README, read into one frozen Settings.

A bad value is a problem (a sentence in `problems`) and the default; nothing is raised.
"""

from __future__ import annotations

import os
import sys
from typing import List, Mapping, Optional, Tuple

from .record import Record

CERTIFI, SYSTEM, SSL, USER = "certifi", "system", "ssl", "user"
SOURCES = (CERTIFI, SYSTEM, SSL, USER)

# Levels of the standard library's logging; named here so that nothing has to import it.
DEBUG, INFO, WARNING = 10, 20, 30
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50}
# The interpreter of a frozen program is always isolated: its builder's choice, and nobody's -I.
_FROZEN = bool(getattr(sys, "frozen", False))
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class Settings(Record):
    """How this process was asked to work; the defaults are those of the README."""

    cert_files: Tuple[str, ...] = ()
    log_level: Optional[int] = None  # None: not asked for, so WARNING and the application's own
    log_file: str = ""
    log_file_level: int = DEBUG
    disable: bool = False
    sources: Tuple[str, ...] = SOURCES
    bundle_dir: str = ""
    handle_sigterm: bool = True
    ssl_defaults: bool = False
    isolated: bool = False  # python -I: nothing that belongs to the user is read unasked
    problems: Tuple[str, ...] = ()


def from_environment(environ: Optional[Mapping[str, str]] = None) -> Settings:
    """Return the settings of `environ`, by default this process's (nothing under -E and -I)."""
    if environ is None:
        environ = {} if sys.flags.ignore_environment and not _FROZEN else os.environ
    return _Variables(environ).settings()


def split_paths(text: str) -> List[str]:
    """Split a list of paths; a URL among them, a mistake, loses its user and password first."""
    if "://" in text and "@" in text:
        import re  # not for every start

        # Not a path with two slashes, nor what stands before an @ in the next path.
        scheme = rf"(?:\A|{os.pathsep})\s*['\"]?[A-Za-z][A-Za-z0-9+.-]+://"
        text = re.sub(rf"({scheme})(?:(?!{os.pathsep}/)[^\s@])*@", r"\1***@", text)
    return text.split(os.pathsep)


class _Variables:
    """Reads one variable after the other and keeps the problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: List[str] = []

    def settings(self) -> Settings:
        level = self._level("PYTHON_CERTIFI_LOG_LEVEL")
        file_level = self._level("PYTHON_CERTIFI_LOG_FILE_LEVEL")
        return Settings(
            cert_files=tuple(self._paths("PYTHON_CERTIFI_CERT_FILES")),
            log_level=level,
            log_file=self._path(self._text("PYTHON_CERTIFI_LOG_FILE")),
            log_file_level=DEBUG if file_level is None else file_level,
            disable=self._switch("PYTHON_CERTIFI_DISABLE", default=False),
            sources=self._sources("PYTHON_CERTIFI_SOURCES"),
            bundle_dir=self._path(self._text("PYTHON_CERTIFI_BUNDLE_DIR")),
            handle_sigterm=self._switch("PYTHON_CERTIFI_HANDLE_SIGTERM", default=True),
            ssl_defaults=self._switch("PYTHON_CERTIFI_SSL_DEFAULTS", default=False),
            isolated=bool(sys.flags.isolated) and not _FROZEN,
            problems=tuple(self.problems),
        )

    def _text(self, name: str) -> str:
        return self._unquoted(self.environ.get(name, ""))

    def _bad(self, name: str, value: str, remedy: str) -> None:
        self.problems.append(f"{name}={value!r} is not understood and ignored: {remedy}")

    def _switch(self, name: str, *, default: bool) -> bool:
        word = self._text(name).lower()
        if name not in self.environ or word in _ON + _OFF:
            return word in _ON if name in self.environ else default
        self._bad(name, self.environ[name], "use 1, true, yes, on or 0, false, no, off")
        return default

    def _level(self, name: str) -> Optional[int]:
        word = self._text(name).upper()
        if word and word not in LEVELS:
            self._bad(name, self.environ[name], "use DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return LEVELS.get(word)

    def _sources(self, name: str) -> Tuple[str, ...]:
        words = [w.strip().lower() for w in self._text(name).split(",") if w.strip()]
        known = tuple(source for source in SOURCES if source in words)
        unknown = ",".join(word for word in words if word not in SOURCES)
        if unknown:
            none_left = "" if known else "; none is left, so certifi's own list answers"
            self._bad(name, unknown, "use any of " + ",".join(SOURCES) + none_left)
        return known if words else SOURCES

    def _paths(self, name: str) -> List[str]:
        items = map(self._unquoted, split_paths(self.environ.get(name, "")))
        return [self._path(item) for item in items if item]

    @staticmethod
    def _unquoted(item: str) -> str:
        item = item.strip()
        return item.strip('"').strip() if os.name == "nt" else item

    @staticmethod
    def _path(text: str) -> str:
        """Return `text` absolute, from the working directory as it is now; "" stays ""."""
        try:
            return text and os.path.abspath(os.path.expanduser(text))
        except OSError:  # the working directory is gone
            return text
