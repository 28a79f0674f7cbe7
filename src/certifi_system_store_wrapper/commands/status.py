"""`status`: what certifi answers here, what is in the bundle, what was left out and why."""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .. import __version__, api, bootstrap, publishing, reporting
from ..activation import hook
from ..bundle import Bundle
from ..machine.files import is_ours
from ..parsing.pem import der_of
from ..reporting.findings import MALFORMED, Exclusion, Origin, Problem, first_and_more
from ..settings import (
    CERTIFI,
    INFO,
    LOCAL,
    SSL,
    SYSTEM,
    USER,
    WARNING,
    Settings,
    from_environment,
)
from . import describe, here, trusts, variables, whose
from .output import Report, row, table
from .terminal import fingerprint, width

# How `status` says what each source adds to those before it.
_ADDING = {
    CERTIFI: "certifi's own list has",
    SYSTEM: "the system adds",
    LOCAL: "what was added to the system adds",
    SSL: "the defaults of the ssl module add",
    USER: "your CAs",
}


def run(*, verbose: bool) -> Report:
    """Return the state of this environment; the status is 1 if the user has something to do."""
    settings = from_environment()
    warnings = reporting.collect(settings)
    built = api.build(settings)
    data = _data(built, settings)
    data["problems"] += untold(warnings, data["problems"])
    bad = [each for each in data["problems"] if each["level"] == "warning"]
    return Report(data, _lines(data, verbose=verbose), 0 if data["active"] and not bad else 1)


def untold(warnings: Sequence[str], problems: Sequence[Dict[str, str]]) -> List[Dict[str, str]]:
    """Return the warnings of the log that are no problem yet, each once, as notes."""
    told = " ".join(f"{each['path']}: {each['message']}" for each in problems)
    new = [each for each in dict.fromkeys(warnings) if not _is_in_words(each, told)]
    return [{"source": "", "path": "", "message": each, "level": "note"} for each in new]


def _is_in_words(warning: str, told: str) -> bool:
    """Whether it is told already, perhaps in other words about the same variable."""
    variable = re.match(r"PYTHON_CERTIFI_\w+", warning)
    return warning in told or (variable is not None and variable.group() in told)


class Reason(NamedTuple):
    """Why certifi's own list answers, and what to do; false where a bundle of ours does."""

    what: str = ""
    remedy: str = ""

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.what)

    def __str__(self) -> str:
        """Return it in one sentence."""
        return "; ".join(filter(None, self))


def why_inactive(settings: Settings) -> Reason:
    """Return why certifi does not answer from the bundle."""
    if hook.is_active():
        nothing = Reason("PYTHON_CERTIFI_SOURCES names no source", "name one")
        return Reason() if settings.sources else nothing
    if settings.disable:
        return Reason("PYTHON_CERTIFI_DISABLE is set", "unset it")
    if not hook.HAS_TLS:
        return Reason(f"Python on {sys.platform} has no TLS of its own", "nothing is to be done")
    if sys.flags.no_site:
        what = "python -S does not run start-up files"
        return Reason(what, "leave -S out, or call activate()")
    if bootstrap.failures:
        return Reason(*bootstrap.failures[0])
    other = _replaced_by()
    if other:
        what = f"certifi.where() was replaced by {other}"
        return Reason(what, "have that done before, or not at all")
    return Reason(
        "the start-up file certifi_system_store_wrapper.pth did not run",
        "install this package with pip into the environment of this Python, or call "
        "certifi_system_store_wrapper.activate()",
    )


def why_plain(settings: Settings, built: Bundle) -> Reason:
    """Return why certifi's own list answers."""
    reason = why_inactive(settings)
    if not reason and built.failure:
        return Reason(built.failure, "reinstall certifi")
    if not reason and not built.anchors:
        return Reason("no source has a certificate", "unset PYTHON_CERTIFI_SOURCES")
    if not reason and not is_ours(hook.current().where()):
        return Reason("no bundle can be written anywhere", publishing.WHERE_TO_WRITE)
    return reason


