"""`doctor HOST`: what each trust in force says of the server."""

from __future__ import annotations

import ssl
from typing import Any, Dict, NamedTuple

from ... import trusts
from ...trusts import Trust
from . import handshake
from .handshake import Outcome
from .route import Route, reason_of


class Tried(NamedTuple):
    """A trust in force, and its verdict on the server."""

    trust: Trust
    outcome: Outcome

    def told(self) -> Dict[str, Any]:
        """Return it as data."""
        return {
            "name": self.trust.name,
            "clients": list(self.trust.clients),
            "settings": [each._asdict() for each in self.trust.settings],
            **self.outcome._asdict(),
        }


def tried(trust: Trust, route: Route, pem: Dict[str, str]) -> Tried:
    """Connect once with that trust; `pem` has what CERTIFI and BUNDLE stand for."""
    if trust.checks_nothing:
        return Tried(trust, Outcome(trusted=True))
    try:
        context = _context(trust, pem)
    except (OSError, ValueError) as error:
        return Tried(trust, Outcome(trusted=False, message=reason_of(error)))
    return Tried(trust, handshake.outcome(route, context))


def _context(trust: Trust, pem: Dict[str, str]) -> ssl.SSLContext:
    """Return a context that trusts and checks as those clients do; raises OSError."""
    context = handshake.context_of("", strict=trust.checks.strict)
    context.hostname_checks_common_name = trust.checks.common_name
    for root in trust.roots:
        if root.kind == trusts.DEFAULTS:
            context.load_default_certs()
        elif root.kind == trusts.FILE:
            context.load_verify_locations(cafile=root.path)
        elif root.kind == trusts.FOLDER:
            context.load_verify_locations(capath=root.path)
        else:
            context.load_verify_locations(cadata=pem[root.kind])
    return context
