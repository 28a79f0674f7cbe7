"""Spelling and prose: of the pages for people, and the spelling of the code, too."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from itertools import count
from pathlib import Path
from typing import Sequence

from support import CHECKOUT
from support.pages import OTHERS, PAGES, told

SPELT = (*PAGES, *OTHERS, CHECKOUT / "src", CHECKOUT / "tests", CHECKOUT / ".github")
# Quotes, dots and blanks as a keyboard has them read well in a terminal and in a diff.
LEFT = ": typography."


def said_by(tool: str, *arguments: str) -> str:
    """Return what a tool prints; nothing if it has found nothing."""
    command = [str(Path(sysconfig.get_path("scripts")) / tool), *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + (done.stderr if done.returncode else "")


def prose_of(text: str) -> str:
    """Return the sentences of a page: no blocks, tables, code and addresses."""
    text = re.sub(r"(?m)^(    |\||#|!).*$", "", text)
    numbers = count()  # two names beside each other are no word that stands twice
    text = re.sub("`[^`]+`", lambda _: f"name{next(numbers)}", text)
    return re.sub(r"\]\([^)]+\)", "]", text)


def lint(texts: Sequence[str], folder: Path) -> str:
    """Return what proselint says of these."""
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.md")
        files[-1].write_text(text, "utf-8")
    found = said_by("proselint", "check", *map(str, files)).splitlines()
    return "\n".join(line for line in found if LEFT not in line)


def test_every_word_is_spelt() -> None:
    """As codespell's list of mistakes has it."""
    assert said_by("codespell", *map(str, SPELT)) == ""


def test_a_misspelt_word_is_seen(tmp_path: Path) -> None:
    """The check that finds nothing is able to find something."""
    wrong = "It reci-eves a certf-icate.\n".replace("-", "")  # not misspelt in here
    (tmp_path / "page.md").write_text(wrong, "utf-8")
    assert said_by("codespell", str(tmp_path)).count("==>") == 2


def test_the_prose_is_plain(tmp_path: Path) -> None:
    """No clichés, no weasel words, no phrase twice, as proselint has them."""
    found = lint([prose_of(told(page)) for page in (*PAGES, *OTHERS)], tmp_path)
    names = [page.name for page in (*PAGES, *OTHERS)]
    said = re.sub(r"(?m)^.*?/(\d+)\.md:", lambda match: names[int(match[1])] + ":", found)
    assert said == ""


def test_a_cliche_is_seen(tmp_path: Path) -> None:
    """The check that finds nothing is able to find something."""
    assert "weasel" in lint(["This is a very good library.\n"], tmp_path)
    assert sys.version_info >= (3, 10)  # as these tools need it
