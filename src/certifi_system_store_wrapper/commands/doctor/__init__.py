"""`doctor`: what is wrong here, and what helps.

Its checks of this installation are here and in the modules beside; `server` looks at a host.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, Dict, Iterator, List, Optional

from ... import api, reporting
from ...activation import shadows
from ...bundle import Bundle
from ...settings import SYSTEM, WARNING, Settings, from_environment
from ...sources.system import STORES
from .. import environment, here, interpreters, scripts, status, trusts, variables
from ..output import Finding, Report, WrongUsage, note, problem
from . import clients, installation, programs, replacing, requirement, user_cas


def run(*, host: Optional[str], save: Optional[str], require: Optional[str]) -> Report:
    """Return findings about this installation, about TLS with one server, or about one CA.

    Raises WrongUsage.
    """
    # "" comes from a shell variable that is not set; other tools take "-" for standard output.
    if save is not None and (host is None or save in ("", "-")):
        raise WrongUsage("argument --save: name a file, and HOST")
    data: Dict[str, Any] = {"here": here.facts()}
    if require is not None:
        return _report([requirement.finding(require, host)], data, [])
    warnings, lines = reporting.collect(from_environment()), here.lines(data["here"])
    if host is None:
        findings = list(_findings())
    else:
        from . import server

        findings, seen = server.examine(host, save)
        data.update(seen)
        lines += server.lines(seen)
    return _report([*findings, *_untold(warnings, findings)], data, lines)


def _report(findings: List[Finding], data: Dict[str, Any], lines: List[str]) -> Report:
    healthy = all(finding.level != "problem" for finding in findings)
    told = [finding._asdict() for finding in findings]
    data = {"command": "doctor", "healthy": healthy, "findings": told, **data}
    lines += [line for finding in findings for line in finding.lines()]
    return Report(data, lines, 0 if healthy else 1)


def _untold(warnings: List[str], findings: List[Finding]) -> List[Finding]:
    told = [{"path": "", "message": each.sentence} for each in findings]
    return [note("log", each["message"]) for each in status.untold(warnings, told)]


def _findings() -> Iterator[Finding]:
    settings = from_environment()
    try:
        ours = list(installation.certifi())
        yield from ours
        if any(finding.level == "problem" for finding in ours):
            return
        built = api.build(settings)
    except Exception as error:  # noqa: BLE001 - a certifi that was changed may raise anything
        yield _failing(error)
        return
    yield from installation.wrapt()
    yield from installation.start(settings, built)
    yield from installation.others()
    yield from installation.taken_for_pythons()
    yield from _settings(settings)
    yield from variables.stored(settings, built)
    yield from _sources(built, settings)
    yield from user_cas.findings(built)
    yield from user_cas.appended(settings, built)
    yield from user_cas.misnamed(settings)
    yield from variables.breaking()
    yield from replacing.findings(trusts.in_force(trusts.this()), built)
    yield from clients.findings(settings)
    yield from programs.findings(settings)
    yield from _scripts()
    yield from _surroundings()


def _failing(error: Exception) -> Finding:
    """Say why certifi cannot be imported, or asked."""
    what, remedy = "certifi cannot be imported", "install it: python -m pip install certifi"
    if "certifi" in sys.modules:
        what, remedy = "certifi's own where() fails", "reinstall certifi"
    if isinstance(error, PermissionError):
        remedy = f"as who owns it: chmod go+r {error.filename}"
    shadow = shadows.culprit(error)
    if shadow:
        what, remedy = f"{what}, because {shadow}", shadow.remedy
    return problem("certifi", f"{what}: {error!r}", remedy)


def _settings(settings: Settings) -> Iterator[Finding]:
    yield from variables.unusable(settings)
    given = variables.ours()
    if sys.flags.ignore_environment and given:
        ignored = ", ".join(given)
        yield note("settings", f"python -E or -I ignores {ignored}", "leave the option out")


def _sources(built: Bundle, settings: Settings) -> Iterator[Finding]:
    for each in built.problems:
        if each.level >= WARNING:
            yield problem("sources", str(each))
    count = sum(any(o.source == SYSTEM for o in anchor.origins) for anchor in built.anchors)
    message = f"the bundle has {len(built.anchors)} certificates, {count} of them from the system"
    yield Finding("ok" if built.anchors else "problem", "bundle", message)
    if SYSTEM in settings.sources and not count:
        yield from _no_store(built)


def _no_store(built: Bundle) -> Iterator[Finding]:
    """Say why nothing came from the system: its store cannot be used, or there is none."""
    unusable = [each for each in built.problems if each.source == SYSTEM and each.path]
    # _sources() has told the warnings.
    yield from (note("system", str(each)) for each in unusable if each.level < WARNING)
    if any(each.level >= WARNING for each in unusable):
        return
    if any(each.path in STORES for each in unusable):
        what = "the store of the system has no certificate that can be read"
        remedy = "as root: update-ca-certificates or update-ca-trust, else install it again"
    else:
        what = "there is no store of the system here, as in many containers"
        remedy = "if there should be one, install ca-certificates"
    yield note("system", what, remedy)


def _scripts() -> Iterator[Finding]:
    """Report the programs of this environment that less reaches; a system's are too many."""
    with suppress(OSError):
        there = environment.read(sys.executable or "")
        if there.kind != environment.BASE:
            yield from scripts.findings(there)


def _surroundings() -> Iterator[Finding]:
    if "microsoft" in interpreters.text("/proc/version").lower():
        yield note(
            "wsl",
            "this is Linux under Windows (WSL), which does not see Windows' certificates",
            "export the CA from Windows, and `certifi-system-store-wrapper add` it here",
        )
