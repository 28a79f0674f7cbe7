"""Which installed clients still read the common name of a certificate without other names."""

from __future__ import annotations

from typing import Dict, List, Sequence

from ...output import Finding, note, problem
from .. import clients
from .chain import View

# Clients that take urllib3's contexts; since its second version these leave the common name alone.
_BY_URLLIB3 = ("requests", "urllib3")
# Clients that leave the check to OpenSSL.
_BY_OPENSSL = ("httpx", "aiohttp", "botocore")


def read_by_some(view: View) -> Finding:
    """Report that OpenSSL accepts the common name, and which clients forbid that."""
    here = {name: each.version for name, each in clients.installed().items()}
    is_forbidden = not here.get("urllib3", "0").startswith(("0.", "1."))
    by_urllib3, by_openssl = _named(_BY_URLLIB3, here), _named(_BY_OPENSSL, here)
    refusing = by_urllib3 if is_forbidden else []
    reading = ["urllib", *by_openssl, *([] if is_forbidden else by_urllib3)]
    message = (
        f"the certificate has no alternative names, only the common name {view.where.host}, which "
        f"OpenSSL's own check reads, and so {', '.join(reading)}"
    )
    remedy = "whoever runs the server has to have it issued anew, with alternative names"
    if not refusing:
        return note("name", message, remedy)
    return problem("name", f"{message}, but not {', '.join(refusing)}", remedy)


def _named(names: Sequence[str], here: Dict[str, str]) -> List[str]:
    return [f"{name} {here[name]}" for name in names if name in here]
