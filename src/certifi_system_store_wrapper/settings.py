"""The environment variables of the README, read into one frozen Settings.

A bad value is a problem (a sentence in `problems`) and the default; nothing is raised. Of sources,
those that are misspelt are left out; where none is left, certifi's own list answers.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Iterator, List, Mapping, Optional, Tuple

from .machine import environment
from .printable import without_content, without_userinfo
from .record import Record

CERTIFI, SYSTEM, LOCAL, SSL, USER = "certifi", "system", "local", "ssl", "user"
# What is merged unless PYTHON_CERTIFI_SOURCES names other ones, and all that it may name.
SOURCES = (CERTIFI, SYSTEM, SSL, USER)
EVERY_SOURCE = (CERTIFI, SYSTEM, LOCAL, SSL, USER)

# Whether a change of the system's store is known to show, so that a stored bundle can be believed:
# in a file, or on Windows where it is asked each time. Of macOS nobody has tried it.
STORE = sys.platform != "darwin"

# The levels of logging, which is not imported for them.
DEBUG, INFO, WARNING = 10, 20, 30
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50}
_PREFIX = "PYTHON_CERTIFI_"
# The interpreter of a frozen program is always isolated. Its builder chose that, not the user.
_FROZEN = hasattr(sys, "frozen")
# How no path begins that a shell has read: a home that nobody has, a variable, quotes.
_SHELLS = ("~", "$", '"', "'", *(["%"] if os.name == "nt" else []))
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class Settings(Record):
    """How this process was asked to work; the defaults are those of the README."""

    cert_files: Tuple[str, ...] = ()
    # None: no variable asks for a level. It is WARNING on stderr, and else the application's.
    log_level: Optional[int] = None
    log_file: str = ""
    log_file_level: int = DEBUG
    disable: bool = False
    sources: Tuple[str, ...] = SOURCES
    bundle_dir: str = ""
    handle_sigterm: bool = True
    # Never where `disable` is on.
    ssl_defaults: bool = False
    # Whether what where() builds is stored for the next process.
    store: bool = STORE
    # As under python -I and in a privileged process: nothing below the user's home is looked for.
    isolated: bool = False
    problems: Tuple[str, ...] = ()


def from_environment(environ: Optional[Mapping[str, str]] = None) -> Settings:
    """Return the settings of `environ`, by default this process's (nothing under -E and -I)."""
    ignored = "" if environ is not None else _ignored()
    if environ is None:
        environ = {} if sys.flags.ignore_environment and not _FROZEN else environment.environ()
    read = _Variables(environ)
    disable = read.switch("PYTHON_CERTIFI_DISABLE", default=False)
    return Settings(
        cert_files=read.paths("PYTHON_CERTIFI_CERT_FILES"),
        log_level=read.level("PYTHON_CERTIFI_LOG_LEVEL"),
        log_file=read.path("PYTHON_CERTIFI_LOG_FILE"),
        log_file_level=read.level("PYTHON_CERTIFI_LOG_FILE_LEVEL") or DEBUG,
        disable=disable,
        sources=read.sources("PYTHON_CERTIFI_SOURCES"),
        bundle_dir=read.path("PYTHON_CERTIFI_BUNDLE_DIR"),
        handle_sigterm=read.switch("PYTHON_CERTIFI_HANDLE_SIGTERM", default=True),
        ssl_defaults=read.switch("PYTHON_CERTIFI_SSL_DEFAULTS", default=False) and not disable,
        store=read.switch("PYTHON_CERTIFI_STORE", default=STORE),
        isolated=(bool(sys.flags.isolated) and not _FROZEN) or environment.IS_PRIVILEGED,
        problems=(*filter(None, [ignored]), *read.problems, *read.unread()),
    )


def _ignored() -> str:
    """Return a sentence about the variables that do not count in a privileged process, or ""."""
    ours = [name for name in os.environ if name.startswith(_PREFIX) or name in environment.NAMING]
    if not environment.IS_PRIVILEGED or not ours:
        return ""
    names = ", ".join(sorted(ours))
    return f"{names} and everything below HOME are ignored, because {environment.WHY_PRIVILEGED}"


def split_paths(text: str) -> List[str]:
    """Split a list of paths, one of which may be a URL with a password or a certificate by mistake.

    A path that exists stays as it is. In the rest, what nobody shall see is masked before the text
    is split: a colon in a password separates paths, and would leave parts of it unmasked.
    """
    paths, masked = _split(text), without_content(without_userinfo(text))
    if masked == text:
        return paths
    harmless = _split(masked)
    kept = [path for path in paths if path in harmless or os.path.exists(_path(path))]
    if len(kept) < len(paths):
        kept += [path for path in harmless if path not in kept]
    return kept


