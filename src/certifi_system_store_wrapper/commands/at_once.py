"""What `add` and `remove` change at once, beside the drop folder: the bundles that others read."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ..activation import hook
from ..machine import open_files, temporary_places, user_folder
from ..publishing import lasting
from ..publishing.lasting import Lasting
from ..settings import from_environment
from . import environment, trusted_from
from .output import Report, row, sentence, several
from .shellenv import named

_MANY = 8
_APPENDED = "a person appended it: delete it at the end of that file"
_GONE = "its environment is gone: delete that file"
_WITHOUT = "this package is not installed there"
_UNSAFE = "others may write to it, so it is left as it is: look what it holds, and chmod go-w"


def take_effect(
    report: Report, folder: str, *, added: Sequence[bytes] = (), removed: Sequence[bytes] = ()
) -> Report:
    """Return the report with what became of the bundles, and of the programs that run."""
    changed = any(each.get("new") or each.get("removed") for each in report.data["certificates"])
    now = trusted_from.anchors() if changed and removed else ()
    still = [anchor for anchor in now if anchor.block in removed]
    kept = {anchor.block for anchor in still}
    gone = [block for block in removed if block not in kept]
    # What was held already, a bundle may lack.
    bundles = list(_bundles(folder, added, removed, gone)) if changed or added else []
    running = list(open_files.holding(_held())) if changed else []
    places = [place for anchor in still for place in trusted_from.places(anchor)]
    places += trusted_from.by_variables(gone) if changed else []
    data = {**report.data, "bundles": bundles, "running": [each._asdict() for each in running]}
    data["still_trusted"] = places
    fault = "still has it" if removed else "lacks it"
    lines = [*report.lines, *(_line(each, fault) for each in bundles), *map(_still_trusted, places)]
    if running:
        told = [f"{each.process} {each.name}" for each in running]
        who = several(told, _MANY)
        lines.append(row("running", f"restart these, which keep what they have until then: {who}"))
    if bundles:
        lines.append(row("", "programs that have read one of these files keep what they read"))
    is_reached = not places and not any(each["failed"] for each in bundles)
    status = report.status if is_reached else 1
    return report._replace(data=data, lines=lines, status=status)


def _held() -> List[str]:
    """Return how the paths of temporary bundles begin."""
    return [os.path.join(user_folder(place), "") for place in temporary_places()]


def _bundles(
    folder: str, added: Sequence[bytes], removed: Sequence[bytes], gone: List[bytes]
) -> Iterator[Dict[str, Any]]:
    """Bring each bundle up to date that was made with what lies in the folder.

    One of another environment is written anew by that; what was removed is taken out here, if it is
    `gone`: what another source has stays trusted.
    """
    settings = from_environment()
    bundles = [each for each in lasting.found(settings, named()) if each.looked_at(folder)]
    for bundle in bundles:
        if added and all(map(bundle.has, added)):
            # From another source, or since an earlier `add`.
            continue
        if bundle.is_stored:
            with suppress(OSError):
                lasting.withdraw(bundle, [block for block in gone if bundle.has(block)])
            continue
        # What was appended to our own, the build has found.
        is_kept = not bundle.is_own and not bundle.kept.isdisjoint(removed)
        failed, renewed = _APPENDED if is_kept else "", False
        try:
            renewed = _is_renewed(bundle, gone)
        except (OSError, LookupError, ImportError) as error:
            failed = sentence(error)
        command, why = ("", "") if bundle.is_own else _command(bundle)
        told = {"path": bundle.path, "prefix": bundle.prefix, "command": command, "why": why}
        yield {**told, "renewed": renewed, "failed": failed}
    for path in lasting.unsafe(settings, named()):
        told = {"path": path, "prefix": "", "command": "", "why": _UNSAFE}
        yield {**told, "renewed": False, "failed": ""}


def _is_renewed(bundle: Lasting, gone: List[bytes]) -> bool:
    """Take out what is gone, and have an own bundle written anew; raises OSError, LookupError."""
    held = [block for block in gone if bundle.has(block)]
    is_without = bool(held) and lasting.withdraw(bundle, held)
    if bundle.is_own and not is_without:
        lasting.renew(bundle, from_environment(), hook.current().certifi_file())
    return is_without or bundle.is_own


def _command(bundle: Lasting) -> Tuple[str, str]:
    """Return what writes the bundle of another environment anew, or why nothing here can."""
    if bundle.why_not_here:
        return "", bundle.why_not_here
    if not os.path.isdir(bundle.prefix):
        return "", _GONE
    try:
        there = environment.read(bundle.prefix)
    except OSError:
        return "", _WITHOUT
    if environment.NAME not in there.packages:
        return "", _WITHOUT
    export = (there.python, "-m", "certifi_system_store_wrapper", "export")
    return environment.typed(*export, variables=bundle.variables), ""


def _still_trusted(place: Dict[str, Any]) -> str:
    return row("problem", f"{place['subject']} is still trusted: {trusted_from.sentence(place)}")


def _line(each: Dict[str, Any], fault: str) -> str:
    if each["failed"]:
        return row("problem", f"{each['path']} {fault}: {each['failed']}")
    if each["renewed"]:
        return row("renewed", each["path"])
    if each["command"]:
        return row("later", f"{each['path']} {fault}: renew it by {each['command']}")
    return row("later", f"{each['path']}: {each['why']}")
