"""Interpreter start: wait until certifi is imported. Knows nothing of certificates."""

import atexit
import sys

from . import _undisturbed

# On Windows a file of wrapt that is loaded is locked, so that pip could not replace it.
_PIPS = () if sys.platform == "win32" else ("pip", "pipenv.patched.pip")
NAMES = {"certifi", "httpcore2._ssl", "httpx2._config", *(f"{p}._vendor.certifi" for p in _PIPS)}
# Why certifi is plain, each with its remedy; and what is due at exit.
failures, at_exit = [], []  # type: list[tuple[str, str]], list[type]
# The first to be registered is the last to run, and a signal may end one of them.
for _ in (1, 2):
    atexit.register(lambda: [each() for each in at_exit])


class Finder:
    """Idle on sys.meta_path until one of our names is asked for; then activation takes over."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Have activation answer for our names; where it cannot be had, certifi stays as it is."""
        # Who gives a folder for a name without dots, as pytest does, wants what lies there.
        is_ours = name in NAMES and (path is None or "." in name)
        find = is_ours and _undisturbed(_watch, name)
        return find(name) if find else None


def bootstrap() -> None:
    """Wait for certifi, to hook it; called by the start-up files. Twice is once."""
    if id(Finder) in map(id, sys.meta_path):
        return
    go_first()
    if "site" in sys.modules and not hasattr(sys.modules["builtins"], "copyright"):
        # site.main() is still at work.
        _go_first_after("execsitecustomize")


def go_first() -> None:
    """Put the finder first, in a new list (it may be a tuple); hook what was imported before."""
    if "PYTHON_CERTIFI_SSL_DEFAULTS" in getattr(sys.modules.get("os"), "environ", ()):
        NAMES.add("ssl")
    sys.meta_path = [Finder, *(each for each in sys.meta_path if each is not Finder)]
    for name in sys.modules.keys() & NAMES:
        Finder.find_spec(name)  # type: ignore[no-untyped-call]


def _watch(name):  # type: ignore[no-untyped-def]
    """Have activation wait for that name; return what finds its spec, None where it cannot."""
    try:
        from . import activation

        return activation.watch(name, at_exit)
    except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
        again = f"{__package__}.activate() tries again; else reinstall wrapt and this package"
        why = f"certifi stays as it is: {error!r}", getattr(error, "remedy", again)
    if why not in failures:
        failures.append(why)
        said = "certifi-system-store-wrapper: " + "; ".join(why)
        try:
            import logging

            logging.getLogger(__package__).warning("%s", said)
        except Exception:  # noqa: BLE001 - a logging.py of somebody else may stand before Python's
            try:
                sys.stderr.write(said + "\n")
            except (AttributeError, OSError, ValueError):
                return None
    return None


def _go_first_after(customization: str) -> None:
    """Go first again then: it may have imported certifi or put finders before ours."""
    # As a global it would cost half a million instructions at exit.
    site = sys.modules["site"]
    # A site.py of somebody else has none.
    original = getattr(site, customization, lambda: None)

    def customize() -> None:
        setattr(site, customization, original)
        try:
            original()
        finally:
            go_first()
            if customization == "execsitecustomize" and site.ENABLE_USER_SITE:
                _go_first_after("execusercustomize")

    setattr(site, customization, customize)
