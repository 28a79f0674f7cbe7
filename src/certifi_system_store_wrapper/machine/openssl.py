"""Asks OpenSSL where it looks for certificates by default, and which ones it can load.

It uses ``_ssl``, the extension behind ``ssl``. To import ``ssl`` itself costs milliseconds and
would break a later monkey-patching by gevent; and truststore's ``ssl.SSLContext`` cannot answer.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import List, Sequence, Tuple, Type

from .signals import run_due

# There are Pythons without TLS. We import it here and not in a function: on Python 3.8 a child that
# is forked during an import would wait for its lock for ever.
with suppress(ImportError):
    import _ssl
_HAS_TLS = "_ssl" in globals()


def default_paths() -> Tuple[str, str]:
    """Return the compiled-in file and folder, which need not exist; "" without TLS."""
    if not _HAS_TLS:
        return "", ""
    _, file, _, folder = _ssl.get_default_verify_paths()
    return file, folder


def unloadable(blocks: Sequence[bytes]) -> List[bytes]:
    """Return those of the PEM blocks that OpenSSL cannot load, in their order."""
    # Thousands of them take seconds.
    run_due()
    if not blocks or _loads(blocks):
        return []
    if len(blocks) == 1:
        return list(blocks)
    half = len(blocks) // 2
    return unloadable(blocks[:half]) + unloadable(blocks[half:])


def refusal(path: str) -> str:
    """Return why OpenSSL cannot load the certificates of a file, "" if it can."""
    if not _HAS_TLS:
        return ""
    try:
        _context().load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        return str(vars(error).get("reason") or error)
    return ""


def _context() -> _ssl._SSLContext:
    kind: Type[_ssl._SSLContext] = _ssl._SSLContext  # noqa: SLF001 - see above
    if sys.implementation.name == "pypy":
        # It sets attributes of its own, for which only a class that is derived from it has room.
        kind = type("Context", (kind,), {})
    return kind(_ssl.PROTOCOL_TLS_CLIENT)


def _loads(blocks: Sequence[bytes]) -> bool:
    """Whether all of these different blocks arrive in a fresh certificate store, if any."""
    if not _HAS_TLS:
        return False
    try:
        # This fails, too, where OpenSSL's settings leave no cipher.
        context = _context()
        context.load_verify_locations(cadata=b"".join(blocks).decode("ascii"))
    # ssl.SSLError is an OSError.
    except (OSError, ValueError):
        return False
    return bool(context.cert_store_stats()["x509"] == len(blocks))
