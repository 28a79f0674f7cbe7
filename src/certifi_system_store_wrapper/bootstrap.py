"""Interpreter start: wait until certifi is imported. Knows nothing of certificates."""

import atexit
import site
import sys

# pip's own copy is left alone on Windows: wrapt, loaded by pip, could not be upgraded by pip.
NAMES = {"certifi"} if sys.platform == "win32" else {"certifi", "pip._vendor.certifi"}
_asked: "set[str]" = set()


class Finder:
    """Idle on sys.meta_path until one of our names is asked for; then the hook takes over."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Have the hook registered for our names, and let the finders behind us answer."""
        if name not in NAMES or name in _asked or not watch(name):
            return None
        from importlib.util import find_spec

        _asked.add(name)  # so that this question passes us by, and reaches wrapt's finder
        try:
            return find_spec(name)
        except (ImportError, AttributeError, ValueError):  # the import system will say it better
            return None
        finally:
            _asked.discard(name)


def bootstrap() -> None:
    """Wait for certifi, to hook it; called by the start-up files. Twice is once."""
    if Finder not in sys.meta_path:
        go_first()
        if not hasattr(sys.modules["builtins"], "copyright"):  # site.main() sets it behind us
            _go_first_after("execsitecustomize")


def go_first() -> None:
    """Put the finder first, and hook what was imported before us. Never raises."""
    sys.meta_path[:] = [Finder, *(each for each in sys.meta_path if each is not Finder)]
    for name in sys.modules.keys() & NAMES:
        watch(name)


def watch(name: str) -> bool:
    """Have the hook watch for that name; where it cannot, certifi stays as it is."""
    try:
        from . import hook

        return hook.watch(name)
    except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
        import logging

        remedy = "certifi stays as it is: %r. Reinstall certifi-system-store-wrapper and wrapt."
        logging.getLogger(__package__).warning(remedy, error)
        return False


def _go_first_after(customization: str) -> None:
    """Go first again then: it may have imported certifi or put finders before ours."""
    original = getattr(site, customization)

    def customize() -> None:
        setattr(site, customization, original)
        try:
            original()
        finally:
            go_first()
            if customization == "execsitecustomize" and site.ENABLE_USER_SITE:
                _go_first_after("execusercustomize")

    setattr(site, customization, customize)


@atexit.register  # at once: the first to be registered is the last to be run
def _at_exit() -> None:
    if "certifi_system_store_wrapper.cleanup" in sys.modules:
        sys.modules["certifi_system_store_wrapper.cleanup"].at_exit()