def anothers_file(function: object) -> str:
    """Return the file of a function that replaces certifi.where(), "" if it is certifi's own."""
    code = getattr(function, "__code__", None)
    file = str(code.co_filename) if code else ""
    own = os.path.dirname(str(certifi_attribute("__file__") or ""))
    return "" if os.path.dirname(file) == own else file


def certifi_attribute(name: str) -> object:
    """Return an attribute of certifi, None if it has none or is not imported."""
    return getattr(sys.modules.get("certifi"), name, None)


def _replaced_by() -> str:
    """Return the file of what replaced certifi.where() instead of us, "" if nothing did."""
    where = certifi_attribute("where")
    return "" if hasattr(where, "__wrapped__") else anothers_file(where)


def _data(built: Bundle, settings: Settings) -> Dict[str, Any]:
    path = hook.current().where() if hook.is_active() else None
    reason = why_plain(settings, built)
    owners = whose.Owners(settings)
    owned_by = [owners.of(anchor) for anchor in built.anchors]
    told = [describe.certificate(anchor.der) for anchor in built.anchors]
    removed = [each for each in (whose.removal(one["sha256"]) for one in told) if each]
    return {
        "command": "status",
        "version": __version__,
        "here": here.facts(),
        "active": not reason,
        "inactive_because": str(reason) or None,
        "python": sys.executable or None,
        "bundle": None if reason else path,
        "persistent": not reason and _is_in(path, settings.bundle_dir),
        "certificates": len(built.anchors),
        "sources": [_source(name, built, settings) for name in settings.sources],
        "beyond_certifi": {name: owned_by.count(name) for name in whose.BEYOND},
        "removed_by_certifi": len(removed),
        "removed_by_advisory": sum(each["advisory"] is not None for each in removed),
        "expired": sum("expired" in each["marks"] for each in told),
        "excluded": [excluded(out) for out in built.excluded],
        "problems": _problems(built, settings, owners),
        "variables": {name: os.environ[name] for name in variables.ours()},
        "bypassing": [
            {"variable": each.name, "value": each.value, "message": _bypassing(each)}
            for each in trusts.environment.every(trusts.this())
            if not is_ours(each.value)
        ],
    }


def _bypassing(setting: trusts.Setting) -> str:
    """Return who reads the variable, and what is wrong with what it names."""
    faults = [trusts.look.at(root).fault for root in trusts.environment.trust(setting).roots]
    return "; ".join([setting.readers, *filter(None, faults)])


def _is_in(path: Optional[str], folder: str) -> bool:
    """Whether the bundle lies in that folder, and not in a fallback location."""
    there = os.path.dirname(os.path.realpath(path or ""))
    # Where it belongs to other settings, the folder holds one with ours.
    return bool(folder) and os.path.realpath(folder) in (there, os.path.dirname(there))


def _problems(built: Bundle, settings: Settings, owners: whose.Owners) -> List[Dict[str, str]]:
    found = (*variables.unusable(settings), *variables.stored(settings, built))
    unusable = [Problem("", "", each.sentence) for each in found]
    # They cost the bundle nothing, only the answer whose roots these are.
    told = {each.path for each in built.problems}
    gaps = [
        each._replace(level=INFO) for each in owners.gaps if each.path and each.path not in told
    ]
    return [
        {
            "source": problem.source,
            "path": problem.path,
            "message": problem.message,
            "level": "warning" if problem.level >= WARNING else "note",
        }
        for problem in (*built.problems, *gaps, *unusable)
        if problem.level >= INFO
    ]


def _source(name: str, built: Bundle, settings: Settings) -> Dict[str, Any]:
    having = [{o.source for o in anchor.origins} for anchor in built.anchors]
    its = [sources for sources in having if name in sources]
    before = set(settings.sources[: settings.sources.index(name)])
    return {
        "source": name,
        "certificates": len(its),
        "adds": sum(not sources & before for sources in its),
        "only_there": sum(sources == {name} for sources in its),
        "shared": {o: sum(o in s for s in its) for o in settings.sources if o != name},
    }


