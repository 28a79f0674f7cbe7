"""Run the whole suite on every Python there is, and print a table of what ran.

    python3 tests/interpreters.py CACHE [--suite forky] [--only TEXT]

These are every CPython from 3.8 on that pyenv or PATH has, and, as root on Debian and its
relatives, every CPython and PyPy of a newer suite: a tree of it is made with mmdebstrap in
CACHE, from the mirror that apt is set up with, and entered in a mount namespace. CACHE also
gets the environments and the logs; a tree in it is used again.

What cannot be run has a line in the table that says why, and makes the status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Sequence
from xml.etree import ElementTree as ET

CHECKOUT = Path(__file__).resolve().parents[1]
OLDEST = [3, 8]
PROBE = """
import json, ssl, sys
version = list(sys.version_info[:3])
print(json.dumps([sys.implementation.name, version, ssl.OPENSSL_VERSION, sys.version]))
"""
PACKAGES = "ca-certificates,openssl,mount,util-linux,python3-venv"
# What the suite has of these is installed; \\d is not known to apt.
PYTHONS = ("^python3[.][0-9]+-venv$", "^pypy3-venv$")
# Seen from within the tree as they are outside, so that pip finds its way from there too.
SHOWN = ("/etc/ssl", "/etc/pip.conf", "/etc/xdg/pip", "/etc/resolv.conf", "/etc/hosts")


class Interpreter(NamedTuple):
    """One interpreter, and the beginning of a command that runs it where it lives."""

    path: str
    prefix: List[str]
    implementation: str
    version: List[int]
    openssl: str
    build: str

    @property
    def name(self) -> str:
        """What stands in the table."""
        free_threaded = "t" if "free-threading" in self.build else ""
        version = ".".join(map(str, self.version))
        where = " (newer suite)" if self.prefix else ""
        return f"{self.implementation} {version}{free_threaded}{where}"


class Row(NamedTuple):
    """One line of the table."""

    interpreter: str
    openssl: str
    passed: str
    failed: str
    skipped: str
    note: str


HEAD = Row("interpreter", "OpenSSL", "passed", "failed", "skipped", "note")


def main() -> int:
    """Run the suite everywhere; return 0 if all of it ran and passed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("--suite", default="forky", help="a Debian suite newer than this machine")
    parser.add_argument("--only", default="", help="run only what has this in its name")
    options = parser.parse_args()
    cache = options.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    rows: List[Row] = []
    here = known(candidates(), [], rows)
    there: List[Interpreter] = []
    try:
        root = tree(cache, options.suite)
        paths = [f"/usr/bin/{name}" for name in os.listdir(root / "usr/bin") if is_python(name)]
        there = known(paths, enter(root, cache), rows)
    except (OSError, subprocess.CalledProcessError) as error:
        rows.append(Row(f"Debian {options.suite}", "", "", "", "", f"NOT RUN: {error}"))
    for interpreter in [*here, *there]:
        if options.only in interpreter.name:
            driver = max(there or here, key=lambda each: (is_cpython(each), each.version < [3, 14]))
            rows.append(run(interpreter, driver, cache))
            print_table(rows[-1:], sys.stderr)
    print_table([HEAD, *rows], sys.stdout)
    return 0 if all(row.failed == "0" for row in rows) else 1


def candidates() -> Iterator[str]:
    """Yield the paths of interpreters that pyenv and PATH have."""
    if shutil.which("pyenv"):
        root = Path(subprocess.check_output(["pyenv", "root"], encoding="utf-8").strip())
        yield from map(str, sorted(root.glob("versions/*/bin/python3")))
    for folder in os.get_exec_path():
        for path in sorted(Path(folder).glob("*py*3*")):
            if is_python(path.name) and "shims" not in path.parts:
                yield str(path)


def is_python(name: str) -> bool:
    """Whether a program of that name is an interpreter of one version."""
    stem, _, number = name.partition("3.")
    return stem in ("python", "pypy") and number.rstrip("t").isdigit()


def probe(path: str, prefix: Sequence[str]) -> Interpreter:
    """Ask an interpreter what it is."""
    command = [*prefix, path, "-I", "-S", "-c", PROBE]
    implementation, version, openssl, build = json.loads(subprocess.check_output(command))
    return Interpreter(path, list(prefix), implementation, version, openssl, build)


def known(paths: Iterable[str], prefix: List[str], rows: List[Row]) -> List[Interpreter]:
    """Return each build once, the oldest version first; what does not run gets its row."""
    found: Dict[str, Interpreter] = {}
    for path in paths:
        try:
            one = probe(path, prefix)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            rows.append(Row(path, "", "", "", "", f"NOT RUN: it does not start: {error}"))
        else:
            if one.version[:2] >= OLDEST:
                found.setdefault(one.build, one)
    return sorted(found.values(), key=lambda one: one.version)


def is_cpython(interpreter: Interpreter) -> bool:
    """Whether all packages that the tests need can be installed for it."""
    return interpreter.implementation == "cpython" and "free-threading" not in interpreter.build


