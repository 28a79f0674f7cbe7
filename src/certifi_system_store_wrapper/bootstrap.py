"""Interpreter start: wait until certifi is imported. Knows nothing of certificates.

Loaded by the start-up files at every interpreter start, so it imports only what is there anyway.
"""

import atexit
import site
import sys

_NAMES = {"certifi"} if sys.platform == "win32" else {"certifi", "pip._vendor.certifi"}


class _Finder:
    """Idle on sys.meta_path until one of its names is asked for; then the hook takes over."""

    def __init__(self):  # type: () -> None
        self.busy = set()  # type: set[str]

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Register the hook for our names, and let the finders behind us answer."""
        if name not in _NAMES or name in self.busy:
            return None
        self.busy.add(name)
        try:
            if not _hook(name):
                return None
            from importlib.util import find_spec  # now through wrapt's finder

            return find_spec(name) if target is None else None
        except (ImportError, AttributeError, ValueError):  # the import system will say why
            return None
        finally:
            self.busy.discard(name)


_finder = _Finder()
_registered = []  # type: list[object]


def bootstrap():  # type: () -> None
    """Arrange that certifi is hooked as soon as it is imported. Never raises; twice is once."""
    if _finder in sys.meta_path:
        return
    activate()
    if "site" in sys.modules and not hasattr(sys.modules["builtins"], "copyright"):
        _after_site()  # still inside site.main(): it sets this name behind the start-up files


def activate():  # type: () -> None
    """Hook certifi whenever it is imported, or now if it has been. Twice is once."""
    if not _registered:
        _registered.append(atexit.register(_at_exit))  # first registered, last run
    arm()


def arm():  # type: () -> None
    """Put the finder first, and hook what was imported before us."""
    disarm()
    sys.meta_path.insert(0, _finder)  # type: ignore[arg-type]
    for name in _NAMES:
        if name in sys.modules:
            _hook(name)


def disarm():  # type: () -> None
    """Take the finder away again."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _finder]


def _after_site():  # type: () -> None
    """Look once more when customization has run: it may import certifi or add finders."""
    names = ("execsitecustomize", "execusercustomize")
    originals = {name: getattr(site, name) for name in names if hasattr(site, name)}

    def wrap(name):  # type: ignore[no-untyped-def]
        def wrapper():  # type: () -> None
            try:
                originals[name]()
            finally:
                arm()
                if name == names[-1] or not site.ENABLE_USER_SITE:
                    for each, original in originals.items():
                        setattr(site, each, original)

        return wrapper

    for name in originals:
        setattr(site, name, wrap(name))


def _hook(name):  # type: (str) -> bool
    """Import the hook for that name; without it certifi stays as it is."""
    try:
        from . import hook

        return hook.watch(name)
    except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
        import logging

        logging.getLogger(__package__).warning(
            "certifi stays as it is, because certifi-system-store-wrapper cannot be loaded: %r; "
            "reinstall it and wrapt",
            error,
        )
        return False


def _at_exit():  # type: () -> None
    cleanup = sys.modules.get(__package__ + ".cleanup")
    if cleanup is not None:
        cleanup.at_exit()
