"""The rooms of the tests, as tests/README.md has them, and how long each takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List, Sequence

TESTS = Path(__file__).resolve().parents[1]
CORE = (TESTS / "unit", TESTS / "e2e")  # what `pytest tests` runs
_ROW = re.compile(r"(?m)^\| `tests/(\w+)/` \|.*\| (\d+) min(?:utes?)? \|$")


def minutes() -> Dict[str, int]:
    """Return how many minutes each room takes on two idle cores, by its name."""
    text = (TESTS / "README.md").read_text("utf-8")
    return {name: int(number) for name, number in _ROW.findall(text)}


def about(folders: Sequence[Path]) -> List[str]:
    """Return a line that says how long the tests of these folders take, where that is known."""
    known = minutes()
    rooms = [folder.name for folder in folders if folder.name in known]
    total = sum(known[name] for name in rooms)
    each = ", ".join(f"{name} {known[name]}" for name in rooms)
    return [f"about {total} minutes on 2 idle cores, with -n 3 ({each})"] if rooms else []
