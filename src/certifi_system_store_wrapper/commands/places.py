"""Where the Python environments of a user lie: a new tool is a row here. Nothing is executed."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from glob import escape, iglob
from itertools import chain, product
from typing import Dict, Iterator, List, Tuple

from ..machine.files import from_here, names
from .interpreters import text

# The path of an interpreter or of its environment, and where it was found.
Found = Tuple[str, str]
# Bounds on the walk below the current folder, in folders, in depth and in seconds.
_MAX_FOLDERS, _MAX_DEPTH, _PATIENCE = 20_000, 6, 10.0
# Below these there are no environments of a person, but many folders.
_PASSED_OVER = {".git", "__pycache__", "node_modules", "proc", "site-packages", "sys"}
_INTERPRETER = re.compile(r"(python|pypy)(3(\.\d+t?)?)?(\.exe)?")

# Each tool with the folders of its environments, from its documentation. A row whose variable is
# not set here does not count.
_TOOLS = (
    ("pipx", "{PIPX_HOME}/venvs/*"),
    ("pipx", "{data}/pipx/venvs/*"),
    ("pipx", "{home}/.local/pipx/venvs/*"),
    ("pipx", "{home}/pipx/venvs/*"),
    ("pipx", "{LOCALAPPDATA}/pipx/pipx/venvs/*"),
    ("pipx", "{support}/pipx/venvs/*"),
    ("pipx", "{PIPX_GLOBAL_HOME}/venvs/*"),
    ("pipx", "/opt/pipx/venvs/*"),
    ("uv tool", "{UV_TOOL_DIR}/*"),
    ("uv tool", "{data}/uv/tools/*"),
    ("uv tool", "{APPDATA}/uv/tools/*"),
    ("uv tool", "{APPDATA}/uv/data/tools/*"),
    ("pipenv", "{data}/virtualenvs/*"),
    ("virtualenvwrapper", "{WORKON_HOME}/*"),
    ("virtualenvwrapper", "{home}/.virtualenvs/*"),
    ("poetry", "{POETRY_VIRTUALENVS_PATH}/*"),
    ("poetry", "{cache}/pypoetry/virtualenvs/*"),
    ("poetry", "{home}/Library/Caches/pypoetry/virtualenvs/*"),
    ("poetry", "{LOCALAPPDATA}/pypoetry/Cache/virtualenvs/*"),
    ("pyenv", "{PYENV_ROOT}/versions/*"),
    ("pyenv", "{home}/.pyenv/versions/*"),
    ("conda", "{CONDA_PREFIX}"),
    ("conda", "{CONDA_PREFIX}/envs/*"),
    ("conda", "{CONDA_ENVS_PATH}/*"),
    ("conda", "{CONDA_ENVS_DIRS}/*"),
    ("conda", "{MAMBA_ROOT_PREFIX}/envs/*"),
    ("conda", "{home}/.conda/envs/*"),
    *(
        ("conda", f"{base}/{root}{below}")
        for base in ("{home}", "/opt")
        for root in ("anaconda3", "conda", "mambaforge", "micromamba", "miniconda3", "miniforge3")
        for below in ("", "/envs/*")
    ),
)
# The folders below which Jupyter looks for kernels.
_KERNELS = (
    "{JUPYTER_DATA_DIR}",
    "{JUPYTER_PATH}",
    "{data}/jupyter",
    "{home}/Library/Jupyter",
    "{APPDATA}/jupyter",
    "{PROGRAMDATA}/jupyter",
    "{prefix}/share/jupyter",
    "/usr/local/share/jupyter",
    "/usr/share/jupyter",
)
# Variables that hold several paths, as PATH does.
_LISTS = ("CONDA_ENVS_DIRS", "CONDA_ENVS_PATH", "JUPYTER_PATH")


class Places:
    """All places, in the order in which people know them; `complete` once they are looked at."""

    def __init__(self) -> None:
        """Look at nothing yet."""
        self.complete = True
        home, environ = os.path.expanduser("~"), os.environ
        self._variables: Dict[str, str] = {
            **environ,
            "prefix": sys.prefix,
            "home": home,
            "data": environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"),
            "cache": environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"),
            "support": os.path.join(home, "Library", "Application Support"),
        }

    def found(self) -> Iterator[Found]:
        """Yield whatever may be an environment."""
        yield sys.executable, "this one"
        yield from self.of_tools()
        listed = text(os.path.join(self._variables["home"], ".conda", "environments.txt"))
        yield from ((line.strip(), "conda") for line in listed.splitlines() if line.strip())
        yield from self._kernels()
        yield from _on_path()
        yield from ((folder, "below the current folder") for folder in self._below(from_here("")))

    def of_tools(self) -> Iterator[Found]:
        """Yield the environments in the folders that tools keep for them."""
        for tool, template in _TOOLS:
            yield from ((path, tool) for path in self._matching(template))

    def _matching(self, template: str) -> List[str]:
        """Return what is there; nothing where the template has a variable that is not set."""
        variables = re.findall(r"{(\w+)}", template)
        found = (
            iglob(template.format(**dict(zip(variables, map(escape, values)))))
            for values in product(*map(self._values, variables))
        )
        return sorted(chain.from_iterable(found))

    def _values(self, name: str) -> List[str]:
        value = self._variables.get(name, "")
        return [each for each in (value.split(os.pathsep) if name in _LISTS else [value]) if each]

    def _kernels(self) -> Iterator[Found]:
        for template in _KERNELS:
            for path in self._matching(f"{template}/kernels/*/kernel.json"):
                program = _program_of(path)
                if program:
                    yield program, f"Jupyter kernel {os.path.basename(os.path.dirname(path))}"

    def _below(self, top: str) -> Iterator[str]:
        """Yield the virtual environments below a folder, nearest first; no link is followed."""
        level, seen, end = [top], 0, time.monotonic() + _PATIENCE
        for _ in range(_MAX_DEPTH):
            below: List[str] = []
            for folder in level:
                seen += 1
                if seen > _MAX_FOLDERS or time.monotonic() > end:
                    self.complete = False
                    return
                inside = names(folder)
                if "pyvenv.cfg" in inside:
                    yield folder
                    continue
                paths = (os.path.join(folder, name) for name in inside if name not in _PASSED_OVER)
                below += [path for path in paths if _is_own_folder(path)]
            level = below
        self.complete = self.complete and not level


def _is_own_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _program_of(kernel: str) -> str:
    """Return the interpreter that a kernel names; a name alone is that of its own environment."""
    try:
        program = str(json.loads(text(kernel))["argv"][0])
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return ""
    if os.path.isabs(program) or not _INTERPRETER.fullmatch(program):
        return program if os.path.isabs(program) else ""
    # PREFIX/share/jupyter/kernels/NAME/kernel.json
    prefix = os.path.abspath(os.path.join(kernel, *[os.pardir] * 5))
    return os.path.join(prefix, "" if os.name == "nt" else "bin", program)


def _on_path() -> Iterator[Found]:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for name in names(folder) if folder else []:
            path = os.path.join(folder, name)
            # The scripts of pyenv and the like choose another interpreter each time.
            if _INTERPRETER.fullmatch(name) and text(path)[:2] != "#!":
                yield path, "on PATH"
