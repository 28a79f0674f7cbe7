"""A copy of certifi is patched as soon as it is imported. Alone knows wrapt."""

from __future__ import annotations

import atexit
import importlib.util
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, List, Optional, Set

from .. import loading, reporting
from ..machine.signals import foreign, put_off
from ..settings import DEBUG, WARNING, from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict  # noqa: F401 - in a comment, as Patch

    from .answer import Answer
    from .patch import Patch  # noqa: F401

# In a browser there is no TLS: it does that, and trusts, by itself.
HAS_TLS = sys.platform not in ("emscripten", "wasi")
_PACKAGE = __name__.partition(".")[0]
# What a function of ours has, which stands in the place of somebody else's.
MARK = "__certifi_system_store_wrapper__"

_finding: Set[str] = set()
# Copies that watch() has just patched, and whose functions others have bound before.
_bound_before: Set[str] = set()
_at_exit: Optional[List[Callable[[], None]]] = None
# beartype_all() evaluates what is annotated, so these types stand in comments.
_patches = {}  # type: Dict[str, Patch]
# Whether deactivate() was called, and activate() not since.
is_off = False
# The copies that were imported before anybody watched.
imported_before_us: Set[str] = set()


def watch(name: str, at_exit: List[Callable[[], None]]) -> bool:
    """Have that copy of certifi patched when it is imported, at once if it has been.

    Return whether find_spec() is to answer for it.
    """
    global _at_exit
    _at_exit = at_exit
    if name in _finding:
        # find_spec() below asks all finders, ours among them.
        return False
    settings = from_environment()
    reporting.configure(settings)
    if settings.disable or is_off or not HAS_TLS:
        return False
    if _is_being_imported(sys.modules.get(name)):
        # By another thread, which may have begun before we were active. If it fails, that thread
        # says so.
        with suppress(ImportError, RuntimeError):
            foreign(importlib.import_module, name)
    module = sys.modules.get(name)
    if _is_being_imported(module):
        # By this thread, or by one that waits for this one.
        return False
    if name == "ssl":
        return settings.ssl_defaults and _watch_ssl()
    if name in ("httpcore2._ssl", "httpx2._config"):
        _register(name, _patch_httpcore2)
        return True
    if module is not None and name not in _patches:
        imported_before_us.add(name)
    if _where_of(name) is not None and not is_active(name):
        _bound_before.add(name)
    _register(name, _patch)
    return True


