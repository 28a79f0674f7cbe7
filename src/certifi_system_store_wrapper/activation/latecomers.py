"""For what was imported before us: names bound elsewhere, and paths stored at import."""

from __future__ import annotations

import sys
from typing import Callable, Dict, List, Tuple

Function = Callable[[], str]


def rebind(pairs: List[Tuple[Function, Function]]) -> None:
    """Replace functions wherever a module has bound them (``from certifi import where``)."""
    replacement_of = {id(old): new for old, new in pairs}
    for module in list(sys.modules.values()):
        names = _names(module)
        if names is globals():
            continue
        for name, value in list(names.items()):
            if id(value) in replacement_of:
                names[name] = replacement_of[id(value)]


def _names(module: object) -> Dict[str, object]:
    """Return the names of a module, without running code of it: not all there are modules."""
    try:
        names = object.__getattribute__(module, "__dict__")
    except Exception:  # noqa: BLE001 - a property may be anything
        return {}
    return names if type(names) is dict else {}


def refresh_requests(certifis_own: Function, where: Function) -> None:
    """Replace the path that requests stored at import, where it is certifi's own."""
    modules = [sys.modules.get(name) for name in ("requests.utils", "requests.adapters")]
    stored = [m for m in modules if getattr(m, "DEFAULT_CA_BUNDLE_PATH", None) is not None]
    if not stored:
        return
    own, ours = certifis_own(), where()
    for module in stored:
        if own == module.DEFAULT_CA_BUNDLE_PATH:  # type: ignore[union-attr]
            module.DEFAULT_CA_BUNDLE_PATH = ours  # type: ignore[union-attr]
    context = getattr(modules[1], "_preloaded_ssl_context", None)  # requests 2.32.0 to 2.32.3
    if context is not None:
        context.load_verify_locations(ours)
