"""Python's own ssl.SSLContext, also where another package has put its own class in its place.

truststore does that, and pip-system-certs by it. What ssl itself does with its class then ends in
a recursion, so the doctor works with Python's own, and tries theirs beside it.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from importlib import metadata
from typing import Iterator, Optional, Type

from ..trusts import Replacement

_MODULE = "ssl"
# A distribution that replaces the class by what another one has.
_BY = "pip-system-certs"


@contextmanager
def own() -> Iterator[Optional[Replacement]]:
    """While the body runs, ssl has its own class again; yield the other one, if there is one."""
    found = ssl.SSLContext
    if found.__module__ == _MODULE:
        yield None
        return
    # On PyPy the other class does not inherit, but its instances claim the class of Python.
    claimed = found(ssl.PROTOCOL_TLS_CLIENT).__class__
    mro = (*found.__mro__, *claimed.__mro__)
    python = next(each for each in mro if each.__module__ == _MODULE)
    ssl.SSLContext = python  # type: ignore[misc, assignment]
    try:
        yield Replacement(found, _called(found))
    finally:
        ssl.SSLContext = found  # type: ignore[misc]


def _called(other: Type[ssl.SSLContext]) -> str:
    """Return how a row calls the other class: by the package that has it, and who put it there."""
    package, _, private = other.__module__.rpartition(".")
    package = package if private.startswith("_") else other.__module__
    try:
        return f"by {package} of {_BY} {metadata.version(_BY)}"
    except (ImportError, OSError, LookupError):
        return f"by {package}"
