"""Which installed clients still read the common name of a certificate without other names."""

from __future__ import annotations

from ...output import Finding, note, problem
from . import trusts
from .chain import View
from .route import OPERATOR


def read_by_some(view: View) -> Finding:
    """Report that OpenSSL accepts the common name, and which clients forbid that."""
    used = [each.trust for each in trusts.by_clients(view.tried)]
    # One client may have several trusts.
    reads = {client: each.checks.common_name for each in used for client in each.clients}
    reading = [client for client, does in reads.items() if does]
    refusing = [client for client, does in reads.items() if not does]
    message = (
        f"the certificate has no alternative names, only the common name {view.where.host}, which "
        f"OpenSSL's own check reads, and so {', '.join(['urllib', *reading])}"
    )
    remedy = f"{OPERATOR} has to have it issued anew, with alternative names"
    if not refusing:
        return note("name", message, remedy)
    return problem("name", f"{message}, but not {', '.join(refusing)}", remedy)