def _is_being_imported(module: Optional[ModuleType]) -> bool:
    spec = getattr(module, "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def _where_of(name: str) -> object:
    """Return where() of that copy of certifi; None while it is being reloaded, for example."""
    certifi = sys.modules.get(name)
    return vars(certifi).get("where") if isinstance(certifi, ModuleType) else None


def _watch_ssl() -> bool:
    ssl_contexts = loading.load("activation.ssl_contexts")
    if "ssl" in sys.modules:
        ssl_contexts.patch(sys.modules["ssl"])
    return True


def _register(name: str, patch: Callable[[ModuleType], None]) -> None:
    """Have wrapt call that when the module is imported; the first finder stays the first."""
    import wrapt

    if not hasattr(wrapt, "when_imported"):
        from .shadows import Shadowed

        # What is left of an installation may be a folder alone.
        path = getattr(wrapt, "__file__", None) or wrapt.__path__[0]
        remedy = "rename it if it is yours, or reinstall wrapt"
        raise Shadowed(f"{path} is taken for wrapt", remedy)
    first = list(map(id, sys.meta_path[:1]))
    wrapt.when_imported(name)(patch)
    _put_back(wrapt, sys.meta_path)
    if list(map(id, sys.meta_path[:1])) != first:
        # pyfakefs ends with sys.meta_path.pop(0), to remove its own finder.
        sys.meta_path.insert(1, sys.meta_path.pop(0))


def _put_back(wrapt: ModuleType, finders: List[Any]) -> None:
    """Insert wrapt's finder where it is missing: restoring an older sys.meta_path removes it."""
    kind = getattr(getattr(wrapt, "importer", None), "ImportHookFinder", None)
    if isinstance(kind, type) and not any(type(each) is kind for each in finders):
        finders.insert(0, kind())


def find_spec(name: str) -> Optional[ModuleSpec]:
    """Return the spec that the other finders, with wrapt's, have for that name.

    What they raise comes out, as it would without us.
    """
    if name in _bound_before:
        otherwise = "what took certifi's functions earlier goes on without the bundle"
        nothing_worse(otherwise, _rebind, name)
        _bound_before.discard(name)
    # It was imported before us, or is being reloaded: other finders may find it elsewhere by now.
    if name in sys.modules:
        return None
    # What a handler raises may not leave the name there.
    with put_off():
        _finding.add(name)
        try:
            spec = foreign(importlib.util.find_spec, name)
        finally:
            _finding.discard(name)
    if name != "ssl" or spec is None:
        return spec
    found: ModuleSpec = loading.load("activation.ssl_contexts").hooked(spec)
    return found


def _rebind(name: str) -> None:
    """Replace what other modules took from that copy of certifi before it was patched."""
    patch = _patches.get(name)
    if patch and patch.answer.is_on:
        latecomers = loading.load("activation.latecomers")
        latecomers.rebind(patch.pairs())
        latecomers.refresh_requests(patch.originals["where"], patch.answer.where)


def current() -> Answer:
    """Return what answers for certifi; import it if need be."""
    if "certifi" not in _patches:
        import certifi

        # We are not active, so the import has not patched it.
        if "certifi" not in _patches:
            _prepare("certifi", certifi)
    return _patches["certifi"].answer


def is_active(name: str = "certifi") -> bool:
    """Whether where() of that copy of certifi, if anybody has imported it, asks us."""
    patch = _patches.get(name)
    return bool(patch and patch.certifi is sys.modules.get(name) and patch.is_active())


def unpatch() -> None:
    """Give every copy of certifi, ssl and httpcore2 their own functions back; raises Replaced.

    None is patched from then on, until `is_off` is False again.
    """
    global is_off
    latecomers = loading.load("activation.latecomers")
    is_off = True
    for patch in list(_patches.values()):
        latecomers.rebind(patch.undo())
    for name in ("ssl_contexts", "httpcore2"):
        module = sys.modules.get(f"{__package__}.{name}")
        if module:
            module.undo()


def _patch(certifi: ModuleType) -> None:
    """Patch a freshly imported copy of certifi; an error would fail its import."""
    otherwise = (
        f"certifi cannot be patched, and stays as it is until {_PACKAGE}.activate() tries again"
    )
    nothing_worse(otherwise, _apply, certifi)


def _apply(certifi: ModuleType) -> None:
    name = certifi.__name__
    if name not in _patches or _patches[name].certifi is not certifi:
        _prepare(name, certifi)
    _patches[name].apply()
    if is_off:
        # Another thread has called deactivate() since, and may not have seen this one.
        _patches[name].undo()
    else:
        reporting.later(reporting.emit, DEBUG, f"{name}.where() is replaced: {certifi}")


def nothing_worse(otherwise: str, call: Callable[..., None], *arguments: object) -> None:
    """Call that unless we are off; log what fails, once: `otherwise` says what happens then."""
    if is_off:
        return
    with put_off():
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - the application imports or makes a context
            foreign(reporting.say_once, WARNING, f"{otherwise}: {error!r}")


def _patch_httpcore2(module: ModuleType) -> None:
    otherwise = f"{module.__name__} stays as it is"
    nothing_worse(otherwise, lambda: loading.load("activation.httpcore2").patch(module))


def _prepare(name: str, certifi: ModuleType) -> None:
    """Have a patch of that copy, not yet applied; whatever it needs is loaded now."""
    from ..publishing import cleanup
    from .patch import Patch

    loading.load_what_is_lazy()
    if _at_exit is None:
        # bootstrap is not at work, so ours runs among the other exit handlers.
        atexit.register(cleanup.at_exit)
    elif cleanup.at_exit not in _at_exit:
        _at_exit.append(cleanup.at_exit)
    patch = Patch(certifi, previous=_patches.get(name))
    # Another thread may have made one meanwhile: there is one answer.
    if _patches.setdefault(name, patch).certifi is not certifi:
        _patches[name] = patch
