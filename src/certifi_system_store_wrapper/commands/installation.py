"""Whether this package, certifi and wrapt are installed as they must be, and did start."""

from __future__ import annotations

import os
import re
import site
import sys
from datetime import datetime, timedelta, timezone
from importlib import metadata
from typing import Iterator, List, Optional

from .. import bootstrap, hook
from ..settings import Settings
from .checks import Finding, note, problem
from .status import certifis_folder, why_inactive

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_FOLDER = os.path.dirname(_PACKAGE)
_NAME = "certifi_system_store_wrapper"
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
    if not hasattr(found, "where"):
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
    try:
        version = metadata.version("wrapt")
    except metadata.PackageNotFoundError:
        return
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_WRAPT:
        message = f"wrapt {version} is too old, and may break certifi's own where()"
        yield problem("wrapt", message, "python -m pip install --upgrade wrapt")


def start(settings: Settings) -> Iterator[Finding]:
    """Look whether the start-up file is there, did run, and was in time."""
    reason = why_inactive(settings)
    asked_for = settings.disable or sys.flags.no_site
    fault = "" if asked_for else _start_file_fault()
    if fault:
        remedy = f"install again with pip into the environment of {sys.executable}"
        yield Finding("problem" if reason else "note", "start", fault, remedy)
    elif reason:
        what, _, remedy = reason.partition(": ")
        yield problem("active", f"certifi is not answered from the bundle: {what}", remedy)
    if not reason:
        yield Finding("ok", "active", "certifi answers from the bundle")
        yield from _in_time()
    for failure in bootstrap.failures:
        if failure not in reason:
            yield problem("hook", failure, "reinstall this package and wrapt")


def _start_file_fault() -> str:
    """Return what is wrong with the start-up file, "" where it is as installed."""
    name = f"{_NAME}.start" if sys.version_info >= (3, 15) else f"{_NAME}.pth"
    paths = [os.path.join(folder, name) for folder in _site_folders()]
    present = [path for path in paths if os.path.isfile(path)]
    if present:
        whole = any(_NAME in _text(path) for path in present)
        return "" if whole else f"the start-up file is empty or changed: {present[0]}"
    where = f"(this package lies in {_FOLDER})"
    if _FOLDER in paths or _FOLDER in _site_folders():
        return f"the start-up file {name} is missing {where}"
    if not site.ENABLE_USER_SITE and _user_site() == _FOLDER:
        return f"the user's site-packages are switched off, so no start-up file is read {where}"
    return f"the start-up file {name} is in no folder that Python reads at its start {where}"


def _site_folders() -> List[str]:
    """Return the folders whose start-up files Python reads, as far as that can be known."""
    if hasattr(site, "getsitepackages"):
        folders = site.getsitepackages()
    else:
        folders = [path for path in sys.path if path.rstrip("/\\").endswith("-packages")]
    return [*folders, _user_site()] if site.ENABLE_USER_SITE else folders


def _user_site() -> str:
    return site.getusersitepackages() if hasattr(site, "getusersitepackages") else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(100_000)
    except OSError:
        return ""


def _in_time() -> Iterator[Finding]:
    if hook.late:
        who = ", ".join(_start_files()) or "a customization module"
        message = (
            f"certifi was imported before this package could wait for it (activated late): {who}"
        )
        remedy = "what others had already been told may be in use: import certifi later there"
        yield problem("late", message, remedy)


def _start_files() -> List[str]:
    """Return the other start-up files that run code and may import certifi."""
    found = []
    for folder in _site_folders():
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in names:
            path = os.path.join(folder, name)
            runs = name.endswith(".start") or (
                name.endswith(".pth") and re.search(r"^import\s", _text(path), re.MULTILINE)
            )
            if runs and not name.startswith(_NAME):
                found.append(path)
    return found


def others() -> Iterator[Finding]:
    """Name what else changes certifi."""
    for name, what in _OTHERS.items():
        version = _version(name)
        if version:
            yield note("others", f"{name} {version} is installed: {what}", "uninstall one of both")
    changed = _changed_before()
    if changed and not why_inactive(Settings()):
        yield note("others", f"certifi.where() had been changed by {changed} before this package")


def _version(name: str) -> Optional[str]:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _changed_before() -> str:
    """Return the file of the function that ours stands before, "" where it is certifi's."""
    ours = getattr(sys.modules.get("certifi"), "where", None)
    code = getattr(getattr(ours, "__wrapped__", None), "__code__", None)
    is_anothers = code and os.path.dirname(code.co_filename) != certifis_folder()
    return str(code.co_filename) if code and is_anothers else ""
