"""Text for people: no password or key in it, and nothing that acts on a terminal."""

from __future__ import annotations

import os

_SCHEME = r"[A-Za-z][\w+.-]*://"
# Also with one slash, as in the absolute path that is made of a URL by mistake.
_IN_A_PATH = r"\b(?:https?|ftps?|socks\w*):[/\\]+"
# Up to the last @ before the next path, if the text is a list of paths.
_TO_THE_AT = rf"(?:(?!{os.pathsep}(?:[A-Za-z]:)?[/\\])\S)*@"
_URL = rf"((?<![\w./\\-]){_SCHEME}|{_IN_A_PATH})(?:{_TO_THE_AT}|[^\s/\\@]*:\S*@)"
# Without a scheme. A slash after the colon begins another path, or that on a drive of Windows.
_USER = r"(?<![^\s/\\:;@'\"=])[^\s/\\:;@'\"=]*"
_PAIR = rf"{_USER}:(?![/\\]|['\"]?{_SCHEME}){_TO_THE_AT}"
# PEM where the name of a file belongs: up to a colon, which ends an item of a list, and the rest.
_PEM = r"(-----BEGIN [^-]{1,64}-----)[^-:]*|(?<![\w+/=\s])[\w+/=\s]+(?=-----END )"
# What DER and PEM begin with in base64; in lines of 64 characters or so, or in one.
_BASE64 = r"(?<![\w+/])(?:M[A-Z]|LS0tLS1CRUdJTi)(?:[\w+/=-]{40,}\s*){2,}[\w+/=-]*"
_SHORTEST = 80


def printable(text: object) -> str:
    """Return `text` without secrets, and with every unprintable character escaped.

    Among those are control characters and the ones that change the direction of writing.
    """
    string = without_content(without_userinfo(str(text)))
    escaped = [c if c.isprintable() else c.encode("unicode_escape").decode() for c in string]
    return "".join(escaped)


def without_userinfo(text: str) -> str:
    """Return `text` with ``***`` for ``user:password`` before the @ of a host.

    A URL loses a user without a password, too: that may be a token. Without a scheme, a user alone
    is a mail address or the name of a file, and stays. A password may hold any character but
    blanks, also an @. Where a blank follows an @, there is no host.
    """
    if "@" not in text or ":" not in text:
        return text
    # Here, because few processes ever have such a text.
    import re

    # Behind the last @ there is nothing to find, and to look there can take seconds.
    last = max((found.end() for found in re.finditer(r"@(?!\s)", text)), default=0)
    return re.sub(rf"(?:{_URL}|{_PAIR})(?!\s)", r"\1***@", text[:last]) + text[last:]


def without_content(text: str) -> str:
    """Return the text with ``***`` for certificates and keys, which a variable may hold."""
    if len(text) < _SHORTEST and "-----" not in text:
        return text
    import re

    return re.sub(_BASE64, "base64***", re.sub(_PEM, r"\1***", text))
