"""A free-threaded CPython, built from the source package of a Debian suite.

Needs Debian or a relative, a C compiler and the headers of OpenSSL, libffi and zlib
(apt-get install build-essential libssl-dev libffi-dev zlib1g-dev); takes some minutes, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from reach.everywhere import debian_trees

SUITE, PACKAGE = "trixie", "python3.13"


def build(cache: Path) -> Path:
    """Return the interpreter, built in `cache` unless it is there; raises OSError."""
    prefix = cache / "free-threaded"
    python = prefix / "bin" / f"{PACKAGE}t"
    if python.exists():
        return python
    work = cache / "free-threaded.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    source = debian_trees.source(work, SUITE, PACKAGE)
    configure = ["./configure", "-q", f"--prefix={prefix}", "--disable-gil"]
    steps = [
        [*configure, "--without-ensurepip", "--disable-test-modules"],
        ["make", "-s", f"-j{os.cpu_count() or 1}"],
        ["make", "-s", "install"],
    ]
    with (work / "log").open("w") as log:
        for step in steps:
            subprocess.run(step, cwd=source, check=True, stdout=log, stderr=log)
    shutil.rmtree(work)
    return python
