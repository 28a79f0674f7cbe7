"""uv's settings: whether it trusts the system's store, and which hosts it does not check.

https://docs.astral.sh/uv/concepts/configuration-files/
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import PurePath
from typing import Dict, Iterator, List, Tuple

from ...machine.files import from_here
from . import toml
from .here import Here
from .ini import NotUnderstood
from .trust import Setting

# The newer name of each counts first.
_VARIABLES, _KEYS = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"), ("system-certs", "native-tls")
_HOSTS = "allow-insecure-host"
_UNCHECKED = "uv checks no certificate of a host in it, so that uv gets through says nothing"
_YES, _NO = ("1", "true", "t", "yes", "y", "on"), ("0", "false", "f", "no", "n", "off")
_TABLE, _PROJECT, _WORKSPACE = ("tool", "uv"), ("project",), ("tool", "uv", "workspace")

Said = Dict[toml.Key, toml.Value]
# A file, and what it says.
File = Tuple[str, Said]


def trusts_the_systems(here: Here, *, in_project: bool) -> bool:
    """Whether uv is told to; `uv tool` is never `in_project`. Raises NotUnderstood."""
    # uv reads them whatever the variables say.
    files = [said for _, said in _settings(here, in_project=in_project)]
    for name in _VARIABLES:
        value = here.environ.get(name, "").lower()
        if value and value not in (*_YES, *_NO):
            raise NotUnderstood(name, "its value")
        if value:
            return value in _YES
    return next((said[key,] for key in _KEYS for said in files if (key,) in said), False) is True


def insecure_hosts(here: Here) -> Iterator[Setting]:
    """Yield what names hosts whose certificates uv does not check; uv adds them all up."""
    variable = "UV_INSECURE_HOST"
    yield Setting(variable, here.environ.get(variable, ""), readers=_UNCHECKED)
    # The trust of uv says where that is.
    with suppress(NotUnderstood):
        for path, said in _settings(here, in_project=True):
            named = said.get((_HOSTS,))
            if isinstance(named, tuple):
                yield Setting(_HOSTS, " ".join(named), path, _UNCHECKED)


def _is_on(here: Here, variable: str) -> bool:
    return here.environ.get(variable, "").lower() in _YES


def _settings(here: Here, *, in_project: bool) -> Iterator[File]:
    """Yield each file and what it says, the one that counts most first; raises NotUnderstood."""
    get, only = here.environ.get, here.environ.get("UV_CONFIG_FILE")
    if only and not os.path.isfile(only):
        raise NotUnderstood(only, "UV_CONFIG_FILE, as it is not there,")
    if only:
        yield only, _said(only)
    elif not _is_on(here, "UV_NO_CONFIG"):
        if in_project:
            yield _of_project(os.path.join(get("UV_WORKING_DIR", ""), get("UV_PROJECT", "")))
        home = os.path.expanduser(os.path.join("~", ".config"))
        users = get("APPDATA") if os.name == "nt" else get("XDG_CONFIG_HOME")
        paths = [os.path.join(users or home, "uv", "uv.toml")]
        if not _is_on(here, "UV_NO_SYSTEM_CONFIG"):
            paths += list(filter(os.path.isfile, _of_system(here)))[:1]
        yield from ((path, _said(path)) for path in paths)


def _of_system(here: Here) -> List[str]:
    get = here.environ.get
    if os.name == "nt":
        return [os.path.join(get("SYSTEMDRIVE", "C:"), os.sep, "ProgramData", "uv", "uv.toml")]
    folders = (get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [*(os.path.join(each, "uv", "uv.toml") for each in folders), "/etc/uv/uv.toml"]


def _of_project(folder: str) -> File:
    """Return the nearest file and what it says, in this folder or above it."""
    current = PurePath(from_here(folder))
    levels = [str(each) for each in (current, *current.parents)]
    projects = [os.path.join(each, "pyproject.toml") for each in levels]
    tables = [_said(each) for each in projects]
    first = _root(tables)
    for level, project, table in list(zip(levels, projects, tables))[first:]:
        own = os.path.join(level, "uv.toml")
        if os.path.isfile(own):
            return own, _said(own)
        found = {key[2:]: value for key, value in table.items() if key[:2] == _TABLE}
        if found:
            return project, found
    return "", {}


def _root(tables: List[Said]) -> int:
    """Return at which level uv begins: that of the project, or of the workspace it lies in."""
    named = next((n for n, table in enumerate(tables) if table), 0)
    root = next((n for n, table in enumerate(tables) if _WORKSPACE in table), named)
    return root if tables[named].keys() & {_PROJECT, _WORKSPACE} else 0


def _said(path: str) -> Said:
    return dict(toml.pairs(path, *_KEYS, _HOSTS, lists=[_HOSTS]))
