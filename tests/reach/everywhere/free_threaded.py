"""A free-threaded CPython, built from the source package of a Debian suite.

Needs Debian or a relative, a C compiler and the headers of OpenSSL, libffi and zlib
(apt-get install build-essential libssl-dev libffi-dev zlib1g-dev); takes some minutes, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from reach.everywhere.debian_trees import KEYS, mirror

SUITE, PACKAGE = "trixie", "python3.13"


def build(cache: Path) -> Path:
    """Return the interpreter, built in `cache` unless it is there; raises OSError."""
    prefix = cache / "free-threaded"
    python = prefix / "bin" / f"{PACKAGE}t"
    if python.exists():
        return python
    work = cache / "free-threaded.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    source = _source(work)
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


def _source(work: Path) -> Path:
    """Fetch and unpack the source, by an apt that leaves the machine's own lists alone."""
    for folder in ("lists/partial", "cache/archives/partial", "source"):
        (work / folder).mkdir(parents=True)
    (work / "list").write_text(f"deb-src [signed-by={KEYS}] {mirror()} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": work / "list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Check-Valid-Until": "false",  # a mirror may be a snapshot
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in settings.items())]
    for task in (["update"], ["source", "--download-only", PACKAGE]):
        subprocess.run([*apt, *task], cwd=work, check=True)
    (archive,) = work.glob("*.orig.tar.xz")
    subprocess.run(
        ["tar", "-xf", archive, "-C", work / "source", "--strip-components=1"], check=True
    )
    return work / "source"
