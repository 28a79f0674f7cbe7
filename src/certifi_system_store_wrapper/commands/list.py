"""`list`: the certificates of the bundle, or those that were left out."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from ..activation import hook
from ..bundle import Bundle
from ..parsing import Known, twins
from ..reporting.findings import first_and_more
from . import describe, status
from .output import Report


def run(*, source: Optional[str], search: str, excluded: bool) -> Report:
    """Return the certificates of one source or all whose text contains `search`, in any case."""
    built = hook.current().build()
    told = map(status.excluded, built.excluded) if excluded else _anchors(built)
    found = [
        each
        for each in told
        if (source is None or source in each["sources"]) and _contains(each, search.lower())
    ]
    data = {"command": "list", "excluded": excluded, "certificates": found}
    return Report(data, [_line(each) for each in found])


def _anchors(built: Bundle) -> Iterator[Dict[str, Any]]:
    """Yield the anchors; mark those with one subject, of which OpenSSL takes the first."""
    anchors = {anchor.block: anchor for anchor in built.anchors}
    for group in Known().by_subject(anchors):
        for place, block in enumerate(group):
            found = anchors[block]
            told = {**describe.certificate(found.der), **status.found_in(found.origins)}
            told["marks"] += [f"stands behind {place} of its name"] if place else []
            if block is not group[-1]:
                why = twins.reason(block, group[place + 1])
                told["marks"].append(f"stands before another of its name: {why}")
            yield told


def _contains(each: Dict[str, Any], search: str) -> bool:
    # OpenSSL and browsers print a fingerprint with colons.
    digits = search.replace(":", "")
    if len(digits) >= 8 and digits in each["sha256"]:
        return True
    texts = [each["sha256"], each["subject"], each["issuer"], *each["paths"]]
    return any(search in text.lower() for text in texts)


def _line(each: Dict[str, Any]) -> str:
    ends = (each.get("not_after") or "unknown")[:10]
    parts: List[str] = [ends, each["sha256"], ",".join(each["sources"]), each["subject"]]
    if each["marks"]:
        parts.append(f"[{', '.join(each['marks'])}]")
    if "reason" in each:
        parts.append(f"({first_and_more(each['paths'])}: {each['reason']})")
    return "  ".join(part for part in parts if part)
