"""`list`: the certificates of the bundle, or those that were left out."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..activation import hook
from ..bundle import Anchor
from ..reporting.findings import first_and_more
from . import describe, status
from .output import Report


def run(*, source: Optional[str], search: str, excluded: bool) -> Report:
    """Return the certificates of one source or all whose text contains `search`, in any case."""
    built = hook.current().build()
    told = map(status.excluded, built.excluded) if excluded else map(_anchor, built.anchors)
    found = [
        each
        for each in told
        if (source is None or source in each["sources"]) and _contains(each, search.lower())
    ]
    data = {"command": "list", "excluded": excluded, "certificates": found}
    return Report(data, [_line(each) for each in found])


def _anchor(anchor: Anchor) -> Dict[str, Any]:
    return {**describe.certificate(anchor.der), **status.found_in(anchor.origins)}


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
