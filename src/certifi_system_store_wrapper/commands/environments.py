"""`environments`: the Python environments of this user, and which of them certifi is active in.

Nothing that is found is executed: only files are read, and no more of them than the bounds allow.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import Any, Dict, List

from . import environment
from .environment import BASE, Environment
from .output import Report, row
from .places import Places

# At most so many paths are looked at.
_MOST = 2000


def run() -> Report:
    """Return every environment that can be found, each once, in the order of the places."""
    told: Dict[str, Dict[str, Any]] = {}
    places = Places()
    for path, where in islice(places.found(), _MOST):
        try:
            there = environment.read(path)
        except OSError:
            # A kernel or an environment that is gone, or a folder that is none.
            continue
        known = told.setdefault(there.identity, _entry(there))
        known["found"] += [] if where in known["found"] else [where]
    found = list(told.values())
    data = {"command": "environments", "environments": found, "complete": places.complete}
    return Report(data, _lines(data))


def _entry(there: Environment) -> Dict[str, Any]:
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
        "found": [],
    }


def _lines(data: Dict[str, Any]) -> List[str]:
    lines: List[str] = []
    for each in data["environments"]:
        version = each["python_version"] or "of an unknown version"
        called = f"{each['kind']}, Python {version}; {', '.join(each['found'])}"
        label = "active" if each["active"] else "inactive"
        place = each["python"] if each["kind"] == BASE else each["prefix"]
        lines.append(row(label, f"{place} ({called})"))
        if not each["active"]:
            told = filter(None, [each["inactive_because"], each["install"]])
            lines += [row("", line) for line in told]
    if not data["complete"]:
        message = f"not every folder below {os.getcwd()} was looked at: go further down for those"
        lines.append(row("note", message))
    return lines