def run(interpreter: Interpreter, driver: Interpreter, cache: Path) -> Row:
    """Run the suite with one interpreter, driven by another where pytest's needs are not met."""
    work = cache / interpreter.name.replace(" ", "-").replace("(", "").replace(")", "")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    litter = shutil.ignore_patterns("__pycache__", ".*", "dist", "build")
    shutil.copytree(CHECKOUT, work / "checkout", ignore=litter)
    tests, options, note = "tests", [], ""
    if not is_cpython(interpreter):
        tests, options = "tests/e2e", ["--interpreter", interpreter.path]
        note = f"end to end only, driven by {driver.name}: cryptography does not install here"
    runner = interpreter if is_cpython(interpreter) else driver
    python, report = str(work / "venv" / "bin" / "python"), work / "report.xml"
    pip = [python, "-m", "pip", "install", "-q"]
    steps = [
        [runner.path, "-m", "venv", str(work / "venv")],
        [*pip, "-U", "pip"],
        [*pip, "-r", "tests/requirements.txt", "."],
        [python, "-m", "pytest", "-n", "2", tests, f"--junitxml={report}", *options],
    ]
    with (work / "log").open("w") as log:
        for step in steps:
            command = [*runner.prefix, *step]
            done = subprocess.run(
                command,
                cwd=work / "checkout",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
            if done.returncode and step is not steps[-1]:
                note = f"NOT RUN: {' '.join(step[:5])} failed"
                break
    if not report.exists():
        return Row(interpreter.name, interpreter.openssl, "", "", "", f"{note}; see {work / 'log'}")
    total, failed, skipped = counts(report)
    note = f"{note} see {work / 'log'}" if failed else note
    numbers = str(total - failed - skipped), str(failed), str(skipped)
    return Row(interpreter.name, interpreter.openssl, *numbers, note)


def counts(report: Path) -> List[int]:
    """Return how many tests there were, failed or had errors, and were skipped."""
    suites = list(ET.parse(report).getroot().iter("testsuite"))
    names = (("tests",), ("failures", "errors"), ("skipped",))
    return [sum(int(suite.get(name, 0)) for suite in suites for name in group) for group in names]


def print_table(rows: Sequence[Row], to: object) -> None:
    """Print rows in columns."""
    widths = (28, 28, 6, 6, 7, 0)
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths))
        print(" | ".join(cells).rstrip(), file=to, flush=True)  # type: ignore[call-overload]


def tree(cache: Path, suite: str) -> Path:
    """Return a tree of that Debian suite with every Python that it has; raises OSError."""
    folder = cache / suite
    if (folder / "usr" / "bin" / "openssl").exists():
        return folder
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        message = "a newer Debian tree needs root and mmdebstrap (apt-get install mmdebstrap)"
        raise OSError(message)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    install = 'chroot "$1" apt-get -qq -y --no-install-recommends install'
    pythons = " ".join(f"'{pattern}'" for pattern in PYTHONS)
    unfinished = cache / f"{suite}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    command = ["mmdebstrap", "--mode=root", "--quiet", "--variant=minbase", f"--include={PACKAGES}"]
    command += ['--aptopt=Acquire::Check-Valid-Until "false"']  # a mirror may be a snapshot
    command += ['--aptopt=Acquire::Languages "none"', f"--customize-hook={install} {pythons}"]
    command += [suite, str(unfinished), f"deb [signed-by={keys}] {mirror()} {suite} main"]
    subprocess.run(command, check=True)
    unfinished.rename(folder)
    return folder


def mirror() -> str:
    """Return where apt gets this machine's own packages from; raises OSError."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)\t$(ORIGIN)\t$(LABEL)"]
    for line in subprocess.check_output(command, encoding="utf-8").splitlines():
        address, origin, label = line.split("\t")
        if (origin, label) == ("Debian", "Debian"):
            return address
    message = "apt knows no Debian mirror: run apt-get update"
    raise OSError(message)


def enter(root: Path, cache: Path) -> List[str]:
    """Return the beginning of a command that is to run in the tree."""
    me = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return ["unshare", "-m", *me, "--enter", str(root), str(cache)]


def become(root: str, cache: str, *command: str) -> None:
    """Become the command in the tree, with this machine's network and pip set up for it."""

    def mount(*arguments: str) -> None:
        subprocess.run(["mount", *arguments], check=True)

    here = os.getcwd()
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("--rbind", "/dev", f"{root}/dev")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{root}/tmp")
    for path in (*SHOWN, cache):
        if os.path.isdir(path):
            os.makedirs(root + path, exist_ok=True)
        elif os.path.exists(path):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            Path(root + path).touch()
        else:
            continue
        mount("--bind", os.path.realpath(path), root + path)
    os.chroot(root)
    os.chdir(here if os.path.isdir(here) else "/")
    os.environ.update(PATH="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", HOME="/root")
    os.environ.update(TMPDIR="/tmp", LANG="C.UTF-8")
    os.execvp(command[0], command)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--enter"]:
        become(*sys.argv[2:])
    sys.exit(main())
