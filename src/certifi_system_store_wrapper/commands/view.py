"""All that `doctor HOST` has seen of one server, and what this environment trusts. Pure."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from ..bundle import Anchor, Bundle
from ..parsing.pem import der_of
from ..reporting.findings import Exclusion
from ..settings import Settings
from . import chain
from .chain import Link
from .handshake import Outcome, Presented
from .target import Proxy, Target

CERTIFI_ALONE, BUNDLE, STRICT = "certifi alone", "the bundle", "the bundle, strict"
DEFAULTS = "ssl defaults"


class View(NamedTuple):
    """How each context ended, what was presented, and what is trusted; `path` may be empty."""

    where: Target
    proxy: Optional[Proxy]
    outcomes: Dict[str, Outcome]
    presented: Presented
    links: List[Link]
    path: List[Link]
    built: Bundle
    settings: Settings

    @property
    def issuer(self) -> str:
        """Return the name of the issuer that was not presented, or of the presented root."""
        return self.path[-1].issuer if self.path else "unknown"

    def issuers(self) -> List[Tuple[Anchor, Link]]:
        """Return the anchors whose name is that of the issuer of the last in the path."""
        return issuers(self.built, self.path)

    def excluded(self) -> List[Tuple[Exclusion, Link]]:
        """Return what was left out and is in the path, or has the name of its last issuer."""
        found = []
        for out in self.built.excluded:
            one = _link_of(out.block)
            if one and self.path and (one in self.path or one.named == self.path[-1].issued_by):
                found.append((out, one))
        return found


def issuers(built: Bundle, path: List[Link]) -> List[Tuple[Anchor, Link]]:
    """Return the anchors of a bundle whose name is that of the issuer of the last in the path."""
    if not path or not path[-1].issued_by:
        return []
    wanted = path[-1].issued_by
    named = [(anchor, _link_of(anchor.block)) for anchor in built.anchors if wanted in anchor.der]
    return [(anchor, one) for anchor, one in named if one and one.named == wanted]


def _link_of(block: bytes) -> Optional[Link]:
    """Return the certificate of a block; what was left out may be none."""
    try:
        one = chain.link(der_of(block))
    except ValueError:
        return None
    return one if one.named else None
