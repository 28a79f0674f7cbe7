"""Coverage of every process: of pytest and its workers, and of all that the tests start.

For ``pytest --measure FOLDER``. The processes of a sandbox know nothing of this machine, so a
start-up file in their environment begins to measure, before ours does anything.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Mapping

import coverage

from support import MODULE, Sandbox

HOOK = "0-measure.pth"
SETTINGS = """
[run]
branch = true
parallel = true
source_pkgs = {module}
data_file = {folder}/data
disable_warnings = no-data-collected, module-not-measured, module-not-imported
patch = _exit, fork
"""


def start(folder: Path) -> coverage.Coverage:
    """Measure this process, and every process of a sandbox that it starts from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / f"settings-{os.getpid()}"
    settings.write_text(SETTINGS.format(module=MODULE, folder=folder), encoding="utf-8")
    plain = Sandbox.variables

    def variables(sandbox: Sandbox, more: Mapping[str, str]) -> Dict[str, str]:
        _add_start_up_file(sandbox.environment.site_packages, folder)
        return plain(sandbox, {"COVERAGE_PROCESS_START": str(settings), **more})

    vars(sys.modules["support"])["Sandbox"].variables = variables
    measured = coverage.Coverage(config_file=str(settings))
    measured.start()
    return measured


def _add_start_up_file(site_packages: Path, folder: Path) -> None:
    if (site_packages / HOOK).exists():
        return
    packages = folder / "packages"
    if not packages.exists():
        packages.mkdir()
        found = find_spec("coverage")
        assert found and found.origin
        os.symlink(Path(found.origin).parent, packages / "coverage")
    new = site_packages / f"{HOOK}.{os.getpid()}"
    new.write_text(f"{packages}\nimport coverage; coverage.process_startup()\n", encoding="utf-8")
    os.replace(new, site_packages / HOOK)
