"""Whether the tests would test this checkout: what is installed has to be what `src` has."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Optional

from support import CHECKOUT, MODULE

Files = Dict[str, bytes]  # of a path in the package to its content, whatever the ends of its lines
HOW = "python -m pip install -r tests/requirements.txt -e ."
# What a person may have dropped into the folder of the package is no part of it.
PARTS = (".py", ".dat", ".typed", ".yml")


def why_not_this_checkout(built: Optional[Path]) -> str:
    """Return why the tests would test something else, or nothing; `built` has a wheel to test."""
    found = find_spec(MODULE)
    if found is None or not found.submodule_search_locations:
        return f"{MODULE} is not installed here. Install it: {HOW}"
    installed = in_folder(Path(found.submodule_search_locations[0]))
    wanted = in_wheel(next(built.glob("*.whl"))) if built else in_folder(CHECKOUT / "src" / MODULE)
    names = sorted({**installed, **wanted})
    different = [name for name in names if installed.get(name) != wanted.get(name)]
    if not different:
        return ""
    what = f"the wheel in {built}" if built else f"{CHECKOUT / 'src'}"
    how = f"python -m pip install --force-reinstall {built}/*.whl" if built else HOW
    first = ", ".join(different[:3]) + (", ..." if different[3:] else "")
    return f"What is installed is not {what}: {first} differ. Install it again: {how}"


def in_folder(folder: Path) -> Files:
    """Return the files of the package that lies there."""
    paths = [path for path in folder.rglob("*") if path.suffix in PARTS]
    return {path.relative_to(folder).as_posix(): _text(path.read_bytes()) for path in paths}


def in_wheel(path: Path) -> Files:
    """Return the files of the package in a wheel."""
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.startswith(f"{MODULE}/")]
        parts = [name for name in names if name.endswith(PARTS)]
        return {name.partition("/")[2]: _text(wheel.read(name)) for name in parts}


def _text(content: bytes) -> bytes:
    """Return the content as git has it: it may write other ends of lines on Windows."""
    return content.replace(b"\r\n", b"\n")
