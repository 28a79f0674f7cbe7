"""A TLS context gets the anchors of the bundle that it lacks: only those, as each costs time."""

from __future__ import annotations

from contextlib import suppress
from typing import List, Set, Tuple

from .. import parsing
from ..parsing import pem
from . import hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext
    from typing import Type

# The DER of each certificate, and its PEM.
Blocks = List[Tuple[bytes, str]]

_parsed: Tuple[str, Blocks] = ("", [])


def add_lacking(context: SSLContext, kind: Type[SSLContext]) -> None:
    """Add what it lacks, by the methods of `kind`, past those of subclasses."""
    known: Set[bytes] = set()
    # truststore's contexts have more than they tell; OpenSSL takes what it has once.
    with suppress(NotImplementedError):
        known.update(kind.get_ca_certs(context, binary_form=True))
    lacking = "".join(pem for der, pem in _blocks() if der not in known)
    if lacking:
        kind.load_verify_locations(context, cadata=lacking)


def _blocks() -> Blocks:
    """Return the certificates of the bundle, which is parsed once."""
    global _parsed
    before, blocks = _parsed
    text = hook.current().contents() or ""
    if text != before:
        found = parsing.parse(text.encode("ascii", "replace")).certificates
        plain = [each.block for each in found if each.verdict == pem.PLAIN]
        blocks = [(pem.der_of(block), block.decode() + "\n") for block in plain]
        _parsed = text, blocks
    return blocks
