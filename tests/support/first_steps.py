"""The first steps of docs/first-steps.md, as tests of several rooms run them."""

from __future__ import annotations

from typing import Dict, List

from support import CHECKOUT, Sandbox
from support.pages import blocks, section

PAGE = CHECKOUT / "docs" / "first-steps.md"
HEADINGS = ("With pip", "With uv", "With pipx", "In Jupyter")
# By heading: its one block.
BLOCKS: Dict[str, List[str]] = {each: blocks(section(PAGE, each))[0] for each in HEADINGS}
HOST = "intranet.example"  # stands on the page for the reader's server


def script(heading: str, host: str) -> str:
    """Return the block as one script for a shell, which ends at the first failure."""
    return "\n".join(["set -e", *BLOCKS[heading]]).replace(HOST, host)


def asking_only(machine: Sandbox, links: str) -> Dict[str, str]:
    """Return the variables that make pip and pipx use nothing but these wheels."""
    programs = machine.environment.python.parent
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": links,
        "PIP_RETRIES": "0",
        "PIPX_DEFAULT_BACKEND": "pip",
        "PATH": f"{machine.home}/.local/bin:{programs}:/usr/bin:/bin",
    }
