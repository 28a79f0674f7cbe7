"""Which well-known distributions ask certifi, and what helps the others."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import lru_cache
from importlib import metadata
from pkgutil import get_data
from typing import Dict, Iterator, List, Sequence

from ...settings import Settings
from .. import trusts
from ..output import Finding, note

ASKS = "asks certifi"
DEFAULTS = "uses OpenSSL's defaults"
VARIABLES = "reads only variables"
OWN = "must be given its roots"
HELP = {
    ASKS: "helped by installing",
    DEFAULTS: "not helped by itself: set PYTHON_CERTIFI_SSL_DEFAULTS=1, or use shellenv",
    VARIABLES: "not helped by itself: use the variables that shellenv prints",
    OWN: "not helped: have the program give it certifi.where()",
}
# These trust what the first client of theirs trusts that their installed version requires.
RIDERS = {
    "anthropic": ("httpx2", "httpx"),
    "azure-cli-core": ("requests",),
    "conda": ("requests",),
    "huggingface-hub": ("httpx2", "httpx", "requests"),
    "mcp": ("httpx2", "httpx"),
    "openai": ("httpx2", "httpx"),
    "poetry": ("requests",),
}


def findings(settings: Settings) -> Iterator[Finding]:
    """Report which clients are installed, and what helps each kind."""
    here = trusts.this()
    kinds = {name: kind_of(name, _required(name)) for name in sorted(here.versions)}
    for kind in HELP:
        found = [here.called(name) + _why(name) for name in kinds if kinds[name] == kind]
        advice = helped_by(kind, ssl_defaults=settings.ssl_defaults)
        if found:
            yield Finding("ok", "clients", f"{kind}: {', '.join(found)}", advice)


def not_tried() -> Iterator[Finding]:
    """Report who trusts what its program gives it, so that `doctor HOST` has nothing to try."""
    here = trusts.this()
    found = [here.called(name) for name in sorted(here.versions) if kind_of(name) == OWN]
    if found:
        yield note("clients", f"{OWN}, so it was not tried: {', '.join(found)}", HELP[OWN])


def helped_by(kind: str, *, ssl_defaults: bool) -> str:
    """Return what helps clients of that kind."""
    is_on = kind == DEFAULTS and ssl_defaults
    return "helped by PYTHON_CERTIFI_SSL_DEFAULTS" if is_on else HELP[kind]


def kind_of(name: str, requires: Sequence[str] = ()) -> str:
    """Return the kind of a distribution that requires these, "" if it is not known here."""
    client = _client_of(name, requires)
    return next((kind for kind, names in _measured().items() if client in names), "")


@lru_cache(maxsize=None)
def _measured() -> Dict[str, List[str]]:
    """Return the distributions of each kind, as the run that writes docs/clients.md found them."""
    found: Dict[str, List[str]] = json.loads(get_data(__package__, "clients.json") or b"")
    return found


def _client_of(name: str, requires: Sequence[str]) -> str:
    """Return the client that a distribution rides on, itself if it rides on none."""
    clients = RIDERS.get(name, (name,))
    return next((each for each in clients if each in requires), clients[0])


def _why(name: str) -> str:
    """Return what explains the kind of a distribution, as the end of its name."""
    client = _client_of(name, _required(name))
    return f" (by {client})" if client != name else ""


def _required(name: str) -> List[str]:
    """Return the names of what a distribution requires, if it rides on others."""
    with suppress(OSError, LookupError, ImportError):
        requires = (metadata.requires(name) if name in RIDERS else None) or []
        return [re.split(r"[^\w.-]", each)[0].lower().replace("_", "-") for each in requires]
    return []
