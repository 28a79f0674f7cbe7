"""The first steps of docs/first-steps.md, as tests of several rooms run them."""

from __future__ import annotations

from typing import Dict, List

from support import CHECKOUT
from support.pages import blocks, section

PAGE = CHECKOUT / "docs" / "first-steps.md"
HEADINGS = ("With pip", "With uv", "With pipx", "In Jupyter")
# By heading: its one block.
BLOCKS: Dict[str, List[str]] = {each: blocks(section(PAGE, each))[0] for each in HEADINGS}
HOST = "intranet.example"  # stands on the page for the reader's server


def script(heading: str, host: str) -> str:
    """Return the block as one script for a shell, which ends at the first failure."""
    return "\n".join(["set -e", *BLOCKS[heading]]).replace(HOST, host)
