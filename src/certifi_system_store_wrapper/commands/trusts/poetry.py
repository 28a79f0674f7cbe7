"""poetry's trusts: `certificates.NAME.cert`, each for the repository of that name alone."""

from __future__ import annotations

import os
import re
import sys
from typing import Dict, Iterator, List, Optional, Tuple
from urllib.parse import urlsplit

from ...machine.files import read_regular
from .environment import place
from .here import Here
from .ini import NotUnderstood
from .trust import Setting, Trust

_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"\\]*\"|'[^']*')"
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_SECTION = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=\s*(?:\"([^\"\\]*)\"|'([^']*)'|(true|false))\s*(?:#.*)?")
_READERS = "poetry reads it for that repository instead of asking certifi"

Pair = Tuple[Tuple[str, ...], str]


def trusts(here: Here) -> List[Trust]:
    """Return the trust of each repository that has one."""
    clients = (here.called("poetry"),) if here.has("poetry") else ()
    try:
        pairs = [(path, *pair) for path in _files(here) for pair in _pairs(path)]
    except NotUnderstood as error:
        return [error.trust("certificates", _READERS, clients)]
    found: Dict[str, Setting] = {}
    hosts = _sources()
    for path, key, value in pairs:
        if key[:1] == ("certificates",) and key[2:] == ("cert",) and value not in ("", "true"):
            found[key[1]] = Setting(".".join(key), value, path, _READERS)
        if key[:1] == ("repositories",) and key[2:] in ((), ("url",)):
            hosts[key[1]] = value
    found.update(_variables(here))
    return [
        Trust(
            () if each.value == "false" else (place(os.path.expanduser(each.value)),),
            clients=clients,
            settings=(each,),
            checks_nothing=each.value == "false",
            only=f"for the repository {name}",
            host=_host(hosts.get(name, "")),
        )
        for name, each in found.items()
    ]


def _variables(here: Here) -> Dict[str, Setting]:
    found = {}
    for name, value in here.environ.items():
        named = re.fullmatch("POETRY_CERTIFICATES_(.+)_CERT", name)
        if named and value:
            repository = named.group(1).lower().replace("_", "-")
            found[repository] = Setting(name, value, readers=_READERS)
    return found


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _files(here: Here) -> List[str]:
    """Return the files that poetry reads, the one that counts most last; they need not exist."""
    home, get = os.path.expanduser("~"), here.environ.get
    base = {
        "win32": get("APPDATA") or os.path.join(home, "AppData", "Roaming"),
        "darwin": os.path.join(home, "Library", "Application Support"),
    }.get(sys.platform, get("XDG_CONFIG_HOME") or os.path.join(home, ".config"))
    folder = get("POETRY_CONFIG_DIR") or os.path.join(base, "pypoetry")
    return [os.path.join(folder, "config.toml"), "poetry.toml"]


def _sources() -> Dict[str, str]:
    """Return the URL of each source that the project in the current folder names."""
    found: Dict[str, str] = {}
    name: Optional[str] = None
    for key, value in _readable("pyproject.toml"):
        if key == ("tool", "poetry", "source", "name"):
            name = value
        elif key == ("tool", "poetry", "source", "url") and name:
            found[name] = value
    return found


def _pairs(path: str) -> Iterator[Pair]:
    """Yield the settings of a file; raises NotUnderstood for a line about certificates."""
    section: Tuple[str, ...] = ()
    for number, line in enumerate(_lines(path), 1):
        header, pair = _SECTION.fullmatch(line), _PAIR.fullmatch(line)
        if header:
            section = _parts(header.group(1))
        elif pair:
            yield (*section, *_parts(pair.group(1))), next(filter(None, pair.groups()[1:]), "")
        elif "certificates" in (*section, *_parts(line.split("=")[0])) and _says_something(line):
            raise NotUnderstood(path, f"line {number}")


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _readable(path: str) -> Iterator[Pair]:
    """Yield the settings of a file up to the first line that is not understood."""
    try:
        yield from _pairs(path)
    except NotUnderstood:
        return


def _parts(dotted: str) -> Tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _lines(path: str) -> List[str]:
    try:
        return read_regular(path, os.stat(path)).decode("utf-8").splitlines()
    except OSError:
        return []
    except ValueError:
        raise NotUnderstood(path, "a character that is not UTF-8") from None
