"""Interpreter start: wait until certifi is imported. Knows nothing of certificates."""

import atexit
import sys

# pip's own copy is left alone on Windows: wrapt, loaded by pip, could not be upgraded by pip.
NAMES = {"certifi"} if sys.platform == "win32" else {"certifi", "pip._vendor.certifi"}
if "PYTHON_CERTIFI_SSL_DEFAULTS" in getattr(sys.modules.get("os"), "environ", ()):
    NAMES.add("ssl")
failures = []  # type: list[str]  # why the hook could not be had
at_exit = [lambda: None]  # also for modules of ours that somebody took from sys.modules
# At once: the first to be registered is the last to be run.
atexit.register(lambda: [each() for each in at_exit])  # type: ignore[no-untyped-call]


class Finder:
    """Idle on sys.meta_path until one of our names is asked for; then the hook takes over."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Have the hook answer for our names; where it cannot be had, certifi stays as it is."""
        if name not in NAMES:
            return None
        try:
            from .activation import find_spec
        except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
            return failed(error)
        return find_spec(name)


def bootstrap() -> None:
    """Wait for certifi, to hook it; called by the start-up files. Twice is once."""
    if id(Finder) not in map(id, sys.meta_path):
        go_first()
        if "site" in sys.modules and not hasattr(sys.modules["builtins"], "copyright"):
            _go_first_after("execsitecustomize")  # site.main() is still at work


def go_first() -> None:
    """Put the finder first, and hook what was imported before us."""
    others = [each for each in sys.meta_path if each is not Finder]
    sys.meta_path = [Finder, *others]  # a new list: somebody may have made it a tuple
    for name in sys.modules.keys() & NAMES:
        Finder.find_spec(name)  # type: ignore[no-untyped-call]


def failed(error: Exception) -> None:
    """Keep and log why certifi stays as it is; raise nothing but the Ctrl-C that it hides."""
    if isinstance(error.__cause__, (KeyboardInterrupt, SystemExit)):
        raise error.__cause__ from None  # Python < 3.12 hides it in __set_name__
    try:
        failure = f"certifi stays as it is: {error!r}; reinstall wrapt and {__package__}"
        if failure not in failures:
            failures.append(failure)
            try:  # a logging.py of somebody else may stand before Python's
                import logging

                logging.getLogger(__package__).warning("%s", failure)
            except Exception:  # noqa: BLE001 - as above
                sys.stderr.write(f"{failure}\n")
    except Exception:  # noqa: BLE001, S110 - nothing may escape from an import of certifi
        pass


def _go_first_after(customization: str) -> None:
    """Go first again then: it may have imported certifi or put finders before ours."""
    site = sys.modules["site"]  # as a global it would cost half a million instructions at exit
    original = getattr(site, customization, lambda: None)  # a site.py of somebody else has none

    def customize() -> None:
        setattr(site, customization, original)
        try:
            original()
        finally:
            go_first()
            if customization == "execsitecustomize" and site.ENABLE_USER_SITE:
                _go_first_after("execusercustomize")

    setattr(site, customization, customize)
