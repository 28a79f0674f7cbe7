"""What the rules of the clients look at: the environment, its distributions, its settings files."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import metadata
from typing import Dict, Mapping, NamedTuple, Sequence, Tuple

from ...machine.files import read_regular

Version = Tuple[int, ...]


class Here(NamedTuple):
    """One Python environment, and the variables that its programs see."""

    versions: Mapping[str, str]
    environ: Mapping[str, str]
    python: Version
    # What the copy of each package is that pip has in itself.
    vendored: Mapping[str, str]
    prefix: str

    def has(self, name: str) -> bool:
        """Whether that distribution is installed."""
        return name in self.versions

    def version(self, name: str) -> Version:
        """Return the version of a distribution, as far as it is made of numbers; () if none."""
        return numbers(self.versions.get(name, ""))

    def called(self, name: str) -> str:
        """Return the distribution with its version."""
        return f"{name} {self.versions[name]}".rstrip()


def numbers(version: str) -> Version:
    """Return the numbers that a version begins with."""
    found = []
    for part in version.split("."):
        if not part.isdigit():
            break
        found.append(int(part))
    return tuple(found)


def this() -> Here:
    """Return the environment of this process."""
    return Here(
        installed(sys.path), os.environ, sys.version_info[:2], pips_own(sys.path), sys.prefix
    )


def installed(path: Sequence[str]) -> Dict[str, str]:
    """Return the version of each distribution in these folders, the first one of each name.

    That of urllib3 is what a program gets that imports it.
    """
    found: Dict[str, str] = {}
    for distribution in metadata.distributions(path=list(path)):
        # Since Python 3.15 incomplete metadata raises LookupError; what is old may not be UTF-8.
        with suppress(OSError, LookupError, ValueError):
            told = distribution.metadata
            name, version = ((told.get_all(key) or [""])[0] for key in ("Name", "Version"))
            found.setdefault(name.lower().replace("_", "-"), version)
    future = found.get("urllib3-future", "")
    if future and f'"{future}"' in _version_of_urllib3(path):
        found["urllib3"] = future
    return found


def _version_of_urllib3(path: Sequence[str]) -> str:
    """Return the text that has the version of what `import urllib3` finds, "" if nothing has.

    The .pth of urllib3-future writes its own files over those of urllib3.
    """
    for folder in path:
        if os.path.isdir(os.path.join(folder, "urllib3")):
            with suppress(OSError, ValueError):
                file = os.path.join(folder, "urllib3", "_version.py")
                return read_regular(file, os.stat(file)).decode("utf-8")
            break
    return ""


def pips_own(path: Sequence[str]) -> Dict[str, str]:
    """Return the version of each package that pip has a copy of (pip/_vendor/vendor.txt)."""
    for folder in path:
        listed = os.path.join(folder, "pip", "_vendor", "vendor.txt")
        with suppress(OSError, ValueError):
            text = read_regular(listed, os.stat(listed)).decode("utf-8")
            pairs = [line.split("#")[0].strip().split("==") for line in text.splitlines()]
            return {pair[0].lower(): pair[1] for pair in pairs if len(pair) == 2}
    return {}
