"""A Python environment, as its files describe it: nothing in it is executed or imported."""

from __future__ import annotations

import os
import re
import shlex
import site
import sys
from glob import escape, glob
from itertools import islice
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ..machine.files import names
from . import parent_shell
from .interpreters import find, text

NAME = "certifi-system-store-wrapper"
_START = "certifi_system_store_wrapper"
PIPX, UV_TOOL, CONDA, VENV, BASE = "pipx", "uv tool", "conda", "virtual environment", "interpreter"
# Files that only the environments of one kind have.
_KINDS = {"pipx_metadata.json": PIPX, "uv-receipt.toml": UV_TOOL, "conda-meta": CONDA}
_OLDEST = [3, 8]
# Before Python 3.11 one may be made of another, and so on; so many are followed.
_NESTED = 9
_METADATA = re.compile(r"(.+?)-(\d[^-]*)(?:-.+)?\.(?:dist|egg)-info", re.IGNORECASE)


class Environment(NamedTuple):
    """An interpreter and what is installed for it; `version` is "" where no file tells it."""

    python: str
    prefix: str
    kind: str
    version: str
    folders: List[str]
    packages: Dict[str, str]
    settings: Dict[str, str]

    @property
    def identity(self) -> str:
        """What no other has: several interpreters may share a prefix, as in /usr."""
        return os.path.realpath(self.python if self.kind == BASE else self.prefix)

    @property
    def called(self) -> str:
        """What it is, for people."""
        return f"{self.kind}, Python {self.version or 'of an unknown version'}"


def read(path: str) -> Environment:
    """Return the environment of an interpreter, or in a folder; raises OSError.

    Of several interpreters in a folder it is one that has this package.
    """
    found = [_of(os.path.abspath(python)) for python in find(path)]
    return max(found, key=lambda there: NAME in there.packages)


def _of(python: str) -> Environment:
    prefix = os.path.dirname(os.path.dirname(python))
    settings = _settings(prefix)
    if not settings and os.path.isfile(os.path.join(os.path.dirname(python), "pyvenv.cfg")):
        prefix = os.path.dirname(python)
        settings = _settings(prefix)
    if not settings:
        real = os.path.realpath(python)
        # On Windows the interpreter lies in the prefix itself.
        folder = os.path.dirname(real)
        prefix = folder if os.name == "nt" else os.path.dirname(folder)
    folders: List[str] = []
    if python == os.path.abspath(sys.executable or ""):
        # Microsoft Store's Python has an alias for its path, and keeps packages elsewhere.
        prefix, settings = sys.prefix, _settings(sys.prefix)
        folders += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    version = _version(python, prefix, settings)
    minor = _minor(python, prefix, version)
    folders += [each for each in _folders(prefix, minor, settings) if os.path.isdir(each)]
    kind = _kind(prefix, settings)
    return Environment(python, prefix, kind, version, folders, _packages(folders), settings)


def why_inactive(there: Environment) -> str:
    """Return why certifi is not answered from the bundle there, "" if nothing speaks against it."""
    if is_too_old(there):
        return "Python is too old there: this package needs 3.8 or later"
    if NAME not in there.packages:
        return "this package is not installed there"
    for needed in ("certifi", "wrapt"):
        if needed not in there.packages:
            return f"{needed} is not installed there"
    paths = [start_up_file(folder, there.version) for folder in there.folders]
    if any(_START in text(path) for path in (*paths, *_customizations(there))):
        return ""
    return f"the start-up file {os.path.basename(start_up_file('', there.version))} is missing"


def start_up_file(folder: str, version: str) -> str:
    """Return the start-up file that this Python reads in a folder, or would read there.

    From 3.15 on it reads the older kind where there is none of the new (PEP 829).
    """
    old, new = (os.path.join(folder, _START + ending) for ending in (".pth", ".start"))
    is_old = _numbers(version) < [3, 15] or (os.path.isfile(old) and not os.path.isfile(new))
    return old if is_old else new


def _customizations(there: Environment) -> Iterator[str]:
    """Yield the modules of the user that Python imports at its start: they may call activate()."""
    minor = _minor(there.python, there.prefix, there.version)
    below = "Lib" if os.name == "nt" else f"lib/python{minor}"
    library = os.path.join(_base(there.settings) or there.prefix, below)
    names = ["sitecustomize.py", "usercustomize.py"]
    # In virtual environments Python reads the first alone.
    for name in names[:1] if there.settings else names:
        # The first is taken. Debian has one of its own beside the standard library.
        paths = (os.path.join(folder, name) for folder in (library, *there.folders))
        yield from islice(filter(os.path.isfile, paths), 1)


def is_too_old(there: Environment) -> bool:
    """Whether this package cannot be installed there."""
    return bool(there.version) and _numbers(there.version) < _OLDEST


def install_command(there: Environment) -> str:
    """Return the command that installs this package there, "" where none can."""
    if is_too_old(there):
        return ""
    tool = os.path.basename(there.prefix)
    if there.kind == PIPX:
        return typed("pipx", "inject", tool, NAME)
    if there.kind == UV_TOOL:
        return typed("uv", "tool", "install", tool, "--with", NAME)
    # pip refuses without this where a distribution keeps the interpreter's packages.
    more = ["--user", "--break-system-packages"] if _is_managed(there) else []
    if "pip" in there.packages:
        return typed(there.python, "-m", "pip", "install", *more, NAME)
    if "uv" in there.settings:
        return typed("uv", "pip", "install", "--python", there.python, NAME)
    pip = (sys.executable, "-m", "pip", "--python", there.python)
    return typed(*pip, "install", *more, NAME)


