"""Which interpreters there are: of this machine, of other suites of Debian, and in odd layouts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from reach.everywhere import debian_trees, free_threaded, openssl_dir, windows_python

OLDEST = [3, 8]
PROBE = """
import json, ssl, sys
version = list(sys.version_info[:3])
folder = ssl.get_default_verify_paths().openssl_cafile
print(json.dumps([sys.implementation.name, version, ssl.OPENSSL_VERSION, sys.version, folder]))
"""
NEWER_DEBIAN = "a newer Debian"
# What the suite has of these is installed; \\d is not known to apt.
NEWER = ("^python3[.][0-9]+-venv$", "^pypy3-venv$")
DEBIANS_OWN = ("python3-certifi", "python3-requests", "python3-pip")
FAILURES = (OSError, ValueError, ImportError, subprocess.CalledProcessError)


class Interpreter(NamedTuple):
    """One interpreter, and the beginning of a command that runs it where it lives."""

    path: str
    prefix: List[str]
    where: str
    implementation: str
    version: List[int]
    openssl: str
    build: str
    openssl_cafile: str
    is_debians: bool = False

    @property
    def name(self) -> str:
        """What stands in the table."""
        kind = {"cpython": "CPython", "pypy": "PyPy"}.get(self.implementation, self.implementation)
        free_threaded = "t" if "free-threading" in self.build else ""
        version = ".".join(map(str, self.version))
        where = f" ({self.where})" if self.where else ""
        return f"{'Windows ' * self.is_windows}{kind} {version}{free_threaded}{where}"

    @property
    def is_windows(self) -> bool:
        """Whether it is one of Windows, which Microsoft's compiler has made."""
        return "MSC v." in self.build

    @property
    def runs_pytest(self) -> bool:
        """Whether all packages that the tests need can be installed for it."""
        plain = self.implementation == "cpython" and "free-threading" not in self.build
        return plain and not self.is_debians


Found = List[Interpreter]
Missing = List[Tuple[str, str]]  # what was not found, and why


def find(cache: Path, beside: str = "") -> Tuple[Found, Missing]:
    """Return every interpreter of this machine and those `beside` it; and what cannot be had."""
    missing: Missing = []
    here = _known(candidates(), [], "", missing)
    found = list(here)
    steps: List[Tuple[str, Callable[[], Found]]] = [
        (NEWER_DEBIAN, lambda: _in_tree(cache, "forky", (*NEWER, *DEBIANS_OWN), missing)),
        ("an older Debian, with OpenSSL 1.1.1", lambda: _in_tree(cache, "bullseye", (), missing)),
        ("free-threaded CPython", lambda: [_probe(str(free_threaded.build(cache)))]),
        ("OPENSSLDIR as uv's and conda's", lambda: _layouts(here[-1], cache)),
    ]
    steps += [
        (f"Windows CPython {version} (Wine)", lambda version=version: [windows(cache, version)])
        for version in windows_python.VERSIONS
    ]
    for name, step in steps:
        if beside not in name:
            continue
        try:
            found += step()
        except FAILURES as error:
            missing.append((name, str(error)))
    return found, missing


def candidates() -> Iterator[str]:
    """Yield the paths of interpreters that pyenv and PATH have."""
    if shutil.which("pyenv"):
        root = Path(subprocess.check_output(["pyenv", "root"], encoding="utf-8").strip())
        yield from map(str, sorted(root.glob("versions/*/bin/python3")))
    for folder in os.get_exec_path():
        for path in sorted(Path(folder).glob("*py*3*")):
            if _is_python(path.name) and "shims" not in path.parts:
                yield str(path)


def _is_python(name: str) -> bool:
    """Whether a program of that name is an interpreter of one version."""
    stem, _, number = name.partition("3.")
    return stem in ("python", "pypy") and number.rstrip("t").isdigit()


def _probe(path: str, prefix: Sequence[str] = (), where: str = "") -> Interpreter:
    """Ask an interpreter what it is."""
    answer = subprocess.check_output([*prefix, path, "-I", "-S", "-c", PROBE])
    return Interpreter(path, list(prefix), where, *json.loads(answer))


def _known(paths: Iterable[str], prefix: List[str], where: str, missing: Missing) -> Found:
    """Return each build once, the oldest version first; note what does not start."""
    found: Dict[str, Interpreter] = {}
    for path in paths:
        try:
            one = _probe(path, prefix, where)
        except FAILURES as error:
            missing.append((path, f"it does not start: {error}"))
        else:
            if one.version[:2] >= OLDEST:
                found.setdefault(one.build, one)
    return sorted(found.values(), key=lambda one: one.version)


def _in_tree(cache: Path, suite: str, packages: Sequence[str], missing: Missing) -> Found:
    """Return the interpreters of that suite, and Debian's own with its patched certifi and pip."""
    root = debian_trees.tree(cache, suite, packages)
    prefix = debian_trees.entering(root, cache)
    paths = [f"/usr/bin/{name}" for name in os.listdir(root / "usr/bin") if _is_python(name)]
    found = _known(paths, prefix, f"Debian {suite}", missing)
    if "python3-certifi" in packages:
        own = _probe("/usr/bin/python3", prefix, f"Debian {suite}, its own certifi and pip")
        found.append(own._replace(is_debians=True))
    return found


def windows(cache: Path, version: str) -> Interpreter:
    """Return Windows' CPython of that version, on a machine of Wine's that nobody has changed."""
    python = windows_python.build(cache, version)
    machine = windows_python.machine(cache, version)
    return _probe(str(python), windows_python.entering(machine), "Wine")


def _layouts(interpreter: Interpreter, cache: Path) -> Found:
    """Return the interpreter as one whose OpenSSL knows a folder with nothing or little in it."""
    folder = os.path.dirname(interpreter.openssl_cafile)
    if not os.path.isdir(folder):
        raise ValueError(f"{folder} is there to be hidden on Debian and its relatives only")
    mozillas = cache / "mozilla.pem"
    from pip._vendor import certifi

    # Where this package is active in the Python that runs this, too, certifi's own is beneath.
    contents = getattr(certifi.contents, "__wrapped__", certifi.contents)
    mozillas.write_text(contents())
    enter = ["unshare", "-m", sys.executable, "-I", "-S", openssl_dir.__file__, folder]
    return [
        _probe(interpreter.path, [*enter, "-"], "OPENSSLDIR empty, as uv's"),
        _probe(
            interpreter.path, [*enter, str(mozillas)], "Mozilla's list in OPENSSLDIR, as conda's"
        ),
    ]
