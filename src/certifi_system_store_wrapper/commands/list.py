"""`list`: the certificates of the bundle, or those that were left out."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Set

from .. import api
from ..bundle import Bundle
from ..parsing import Known, twins
from ..reporting.findings import first_and_more
from ..settings import Settings, from_environment
from . import describe, here, status, variables, whose
from .output import Report
from .terminal import fingerprint, width


def run(
    *, source: Optional[str], search: str, beyond: Optional[str], removed: bool, excluded: bool
) -> Report:
    """Return the certificates that all options ask for; `search` in any case."""
    settings = from_environment()
    built = api.build(settings)
    unwanted = _of_source(beyond, settings) if beyond else set()
    # A source that is not merged may hold what others brought: `--source local` shows that.
    held = _of_source(source, settings) if source and source not in settings.sources else set()

    def wanted(told: Iterable[Dict[str, Any]]) -> List[Dict[str, Any]]:
        return [
            each
            for each in told
            if (source is None or source in each["sources"] or each["sha256"] in held)
            and _contains(each, search.lower())
            and each["sha256"] not in unwanted
            and (each["removed_by_certifi"] or not removed)
        ]

    left_out = wanted(_with_removal(status.excluded(out)) for out in built.excluded)
    found = left_out if excluded else wanted(_anchors(built, whose.Owners(settings)))
    errors = [each.sentence for each in variables.stored(settings, built)]
    if search and not found:
        errors.append(_nothing(search, left_out, excluded=excluded))
    data = {
        "command": "list",
        "here": here.facts(),
        "excluded": excluded,
        "certificates": found,
        "in_bundle": len(built.anchors),
        "left_out": left_out,
        "problems": errors,
    }
    lines = [line for each in found for line in _lines(each)]
    return Report(data, lines, 1 if errors else 0, errors=errors)


def _nothing(search: str, left_out: List[Dict[str, Any]], *, excluded: bool) -> str:
    """Return that nothing matches, and where else to look."""
    where = "was left out" if excluded else "is in the bundle"
    if left_out:
        return f"no certificate with {search!r} {where}, but one was left out: add --excluded"
    return f"no certificate with {search!r} {where}: search for less of it, or see all by `list`"


def _of_source(source: str, settings: Settings) -> Set[str]:
    """Return the SHA-256 of what that source has, also if it is not merged here."""
    built = api.build(settings._replace(sources=(source,)))
    return {describe.certificate(anchor.der)["sha256"] for anchor in built.anchors}


def _anchors(built: Bundle, owners: whose.Owners) -> Iterator[Dict[str, Any]]:
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
            yield _with_removal({**told, "whose": owners.of(found)})


def _with_removal(told: Dict[str, Any]) -> Dict[str, Any]:
    return {**told, "removed_by_certifi": whose.removal(told["sha256"])}


def _contains(each: Dict[str, Any], search: str) -> bool:
    # OpenSSL and browsers print a fingerprint with colons.
    digits = search.replace(":", "")
    if len(digits) >= 8 and digits in each["sha256"]:
        return True
    texts = [each["sha256"], each["subject"], each["issuer"], *each["paths"], *notes(each)]
    return any(search in text.lower() for text in texts)


def notes(each: Dict[str, Any]) -> List[str]:
    """Return what you should know of a certificate."""
    removed = each["removed_by_certifi"]
    told = [*each["marks"], *([whose.removal_sentence(removed)] if removed else [])]
    return [*told, *(["nobody knows who added it"] if each.get("whose") == whose.UNKNOWN else [])]


def _lines(each: Dict[str, Any]) -> List[str]:
    """Return a certificate in one line, on a terminal in as many as it needs."""
    facts = [
        (each.get("not_after") or "unknown")[:10],
        fingerprint(each["sha256"]),
        ",".join(each["sources"]),
        f"[{', '.join(notes(each))}]" if notes(each) else "",
        f"({first_and_more(each['paths'])}: {each['reason']})" if "reason" in each else "",
    ]
    subject, rest = each["subject"] or "no subject", "  ".join(filter(None, facts))
    whole = f"{subject}  {rest}"
    return [whole] if len(whole) <= width() else [subject, f"    {rest}"]