def excluded(out: Exclusion) -> Dict[str, Any]:
    """Return a certificate that was left out; `sha256` is that of the bytes if it is malformed."""
    told = describe.certificate(out.block if out.reason == MALFORMED else der_of(out.block))
    return {**told, **found_in(out.origins), "reason": out.reason, "detail": out.detail}


def found_in(origins: Sequence[Origin]) -> Dict[str, Any]:
    """Return the sources and the paths where a certificate was found, each once."""
    sources = list(dict.fromkeys(origin.source for origin in origins))
    return {"sources": sources, "paths": list(dict.fromkeys(origin.path for origin in origins))}


def _lines(data: Dict[str, Any], *, verbose: bool) -> List[str]:
    state = row("active", "certifi answers from the bundle")
    if not data["active"]:
        state = row("inactive", data["inactive_because"])
    first, *more = here.lines(data["here"])
    lines = [first, state, *more]
    if data["bundle"]:
        lines.append(row("bundle", data["bundle"]))
    if data["bundle"] and not data["persistent"]:
        lines.append(row("", "(temporary: every process has its own, and it goes with it)"))
    lines += [row("variable", f"{name}={value}") for name, value in data["variables"].items()]
    told = [*_summary(data), *(_matrix(data) if verbose else [])]
    return [*lines, "", *told, *_left_out(data), *_problem_lines(data)]


def _summary(data: Dict[str, Any]) -> List[str]:
    """Return in words how many certificates there are, whence, and what is odd about them."""
    parts = [
        f"{_ADDING[each['source']]} {each['adds']}"
        for each in data["sources"]
        if each["adds"] or (each["certificates"] and each["source"] == USER)
    ]
    if not data["certificates"]:
        return [row("trusts", "what certifi's own list has")]
    lines = [row("trusts", f"{data['certificates']} certificates: {', '.join(parts)}")]
    if data["expired"]:
        which = "they verify nothing: `list --search expired`"
        lines.append(row("note", f"{data['expired']} of them have expired; {which}"))
    removed = data["removed_by_certifi"], data["removed_by_advisory"]
    beyond = whose.summary(data["beyond_certifi"], *removed)
    return [*lines, row("beyond", beyond)] if beyond else lines


def _matrix(data: Dict[str, Any]) -> List[str]:
    """Return how many certificates each source has, alone and with each of the others."""
    names = [each["source"] for each in data["sources"]]
    rows = [["source", "certificates", "only there", *(f"in {name}" for name in names)]]
    for each in data["sources"]:
        shared = [str(each["shared"].get(name, "-")) for name in names]
        rows.append([each["source"], str(each["certificates"]), str(each["only_there"]), *shared])
    together = ["together", str(data["certificates"]), "", *("" for _ in names)]
    told = table([*rows, together])
    # If the rows are too wide for the terminal, each source gets a column instead.
    if max(map(len, told)) > width():
        told = [*table(list(zip(*rows))), row(*together[:2])]
    return ["", *told]


def _left_out(data: Dict[str, Any]) -> List[str]:
    rows = [row("left out", _excluded_line(out)) for out in data["excluded"]]
    return ["", *rows] if rows else []


def _excluded_line(out: Dict[str, Any]) -> str:
    where, sha256 = first_and_more(out["paths"]), fingerprint(out["sha256"])
    who = out["subject"] or "something unreadable"
    return f"{who} of {where}: {why_left_out(out)}; SHA-256 {sha256}"


def why_left_out(out: Dict[str, Any]) -> str:
    """Return the reason why a certificate is excluded, and who decided that."""
    return f"{out['reason']} ({out['detail']})" if out["detail"] else out["reason"]


def _problem_lines(data: Dict[str, Any]) -> List[str]:
    rows = [
        row(
            "problem" if each["level"] == "warning" else "note",
            f"{each['path']}: {each['message']}" if each["path"] else each["message"],
        )
        for each in data["problems"]
    ]
    rows += [
        row("note", f"{each['variable']}={each['value']}: {each['message']}")
        for each in data["bypassing"]
    ]
    return ["", *rows] if rows else []
