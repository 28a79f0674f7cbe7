"""What would be left if our own code took no time: what the design asks of the machine itself.

The start loads two modules, certifi's import all that a stored bundle needs, a build reads every
file, and an unchanged bundle looks at every input.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Tuple

OURS = "certifi_system_store_wrapper"


class Floor(NamedTuple):
    """What is done, which target it is a part of, and the program that does only that."""

    what: str
    target: str
    code: str


READ = f"""
import os, prelude
from time import perf_counter
from {OURS} import build
paths = [path for path, _ in build().inputs if os.path.isfile(path)]
start = perf_counter()
for path in paths:
    descriptor = os.open(path, os.O_RDONLY)
    os.read(descriptor, os.fstat(descriptor).st_size)
    os.close(descriptor)
print(perf_counter() - start)
"""
LOOK = f"""
import os, prelude
from zlib import crc32
from time import perf_counter
from {OURS} import build
from {OURS}.machine.inputs import condensed
bundle = build()
paths = [path for path, _ in condensed(bundle.inputs)]
there = [path for path in paths if os.path.lexists(path)]
start = perf_counter()
for path in there:
    os.stat(path)
crc32(bundle.body)
print(perf_counter() - start)
"""
IMPORT = """
import prelude
from time import perf_counter
start = perf_counter()
import empty_modules
print(perf_counter() - start)
"""
FLOORS = {
    "files": Floor(
        "a build opens, reads and closes its files", "first `where()`, nothing stored", READ
    ),
    "inputs": Floor(
        "an unchanged bundle is checked, and its inputs that exist are looked at",
        "first `where()`, stored or persistent",
        LOOK,
    ),
    "modules": Floor(
        "as many modules are imported, all empty", "`import requests`, our own part", IMPORT
    ),
}


def empty_package(folder: Path, names: Tuple[str, ...]) -> None:
    """Make the package `empty_modules`, which imports as many empty modules."""
    package = folder / "empty_modules"
    package.mkdir(parents=True, exist_ok=True)
    for name in names:
        (package / f"{name}.py").write_text("", encoding="utf-8")
    lines = "".join(f"from . import {name}\n" for name in names)
    (package / "__init__.py").write_text(lines, encoding="utf-8")
