"""whose: who stands behind a root, and which roots certifi has removed."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Dict, List, Tuple

import certifi
import pytest

import certifi_system_store_wrapper
import removed_roots
from certifi_system_store_wrapper.activation import hook
from certifi_system_store_wrapper.bundle import build
from certifi_system_store_wrapper.commands import status, whose
from certifi_system_store_wrapper.parsing import parse, pem
from certifi_system_store_wrapper.reporting.findings import UNKNOWN
from certifi_system_store_wrapper.settings import CERTIFI, LOCAL, SSL, Settings
from certifi_system_store_wrapper.sources import system
from certifi_system_store_wrapper.sources.findings import Findings
from support.minting import NAMES, encode_pem, mint
from support.world import DEBIAN, World

ADDED = "/usr/local/share/ca-certificates"
PEM = {name: encode_pem(mint(name)) for name in "ABCD"}
PACKAGE = Path(certifi_system_store_wrapper.__file__).parent
SHIPPED = json.loads((PACKAGE / "commands" / "removed_roots.json").read_text("ascii"))


class Current:
    """What the hook would be on that machine."""

    def __init__(self, world: World) -> None:
        self.world = world

    def certifi_file(self) -> str:
        return self.world.certifi_file

    def where(self) -> str:
        return self.world.certifi_file


def owners(world: World, **chosen: Tuple[str, ...]) -> Dict[str, str]:
    """Return whose each root of the bundle is, by name."""
    world.monkeypatch.setattr(hook, "current", lambda: Current(world))
    settings = Settings(**chosen)
    known = whose.Owners(settings)
    built = build(settings, world.certifi_file)
    return {NAMES[anchor.der]: known.of(anchor) for anchor in built.anchors}


def test_whose_a_root_is(world: World) -> None:
    """certifi's comes first; what was added, to the system or by its user, is told apart."""
    world.write(DEBIAN, PEM["A"] + PEM["B"] + encode_pem(mint("certifi")))
    world.write(ADDED + "/b.crt", PEM["B"])
    world.write("/usr/lib/ssl/cert.pem", PEM["C"])
    world.write("/drop/d.pem", PEM["D"])
    expected = {"certifi": CERTIFI, "A": "vendor", "B": "added", "C": SSL, "D": "added"}
    assert owners(world) == expected


def test_a_root_of_certifi_that_the_system_distrusts_is_certifis(world: World) -> None:
    """As long as the bundle has it: without the system's source nothing of it is distrusted."""
    world.write(ADDED + "/b.crt", PEM["B"])
    world.write("/etc/ca-certificates.conf", b"!certifi.crt\n")
    world.write("/usr/share/ca-certificates/certifi.crt", encode_pem(mint("certifi")))
    assert owners(world, sources=(CERTIFI, SSL)) == {"certifi": CERTIFI}
    assert owners(world, sources=(CERTIFI, LOCAL)) == {"B": "added"}


def test_where_nothing_tells_it_is_unknown(world: World) -> None:
    """A system without a folder for what is added may have had it appended to its one file."""
    world.write(DEBIAN, PEM["A"])
    assert owners(world) == {"certifi": CERTIFI, "A": "unknown"}
    world.write(ADDED + "/README", b"")
    assert owners(world) == {"certifi": CERTIFI, "A": "vendor"}


@pytest.mark.posix("modes say nothing there")
def test_where_a_folder_cannot_be_used_it_is_unknown(world: World) -> None:
    """What lies in a folder that others may write to is not read; `status` tells why."""
    world.write(DEBIAN, PEM["A"] + PEM["B"])
    folder = Path(world.write(ADDED + "/b.crt", PEM["B"])).parent
    folder.chmod(0o777)
    assert owners(world) == {"certifi": CERTIFI, "A": "unknown", "B": "unknown"}
    told = [each for each in status.run(verbose=False).data["problems"] if each["source"] == LOCAL]
    assert [(each["path"], each["level"]) for each in told] == [(str(folder), "note")]


def test_a_single_root_may_be_unknown(world: World) -> None:
    """As those of the machine's own store of Windows."""

    def collect(findings: Findings) -> None:
        if findings.source == LOCAL:
            findings.refuse(PEM["A"], "ROOT", UNKNOWN)
        else:
            findings.trust_all([PEM["A"], PEM["B"]], "ROOT")

    world.monkeypatch.setattr(system, "collect", collect)
    assert owners(world) == {"certifi": CERTIFI, "A": "unknown", "B": "vendor"}


def test_the_summary() -> None:
    """Counts that are nothing are not told; without any there is no line."""
    none = dict.fromkeys(whose.BEYOND, 0)
    assert whose.summary(none, 0, 0) == ""
    told = whose.summary({**none, "vendor": 50, "added": 2}, 7, 0)
    assert told == (
        "52 more than certifi alone: 50 of the system's vendor, 2 added here; "
        "7 that certifi has removed (`list --removed`)"
    )
    assert whose.summary(none, 7, 3).startswith("7 that certifi has removed, 3 of them by")


