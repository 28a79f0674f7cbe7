"""PYTHON_CERTIFI_SSL_DEFAULTS: OpenSSL's default contexts of clients trust the bundle, too.

Three methods of ssl.SSLContext are replaced, never the class: load_default_certs,
set_default_verify_paths, which truststore calls instead, and load_verify_locations, for who names
the file or folder that is the system's store. Only contexts of clients are touched, never a
server's, and they get only what they lack. Loaded only where the switch is on, when ssl is
imported. Not through wrapt: its import imports ssl.
"""

from __future__ import annotations

import functools
import os
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Callable, List, Set, Tuple, Type

from ..machine import openssl
from ..machine.signals import foreign, put_off
from ..sources.system import STORES
from .anchors import add_lacking
from .hook import MARK, nothing_worse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import Loader as AnyLoader
    from ssl import Purpose, SSLContext
    from typing import Union

    Path = Union[str, bytes, os.PathLike[str], None]

_OTHERWISE = "ssl's defaults stay as they are"
# A class, what that class itself had, and our function in its place.
_patched: List[Tuple[type, object, Callable[..., None]]] = []
# The contexts in load_default_certs, which knows for whom it is.
_loading: Set[int] = set()


class Loader:
    """The loader of ssl. It patches what it has loaded, and takes itself away again."""

    def __init__(self, loader: AnyLoader) -> None:
        """Load as `loader` does."""
        self._loader = loader

    def __getattr__(self, name: str) -> object:
        """Answer everything else as the loader does."""
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, then patch it."""
        module.__spec__.loader = module.__loader__ = self._loader  # type: ignore[union-attr]
        self._loader.exec_module(module)
        patch(module)


def hooked(spec: ModuleSpec) -> ModuleSpec:
    """Return the spec of ssl with our loader around its own."""
    if spec.loader is not None and not isinstance(spec.loader, Loader):
        spec.loader = Loader(spec.loader)  # type: ignore[assignment]
    return spec


def patch(ssl: ModuleType) -> None:
    """Have clients' default contexts trust what is in the bundle as well. Never raises."""
    nothing_worse(_OTHERWISE, _patch, ssl)


def _patch(ssl: ModuleType) -> None:
    # gevent, eventlet and truststore put a subclass there.
    context = next(each for each in ssl.SSLContext.__mro__ if each.__module__ == "ssl")
    _replace(context, _load_default_certs(context, ssl))
    _replace(context, _set_default_verify_paths(context, ssl))
    _replace(context, _load_verify_locations(context, ssl))


def undo() -> None:
    """Give ssl its own functions back."""
    while _patched:
        context, before, ours = _patched.pop()
        name = ours.__name__
        # Unless somebody has replaced ours.
        if vars(context).get(name) is ours:
            if before is None:
                delattr(context, name)
            else:
                setattr(context, name, before)


def _replace(context: Type[SSLContext], function: Callable[..., None]) -> None:
    name = function.__name__
    if not hasattr(getattr(context, name), MARK):
        setattr(function, MARK, True)
        _patched.append((context, vars(context).get(name), function))
        setattr(context, name, function)


def _load_default_certs(context: Type[SSLContext], ssl: ModuleType) -> Callable[..., None]:
    own, server_auth = context.load_default_certs, ssl.Purpose.SERVER_AUTH

    @functools.wraps(own)
    def load_default_certs(self: SSLContext, purpose: Purpose = server_auth) -> None:
        # What a handler raises may not leave the number there: another context will have it.
        with put_off():
            _loading.add(id(self))
            try:
                foreign(own, self, purpose)
            finally:
                _loading.discard(id(self))
        if purpose == server_auth and _is_clients(self, ssl):
            _add(self, context)

    return load_default_certs


def _set_default_verify_paths(context: Type[SSLContext], ssl: ModuleType) -> Callable[..., None]:
    own = context.set_default_verify_paths

    @functools.wraps(own)
    def set_default_verify_paths(self: SSLContext) -> None:
        own(self)
        if id(self) not in _loading and _is_clients(self, ssl):
            _add(self, context)

    return set_default_verify_paths


def _load_verify_locations(context: Type[SSLContext], ssl: ModuleType) -> Callable[..., None]:
    own = context.load_verify_locations

    @functools.wraps(own)
    def load_verify_locations(
        self: SSLContext, cafile: Path = None, capath: Path = None, cadata: object = None
    ) -> None:
        own(self, cafile, capath, cadata)  # type: ignore[arg-type]
        named = [each for each in (cafile, capath) if each]
        # PyPy's own defaults are loaded this way, too.
        if id(self) in _loading or not _is_clients(self, ssl):
            return
        if any(map(is_the_systems, named)):
            _add(self, context)

    return load_verify_locations


def is_the_systems(path: Path) -> bool:
    """Whether it is the store of the system, or OpenSSL's own, by whatever name."""
    return any(_is_same(path, each) for each in (*openssl.default_paths(), *STORES))


def _is_same(path: Path, other: str) -> bool:
    try:
        return os.path.samefile(path, other)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError):
        return False


def _is_clients(self: SSLContext, ssl: ModuleType) -> bool:
    """Whether no server can use it: PROTOCOL_TLS may be either's, but only clients check names."""
    return bool(self.protocol == ssl.PROTOCOL_TLS_CLIENT or self.check_hostname)


def _add(self: SSLContext, context: Type[SSLContext]) -> None:
    """Add what it lacks, past the methods of subclasses."""
    nothing_worse(_OTHERWISE, add_lacking, self, context)
