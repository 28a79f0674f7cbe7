"""What the strict checks refuse, which Python 3.13 switched on: OpenSSL says it, we say what helps.

Source: ssl.create_default_context() of Python 3.13, which sets VERIFY_X509_STRICT.
"""

from __future__ import annotations

import sys
from typing import Iterator, Sequence, Tuple

from ..output import Finding, note
from .verdicts import PARTIAL_CHAIN, STRICT, stand_in, verdict

# Whether the default contexts of this Python are strict.
IS_ON = sys.version_info >= (3, 13)
REFUSED = "Python 3.13 and later refuse it"
REISSUE = "whoever runs that CA has to issue it anew"
_LENIENT = (
    "context = ssl.create_default_context(cafile=certifi.where()); "
    "context.verify_flags &= ~ssl.VERIFY_X509_STRICT"
)
_UNTIL_THEN = "until then, for a client of {}, and nothing else is checked less"
_HTTPX = f"import certifi, httpx, ssl; {_LENIENT}; client = httpx.Client(verify=context)"
_REQUESTS = (
    f"import certifi, requests, ssl; {_LENIENT}; session = requests.Session(); "
    "session.get_adapter('https://').init_poolmanager(10, 10, ssl_context=context)"
)
_BY_PROXY = "; session.get_adapter('https://').proxy_manager_for(PROXY_URL, ssl_context=context)"


def fault(der: bytes, issuer: bytes = b"") -> str:
    """Return what the strict checks say against a CA's certificate, in OpenSSL's words, or "".

    With its `issuer` it is not the last of a chain.
    """
    try:
        server = stand_in(der)
    except ValueError as error:
        return f"it cannot be read: {error}"
    alone = _refusal([server], der)
    return alone or _unless_of_issuer(_refusal([server, der], issuer), issuer)


def faults(path: Sequence[bytes]) -> Iterator[Tuple[int, str]]:
    """Yield what they say against each certificate of a path, the last of which is trusted."""
    for number, (der, issuer) in enumerate(zip(path, (*path[1:], b""))):
        of_server = "" if number else _unless_of_issuer(_refusal([der], issuer), issuer)
        said = fault(der, issuer) if number else of_server
        if said:
            yield number, said


def _unless_of_issuer(said: str, issuer: bytes) -> str:
    """Return what is said of a chain, "" if it is said of the issuer alone, too."""
    return "" if said and said == fault(issuer) else said


def _refusal(chain: Sequence[bytes], trusted: bytes) -> str:
    """Return what only the strict checks have against a chain, "" if nothing."""
    if not trusted:
        return ""
    flags = (STRICT | PARTIAL_CHAIN, PARTIAL_CHAIN)
    strict, lenient = (verdict(chain, [trusted], each) for each in flags)
    return strict.message if strict and strict != lenient else ""


def finding(check: str, message: str, remedy: str) -> Finding:
    """Return a refusal by the strict checks: a problem if this Python has them on, else a note."""
    return Finding("problem" if IS_ON else "note", check, message, remedy)


def meanwhile(*, by_proxy: bool) -> Iterator[Finding]:
    """Say what a user can do until the certificate is issued anew."""
    if IS_ON:
        yield note("strict", _UNTIL_THEN.format("httpx"), _HTTPX)
        yield note("strict", _UNTIL_THEN.format("requests"), _REQUESTS + _BY_PROXY * by_proxy)
        why = "pip gets through meanwhile: the contexts of its truststore do not have that flag"
        yield note("strict", why)
