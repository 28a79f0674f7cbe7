"""certifi is asked for: it is patched as soon as it is imported. Alone knows wrapt."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, List, Optional, Set

from .. import bootstrap, reporting
from ..machine.signals import uninterrupted
from ..settings import from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict  # noqa: F401 - in a comment, as Patch

    from .answer import Answer
    from .patch import Patch  # noqa: F401

HAS_TLS = sys.platform not in ("emscripten", "wasi")  # a browser does it, and trusts by itself

_OURS = f"{bootstrap.__package__}."  # how the names of our modules begin
_finding: Set[str] = set()
_configured = False
_patches = {}  # type: Dict[str, Patch]  # beartype_all() evaluates what is annotated
late: Set[str] = set()  # the copies that were imported before anybody watched


def find_spec(name: str) -> Optional[ModuleSpec]:
    """Watch that copy of certifi, and have the finders behind ours (then wrapt's) answer.

    One that has been imported is patched at once.
    """
    came_first = _is_unpatched(sys.modules.get(name))
    spec = _find_uninterrupted(name)
    if came_first and name in _patches:
        _catch_up(name)
    return spec


def _is_unpatched(certifi: Optional[ModuleType]) -> bool:
    """Whether it answers by itself; one that is being reloaded may not answer at all."""
    try:
        where = getattr(certifi, "where", None)
        return where is not None and not hasattr(where, "__certifi_system_store_wrapper__")
    except Exception:  # noqa: BLE001 - it may be anything
        return False


def _find_uninterrupted(name: str) -> Optional[ModuleSpec]:
    """Do it whole or not at all, whatever signals come; what their handlers raise comes after.

    Half done, wrapt would believe that its finder is there, and asyncio, which it imports, could
    not be imported any more.
    """
    try:
        with uninterrupted():
            try:
                return _find_spec(name)
            except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
                bootstrap.failed(error)
    except (RecursionError, MemoryError) as error:
        bootstrap.failed(error)
    return None


def _find_spec(name: str) -> Optional[ModuleSpec]:
    if name in _finding or not _watch(name):
        return None
    import importlib.util

    try:
        _finding.add(name)  # so that this question passes us by
        spec = importlib.util.find_spec(name)
    except Exception:  # noqa: BLE001 - of somebody's finder: the import system will say it better
        return None
    finally:
        _finding.discard(name)
    return spec if name != "ssl" or spec is None else _ssl_defaults().hooked(spec, _contents)


def _watch(name: str) -> bool:
    """Patch the copy of certifi of that name when it is imported, or now if it has been."""
    global _configured
    settings = from_environment()
    if not _configured:
        reporting.configure(settings)
        _configured = True
    if settings.disable or not HAS_TLS:
        return False
    was_there = name in sys.modules
    if was_there and getattr(getattr(sys.modules[name], "__spec__", None), "_initializing", False):
        return False  # another thread is importing it, and was here before
    if name == "ssl":
        if settings.ssl_defaults and was_there:
            _ssl_defaults().patch(sys.modules["ssl"], _contents)
        return settings.ssl_defaults
    import wrapt

    if was_there and name not in _patches:
        late.add(name)
    first = list(map(id, sys.meta_path[:1]))
    wrapt.when_imported(name)(_patch)
    _put_back(wrapt, sys.meta_path)
    if [id(sys.meta_path[0])] != first:
        _move_behind_ours(sys.meta_path)
    return True


def _put_back(wrapt: ModuleType, finders: List[Any]) -> None:
    """Have wrapt's finder there: who restores an older sys.meta_path takes it away unasked."""
    kind = getattr(getattr(wrapt, "importer", None), "ImportHookFinder", None)
    if isinstance(kind, type) and not any(type(each) is kind for each in finders):
        finders.insert(0, kind())


def _move_behind_ours(finders: List[Any]) -> None:
    """Leave first who was: pyfakefs ends with sys.meta_path.pop(0), and means its own finder."""
    places = list(map(id, finders))
    if id(bootstrap.Finder) in places:
        finders.insert(places.index(id(bootstrap.Finder)), finders.pop(0))


def _catch_up(name: str) -> None:
    """Reach what was taken from that copy of certifi before us; never raises."""
    try:
        from . import latecomers

        patch = _patches[name]
        latecomers.rebind(patch.pairs())
        latecomers.refresh_requests(patch.originals["where"], patch.answer.where)
    except Exception as error:  # noqa: BLE001 - see the docstring
        bootstrap.failed(error)


def _contents() -> Optional[str]:
    return current().contents()


def _ssl_defaults() -> ModuleType:
    from . import ssl_contexts

    return ssl_contexts


def current() -> Answer:
    """Return what answers for certifi; import it if need be."""
    if "certifi" not in _patches:
        import certifi

        if "certifi" not in _patches:  # not active
            _prepare("certifi", certifi)
    return _patches["certifi"].answer


def is_active() -> bool:
    """Whether certifi.where(), if anybody has imported certifi, is ours."""
    certifi = sys.modules.get("certifi")
    patch = _patches.get("certifi")
    return bool(certifi and patch and certifi.where is patch.replacements["where"])


def unpatch() -> None:
    """Give every copy of certifi its own functions back."""
    from . import latecomers

    sys.meta_path[:] = [each for each in sys.meta_path if each is not bootstrap.Finder]
    for patch in _patches.values():
        latecomers.rebind(patch.undo())
    if f"{__package__}.ssl_contexts" in sys.modules:
        _ssl_defaults().undo()


def _patch(certifi: ModuleType) -> None:
    """Patch a freshly imported copy of certifi; never raises (wrapt would fail the import)."""
    with uninterrupted():
        try:
            name = certifi.__name__
            if name not in _patches or _patches[name].certifi is not certifi:
                _prepare(name, certifi)
            _patches[name].apply()
        except Exception as error:  # noqa: BLE001 - see the docstring
            reporting.warning(f"certifi stays as it is, because it cannot be patched: {error!r}")


def _prepare(name: str, certifi: ModuleType) -> None:
    """Have a patch of that copy, not yet applied; whatever it needs is loaded now."""
    from ..publishing import cleanup
    from .patch import Patch

    _load_what_is_lazy()
    if cleanup.at_exit not in bootstrap.at_exit:
        bootstrap.at_exit.append(cleanup.at_exit)
    _patches[name] = Patch(certifi, before=_patches.get(name))


def _load_what_is_lazy() -> None:
    """Load what Python 3.15 was told to import lazily: an upgrade must not mix old and new."""
    known: Set[str] = set()
    while getattr(sys, "get_lazy_imports", str)() == "all":
        new = {each for each in list(sys.modules) if each.startswith(_OURS)} - known
        for name in new:
            for each in list(vars(sys.modules[name])):
                getattr(sys.modules[name], each)
        known |= new
        if not new:
            return
