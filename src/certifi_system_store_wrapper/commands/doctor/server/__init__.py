"""`doctor HOST`: who trusts that server here, what it presents, and why it is refused."""

from __future__ import annotations

import os
import ssl
from typing import Any, Dict, List, NamedTuple

from ....activation import hook
from ....bundle import Bundle
from ....settings import CERTIFI, from_environment
from ... import describe, variables
from ...output import Finding, problem, row
from .. import strict
from . import chain, handshake
from .chain import BUNDLE, CERTIFI_ALONE, DEFAULTS, STRICT, View
from .diagnosis import diagnose
from .route import Route
from .target import Refused, proxy_for, target


class Seen(NamedTuple):
    """The answer about a server: findings, more data for JSON, and lines before the findings."""

    findings: List[Finding]
    data: Dict[str, Any]
    lines: List[str]


def examine(text: str) -> Seen:
    """Return who trusts that server and why not; raises WrongUsage for a wrong name."""
    where = target(text)
    told: Dict[str, Any] = {"host": where.host, "port": where.port}
    told.update(proxy=None, outcomes={}, chain=[])
    try:
        proxy = proxy_for(where)
        told.update(proxy=str(proxy.at) if proxy else None)
        settings = from_environment()
        built = hook.current().build(settings)
        route = Route(where, proxy, handshake.context_of(built.body.decode("ascii")))
        seen = handshake.presented(route)
        told.update(chain=[describe.certificate(der) for der in seen.chain])
        outcomes = _outcomes(route, built) if seen.chain else {}
    except OSError as error:
        remedy = error.remedy if isinstance(error, Refused) else ""
        return Seen([problem("connection", str(error), remedy)], told, _lines(told))
    told.update(outcomes={name: outcome._asdict() for name, outcome in outcomes.items()})
    links = [chain.link(der) for der in seen.chain]
    view = View(where, proxy, outcomes, seen, links, chain.path(links), built, settings)
    return Seen(diagnose(view), told, _lines(told))


def _outcomes(route: Route, built: Bundle) -> Dict[str, handshake.Outcome]:
    own = [a.block for a in built.anchors if any(o.source == CERTIFI for o in a.origins)]
    whole = built.body.decode("ascii")
    contexts = {
        CERTIFI_ALONE: handshake.context_of(b"".join(own).decode("ascii")),
        BUNDLE: handshake.context_of(whole),
        STRICT: handshake.context_of(whole, strict=True),
        DEFAULTS: _defaults(),
    }
    return {name: handshake.outcome(route, context) for name, context in contexts.items()}


def _defaults() -> ssl.SSLContext:
    """Return a default context, but write no SSLKEYLOGFILE and wait for no FIFO."""
    context = handshake.context_of("", strict=strict.IS_ON)
    if not variables.waits(os.environ.get("SSL_CERT_FILE", "")):
        context.load_default_certs()
    return context


def _lines(told: Dict[str, Any]) -> List[str]:
    host = f"[{told['host']}]" if ":" in told["host"] else told["host"]
    via = f" by the proxy {told['proxy']}" if told["proxy"] else ""
    lines = [row("server", f"{host}:{told['port']}{via}")]
    for number, each in enumerate(told["chain"]):
        marks = [mark for mark in each["marks"] if number or mark != "not a CA"]
        noted = f" [{', '.join(marks)}]" if marks else ""
        name = each["subject"] or f"SHA-256 {each['sha256']}"
        lines.append(row(f"chain {number}", f"{name}{noted}"))
        if each["issuer"]:
            lines.append(row("", f"issued by {each['issuer']}, until {each.get('not_after')}"))
    for name, outcome in told["outcomes"].items():
        code = f" ({outcome['code']})" if outcome["code"] else ""
        result = "trusted" if outcome["trusted"] else f"refused: {outcome['message']}{code}"
        lines.append(f"{name:20}{result}")
    return lines
