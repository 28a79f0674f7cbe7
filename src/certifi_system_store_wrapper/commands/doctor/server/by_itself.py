"""`doctor HOST`: what some clients check by themselves, when OpenSSL has nothing against a server.

Sources: urllib3's match_hostname(); rustls-webpki, which uv uses; BoringSSL's
kVerifySignatureAlgorithms.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import Any, Dict, Optional

from ....parsing import x509
from ...trusts import BY_BORINGSSL, BY_URLLIB3, BY_URLLIB3_2, BY_WEBPKI
from .handshake import WRONG_NAME, ByItself, Outcome
from .target import OPERATOR, is_ip

# The AlgorithmIdentifier of a key ends so (RFC 5480, RFC 8410): P-521, Ed25519, Ed448.
_NOT_OFFERED = tuple(map(bytes.fromhex, ("2b81040023", "2b6570", "2b6571")))
_REISSUE = f"{OPERATOR} has to have its certificate issued anew"


def _names(tls: ssl.SSLObject, host: str, *, is_2: bool = False) -> Optional[Outcome]:
    """Return that no name is the host's; a common name counts where nothing else could.

    For urllib3 2 it never is an address.
    """
    told: Dict[str, Any] = dict(tls.getpeercert() or {})
    other = [each for each in told.get("subjectAltName", ()) if each[0] in ("DNS", "IP Address")]
    common = [each for part in told.get("subject", ()) for each in part if each[0] == "commonName"]
    found = other or ([] if is_2 and is_ip(host) else common)
    if any(_matches(kind, name.strip(), host) for kind, name in found):
        return None
    return Outcome(trusted=False, message=f"urllib3 finds no name of {host}", code=WRONG_NAME[0])


def _matches(kind: str, name: str, host: str) -> bool:
    if kind == "IP Address":
        # Python writes "<invalid>" where one has neither 4 nor 16 bytes.
        is_one = is_ip(host) and is_ip(name)
        return is_one and ip_address(name) == ip_address(host.partition("%")[0])
    if kind == "DNS" and is_ip(host):
        return False
    first, *rest = map(re.escape, name.split("."))
    # One * in the first label stands for anything in it; alone, for at least one character.
    first = "[^.]+" if first == r"\*" else first.replace(r"\*", "[^.]*", 1)
    return bool(re.fullmatch(r"\.".join([first, *rest]), host, re.IGNORECASE))


def _no_ca(tls: ssl.SSLObject, _host: str) -> Optional[Outcome]:
    with suppress(ValueError):
        if x509.facts(tls.getpeercert(binary_form=True) or b"").ca:
            message = "a CA's certificate, which may not be a server's own (CaUsedAsEndEntity)"
            return Outcome(trusted=False, message=message, remedy=_REISSUE)
    return None


def _usual_key(tls: ssl.SSLObject, _host: str) -> Optional[Outcome]:
    """Return that the server's key is of a kind for which BoringSSL offers no signature."""
    der = tls.getpeercert(binary_form=True) or b""
    with suppress(ValueError):
        (_, algorithm), *_ = x509.elements(der[slice(*x509.layout(der).key[1:])])
        if algorithm.endswith(_NOT_OFFERED):
            message = "its key is of a kind that BoringSSL does not offer (P-521, Ed25519, Ed448)"
            return Outcome(trusted=False, message=message, remedy=_REISSUE)
    return None


CHECKS: Dict[str, ByItself] = {
    BY_URLLIB3: _names,
    BY_URLLIB3_2: partial(_names, is_2=True),
    BY_WEBPKI: _no_ca,
    BY_BORINGSSL: _usual_key,
}
