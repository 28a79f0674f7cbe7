"""Pyodide, in node: there we import, and certifi's own list answers, without a word.

Needs npm, from which Pyodide is fetched once.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from reach.everywhere.running import Row

HERE = Path(__file__).parent
WHEELS = ("--no-deps", "--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none")


def run(cache: Path, checkout: Path) -> Row:
    """Run the checks of pyodide_checks.py in Pyodide."""
    try:
        found = _checked(cache, checkout)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        return Row("Pyodide", "", "", "", "", f"NOT RUN: {error}", {}, {})
    bad = found["failed"]
    note = (
        "; ".join(bad) or f"Python {found['version']}: it imports, and certifi's own list answers"
    )
    return Row("Pyodide", found["openssl"], str(found["passed"]), str(len(bad)), "0", note, {}, {})


def _checked(cache: Path, checkout: Path) -> dict:  # type: ignore[type-arg]
    npm = shutil.which("npm")
    if not npm:
        raise OSError("there is no npm")
    folder = cache / "pyodide"
    if not (folder / "node_modules" / "pyodide").exists():
        folder.mkdir(exist_ok=True)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "pyodide"]
        subprocess.run(command, cwd=folder, check=True)
    module = folder / "node_modules" / "pyodide" / "pyodide.mjs"
    command = ["node", str(HERE / "pyodide.mjs"), str(module), str(_site(folder, checkout))]
    return json.loads(subprocess.check_output([*command, str(HERE / "pyodide_checks.py")]))


def _site(folder: Path, checkout: Path) -> Path:
    """Return a folder with what pip would have put into site-packages."""
    site = folder / "site"
    for each in (site, folder / "wheels"):
        shutil.rmtree(each, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "-q"]
    wheels = ["wheel", "--no-deps", "-w", str(folder / "wheels"), str(checkout)]
    subprocess.run([*pip, *wheels], check=True, stdout=sys.stderr)
    install = ["install", "--target", str(site), *WHEELS, "certifi", "wrapt"]
    ours = map(str, (folder / "wheels").iterdir())
    subprocess.run([*pip, *install, *ours], check=True, stdout=sys.stderr)
    return site
