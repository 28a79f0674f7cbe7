"""Text for people: nothing that a path, a certificate or a server says can act on a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    """Return `text` with control, bidi and other unprintable characters escaped."""
    string = str(text)
    if string.isprintable():
        return string
    return "".join(c if c.isprintable() else _escaped(c) for c in string)


def without_userinfo(url: str) -> str:
    """Return a URL with ``***`` for user name and password."""
    scheme, separator, rest = url.partition("://")
    authority = rest.partition("/")[0]
    if "@" not in authority:
        return url
    return f"{scheme}{separator}***@{rest[authority.rindex('@') + 1 :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
