"""Which installed clients still read the common name of a certificate without DNS names."""

from __future__ import annotations

from ...output import Finding, note, problem
from ..verify_codes import WRONG_NAME
from . import trusts
from .chain import View
from .target import OPERATOR


def read_by_some(view: View) -> Finding:
    """Report that OpenSSL accepts the common name, and which clients forbid that."""
    reading, refusing = {}, {}
    for trust, outcome in trusts.by_clients(view.tried):
        if outcome.trusted:
            reading.update(dict.fromkeys(trust.clients))
        elif outcome.code in WRONG_NAME:
            refusing.update(dict.fromkeys(trust.clients))
    message = (
        f"the certificate has no DNS name, only the common name {view.where.host}, which "
        f"OpenSSL's own check reads, and so {', '.join(['urllib', *reading])}"
    )
    remedy = f"{OPERATOR} has to have it issued anew, with alternative names"
    if not refusing:
        return note("name", message, remedy)
    return problem("name", f"{message}, but not {', '.join(refusing)}", remedy)
