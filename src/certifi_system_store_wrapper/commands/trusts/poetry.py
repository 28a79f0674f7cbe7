"""poetry's trusts: its `certificates`, each for the repository of that name alone."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import Dict, Iterable, Iterator, List, Optional, Tuple
from urllib.parse import urlsplit

from . import toml
from .environment import place
from .here import Here
from .ini import NotUnderstood
from .toml import Key, Value
from .trust import Setting, Trust

_VARIABLE = re.compile("POETRY_(CERTIFICATES|REPOSITORIES)_(.+)_(VERIFY|CERT|URL)(?<!_CLIENT_CERT)")
_KEY = "certificates"
_SOURCE = ("tool", "poetry", "source")
_READERS = "poetry reads it for that repository instead of asking certifi"

Said = Dict[Key, Tuple[Value, Setting]]


def trusts(here: Here) -> List[Trust]:
    """Return the trust of each repository that has one."""
    clients = (here.called("poetry"),) if here.has("poetry") else ()
    try:
        said = _said(here, _project())
    except NotUnderstood as error:
        return [error.trust(_KEY, _READERS, clients)]
    found = []
    for name in dict.fromkeys(key[1] for key in said if key[0] == _KEY and key[1:]):
        _, url = said.get(("repositories", name, "url"), ("", None))
        trust = _trust(said, name)
        if trust:
            host = _host(url.value) if url else ""
            only = f"for the repository {name}"
            found.append(trust._replace(clients=clients, only=only, host=host))
    return found


def _trust(said: Said, name: str) -> Optional[Trust]:
    """Return what a repository is told to trust, None if that is what all others do."""
    # `verify` may be a path, too, and counts first.
    given = [said.get((_KEY, name, option)) for option in ("verify", "cert")]
    value, setting = next(filter(None, given), (True, None))
    if value is True or setting is None:
        return None
    if value is False:
        return Trust((), settings=(setting,), checks_nothing=True)
    # poetry expands no ~.
    return Trust((place(setting.value),), settings=(setting,))


def _said(here: Here, project: str) -> Said:
    """Return what counts of each key, whatever says it; raises NotUnderstood."""
    found: Said = {}
    for name, url in _sources(os.path.join(project, "pyproject.toml")):
        found[_key(("repositories", name, "url"))] = url, Setting(name, url)
    for path in _files(here, project):
        for key, value in toml.pairs(path, _KEY):
            text = value if isinstance(value, str) else str(value).lower()
            found[_key(key)] = value, Setting(".".join(key), text, path, _READERS)
    for name, text in here.environ.items():
        named = _VARIABLE.fullmatch(name)
        if named:
            # No text in a variable stands for a boolean.
            found[_key(map(str.lower, named.groups()))] = text, Setting(name, text, "", _READERS)
    return found


def _key(parts: Iterable[str]) -> Key:
    """Return a key with the name of its repository as variables can tell it."""
    first, *others = parts
    return (first, *(part.lower().replace("_", "-") for part in others))


def _host(url: str) -> str:
    """Return the host with its port, as poetry compares it, "" if there is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}" if host else ""


def _project() -> str:
    """Return the folder of the project, which has a pyproject.toml and may be a parent."""
    try:
        current = folder = os.getcwd()
    except OSError:
        return ""
    while not os.path.exists(os.path.join(folder, "pyproject.toml")):
        if folder == os.path.dirname(folder):
            return current
        folder = os.path.dirname(folder)
    return folder


def _files(here: Here, project: str) -> List[str]:
    """Return the files that poetry reads, the one that counts most last; they need not exist."""
    home, get = os.path.expanduser("~"), here.environ.get
    base = {
        "win32": get("APPDATA") or os.path.join(home, "AppData", "Roaming"),
        "darwin": os.path.join(home, "Library", "Application Support"),
    }.get(sys.platform, get("XDG_CONFIG_HOME") or os.path.join(home, ".config"))
    folder = get("POETRY_CONFIG_DIR") or os.path.join(base, "pypoetry")
    own = [os.path.join(folder, name) for name in ("config.toml", "auth.toml")]
    return [*own, os.path.join(project, "poetry.toml")]


def _sources(path: str) -> Iterator[Tuple[str, str]]:
    """Yield name and URL of each source that a project names, as far as that is understood."""
    source: Dict[str, str] = {}
    with suppress(NotUnderstood):
        for key, value in toml.pairs(path, _KEY):
            if key == _SOURCE:
                source = {}
            elif key[:-1] == _SOURCE:
                source[key[-1]] = str(value)
                if {"name", "url"} <= source.keys():
                    yield source["name"], source["url"]
