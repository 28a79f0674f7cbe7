"""Text for people: nothing that a path, a certificate or a server says can act on a terminal."""

from __future__ import annotations

# PEM where the name of a file belongs: up to a colon, which ends an item of a list, and the rest.
_PEM = r"(-----BEGIN [^-]{1,64}-----)[^-:]*|(?<![\w+/=\s])[\w+/=\s]+(?=-----END )"
_USERINFO = r"(\b[A-Za-z][A-Za-z0-9+.-]+:/+)[^\s'\"]*@"


def printable(text: object) -> str:
    """Return `text` with control, bidi and other unprintable characters escaped, no secret."""
    string = _without_pem(without_userinfo(str(text)))
    if string.isprintable():
        return string
    return "".join(c if c.isprintable() else _escaped(c) for c in string)


def without_userinfo(text: str) -> str:
    """Return a text with ``***`` for user name and password of the URLs in it.

    Whatever stands before the last @: a password that is not quoted may hold any character.
    """
    if "@" not in text or ":/" not in text:
        return text
    import re  # not for every record of a log

    return re.sub(_USERINFO, r"\1***@", text)


def _without_pem(text: str) -> str:
    """Return a text with ``***`` for certificates and keys: a variable may hold one by mistake."""
    if "-----BEGIN " not in text and "-----END " not in text:
        return text
    import re  # as above

    return re.sub(_PEM, r"\1***", text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
