"""Settings files of poetry and uv: their texts, booleans and lists of texts, read by lines.

Python has a parser of its own for TOML since 3.11 only.
"""

from __future__ import annotations

import re
from typing import Iterator, Sequence, Tuple, Union

from . import ini

_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"\\]*\"|'[^']*')"
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_SECTION = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=\s*(?:\"([^\"\\]*)\"|'([^']*)'|(true|false))\s*(?:#.*)?")
_TEXT = re.compile(r"\"([^\"\\]*)\"|'([^']*)'")
_ITEMS = rf"(?:\s|,|{_TEXT.pattern})*"
_LIST = re.compile(rf"\s*({_DOTTED})\s*=\s*\[({_ITEMS})\]\s*(?:#.*)?")
# The beginning of a list of texts, and what may follow in the next lines.
_BEGUN = re.compile(rf"(\s*{_DOTTED}\s*=\s*\[{_ITEMS})(?:#.*)?")
_MORE = re.compile(rf"({_ITEMS})(?:#.*)?")
_KEYS = re.compile(rf"({_DOTTED})\s*=")
# A key that may stand for any word.
_ESCAPED = re.compile(r"\"[^\"=]*\\[^\"=]*\"\s*[.=\]]")

Key = Tuple[str, ...]
Value = Union[str, bool, Tuple[str, ...]]


def pairs(path: str, *words: str, lists: Sequence[str] = ()) -> Iterator[Tuple[Key, Value]]:
    """Yield the settings of a file, and where a section begins its name and nothing.

    Of lists of texts it yields those of these names. Raises NotUnderstood for another line that may
    set what has one of these words in its name.
    """
    section: Key = ()
    for number, line in _lines(ini.text(path).lstrip("\ufeff")):
        header, pair, listed = (each.fullmatch(line) for each in (_SECTION, _PAIR, _LIST))
        if header:
            section = _parts(header.group(1))
            yield section, ""
        elif pair:
            key, *texts, boolean = pair.groups()
            text = next(filter(None, texts), "")
            yield (*section, *_parts(key)), boolean == "true" if boolean else text
        elif listed and _parts(listed.group(1))[-1] in lists:
            texts = ["".join(each) for each in _TEXT.findall(listed.group(2))]
            yield (*section, *_parts(listed.group(1))), tuple(texts)
        elif _may_set(line, section, words):
            raise ini.NotUnderstood(path, f"line {number}")


def _lines(text: str) -> Iterator[Tuple[int, str]]:
    """Yield each line with its number; a list of texts may go on in the next ones."""
    held, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        goes_on = (_MORE if held else _BEGUN).fullmatch(line)
        first = first if held else number
        held += f" {goes_on.group(1)}" if goes_on else f" {line}"
        if not goes_on:
            yield first, held
            held = ""
    if held:
        yield first, held


def _may_set(line: str, section: Key, words: Tuple[str, ...]) -> bool:
    """Whether a line that is neither header nor pair, as with a table in it, may set them."""
    if not line.strip() or line.strip().startswith("#"):
        return False
    keys = _parts(" ".join(_KEYS.findall(line)))
    return bool({*section, *keys} & {*words} or _ESCAPED.search(line))


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))
