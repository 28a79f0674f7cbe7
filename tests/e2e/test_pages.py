"""What people read: short where that was promised, with links that lead somewhere, and true."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import List

import pytest

import copies_of_certifi
import startup_files
from reach.clients import table
from support import CHECKOUT, minimal_wheel
from support.pages import OTHERS, PAGES, README, headings, links, repository, target_of
from support.tables import split

# What stands before our name in paths of a machine, and in that of the package index.
OF_PATHS = {"bin", "cache", "config", "devcontainer", "Support", "certifi-system-store-wrapper"}
OF_PATHS |= {"pypi"}


def test_the_readme_is_short() -> None:
    """It is read in minutes: 180 lines and 1,300 words at most."""
    text = README.read_text("utf-8")
    assert len(text.splitlines()) <= 180
    assert len(text.split()) <= 1300


def test_the_readme_links_from_everywhere() -> None:
    """The page of a package index has no other files beside it: no link is relative."""
    relative = [link for link in links(README) if not re.match("https://|#", link)]
    assert relative == []
    assert target_of("docs/x.md", README) == (CHECKOUT / "docs" / "x.md", "")


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file of this checkout, and to a heading that is in it; other sites are not asked."""
    broken = []
    for link in links(page):
        target = target_of(link, page)
        if target is None:
            continue
        path, heading = target[0].resolve(), target[1]
        if not path.exists() or (heading and heading not in headings(path)):
            broken.append(link)
    assert broken == []


def test_one_address_for_all() -> None:
    """Wherever the repository is named it is the one of [project.urls]."""
    owner, name = repository().rsplit("/", 2)[1:]
    files = [*PAGES, *OTHERS, CHECKOUT / "pyproject.toml", *(CHECKOUT / ".github").rglob("*.yml")]
    files += (CHECKOUT / "src").rglob("*.py")
    text = "\n".join(path.read_text("utf-8") for path in files)
    assert set(re.findall(rf"([\w-]+)/{name}(?![\w-])", text)) - OF_PATHS == {owner}


def test_the_bytes_of_the_start_up_files_are_told() -> None:
    """Who finds another file in a wheel knows that it is not ours."""
    _, found, _ = split(startup_files.PAGE.read_text("utf-8"), "startup")
    assert found == startup_files.table(), "run `python tests/startup_files.py`"


def test_the_copies_of_certifi_are_those_that_were_looked_into() -> None:
    """Each package of the script has its row, in the script's words, and no other has one."""
    _, head, text = copies_of_certifi.PAGE.read_text("utf-8").partition("| package |")
    rows = [line[2:-2].split(" | ") for line in (head + text).splitlines() if line[:2] == "| "]
    told = {project: asks.strip() for project, _, _, asks in rows[2:]}
    wanted = {project: copy.asks for project, copy in copies_of_certifi.COPIES.items()}
    assert told == {**wanted, **dict.fromkeys(copies_of_certifi.NONE, "")}


def test_a_list_of_roots_is_found_wherever_it_lies() -> None:
    """By its content, under any name, also in a wheel in a wheel; a few certificates are none."""
    block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    few, many = (minimal_wheel("some-roots", block * count) for count in (9, 10))
    outer = io.BytesIO(few)
    with zipfile.ZipFile(outer, "a") as archive:
        archive.writestr("embed/x.whl", many)
    assert copies_of_certifi.lists(few) == {}
    assert copies_of_certifi.lists(outer.getvalue()) == {"embed/x.whl/some_roots.txt": 10}


def rows_under(heading: str) -> List[List[str]]:
    """Return the rows of a table of the README, without its head."""
    section = README.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in rows[1:]]


def test_the_ten_clients_are_as_measured() -> None:
    """What the README says of a client is what the table of all says."""
    measured = table.read()
    rows = rows_under("Ten common clients")
    assert len(rows) == 10
    for name, *verdicts in rows:
        assert measured[name].verdicts == verdicts, name


def in_short(milliseconds: float) -> str:
    """Return it as the comparison has it: two digits at least."""
    return f"{milliseconds:.{0 if milliseconds >= 10 else 1}f} ms"


def test_the_cost_is_as_measured() -> None:
    """The figures of the comparison are those of docs/benchmarks.md, rounded."""
    page = (CHECKOUT / "docs" / "benchmarks.md").read_text("utf-8")
    head = next(line for line in page.splitlines() if line.startswith("|  | bare"))
    rows = rows_under("Why not something else")
    for what in ("`python -c pass`", "`import requests`"):
        line = next(each for each in page.splitlines() if each.startswith(f"| {what} | "))
        cells = zip(head.split("|"), line.split("|"))
        cost = {name.strip(): float(cell.split(" ms")[0]) for name, cell in cells if " ms" in cell}
        row = next(each for each in rows if each[0].startswith(what))
        contenders = (
            "this package",
            "truststore, injected",
            "pip-system-certs 5.3",
            "bare",
            "bare",
        )
        assert row[1:] == [in_short(cost[each]) for each in contenders]
        assert row[0] == f"{what}, bare {in_short(cost['bare'])}"
    beside = next(row for row in rows if "hangs" in row[0])
    for said in beside[1:3]:
        assert re.search(rf"(?m)^\| .* \| {re.escape(said[:-2])}\d* \|$", page), said
