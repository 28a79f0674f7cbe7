"""The pictures of README.md, drawn of what the programs say: ``python tests/pictures.py``.

The terminal needs root on Linux: it runs in namespaces of its own, in which this machine is
git.corp.example and its store has the root of a company. tests/e2e/test_pictures.py draws them
again.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Dict, List, Tuple

from support import CHECKOUT, NAME

FOLDER = CHECKOUT / "docs" / "pictures"
COLUMNS = 96
COLOURS = """
  .back { fill: #ffffff } .edge { stroke: #d0d7de } .text { fill: #1f2328 }
  .typed { fill: #0550ae; font-weight: bold } .bad { fill: #b3261e } .good { fill: #116329 }
  .note { fill: #7a4d00 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .edge { stroke: #30363d } .text { fill: #e6edf3 }
    .typed { fill: #79c0ff } .bad { fill: #ff9b93 } .good { fill: #7ee787 }
    .note { fill: #f0c674 }
  }
"""
# What a line begins with, or has in it, and its colour.
KINDS = (
    (r"\$ ", "typed"),
    (r"requests\.exceptions|problem|.*refused:", "bad"),
    (r"note ", "note"),
    (r"<Response|ok |.*trusted", "good"),
)
LINE, LETTER, EDGE = 20, 8.4, 16


def terminal(said: str) -> str:
    """Return the picture of a terminal, in the colours that the reader's screen prefers."""
    lines = [part for line in said.splitlines() for part in wrapped(line)]
    width, height = round(COLUMNS * LETTER) + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    rows = "\n".join(row(number, line, kind) for number, (line, kind) in enumerate(lines))
    title = "requests is refused, pip install, requests works, doctor says why"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>{COLOURS}  text {{ font: 14px ui-monospace, Consolas, Menlo, monospace; white-space: pre }}
</style>
<rect class="back edge" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>
{rows}
</svg>
"""


def wrapped(line: str) -> List[Tuple[str, str]]:
    """Return a line in pieces that fit, each with its colour."""
    kind = next((kind for pattern, kind in KINDS if re.match(pattern, line)), "text")
    pieces = textwrap.wrap(line, COLUMNS, drop_whitespace=False, subsequent_indent="  ") or [""]
    return [(piece.rstrip(), kind) for piece in pieces]


def row(number: int, line: str, kind: str) -> str:
    """Return one line of the terminal."""
    length = f' textLength="{len(line) * LETTER:.1f}"' if line else ""
    place = f'x="{EDGE}" y="{EDGE + 14 + number * LINE}"'
    return f'<text class="{kind}" {place}{length}>{html.escape(line)}</text>'


def badge(label: str, value: str) -> str:
    """Return a small sign with two words, which is true without asking a server."""
    left, right = (round(len(word) * 6.6) + 14 for word in (label, value))
    font = 'font-family="Verdana, sans-serif" font-size="11" fill="#ffffff"'
    size = f'width="{left + right}" height="20"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">
<title>{label}: {value}</title>
<rect width="{left}" height="20" fill="#4c4c4c"/>
<rect x="{left}" width="{right}" height="20" fill="#0550ae"/>
<text x="7" y="14" {font} textLength="{left - 14}">{label}</text>
<text x="{left + 7}" y="14" {font} textLength="{right - 14}">{value}</text>
</svg>
"""


def badges() -> Dict[str, str]:
    """Return the signs by their names, of what pyproject.toml says."""
    text = (CHECKOUT / "pyproject.toml").read_text("utf-8")
    pythons = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text)
    licence = re.search(r'(?m)^license = "(.+)"$', text)
    assert licence
    assert '"Typing :: Typed"' in text
    values = {"python": f"{pythons[0]} to {pythons[-1]}", "licence": licence[1], "typed": "yes"}
    return {name: badge(name, value) for name, value in values.items()}


def drawn(wheelhouse: Path, folder: Path) -> Dict[str, str]:
    """Return every picture by its name; the wheels to install lie in `wheelhouse`."""
    from support.scene import said

    found = {**badges(), "terminal": terminal(said(wheelhouse, folder))}
    return {f"{name}.svg": text for name, text in found.items()}


def main() -> None:
    """Build a wheel of this checkout, and write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder) / "wheels"
        command = [sys.executable, "-m", "pip", "wheel", "-q", "-w", str(wheels)]
        subprocess.run([*command, str(CHECKOUT), "requests"], check=True)
        FOLDER.mkdir(exist_ok=True)
        for name, text in drawn(wheels, Path(folder)).items():
            (FOLDER / name).write_text(text, "utf-8")
            print(f"{NAME}: {FOLDER / name}")


if __name__ == "__main__":
    main()
