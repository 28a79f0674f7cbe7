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
from ..verify_codes import WRONG_NAME
from .handshake import ByItself, Outcome
from .target import OPERATOR, is_ip

# The AlgorithmIdentifier of a key ends so (RFC 5480, RFC 8410).
_P521, _ED25519, _ED448 = map(bytes.fromhex, ("2b81040023", "2b6570", "2b6571"))
# Critical extensions that webpki knows, all of 2.5.29.
_KNOWN_TO_WEBPKI = {bytes((0x55, 0x1D, last)) for last in (15, 17, 19, 30, 31, 37)}


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


def _by_webpki(tls: ssl.SSLObject, _host: str) -> Optional[Outcome]:
    der = tls.getpeercert(binary_form=True) or b""
    with suppress(ValueError):
        if x509.facts(der).ca:
            return _refused("a CA's certificate may not be a server's own (CaUsedAsEndEntity)")
        extensions = x509.layout(der).extensions
        critical = {oid for oid, (is_critical, _) in extensions.items() if is_critical}
        if critical - _KNOWN_TO_WEBPKI:
            return _refused("a critical extension is not known (UnsupportedCriticalExtension)")
        if _key_kind(der).endswith(_ED448):
            return _refused("its key is of a kind that is not offered (Ed448)")
    return None


def _by_boringssl(tls: ssl.SSLObject, _host: str) -> Optional[Outcome]:
    with suppress(ValueError):
        kind = _key_kind(tls.getpeercert(binary_form=True) or b"")
        if kind.endswith((_P521, _ED25519, _ED448)):
            return _refused("its key is of a kind that is not offered (P-521, Ed25519, Ed448)")
    return None


def _key_kind(der: bytes) -> bytes:
    """Return the AlgorithmIdentifier of the certificate's key; raises ValueError."""
    (_, algorithm), *_ = x509.elements(der[slice(*x509.layout(der).key[1:])])
    return algorithm


def _refused(message: str) -> Outcome:
    remedy = f"{OPERATOR} has to have its certificate issued anew"
    return Outcome(trusted=False, message=message, remedy=remedy)


CHECKS: Dict[str, ByItself] = {
    BY_URLLIB3: _names,
    BY_URLLIB3_2: partial(_names, is_2=True),
    BY_WEBPKI: _by_webpki,
    BY_BORINGSSL: _by_boringssl,
}
