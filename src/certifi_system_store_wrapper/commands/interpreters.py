"""Which interpreters a folder has, and which one runs a program, as its file says."""

from __future__ import annotations

import os
import re
import shlex
from itertools import chain
from typing import Dict, Iterator, List

from ..machine.files import names

# gitconfig, uv.toml and their kind are small; a pyproject.toml may be long.
_MAX_BYTES = 1 << 20
_PROGRAMS = ("python.exe",) if os.name == "nt" else ("python", "python3")
_VERSIONED = re.compile(r"python3\.\d+t?|pypy3(\.\d+)?")
_INTERPRETER = re.compile(r"(python|pypy|graalpy)[\w.]*", re.IGNORECASE)
# How a program of Windows names what starts it, and a word of a shell, which may begin with a
# variable.
_EXE = re.compile(r"(?:[A-Z]:[\\/]|\\\\|%~dp0)[^\"\r\n\0]*?\.exe", re.IGNORECASE)
_WORD = re.compile(
    r"(?:\w+=)?(?:\$\{?(\w+)\}?)?((?:/.*)?/(?:python|pypy|graalpy)[\d.]*t?)", re.IGNORECASE
)
# What a script sets a variable to that is the folder of the script, and none beside it.
_OF_SCRIPT = re.compile(
    r"(?!.*(?:\.\.|/(?!dev/null)|dirname.*dirname)).*\bdirname\b.*\$\{?(?:0|BASH_SOURCE)\b.*"
)
# So much of the beginning of a program is read.
_HEAD = 4096


def text(path: str) -> str:
    """Return the beginning of a regular file, "" if there is none or it cannot be read."""
    try:
        # A FIFO would have to be waited for.
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def find(path: str) -> List[str]:
    """Return the interpreters in a folder, Python 2 last, or the one that runs a program."""
    path = os.path.expanduser(path)
    folders = [os.path.join(path, folder) for folder in ("bin", "Scripts", "")]
    inside = [os.path.join(folder, each) for folder in folders for each in _programs(folder)]
    tried = chain.from_iterable(map(_run_by, inside if os.path.isdir(path) else [path]))
    found: Dict[str, str] = {}
    for each in tried:
        if os.path.isfile(each) and _INTERPRETER.fullmatch(_name(each)):
            found.setdefault(os.path.realpath(each), each)
    if found:
        # Of /usr, `python` may be Python 2.
        best = sorted(found.values(), key=_is_python_2)
        return best if os.path.isdir(path) else best[:1]
    what = f"there is no Python in {path}" if os.path.isdir(path) else f"{path} is no Python"
    raise FileNotFoundError(0, f"{what}: name an interpreter, or the folder of its environment")


def _programs(folder: str) -> List[str]:
    """Return what may be an interpreter there; `make altinstall` makes python3.11 alone."""
    return [*_PROGRAMS, *filter(_VERSIONED.fullmatch, names(folder))]


def _name(path: str) -> str:
    return os.path.basename(path)


def _is_python_2(python: str) -> bool:
    return bool(re.match(r"(python|pypy)2", _name(os.path.realpath(python)), re.IGNORECASE))


def _run_by(path: str) -> Iterator[str]:
    """Yield the interpreters that a script, batch file or launcher names, then the path itself."""
    told = text(path)
    first, _, rest = told[:_HEAD].partition("\n")
    if told.startswith("MZ"):
        # pip, uv and poetry put the first line of a script behind the launcher of Windows, conda
        # and setuptools put a script beside it.
        for line in (*re.findall(r"#![^\r\n\0]*", told), text(f"{path[:-4]}-script.py")[:_HEAD]):
            yield from _named(line.partition("\n")[0])
    elif path.lower().endswith((".cmd", ".bat")):
        here = os.path.join(os.path.dirname(path), "")
        for named in _EXE.findall(told[:_HEAD]):
            # conda.bat starts conda.exe, and az.cmd python.exe.
            yield from _run_by(os.path.normpath(named.replace("%~dp0", here)))
    elif told.startswith("#!"):
        yield from _named(first)
        # Such as `az`: a shell starts the interpreter. Who names a wrapper means no other.
        if "python" not in first and not _INTERPRETER.fullmatch(os.path.basename(path)):
            named = {each for line in rest.splitlines() for each in _named(line, path, rest)}
            there = list(filter(os.path.isfile, named))
            # Of two, nobody knows which one it starts.
            yield from there if len(there) == 1 else ()
    yield path


def _named(line: str, path: str = "", script: str = "") -> List[str]:
    """Return the interpreters that a line names; `script` at `path` may begin one with its folder.

    What cannot be told for certain is left out, such as any other variable.
    """
    if os.name == "nt":
        return _EXE.findall(line)
    try:
        words = shlex.split(line[2:] if line.startswith("#!") else line, comments=True)
    except ValueError:
        # What is in quotes goes on in the next line.
        return []
    folder = os.path.dirname(os.path.realpath(path))
    found = (each.groups() for each in map(_WORD.fullmatch, words) if each)
    told = [(name, rest) for name, rest in found if not name or _is_its_folder(name, script)]
    return [os.path.abspath((folder if name else "") + rest) for name, rest in told]


def _is_its_folder(variable: str, script: str) -> bool:
    """Whether the script sets the variable to the folder that it lies in, and to nothing else."""
    values = re.findall(rf"\b{variable}=(.*)", script)
    return bool(values) and all(map(_OF_SCRIPT.fullmatch, values))