def test_what_was_removed_and_why() -> None:
    """The last version that had it, and an advisory only where there is one."""
    trustcor = "d40e9c86cd8fe468c1776959f49ea774fa548684b6c406f3909261f4dce2575c"
    told = whose.removal(trustcor)
    assert told
    assert whose.removal_sentence(told) == (
        "removed by certifi after 2022.9.24 by GHSA-43fp-rhv2-5gv8 (CVE-2022-23491)"
    )
    unadvised = next(k for k, root in SHIPPED["roots"].items() if "advisory" not in root)
    told = whose.removal(unadvised)
    assert told and told["advisory"] is None
    last = SHIPPED["roots"][unadvised]["last"]
    assert whose.removal_sentence(told) == f"removed by certifi after {last}"
    assert whose.removal("0" * 64) is None


def test_the_shipped_file_is_sound() -> None:
    """Fingerprints in order; three advisories about seven roots, by their names and releases."""
    roots = SHIPPED["roots"]
    assert len(roots) > 150
    assert list(roots) == sorted(roots)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in roots)
    advised = [root for root in roots.values() if "advisory" in root]
    named = [(root["advisory"]["id"], root["subject"].split(" ")[0]) for root in advised]
    assert sorted(named) == [
        ("GHSA-248v-346w-9cwc", "CN=GLOBALTRUST"),
        *[("GHSA-43fp-rhv2-5gv8", "CN=TrustCor")] * 3,
        *[("GHSA-xqr8-7jwr-rhp7", "CN=E-Tugra")] * 3,
    ]


def test_the_newest_certifi_has_none_of_them() -> None:
    """An older one may have some."""
    data = (Path(certifi.__file__).parent / "cacert.pem").read_bytes()
    ders = [pem.der_of(each.block) for each in parse(data).certificates]
    there = {sha256(der).hexdigest() for der in ders}
    if version("certifi") != SHIPPED["newest"]:
        pytest.skip("another certifi is installed than the newest that the file knows")
    assert not there & SHIPPED["roots"].keys()


def test_only_commands_read_it() -> None:
    """where() answers without it, whatever stands in it."""
    texts = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    readers = [path for path, text in texts.items() if "removed_roots" in text]
    assert readers == [PACKAGE / "commands" / "whose.py"]
    askers = [path for path, text in texts.items() if re.search(r"import .*\bwhose\b", text)]
    assert {path.relative_to(PACKAGE).parts[0] for path in askers} == {"commands"}


# tests/removed_roots.py, which makes the file.


def release(folder: Path, name: str, *names: str) -> Path:
    """Make a release with these roots."""
    path = folder / name
    data = b"# a comment\n" + b"".join(PEM[each] for each in names)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr("certifi/cacert.pem", data)
            wheel.writestr("certifi/weak.pem", PEM["D"])
        return path
    with tarfile.open(path, "w:gz") as source:
        member = tarfile.TarInfo("certifi-1/certifi/cacert.pem")
        member.size = len(data)
        source.addfile(member, io.BytesIO(data))
    return path


def test_what_releases_removed(tmp_path: Path) -> None:
    """Of wheels and source distributions: what is gone, also where it came back in between."""
    made = [("1.tar.gz", "AB"), ("2.whl", "BC"), ("3.whl", "ABC"), ("4.whl", "C")]
    releases = {
        name[0]: removed_roots.roots(release(tmp_path, name, *roots)) for name, roots in made
    }
    found = removed_roots.removed(releases)
    digest = {sha256(mint(name)).hexdigest(): name for name in "ABCD"}
    told = {digest[key]: (root["last"], root["removed_in"]) for key, root in found.items()}
    assert told == {"A": ("3", ["2", "4"]), "B": ("3", ["4"])}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_advisory_is_about_the_roots_that_it_removed(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name and release; where that does not give as many as it is about, nothing is guessed."""
    advisory = removed_roots.Advisory("GHSA-1", "CVE-1", "2", "CN=Bad ", count)
    monkeypatch.setattr(removed_roots, "ADVISORIES", (advisory,))
    subjects: List[str] = ["CN=Bad Root", "CN=Bad Root 2", "CN=Good Root"]
    found = {
        str(number): {"subject": subject, "removed_in": ["3" if number == 1 else "2"]}
        for number, subject in enumerate(subjects)
    }
    if count != 1:
        with pytest.raises(ValueError, match="GHSA-1"):
            removed_roots.add_advisories(found)
        return
    removed_roots.add_advisories(found)
    assert [key for key, root in found.items() if "advisory" in root] == ["0"]
