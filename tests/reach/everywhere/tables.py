"""Generated tables: between two comments of a Markdown file, and in columns on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, List, Sequence

Cells = Sequence[str]


def columns(rows: Sequence[Cells]) -> str:
    """Return rows in columns, for people."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = (" | ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def markdown(head: Cells, rows: Iterable[Cells]) -> str:
    """Return rows as a table of Markdown."""
    lines: List[Cells] = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_escaped, cells))} |" for cells in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")


def put_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the comments of that name; raises ValueError without them."""
    begin, end = f"<!-- {name}: generated -->\n", f"<!-- end of {name} -->"
    before, found, rest = path.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{path} lacks the lines {begin.strip()} and {end}")
    path.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", "utf-8")
