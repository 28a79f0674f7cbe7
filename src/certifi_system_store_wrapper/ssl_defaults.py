"""PYTHON_CERTIFI_SSL_DEFAULTS: OpenSSL's default contexts of clients trust the bundle, too.

Only ssl.SSLContext.load_default_certs is replaced, never the class; only clients' contexts are
touched, never a server's; OpenSSL itself skips what the context already has. Loaded only where
the switch is on, when ssl is imported. Not through wrapt: its import imports ssl.
"""

from __future__ import annotations

import functools
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, List, Tuple

from . import log

_patched: List[Tuple[Any, Callable[..., None]]] = []  # SSLContext, and its own function


class Loader:
    """The loader of ssl, which patches what it has loaded and then is gone again."""

    def __init__(self, loader: Any, where: Callable[[], str]) -> None:  # noqa: ANN401 - any loader
        """Load as `loader` does."""
        self._loader, self._where = loader, where

    def __getattr__(self, name: str) -> object:
        """Answer everything else as the loader does."""
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, then patch it."""
        module.__spec__.loader = module.__loader__ = self._loader  # type: ignore[union-attr]
        self._loader.exec_module(module)
        patch(module, self._where)


def hooked(spec: ModuleSpec, where: Callable[[], str]) -> ModuleSpec:
    """Return the spec of ssl with our loader around its own."""
    if not isinstance(spec.loader, Loader):
        spec.loader = Loader(spec.loader, where)  # type: ignore[assignment]
    return spec


def patch(ssl: Any, where: Callable[[], str]) -> None:  # noqa: ANN401 - a module
    """Have clients' default contexts load the bundle at `where()` as well."""
    own = ssl.SSLContext.load_default_certs
    if hasattr(own, "__certifi_system_store_wrapper__"):
        return

    @functools.wraps(own)
    def load_default_certs(self: Any, purpose: Any = ssl.Purpose.SERVER_AUTH) -> None:  # noqa: ANN401
        own(self, purpose)
        if purpose == ssl.Purpose.SERVER_AUTH and self.protocol != ssl.PROTOCOL_TLS_SERVER:
            _add(self, where)

    load_default_certs.__certifi_system_store_wrapper__ = True  # type: ignore[attr-defined]
    _patched.append((ssl.SSLContext, own))
    ssl.SSLContext.load_default_certs = load_default_certs


def _add(context: Any, where: Callable[[], str]) -> None:  # noqa: ANN401 - any SSLContext
    try:
        context.load_verify_locations(where())
    except Exception as error:  # noqa: BLE001 - the context is as good as it was
        log.warning(f"ssl's defaults stay as they are: {error!r}")


def undo() -> None:
    """Give ssl its own function back."""
    while _patched:
        context, own = _patched.pop()
        context.load_default_certs = own
