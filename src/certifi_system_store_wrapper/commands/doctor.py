"""`doctor` without a host: is everything here as it must be, and what helps where it is not."""

from __future__ import annotations

import os
import sys
from typing import Iterator, List

from ..activation import hook
from ..bundle import Bundle
from ..settings import SYSTEM, WARNING, Settings, from_environment
from . import checks, clients, installation, named, start_up, user_cas
from .checks import Finding, note, problem
from .output import Report


def doctor() -> Report:
    """Return what is right and wrong with this installation."""
    return checks.report(list(_findings()), {})


def _findings() -> Iterator[Finding]:
    settings = from_environment()
    ours = list(installation.certifi())
    yield from ours
    if any(finding.level == "problem" for finding in ours):
        return
    try:
        built = hook.current().build(settings)
    except Exception as error:  # noqa: BLE001 - somebody may have changed certifi to anything
        yield problem("certifi", f"certifi's own where() fails: {error!r}", "reinstall certifi")
        return
    yield from installation.wrapt()
    yield from start_up.start(settings, built)
    yield from installation.others()
    yield from _settings(settings)
    yield from _sources(built, settings)
    yield from user_cas.findings(built)
    yield from user_cas.bypassing(built)
    yield from _clients(settings)
    yield from _surroundings()


def _settings(settings: Settings) -> Iterator[Finding]:
    yield from named.unusable(settings)
    given = sorted(name for name in os.environ if name.startswith("PYTHON_CERTIFI_"))
    if sys.flags.ignore_environment and given:
        message = f"python -E or -I ignores {', '.join(given)}"
        yield note("settings", message, "leave the option out")
    known = [f"PYTHON_CERTIFI_{field.upper()}" for field in settings._fields]
    for name in given:
        if name not in known:
            message = f"{name} is no variable of this package: nobody reads it"
            yield note("settings", message, "`certifi-system-store-wrapper --help` names them")


def _sources(built: Bundle, settings: Settings) -> Iterator[Finding]:
    for each in built.problems:
        if each.level >= WARNING:
            yield problem("sources", str(each))
    count = sum(any(o.source == SYSTEM for o in anchor.origins) for anchor in built.anchors)
    message = f"the bundle has {len(built.anchors)} certificates, {count} of them from the system"
    yield Finding("ok" if built.anchors else "problem", "bundle", message)
    if SYSTEM in settings.sources and not count:
        message = "there is no store of the system here, as in many a container"
        remedy = "if there should be one, install ca-certificates"
        yield note("system", message, remedy)


def _clients(settings: Settings) -> Iterator[Finding]:
    installed = clients.installed()
    for kind, help_text in clients.HELP.items():
        found: List[str] = [f"{e['name']} {e['version']}" for e in installed if e["kind"] == kind]
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
        yield note("wsl", message, remedy)
