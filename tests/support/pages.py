"""The pages that people read: README.md and docs/, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple

from support import CHECKOUT

README = CHECKOUT / "README.md"
PAGES = (README, *sorted((CHECKOUT / "docs").glob("*.md")))
# Pages for those who work on this project: their commands stand in no RUN of test_readme.
OTHERS = (CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / ".github").glob("*.md")))
_URL = re.compile(r'(?m)^Repository = "(.+)"$')
# Tables that a run has written are no claims of anybody; that of the commands is ours.
_GENERATED = re.compile(
    r"(?s)<!-- begin (?!commands)([\w. ]+) -->.*?<!-- end \1 -->|<!-- (\w+): begin -->.*?<!-- \2"
    r"|<!-- (\w+): generated -->.*?<!-- end of \3 -->|```.*?```"
)


def repository() -> str:
    """Return the address of the repository: the one that pyproject.toml has."""
    found = _URL.search((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    assert found
    return found[1]


def told(page: Path) -> str:
    """Return what a page says, without what a run has written into it."""
    return _GENERATED.sub("", page.read_text("utf-8"))


def blocks(text: str) -> List[List[str]]:
    """Return the indented blocks, which are what people copy, each with its lines."""
    found = re.findall(r"(?m)(?:^    .*\n)+", text)
    return [[line[4:] for line in block.splitlines()] for block in found]


def lines_of_blocks(text: str) -> List[str]:
    """Return the lines of all blocks."""
    return [line for block in blocks(text) for line in block]


def spans(text: str) -> List[str]:
    """Return what stands between backticks outside of blocks."""
    prose = re.sub(r"(?m)^    .*$", "", text)
    return [" ".join(each.replace(r"\|", "|").split()) for each in re.findall("`([^`]+)`", prose)]


def section(page: Path, heading: str) -> str:
    """Return the text below a heading of the second level."""
    parts = re.split(r"(?m)^## ", told(page))
    return next(part for part in parts if part.startswith(heading + "\n"))


def fenced(page: Path, heading: str) -> List[str]:
    """Return the fenced blocks below a heading of the second level."""
    below = page.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"(?ms)^```\w+\n(.*?)^```", below)


def links(page: Path) -> Iterator[str]:
    """Yield where the links and pictures of a page lead."""
    yield from re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))


def target_of(link: str, page: Path) -> Optional[Tuple[Path, str]]:
    """Return the file of this checkout and the heading that a link means; None elsewhere."""
    address = repository()
    raw = address.replace("https://github.com/", "https://raw.githubusercontent.com/")
    path, _, heading = link.partition("#")
    for place in (f"{address}/blob/main/", f"{address}/tree/main/", f"{raw}/main/"):
        if path.startswith(place):
            return CHECKOUT / path[len(place) :], heading
    if ":" in path:
        return None
    return (page.parent / path if path else page), heading


def headings(page: Path) -> Set[str]:
    """Return the headings of a page as links name them."""
    found = re.findall(r"(?m)^#+ (.*)$", page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}