def _settings(prefix: str) -> Dict[str, str]:
    """Return what pyvenv.cfg says; it is empty where this is no virtual environment."""
    pairs = (line.partition("=") for line in text(os.path.join(prefix, "pyvenv.cfg")).splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value.strip()}


def _version(python: str, prefix: str, settings: Dict[str, str]) -> str:
    pairs = ((prefix, sys.prefix), (python, sys.executable or ""))
    if all(os.path.realpath(one) == os.path.realpath(other) for one, other in pairs):
        return sys.version.split()[0]
    told = settings.get("version_info") or settings.get("version") or ""
    named = [os.path.basename(os.path.realpath(python)), *_libraries(prefix)]
    found = [re.search(r"\d+\.\d+(?:\.\d+)?", each) for each in (told, *named)]
    return next((each.group() for each in found if each), "")


def _libraries(prefix: str) -> List[str]:
    return sorted(glob(os.path.join(escape(prefix), "lib", "py*[0-9].[0-9]*")), reverse=True)


def _numbers(version: str) -> List[int]:
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]


def _base(settings: Dict[str, str]) -> str:
    """Return the prefix of the interpreter that a virtual environment was made of."""
    home, base = settings.get("home", ""), ""
    for _ in range(_NESTED):
        if home:
            base = home if os.name == "nt" else os.path.dirname(home)
            home = _settings(base).get("home", "")
    return base


def _minor(python: str, prefix: str, version: str) -> str:
    """Return what folders of that version are called by: 3.13t for a free-threaded build."""
    minor = ".".join(version.split(".")[:2])
    called = os.path.basename(os.path.realpath(python))
    if not called.startswith(f"python{minor}"):
        # A copy is called `python`; its environment has one library.
        called = next(map(os.path.basename, _libraries(prefix)), "")
    return f"{minor}t" if called == f"python{minor}t" else minor


def _folders(prefix: str, minor: str, settings: Dict[str, str]) -> Iterator[str]:
    """Yield where the packages may lie; start-up files are read in all of them."""
    yield os.path.join(prefix, "Lib" if os.name == "nt" else "lib", "site-packages")
    for lib in ("lib", "lib64"):
        for implementation in ("python", "pypy"):
            yield os.path.join(prefix, lib, f"{implementation}{minor}", "site-packages")
    if settings and settings.get("include-system-site-packages", "").lower() != "true":
        return
    base = _base(settings)
    if base and base != prefix:
        yield from _folders(base, minor, {})
        return
    # Debian's own, where pip and where its packages install.
    if prefix == "/usr":
        yield f"/usr/local/lib/python{minor}/dist-packages"
        yield "/usr/lib/python3/dist-packages"
    yield from _user_folders(minor)


def _user_folders(minor: str) -> Iterator[str]:
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        digits = minor.replace(".", "")
        roaming = os.environ.get("APPDATA") or home
        yield os.path.join(roaming, "Python", f"Python{digits}", "site-packages")
    elif sys.platform == "darwin":
        yield os.path.join(home, "Library", "Python", minor, "lib", "python", "site-packages")
    yield os.path.join(home, ".local", "lib", f"python{minor}", "site-packages")


def _kind(prefix: str, settings: Dict[str, str]) -> str:
    for name, kind in _KINDS.items():
        if os.path.exists(os.path.join(prefix, name)):
            return kind
    return VENV if settings else BASE


def _packages(folders: List[str]) -> Dict[str, str]:
    """Return the versions of what is installed, by the names of the metadata alone."""
    found: Dict[str, str] = {}
    for folder in folders:
        for name in names(folder):
            metadata = _METADATA.fullmatch(name)
            if metadata:
                called = re.sub(r"[-_.]+", "-", metadata.group(1)).lower()
                found.setdefault(called, metadata.group(2))
    return found


def _is_managed(there: Environment) -> bool:
    places = [*_libraries(there.prefix), os.path.join(there.prefix, "Lib")]
    marks = (os.path.join(place, "EXTERNALLY-MANAGED") for place in places)
    return there.kind == BASE and any(map(os.path.isfile, marks))


def typed(*words: str, variables: Iterable[Tuple[str, str]] = ()) -> str:
    """Return a command as it is typed in the shell that started us, with these variables."""
    command, (shell, _) = " ".join(map(_quoted, words)), parent_shell.find()
    if shell == "powershell" and command[0] in "\"'":
        # Without this it is a text.
        command = f"& {command}"
    return "".join([_given(shell, *each) for each in variables]) + command


def _given(shell: str, name: str, value: str) -> str:
    """Return what sets a variable for the command behind it; in cmd and PowerShell it stays set."""
    if shell == "cmd":
        return f'set "{name}={value}" && '
    if shell == "powershell":
        return "$env:{}='{}'; ".format(name, value.replace("'", "''"))
    return f"{name}={shlex.quote(value)} "


def _quoted(word: str) -> str:
    if os.name == "nt":
        return word if re.fullmatch(r"[\w.:\\/~+=-]+", word) else f'"{word}"'
    return shlex.quote(word)
