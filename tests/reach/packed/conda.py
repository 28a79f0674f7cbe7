"""Build the package for conda from its recipe, without a network, and install it.

    PYTHON tests/reach/packed/conda.py RECIPE INTERPRETER FOLDER

PYTHON has py-rattler and py-rattler-build, with which conda-forge builds. Packages of conda-forge
are not to be had by pip, so FOLDER/channel gets stand-ins: an environment of INTERPRETER for
Python, and what pip installs for the others. FOLDER/prefix is where the package is installed.
"""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from pathlib import Path

import rattler
import rattler_build as build
from rattler_build.progress import SimpleProgressCallback

NAME = "certifi-system-store-wrapper"
OTHERS = ("pip", "hatchling", "certifi", "wrapt")


def run(*command: object) -> str:
    return subprocess.run(
        [*map(str, command)], stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout.strip()


def stand_in(name: str, version: str, files: Path, channel: Path, *, noarch: bool = True) -> None:
    """Put a package with these files into the channel."""
    where = "noarch" if noarch else str(rattler.platform.Platform.current())
    (channel / where).mkdir(parents=True, exist_ok=True)
    kind = "python" if noarch else None
    build.assemble_package(
        name,
        version,
        where,
        "0",
        channel / where,
        files=build.collect_files(files, include_hidden=True),
        noarch=kind,
    )


def fill(channel: Path, interpreter: str, folder: Path) -> str:
    """Make the channel; return the version of its Python."""
    version = run(interpreter, "-c", "import platform; print(platform.python_version())")
    run(interpreter, "-m", "venv", "--without-pip", folder / "python")
    stand_in("python", version, folder / "python", channel, noarch=False)
    pip = (sys.executable, "-m", "pip", "--python", folder / "python/bin/python")
    for name in OTHERS:
        run(*pip, "install", "-q", "--target", folder / name / "site-packages", name)
        (info,) = (folder / name / "site-packages").glob(f"{name}-*.dist-info")
        if name == "pip":  # what the recipe's test runs
            script = folder / name / "python-scripts" / "pip"
            script.parent.mkdir()
            script.write_text('#!/bin/sh\nexec python -m pip "$@"\n')
            script.chmod(0o755)
        stand_in(name, info.stem.split("-")[1], folder / name, channel)
    asyncio.run(rattler.index.index_fs(channel))
    return version


async def install(folder: Path) -> None:
    """Solve and install as conda does."""
    channels = [(folder / name).as_uri() for name in ("channel", "built")]
    where = [str(rattler.platform.Platform.current()), "noarch"]
    machine = rattler.VirtualPackage.detect()
    found = await rattler.solve(channels, [NAME], platforms=where, virtual_packages=machine)
    await rattler.install(found, target_prefix=folder / "prefix", show_progress=False)


def main(recipe: str, interpreter: str, name: str) -> None:
    folder = Path(name)
    version = fill(folder / "channel", interpreter, folder)
    build.Stage0Recipe.from_file(recipe).run_build(
        build.VariantConfig({"python_min": [".".join(version.split(".")[:2])]}),
        build.ToolConfiguration(test_strategy="native"),
        output_dir=folder / "built",
        channels=[(folder / "channel").as_uri()],
        progress_callback=SimpleProgressCallback(),
    )
    asyncio.run(install(folder))


if __name__ == "__main__":
    assert platform.system() == "Linux"
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Threads of rattler may still run, and crash an interpreter that takes itself down.
    os._exit(0)
