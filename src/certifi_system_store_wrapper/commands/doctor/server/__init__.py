"""`doctor HOST`: which contexts trust the server, what it presents, why it is refused."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Optional, Tuple

from .... import api
from ....settings import from_environment
from ... import describe, variables
from ...output import Finding, problem, row
from ...terminal import fingerprint
from ...trusts import NO_COMMON_NAMES, Replacement
from .. import context_class, strict
from . import chain, differing, handshake, save, trusts
from .chain import Link, View
from .diagnosis import diagnose
from .proxy import proxy_for
from .route import Route
from .target import NoConnection, Target, target


def examine(text: str, file: Optional[str]) -> Tuple[List[Finding], Dict[str, Any]]:
    """Return findings about the server, and what was seen; raises WrongUsage.

    With `file`, the certificate that would have to be trusted is written there.
    """
    with context_class.own() as other:
        findings, told, path = _examined(target(text), other)
        if file is not None:
            finding, told["saved"] = save.to(file, path)
            findings.append(finding)
    return findings, told


def _examined(
    where: Target, other: Optional[Replacement]
) -> Tuple[List[Finding], Dict[str, Any], List[Link]]:
    told: Dict[str, Any] = {"host": where.host, "port": where.port}
    told.update(proxy=None, outcomes={}, trusts=[], chain=[])
    tried: List[trusts.Tried] = []
    untried: List[str] = []
    path: List[Link] = []
    try:
        proxy = proxy_for(where)
        told.update(proxy=str(proxy.at) if proxy else None)
        settings = from_environment()
        built = api.build(settings)
        in_force = trusts.in_force(built, settings, where, other, by_proxy=proxy is not None)
        route = trusts.passable(in_force, Route(where, proxy), built)
        seen = handshake.presented(route)
        told.update(chain=[describe.certificate(der) for der in seen.chain])
        links = [chain.link(der) for der in seen.chain]
        path = chain.path(links)
        untried = differing.untried(route)
        tried.extend(trusts.tried(in_force if seen.chain else [], route, built))
    except OSError as error:
        told.update(trusts=[each.told() for each in trusts.rows(tried, untried)])
        return [*variables.breaking(), _ended(where, error, has_answered=bool(path))], told, path
    tried = list(trusts.with_proxy_told(tried, untried))
    outcomes = dict(zip(chain.CONTEXTS, (each.outcome for each in tried)))
    outcomes.update(trusts.replaced(tried))
    told.update(outcomes={name: outcome._asdict() for name, outcome in outcomes.items()})
    told.update(trusts=[each.told() for each in trusts.rows(tried, untried)])
    verifies = partial(handshake.verifies, route, partial_chain=strict.IS_ON)
    view = View(where, proxy, outcomes, seen, links, path, built, settings, tried, verifies, route)
    return diagnose(view), told, path


def _ended(where: Target, error: OSError, *, has_answered: bool) -> Finding:
    """Return why there is no connection, or no further one."""
    if has_answered:
        message = f"{where} has answered, and then took no more connections, so not all was tried"
        return problem(
            "connection", f"{message}: {error}", "ask again, later if it limits connections"
        )
    return problem(
        "connection", str(error), error.remedy if isinstance(error, NoConnection) else ""
    )


def lines(told: Dict[str, Any]) -> List[str]:
    """Return what was seen, as text."""
    via = f" by the proxy {told['proxy']}" if told["proxy"] else ""
    shown = [row("server", f"{Target(told['host'], told['port'])}{via}")]
    for number, each in enumerate(told["chain"]):
        noted = f" [{', '.join(marks(number, each))}]" if marks(number, each) else ""
        name = each["subject"] or f"SHA-256 {fingerprint(each['sha256'])}"
        shown.append(row(f"chain {number}", f"{name}{noted}"))
        if each["issuer"]:
            shown.append(row("", f"issued by {each['issuer']}, until {each.get('not_after')}"))
    return [*shown, *map(_verdict, verdicts(told["trusts"]))]


def marks(number: int, each: Dict[str, Any]) -> List[str]:
    """Return what is odd about a certificate of the chain; the server's own is no CA."""
    return [mark for mark in each["marks"] if number or mark != "not a CA"]


def verdicts(told: List[Dict[str, Any]]) -> List[Tuple[str, str, str]]:
    """Return for each trust its name, its verdict, and the clients that use it.

    Whether common names count is told where it makes a difference.
    """
    users: Dict[Tuple[str, str], List[str]] = {}
    for each in told:
        code = f" ({each['code']})" if each["code"] else ""
        result = "trusted" if each["trusted"] else f"refused: {each['message']}{code}"
        plain = each["name"].replace(NO_COMMON_NAMES, "")
        name = each["name"] if any(n == plain and r != result for n, r in users) else plain
        found = users.setdefault((name, result), [])
        found += filter(None, [*each["clients"], each["only"]])
    return [(name, result, ", ".join(found)) for (name, result), found in users.items()]


def _verdict(told: Tuple[str, str, str]) -> str:
    name, result, found = told
    return f"{name:19} {result}" + (f" [{found}]" if found else "")
