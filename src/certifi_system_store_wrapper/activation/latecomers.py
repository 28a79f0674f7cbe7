"""For what was imported before us: names bound elsewhere, and paths stored at import."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, Tuple

AnyFunction = Callable[..., Any]
Function = Callable[[], str]
# The names of a module, whatever its class has in place of `__dict__`.
_dict_of = vars(ModuleType)["__dict__"].__get__


def rebind(pairs: Iterable[Tuple[AnyFunction, AnyFunction]]) -> None:
    """Replace functions wherever a module has bound them (``from certifi import where``)."""
    replacement_of = {id(old): new for old, new in pairs}
    for module in list(sys.modules.values()):
        names = _names(module)
        if names is globals():
            continue
        for name, value in list(names.items()):
            if id(value) in replacement_of:
                names[name] = replacement_of[id(value)]


def _names(module: object) -> Dict[str, Any]:
    """Return the names of a module, without running code of it; none if it is no module."""
    try:
        names: Dict[str, Any] = _dict_of(module)
    except TypeError:
        return {}
    return names


def refresh_requests(certifis_own: Function, where: Function) -> None:
    """Replace the path that requests stored at import, where it is certifi's own."""
    utils, adapters = (
        _names(sys.modules.get(f"requests.{name}")) for name in ("utils", "adapters")
    )
    path = "DEFAULT_CA_BUNDLE_PATH"
    stored = [names for names in (utils, adapters) if path in names]
    own = stored and certifis_own()
    stored = [names for names in stored if names[path] == own]
    if not stored:
        return
    ours = where()
    for names in stored:
        names[path] = ours
    # Of requests 2.32.0 to 2.32.4.
    context = adapters.get("_preloaded_ssl_context")
    if context is not None:
        context.load_verify_locations(ours)