def _split(text: str) -> List[str]:
    items = text.split(os.pathsep)
    if os.pathsep == ":" and "://" in text:
        import re

        # A URL is no file, and is told as what it is.
        items = re.split(r"(?<!\bhttp)(?<!\bhttps):|:(?!//)", text)
    elif os.name == "nt" and '"' in text:
        import re

        # In quotes a separator is a part of a name, as in PATH.
        items = re.findall(r'(?:"[^"]*"|[^;])+', text)
    return [item for item in items if item.strip()]


# A relative path goes on to name the same file when the program changes its working directory.
@functools.lru_cache(maxsize=None)
def _absolute(path: str) -> str:
    if os.name != "nt" and os.pardir in path.split(os.sep):
        # Behind a link that leads elsewhere than abspath() says.
        return os.path.join(os.getcwd(), path)
    return os.path.abspath(path)


def _path(item: str) -> str:
    """Return the absolute path, from the working directory of the first time; "" stays ""."""
    path = _unquoted(item)
    try:
        return path and _absolute(os.path.expanduser(path))
    # The working directory is gone.
    except OSError:
        return path


def _unquoted(item: str) -> str:
    item = item.strip()
    return item.strip('"').strip() if os.name == "nt" else item


class _Variables:
    """Reads one variable after the other and keeps the problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: List[str] = []
        self._known: List[str] = []

    def _value(self, name: str) -> str:
        self._known.append(name[len(_PREFIX) :])
        value = self.environ.get(name, "")
        # A test of the application may put anything there.
        return value if isinstance(value, str) else ""

    def unread(self) -> Iterator[str]:
        """Yield a sentence for each variable that has our prefix, and that nobody has read."""
        ours = [name[len(_PREFIX) :] for name in self.environ if name.startswith(_PREFIX)]
        for name in ours:
            if name not in self._known:
                from difflib import get_close_matches

                meant = get_close_matches(name, self._known, 1)
                meaning = f": is {_PREFIX}{meant[0]} meant?" if meant else ""
                yield f"{_PREFIX}{name} is set, but nobody reads it{meaning}"

    def text(self, name: str) -> str:
        """Return the value, "" where the variable is not set."""
        return _unquoted(self._value(name))

    def paths(self, name: str) -> Tuple[str, ...]:
        """Return the absolute paths of a list."""
        return tuple(filter(None, map(_path, split_paths(self._value(name)))))

    def _bad(self, name: str, value: str, remedy: str) -> None:
        self.problems.append(f"{name}={value!r} is not understood and ignored: {remedy}")

    def path(self, name: str) -> str:
        """Return one absolute path; "" where it is not set, or is what only a shell understands."""
        text = self.text(name)
        # Tests of applications replace expanduser(), which then names a path for "".
        path = text and os.path.expanduser(text)
        if path[:1] in _SHELLS:
            self._bad(name, path, "write the path out, only a shell replaces ~, $ and quotes")
            return ""
        scheme, mark, _ = path.partition("://")
        if mark and scheme.isalpha() and len(scheme) > 1:
            self._bad(name, without_content(without_userinfo(path)), "name a path, not a URL")
            return ""
        return _path(path)

    def switch(self, name: str, *, default: bool) -> bool:
        """Return whether it is on; `default` where it is not set or not understood."""
        word = self.text(name).lower()
        if name not in self.environ or word in _ON + _OFF:
            return word in _ON if name in self.environ else default
        self._bad(name, self.environ[name], "use 1, true, yes, on or 0, false, no, off")
        return default

    def level(self, name: str) -> Optional[int]:
        """Return a level of logging; None where it is not set or not understood."""
        word = self.text(name).upper()
        if word and word not in LEVELS:
            self._bad(name, self.environ[name], "use DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return LEVELS.get(word)

    def sources(self, name: str) -> Tuple[str, ...]:
        """Return those of EVERY_SOURCE that it names; SOURCES where it names nothing."""
        words = [word.strip() for word in self.text(name).split(",") if word.strip()]
        known = tuple(source for source in EVERY_SOURCE if source in map(str.lower, words))
        unknown = ",".join(word for word in words if word.lower() not in EVERY_SOURCE)
        if unknown:
            none_left = "" if known else "; none is left, so certifi's own list answers"
            self._bad(name, unknown, "use any of " + ",".join(EVERY_SOURCE) + none_left)
        return known if words else SOURCES
