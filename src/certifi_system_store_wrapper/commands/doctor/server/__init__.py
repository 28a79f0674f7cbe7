"""`doctor HOST`: which contexts trust the server, what it presents, why it is refused."""

from __future__ import annotations

import os
import ssl
from functools import partial
from typing import Any, Dict, List, Optional, Tuple, Type

from ....activation import hook
from ....bundle import Bundle
from ....settings import CERTIFI, from_environment
from ... import describe, variables
from ...output import Finding, problem, row
from .. import context_class, strict
from . import chain, handshake
from .chain import BUNDLE, CERTIFI_ALONE, DEFAULTS, STRICT, View
from .diagnosis import diagnose
from .route import Refused, Route, Target, proxy_for, target


def examine(text: str) -> Tuple[List[Finding], Dict[str, Any]]:
    """Return findings about the server, and what was seen; raises WrongUsage."""
    with context_class.own() as other:
        return _examined(target(text), other)


def _examined(
    where: Target, other: Optional[Type[ssl.SSLContext]]
) -> Tuple[List[Finding], Dict[str, Any]]:
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
        if other and seen.chain:
            name = f"{BUNDLE}, {context_class.called(other)}"
            outcomes[name] = handshake.outcome(route, context_class.trusting(other, built.body))
    except OSError as error:
        remedy = error.remedy if isinstance(error, Refused) else ""
        return [problem("connection", str(error), remedy)], told
    told.update(outcomes={name: outcome._asdict() for name, outcome in outcomes.items()})
    links = [chain.link(der) for der in seen.chain]
    verifies = partial(handshake.verifies, route, partial_chain=strict.IS_ON)
    view = View(where, proxy, outcomes, seen, links, chain.path(links), built, settings, verifies)
    return diagnose(view), told


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
    """Return a default context that writes no SSLKEYLOGFILE and waits for no FIFO."""
    context = handshake.context_of("", strict=strict.IS_ON)
    if not variables.waits(os.environ.get("SSL_CERT_FILE", "")):
        context.load_default_certs()
    return context


def lines(told: Dict[str, Any]) -> List[str]:
    """Return what was seen, as text."""
    via = f" by the proxy {told['proxy']}" if told["proxy"] else ""
    shown = [row("server", f"{Target(told['host'], told['port'])}{via}")]
    for number, each in enumerate(told["chain"]):
        marks = [mark for mark in each["marks"] if number or mark != "not a CA"]
        noted = f" [{', '.join(marks)}]" if marks else ""
        name = each["subject"] or f"SHA-256 {each['sha256']}"
        shown.append(row(f"chain {number}", f"{name}{noted}"))
        if each["issuer"]:
            shown.append(row("", f"issued by {each['issuer']}, until {each.get('not_after')}"))
    for name, outcome in told["outcomes"].items():
        code = f" ({outcome['code']})" if outcome["code"] else ""
        result = "trusted" if outcome["trusted"] else f"refused: {outcome['message']}{code}"
        shown.append(f"{name:20}{result}")
    return shown
