"""`environments`: the Python environments of this user, and which of them certifi is active in.

Nothing that is found is executed: only files are read, and no more of them than the bounds allow.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import Any, Dict, List, Tuple

from . import environment
from .environment import BASE, Environment
from .output import Report, row
from .places import Places

# At most so many paths are looked at.
_MOST = 2000


def run() -> Report:
    """Return every environment that can be found, each once, in the order of the places."""
    found: Dict[str, Tuple[Environment, List[str]]] = {}
    places = Places()
    for path, where in islice(places.found(), _MOST):
        try:
            there = environment.read(path)
        except OSError:
            # A kernel or an environment that is gone, or a folder that is none.
            continue
        _, known = found.setdefault(there.identity, (there, []))
        known += [] if where in known else [where]
    told = [_entry(*each) for each in found.values()]
    lines = [line for (there, _), each in zip(found.values(), told) for line in _lines(there, each)]
    if not places.complete:
        message = f"not every folder below {os.getcwd()} was looked at: go further down for those"
        lines.append(row("note", message))
    data = {"command": "environments", "environments": told, "complete": places.complete}
    return Report(data, lines)


def _entry(there: Environment, found: List[str]) -> Dict[str, Any]:
    reason = environment.why_inactive(there)
    return {
        "python": there.python,
        "prefix": there.prefix,
        "kind": there.kind,
        "python_version": there.version or None,
        "version": there.packages.get(environment.NAME),
        "active": not reason,
        "inactive_because": reason or None,
        "install": (reason and environment.install_command(there)) or None,
        "found": found,
    }


def _lines(there: Environment, each: Dict[str, Any]) -> List[str]:
    label = "active" if each["active"] else "inactive"
    place = there.python if there.kind == BASE else there.prefix
    called = row(label, f"{place} ({there.called}; {', '.join(each['found'])})")
    told = filter(None, [each["inactive_because"], each["install"]])
    return [called, *(row("", line) for line in told)]
