"""`doctor` without a host: is everything here as it must be, and what helps where it is not."""

from __future__ import annotations

import os
import sys
from typing import Iterator, List, Set

from .. import bootstrap, certificates, hook
from ..bundle import Anchor, Bundle
from ..findings import SYSTEM, USER, WARNING
from ..reader import read_regular
from ..settings import Settings, from_environment
from . import checks, clients, describe, strict, variables
from .checks import Finding
from .output import Report
from .status import why_inactive

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_STARTS = ("certifi_system_store_wrapper.pth", "certifi_system_store_wrapper.start")
_STRICT_PYTHON = (3, 13)


def doctor() -> Report:
    """Return what is right and wrong with this installation."""
    return checks.report(list(_findings()), {})


def _findings() -> Iterator[Finding]:
    settings = from_environment()
    try:
        import certifi  # noqa: F401 - is it there?
    except ImportError as error:
        remedy = "install it: python -m pip install certifi"
        yield Finding("problem", "certifi", f"certifi cannot be imported: {error}", remedy)
        yield from _start(settings)
        return
    built = hook.current().build(settings)
    yield from _start(settings)
    yield from _settings(settings)
    yield from _sources(built)
    yield from _users(built)
    yield from _bypassing(built)
    yield from _clients(settings)
    yield from _surroundings()


def _start(settings: Settings) -> Iterator[Finding]:
    """Look whether the start-up file is there, and did run."""
    folder = os.path.dirname(_PACKAGE)
    wanted = _STARTS if sys.version_info >= (3, 15) else _STARTS[:1]
    missing = [name for name in wanted if not _lies_in_a_site_folder(name)]
    reason = why_inactive(settings)
    if missing and not (reason and (settings.disable or sys.flags.no_site)):
        message = f"the start-up file {missing[0]} is in no folder that Python reads at its start"
        remedy = f"install again with pip into the environment of {sys.executable}"
        level = "problem" if reason else "note"
        yield Finding(level, "start", f"{message} (this package lies in {folder})", remedy)
    elif reason:
        what, _, remedy = reason.partition(": ")
        message = f"certifi is not answered from the bundle: {what}"
        yield Finding("problem", "active", message, remedy)
    if not reason:
        yield Finding("ok", "active", "certifi answers from the bundle")
    if hook.late and not reason:
        message = "certifi was imported before this package could wait for it (activated late)"
        remedy = "what it had already answered to others may be in use: import certifi later"
        yield Finding("note", "late", message, remedy)
    for failure in bootstrap.failures:
        if failure not in reason:
            yield Finding("problem", "hook", failure)


def _lies_in_a_site_folder(name: str) -> bool:
    """Whether the start-up file lies where Python looks, as far as that can be known."""
    import site

    folders: Set[str] = {os.path.dirname(_PACKAGE)}
    folders.update(getattr(site, "getsitepackages", list)())
    folders.update(path for path in sys.path if path.rstrip("/\\").endswith("-packages"))
    if site.ENABLE_USER_SITE:
        folders.add(site.getusersitepackages())
    return any(os.path.isfile(os.path.join(folder, name)) for folder in folders)


def _settings(settings: Settings) -> Iterator[Finding]:
    for problem in settings.problems:
        yield Finding("problem", "settings", problem)
    ignored = [name for name in os.environ if name.startswith("PYTHON_CERTIFI_")]
    if sys.flags.ignore_environment and ignored:
        message = f"python -E or -I ignores {', '.join(sorted(ignored))}"
        yield Finding("note", "settings", message, "leave the option out")


def _sources(built: Bundle) -> Iterator[Finding]:
    for problem in built.problems:
        if problem.level >= WARNING:
            yield Finding("problem", "sources", str(problem))
    count = sum(any(o.source == SYSTEM for o in anchor.origins) for anchor in built.anchors)
    message = f"the bundle has {len(built.anchors)} certificates, {count} of them from the system"
    yield Finding("ok" if built.anchors else "problem", "bundle", message)


def _users(built: Bundle) -> Iterator[Finding]:
    """Look whether each CA that a person named is good for what it is to do."""
    for anchor in users_own(built):
        told = describe.certificate(anchor.der)
        path = next(o.path for o in anchor.origins if o.source == USER)
        called = f"{path}: {told['subject'] or told['sha256']}"
        bad = [mark for mark in told["marks"] if mark in ("expired", "not yet valid")]
        if bad:
            remedy = "get the current certificate from whoever runs that CA"
            yield Finding("problem", "user", f"{called} is {bad[0]}", remedy)
        refusals = strict.refusals(anchor.der, is_last=True)
        if refusals and told.get("ca"):
            message = f"{called}: Python 3.13 and later refuse it: {'; '.join(refusals)}"
            yield checks.strict("user", message)
        elif not bad:
            yield Finding("ok", "user", f"{called} is trusted")


def users_own(built: Bundle) -> List[Anchor]:
    """Return the anchors that a person named, and nobody else."""
    return [a for a in built.anchors if {o.source for o in a.origins} == {USER}]


def _bypassing(built: Bundle) -> Iterator[Finding]:
    """Look for variables that send clients past the bundle, to a file without the user's CAs."""
    own = users_own(built)
    for each in variables.bypassing():
        name, value = each["variable"], os.environ[each["variable"]]
        said = f"{name}={each['value']}: {each['message']}"
        remedy = f"unset {name}, or set it to what `certifi-system-store-wrapper export` prints"
        wrong = variables.problem(name, value)
        lost = [a for a in own if a.block not in _blocks(value)] if not wrong else []
        if name == "SSL_CERT_DIR":
            lost = []
        if wrong:
            yield Finding("problem", "variable", said, remedy)
        elif lost:
            subject = describe.certificate(lost[0].der)["subject"]
            message = f"{said}; your CA {subject} is not in it"
            yield Finding("problem", "variable", message, remedy)
        else:
            yield Finding("note", "variable", said)


def _blocks(path: str) -> Set[bytes]:
    """Return what a file holds, also a bundle of ours, which no source reads back."""
    try:
        parsed = certificates.parse(read_regular(path, os.stat(path)))
    except (OSError, ValueError):
        return set()
    return {found.block for found in parsed.certificates}


def _clients(settings: Settings) -> Iterator[Finding]:
    for kind, help_text in clients.HELP.items():
        found = [f"{e['name']} {e['version']}" for e in clients.installed() if e["kind"] == kind]
        helped = kind == clients.DEFAULTS and settings.ssl_defaults
        advice = "helped by PYTHON_CERTIFI_SSL_DEFAULTS" if helped else help_text
        if found:
            yield Finding("ok", "clients", f"{kind}: {', '.join(found)}", advice)


def _surroundings() -> Iterator[Finding]:
    try:
        with open("/proc/version", encoding="utf-8", errors="replace") as file:
            is_wsl = "microsoft" in file.read().lower()
    except OSError:
        return
    if is_wsl:
        message = "this is Linux under Windows (WSL), which does not see Windows' certificates"
        remedy = "export the CA from Windows, and `certifi-system-store-wrapper add` it here"
        yield Finding("note", "wsl", message, remedy)
