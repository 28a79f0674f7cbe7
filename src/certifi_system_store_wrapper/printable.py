"""Text for people: nothing that a path, a certificate or a server says can act on a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    """Return `text` with control, bidi and other unprintable characters escaped."""
    string = str(text)
    if string.isprintable():
        return string
    return "".join(c if c.isprintable() else _escaped(c) for c in string)


def without_userinfo(text: str) -> str:
    """Return a text with ``***`` for user name and password, if it is a URL.

    Whatever stands before the last @: a password that is not quoted may hold any character.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or "@" not in rest:
        return text
    return f"{scheme}{separator}***@{rest[rest.rindex('@') + 1 :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
