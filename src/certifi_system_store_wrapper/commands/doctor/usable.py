"""Whether OpenSSL trusts a server by a CA: it is asked about one that this CA might have issued."""

from __future__ import annotations

from typing import Dict, List, Sequence

from ...parsing import x509
from . import strict
from .verdicts import PARTIAL_CHAIN, stand_in, verdict

NOBODY = "OpenSSL here trusts no server by it"
REMEDY = "get the root certificate that whoever runs that CA uses now, and `add` it"
# What OpenSSL may say against each server of a CA (x509_vfy.h): a missing issuer, the times, no CA,
# the path length, the purpose, no right to sign, an unknown critical extension, a short key, a weak
# hash. All else is of the stand-in, whose signature is none; names are looked at after that.
_NO_ISSUER = (2, 20)
_OF_CA = (*_NO_ISSUER, 9, 10, 13, 14, 24, 25, 26, 28, 32, 34, 67, 68, 79)


def refusal(der: bytes, trusted: Sequence[bytes]) -> str:
    """Return why no server is trusted by that CA, in OpenSSL's words, "" if that is not known.

    `trusted` are the certificates that are trusted here, that one among them.
    """
    try:
        server = stand_in(der)
        flags = PARTIAL_CHAIN if strict.IS_ON else 0
        found = verdict([server], [der], flags)
        if found and found.code in _NO_ISSUER:
            # Another one may have issued it, also under its own name.
            above = _above(der, trusted)
            found = verdict([server], [der, *above], flags) if above else found
    except ValueError:
        return ""
    return found.message if found and found.code in _OF_CA else ""


def _above(der: bytes, trusted: Sequence[bytes]) -> List[bytes]:
    """Return those of the trusted that may have issued it, or each other; raises ValueError.

    OpenSSL would take a tenth of a second to load all of them.
    """
    by_subject: Dict[bytes, List[bytes]] = {}
    for each in trusted:
        by_subject.setdefault(x509.subject(each), []).append(each)
    found: List[bytes] = []
    names = [x509.facts(der).issuer]
    for name in names:
        above = by_subject.pop(name, [])
        found += above
        names += [x509.facts(each).issuer for each in above]
    return [each for each in found if each != der]
