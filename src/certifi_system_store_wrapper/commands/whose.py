"""Whose roots these are: certifi's, the system's vendor's, added here; and what certifi removed."""

from __future__ import annotations

import json
from functools import lru_cache
from pkgutil import get_data
from typing import Any, Dict, List, Optional

from .. import api
from ..bundle import Anchor
from ..reporting.findings import UNKNOWN as ORIGIN_UNKNOWN
from ..settings import CERTIFI, LOCAL, SSL, SYSTEM, USER, WARNING, Settings

# Whose a root is, if it is not certifi's, and how `status` says that.
VENDOR, ADDED, UNKNOWN = "vendor", "added", "unknown"
BEYOND = {
    VENDOR: "of the system's vendor",
    ADDED: "added here",
    SSL: "of the ssl module's defaults",
    UNKNOWN: "of the system, nobody knows who added them",
}


class Owners:
    """What certifi's own list has and what was added to the system, also if nobody merges that."""

    def __init__(self, settings: Settings) -> None:
        """Collect both."""
        # Each alone: what one distrusts, the other has.
        own = api.build(settings._replace(sources=(CERTIFI,)))
        built = api.build(settings._replace(sources=(LOCAL,)))
        self._certifi = {anchor.block for anchor in own.anchors}
        self._local = {anchor.block for anchor in built.anchors}
        self._unknown = {out.block for out in built.excluded if out.reason == ORIGIN_UNKNOWN}
        # Why not all is known that was added. Without a path: this system does not tell it at all.
        self.gaps = [
            each
            for each in built.problems
            if each.source == LOCAL and (not each.path or each.level >= WARNING)
        ]

    def of(self, anchor: Anchor) -> str:
        """Return CERTIFI or a key of BEYOND."""
        sources = {origin.source for origin in anchor.origins}
        if anchor.block in self._certifi:
            return CERTIFI
        if anchor.block in self._local or USER in sources:
            return ADDED
        if SYSTEM not in sources:
            return SSL
        return UNKNOWN if self.gaps or anchor.block in self._unknown else VENDOR


@lru_cache(maxsize=None)
def _removed() -> Dict[str, Dict[str, Any]]:
    """Return what tests/removed_roots.py found in all releases of certifi, by SHA-256."""
    data = get_data(__package__, "removed_roots.json") or b""
    roots: Dict[str, Dict[str, Any]] = json.loads(data.decode("ascii"))["roots"]
    return roots


def removal(sha256: str) -> Optional[Dict[str, Any]]:
    """Return when certifi removed a root, and by which advisory, if there is one; else None."""
    root = _removed().get(sha256)
    if root is None:
        return None
    return {"last_version": root["last"], "advisory": root.get("advisory")}


def removal_by_name(subject: str) -> Optional[Dict[str, Any]]:
    """Return the same for a root of that name."""
    digests = [digest for digest, root in _removed().items() if root.get("subject") == subject]
    return removal(digests[-1]) if digests else None


def removal_sentence(removed: Dict[str, Any]) -> str:
    """Return that for people."""
    advisory = removed["advisory"]
    why = f" by {advisory['id']} ({advisory['cve']})" if advisory else ""
    return f"removed by certifi after {removed['last_version']}{why}"


def summary(beyond: Dict[str, int], removed: int, by_advisory: int) -> str:
    """Return in one line what is beyond certifi, and whose; "" if nothing is."""
    parts = [f"{count} {BEYOND[whose]}" for whose, count in beyond.items() if count]
    told: List[str] = []
    if parts:
        told.append(f"{sum(beyond.values())} more than certifi alone: {', '.join(parts)}")
    if removed:
        advised = f", {by_advisory} of them by security advisories" if by_advisory else ""
        told.append(f"{removed} that certifi has removed{advised} (`list --removed`)")
    return "; ".join(told)
