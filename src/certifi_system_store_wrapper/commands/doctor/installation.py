"""Check that certifi, wrapt and this package are installed correctly, and have started."""

from __future__ import annotations

import os
import re
import site
import sys
from datetime import datetime, timedelta, timezone
from importlib import metadata
from typing import Iterator, List, Tuple

from ... import bootstrap
from ...activation import hook, shadows
from ...bundle import Bundle
from ...machine.files import names
from ...settings import Settings
from .. import trusts
from ..environment import start_up_file
from ..interpreters import text
from ..output import Finding, note, problem
from ..status import anothers_file, certifi_attribute, why_inactive, why_plain

_NAME = "certifi_system_store_wrapper"
_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(bootstrap.__file__)))
_OLDEST_WRAPT = (1, 15)
_AGED = timedelta(days=730)
# What every client loads, and we only where there is something to log.
_LOADED_LATE = ("logging",)
# Other packages that change what certifi or its clients answer, as they describe themselves.
_OTHERS = {
    "pip-system-certs": "it makes requests and pip use the system's store in place of certifi",
    "python-certifi-win32": "it changes certifi.where(), too",
    "certifi-system-store": "it takes the place of certifi",
    "certifi-win32": "it changes certifi.where(), too",
}


def certifi() -> Iterator[Finding]:
    """Import certifi; check that it is the installed one and not old."""
    import certifi as found

    known = vars(found)
    file = known.get("__file__") or "unknown"
    closed = closed_folder("certifi")
    if closed:
        yield problem("certifi", *closed)
    elif not callable(known.get("where")):
        yield problem(
            "certifi",
            f"certifi is shadowed by another module: {file}",
            "rename that file, or take its folder out of PYTHONPATH",
        )
    elif _is_shadowed(file):
        yield note(
            "certifi",
            f"certifi is not the installed one, but comes from {file}",
            "rename it, or take its folder out of PYTHONPATH",
        )
    yield from _age(known.get("__version__", ""), file)


def closed_folder(package: str) -> Tuple[str, ...]:
    """Say that this user may not read the folder of a package, and what helps; () if it may."""
    for place in sys.path:
        folder = os.path.join(os.path.abspath(place), package)
        if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
            mode = f"mode {os.stat(folder).st_mode & 0o777:o}: was it installed with umask 077?"
            message = f"this user may not read the folder of {package}: {folder} ({mode})"
            return message, f"as who owns it: chmod -R go+rX {os.path.dirname(folder)}"
    return ()


def taken_for_pythons() -> Iterator[Finding]:
    """Report files in the current folder that its programs take for modules that we need."""
    for name, path in shadows.among([os.curdir]):
        if name in sys.modules or name in _LOADED_LATE:
            message = f"programs that lie in this folder take {path} for Python's own module {name}"
            yield note("shadow", message, "rename it")


def _is_shadowed(file: str) -> bool:
    try:
        installed = metadata.distribution("certifi").locate_file("certifi/__init__.py")
    except metadata.PackageNotFoundError:
        return False
    return os.path.realpath(str(installed)) != os.path.realpath(file)


def _age(version: str, file: str) -> Iterator[Finding]:
    """Report an old certifi, unless it has no list of its own and reads the system store."""
    year, _, rest = version.partition(".")
    month = rest.partition(".")[0]
    if not (year.isdigit() and month.isdigit() and 0 < int(month) < 13 and int(year) > 2000):
        return
    released = datetime(int(year), int(month), 1, tzinfo=timezone.utc)
    own = os.path.join(os.path.dirname(file), "cacert.pem")
    if os.path.isfile(own) and datetime.now(timezone.utc) - released > _AGED:
        yield note(
            "certifi",
            f"certifi is of {version}: CAs that came since are not in its list",
            "python -m pip install --upgrade certifi",
        )


def wrapt() -> Iterator[Finding]:
    """Check that wrapt is new enough; bootstrap.failures says if it is missing."""
    here = trusts.this()
    if () < here.version("wrapt") < _OLDEST_WRAPT:
        yield problem(
            "wrapt",
            f"{here.called('wrapt')} is too old, and may break certifi's own where()",
            "python -m pip install --upgrade wrapt",
        )


def others() -> Iterator[Finding]:
    """Report what else changes certifi."""
    here = trusts.this()
    for name in filter(here.has, _OTHERS):
        message = f"{here.called(name)} is installed: {_OTHERS[name]}"
        yield note("others", message, "uninstall one of the two")
    # This is the function that replaced certifi.where() before this package did.
    changed = anothers_file(getattr(certifi_attribute("where"), "__wrapped__", None))
    if changed and not why_inactive(Settings()):
        yield note("others", f"certifi.where() had been changed by {changed} before this package")


def start(settings: Settings, built: Bundle) -> Iterator[Finding]:
    """Check that the start-up file is installed, has run, and ran in time."""
    active, reason = hook.is_active(), why_plain(settings, built)
    asked_for = settings.disable or sys.flags.no_site
    fault = "" if asked_for else _start_file_fault()
    if fault and active:
        yield Finding("ok", "start", f"active by a call of activate(), as {fault}")
    elif fault:
        remedy = f"install again with pip into the environment of {sys.executable}"
        yield problem("start", fault, remedy)
    if not reason:
        yield Finding("ok", "active", "certifi answers from the bundle")
        if hook.imported_before_us:
            yield _late()
    # Otherwise the fault above, or a problem of the settings, already gives the reason.
    elif settings.sources and (active or not fault):
        what = f"certifi is not answered from the bundle: {reason.what}"
        yield problem("active", what, reason.remedy)
    for failure in (each for each in bootstrap.failures if each != reason):
        yield problem("hook", *failure)


def _start_file_fault() -> str:
    """Return what is wrong with the start-up file, "" if nothing is."""
    version, folders = sys.version.split()[0], _site_folders()
    name = os.path.basename(start_up_file(_FOLDER, version))
    present = list(filter(os.path.isfile, (start_up_file(each, version) for each in folders)))
    if present:
        whole = any(_NAME in text(path) for path in present)
        return "" if whole else f"the start-up file is empty or changed: {present[0]}"
    where = f"(this package lies in {_FOLDER})"
    if _FOLDER in folders:
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


def _late() -> Finding:
    who = ", ".join(_start_files()) or "a customization module"
    return problem(
        "late",
        f"certifi was imported before this package could wait for it (activated late): {who}",
        "what others had already been told may be in use: import certifi later there",
    )


def _start_files() -> List[str]:
    """Return the other start-up files that run code and may import certifi."""
    files = [(folder, name) for folder in _site_folders() for name in names(folder)]
    paths = [os.path.join(folder, name) for folder, name in files if not name.startswith(_NAME)]
    return [path for path in paths if _runs_code(path)]


def _runs_code(path: str) -> bool:
    is_import = path.endswith(".pth") and re.search(r"^import\s", text(path), re.MULTILINE)
    return path.endswith(".start") or bool(is_import)
