"""Whether OpenSSL trusts a server by a CA: it is asked about one that this CA might have issued."""

from __future__ import annotations

from typing import Sequence

from . import strict
from .verdicts import PARTIAL_CHAIN, stand_in, verdict

# What OpenSSL may say against each server of a CA (x509_vfy.h): a missing issuer, the times, the
# purpose, no CA, no right to sign, a short key, a weak hash. All else is of the stand-in itself, as
# its signature, or its name where the CA may vouch for some names only.
_NO_ISSUER = 2
_OF_CA = (_NO_ISSUER, 9, 10, 13, 14, 24, 26, 28, 32, 67, 68, 79)

NOBODY = "OpenSSL here trusts no server by it"
REMEDY = "get the root certificate that whoever runs that CA uses now, and `add` it"


def refusal(der: bytes, trusted: Sequence[bytes]) -> str:
    """Return why no server is trusted by that CA, in OpenSSL's words, "" if that is not known.

    `trusted` are the certificates that are trusted here, that one among them.
    """
    try:
        server = stand_in(der)
    except ValueError:
        return ""
    flags = PARTIAL_CHAIN if strict.IS_ON else 0
    found = verdict([server], [der], flags)
    # Another one may have issued it, also under its own name.
    if found and found.code == _NO_ISSUER:
        found = verdict([server], trusted, flags)
    return found.message if found and found.code in _OF_CA else ""
