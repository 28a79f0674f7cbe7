"""Whether certifi and wrapt are installed as they must be, and what else changes certifi."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone
from importlib import metadata
from typing import Iterator

from ..settings import Settings
from .checks import Finding, note, problem
from .status import anothers_file, why_inactive

_OLDEST_WRAPT = (1, 15)
_AGED = timedelta(days=730)
# They also change what certifi or its clients answer; from their own descriptions.
_OTHERS = {
    "pip-system-certs": "it makes requests and pip use the system's store in place of certifi",
    "python-certifi-win32": "it changes certifi.where(), too",
    "certifi-system-store": "it takes the place of certifi",
    "certifi-win32": "it changes certifi.where(), too",
}


def certifi() -> Iterator[Finding]:
    """Look whether certifi is there, is the right one, and of these years."""
    try:
        import certifi as found
    except Exception as error:  # noqa: BLE001 - another module of that name may raise anything
        remedy = "install it: python -m pip install certifi"
        yield problem("certifi", f"certifi cannot be imported: {error!r}", remedy)
        return
    file = getattr(found, "__file__", None) or "unknown"
    if not callable(getattr(found, "where", None)):
        remedy = "rename that file, or take its folder out of PYTHONPATH"
        yield problem("certifi", f"certifi is shadowed by another module: {file}", remedy)
    elif _is_shadowed(file):
        message = f"certifi is not the installed one, but comes from {file}"
        yield note("certifi", message, "rename it, or take its folder out of PYTHONPATH")
    yield from _age(getattr(found, "__version__", ""), file)


def _is_shadowed(file: str) -> bool:
    try:
        installed = metadata.distribution("certifi").locate_file("certifi/__init__.py")
    except metadata.PackageNotFoundError:
        return False
    return os.path.realpath(str(installed)) != os.path.realpath(file)


def _age(version: str, file: str) -> Iterator[Finding]:
    """Tell where certifi is old; one that keeps no list of its own is as old as the system's."""
    year, _, rest = version.partition(".")
    month = rest.partition(".")[0]
    if not (year.isdigit() and month.isdigit() and 0 < int(month) < 13 and int(year) > 2000):
        return
    released = datetime(int(year), int(month), 1, tzinfo=timezone.utc)
    own = os.path.join(os.path.dirname(file), "cacert.pem")
    if os.path.isfile(own) and datetime.now(timezone.utc) - released > _AGED:
        message = f"certifi is of {version}: CAs that came since are not in its list"
        yield note("certifi", message, "python -m pip install --upgrade certifi")


def wrapt() -> Iterator[Finding]:
    """Look whether wrapt is new enough; where it is missing, the hook has said so."""
    version = _version("wrapt")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if version and numbers < _OLDEST_WRAPT:
        message = f"wrapt {version} is too old, and may break certifi's own where()"
        yield problem("wrapt", message, "python -m pip install --upgrade wrapt")


def others() -> Iterator[Finding]:
    """Name what else changes certifi."""
    for name, what in _OTHERS.items():
        version = _version(name)
        if version:
            yield note("others", f"{name} {version} is installed: {what}", "uninstall one of both")
    changed = _changed_before()
    if changed and not why_inactive(Settings()):
        yield note("others", f"certifi.where() had been changed by {changed} before this package")


def _version(name: str) -> str:
    """Return the version that is installed, "" where there is none, or one removed by half."""
    try:
        return metadata.version(name) or ""
    except (ImportError, OSError, LookupError):  # the latter from Python 3.15 on
        return ""


def _changed_before() -> str:
    """Return the file of the function that ours stands before, "" where it is certifi's."""
    ours = getattr(sys.modules.get("certifi"), "where", None)
    return anothers_file(getattr(ours, "__wrapped__", None))
