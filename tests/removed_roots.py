"""The roots that certifi had once and has removed, from all of its releases on the package index.

`python tests/removed_roots.py CACHE` writes the file that the commands read; it downloads each
release once, by pip, into the folder CACHE. With `--check` instead of CACHE it writes nothing, and
fails if certifi has been released since the file was written; the release workflow runs that.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Set

CHECKOUT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":  # the release workflow installs nothing
    sys.path.insert(0, str(CHECKOUT / "src"))

from certifi_system_store_wrapper.commands import describe  # noqa: E402
from certifi_system_store_wrapper.parsing import parse, pem  # noqa: E402

FILE = CHECKOUT / "src/certifi_system_store_wrapper/commands/removed_roots.json"
# The very first releases have it beside the package.
_LIST = re.compile(r"(^|/)cacert\.pem$")
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


class Advisory(NamedTuple):
    """What certifi published: the release that removed the roots, and a part of their names."""

    id: str
    cve: str
    removed_in: str
    name: str
    count: int

    def told(self) -> Dict[str, str]:
        url = f"https://github.com/certifi/python-certifi/security/advisories/{self.id}"
        return {"id": self.id, "cve": self.cve, "url": url}


ADVISORIES = (
    Advisory("GHSA-43fp-rhv2-5gv8", "CVE-2022-23491", "2022.12.7", "O=TrustCor Systems", 3),
    Advisory("GHSA-xqr8-7jwr-rhp7", "CVE-2023-37920", "2023.7.22", "CN=E-Tugra ", 3),
    Advisory("GHSA-248v-346w-9cwc", "CVE-2024-39689", "2024.7.4", "CN=GLOBALTRUST ", 1),
)


def versions() -> List[str]:
    """Return all releases that the index offers, the oldest first."""
    command = [*_PIP, "index", "versions", "certifi"]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    line = next(line for line in said.splitlines() if line.startswith("Available versions: "))
    return line.partition(": ")[2].split(", ")[::-1]


def download(version: str, cache: Path) -> Path:
    """Return the file of a release, which is downloaded once."""
    folder = cache / version
    if not folder.is_dir():
        unfinished = cache / f"{version}.unfinished"
        command = [*_PIP, "-q", "download", "--no-deps", "--no-cache-dir", "-d", str(unfinished)]
        subprocess.run([*command, f"certifi=={version}"], check=True)
        unfinished.rename(folder)
        time.sleep(0.5)
    (file,) = folder.iterdir()
    return file


def roots(release: Path) -> Dict[str, str]:
    """Return the roots in a wheel or a source distribution: SHA-256 and subject."""
    if release.suffix == ".whl":
        with zipfile.ZipFile(release) as wheel:
            data = [wheel.read(name) for name in wheel.namelist() if _LIST.search(name)]
    else:
        with tarfile.open(release) as source:
            files = [source.extractfile(m) for m in source.getmembers() if _LIST.search(m.name)]
            data = [file.read() for file in files if file]
    if len(data) != 1:
        raise ValueError(f"{release.name} has {len(data)} lists")
    ders = [pem.der_of(each.block) for each in parse(data[0]).certificates]
    return {sha256(der).hexdigest(): describe.certificate(der)["subject"] for der in ders}


def removed(releases: Dict[str, Dict[str, str]]) -> Dict[str, Dict[str, Any]]:
    """Return what the newest release has no more; `releases` from the oldest to the newest."""
    order = list(releases)
    newest = releases[order[-1]]
    found: Dict[str, Dict[str, Any]] = {}
    for version, following in zip(order, order[1:]):
        for digest, subject in releases[version].items():
            if digest not in newest and digest not in releases[following]:
                # It may have come back and gone again.
                root = found.setdefault(digest, {"subject": subject, "last": "", "removed_in": []})
                root["last"] = version
                root["removed_in"].append(following)
    return dict(sorted(found.items()))


def add_advisories(found: Dict[str, Dict[str, Any]]) -> None:
    """Add its advisory to each root that has one; raises ValueError if one names other roots."""
    told: Set[str] = set()
    for advisory in ADVISORIES:
        meant = [
            digest
            for digest, root in found.items()
            if advisory.removed_in in root["removed_in"] and advisory.name in root["subject"]
        ]
        if len(meant) != advisory.count or told.intersection(meant):
            raise ValueError(f"{advisory.id} is about {advisory.count} roots, not {meant}")
        told.update(meant)
        for digest in meant:
            found[digest]["advisory"] = advisory.told()


def write(cache: Path) -> None:
    """Write the file."""
    cache.mkdir(parents=True, exist_ok=True)
    releases = {version: roots(download(version, cache)) for version in versions()}
    found = removed(releases)
    add_advisories(found)
    lines = [f"  {json.dumps(digest)}: {json.dumps(root)}" for digest, root in found.items()]
    newest = json.dumps(list(releases)[-1])
    head = f'{{\n "made_by": "tests/removed_roots.py",\n "newest": {newest},\n "roots": {{\n'
    FILE.write_text(head + ",\n".join(lines) + "\n }\n}\n", "ascii")
    print(f"{len(found)} roots of {len(releases)} releases")


def check() -> None:
    """Refuse a file that does not know the newest release, or that names one of its roots."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*_PIP, "-q", "download", "--no-deps", "--only-binary", ":all:", "-d", folder]
        subprocess.run([*command, "certifi"], check=True)
        (wheel,) = Path(folder).iterdir()
        newest, there = wheel.name.split("-")[1], roots(wheel)
    known = json.loads(FILE.read_text("ascii"))
    if known["newest"] != newest or there.keys() & known["roots"].keys():
        raise SystemExit(
            f"{FILE.name} knows certifi up to {known['newest']}, and {newest} is out: "
            "write it again by `python tests/removed_roots.py CACHE`"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        write(Path(sys.argv[1]))
