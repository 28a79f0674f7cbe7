"""What `doctor HOST` has seen: the certificates of a server, and their issuers. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ....bundle import Anchor, Bundle
from ....parsing import rfc5280, x509
from ....parsing.pem import der_of, is_canonical
from ....reporting.findings import Exclusion
from ....settings import Settings
from ... import describe
from ...trusts import BUNDLE, DEFAULTS
from ...trusts import CERTIFI as CERTIFI_ALONE
from .handshake import Outcome, Presented
from .proxy import Proxy
from .route import Route
from .target import Target, is_ip
from .trusts import Tried

# The contexts that connect to the server, as `doctor HOST` names them.
STRICT = "the bundle, strict"
CONTEXTS = (CERTIFI_ALONE, BUNDLE, STRICT, DEFAULTS)
NAME_CONSTRAINTS = b"\x55\x1d\x1e"
AUTHORITY_INFO = b"\x2b\x06\x01\x05\x05\x07\x01\x01"
# The critical extensions that OpenSSL handles (X509_supported_extension() in v3_purp.c).
_HANDLED = {bytes((0x55, 0x1D, last)) for last in (15, 17, 19, 30, 31, 32, 33, 36, 37, 54)}
_OCTET_STRING, _SEQUENCE = 0x04, 0x30
# The kinds of names that a certificate may have (RFC 5280 section 4.2.1.6).
DNS, IP = 0x82, 0x87


class Link(NamedTuple):
    """One certificate; `subject_der` and `issuer_der` are empty if it cannot be read."""

    der: bytes
    subject: str
    issuer: str
    marks: Tuple[str, ...]
    subject_der: bytes
    issuer_der: bytes
    extensions: x509.Extensions
    is_ca: bool
    serves_tls: bool

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer, as a root does."""
        return bool(self.subject_der) and self.subject_der == self.issuer_der


def link(der: bytes) -> Link:
    """Return what can be read of a certificate; `der` may be any bytes."""
    told = describe.certificate(der)
    subject = told["subject"] or f"SHA-256 {told['sha256']}"
    issuer, marks = told["issuer"], tuple(told["marks"])
    try:
        places = x509.layout(der)
        facts = x509.facts(der, places)
    except ValueError:
        return Link(der, subject, issuer, marks, b"", b"", {}, is_ca=False, serves_tls=True)
    names = facts.subject, facts.issuer
    return Link(der, subject, issuer, marks, *names, places.extensions, facts.ca, facts.serves_tls)


def path(presented: Sequence[Link]) -> List[Link]:
    """Return the server's own certificate and its issuers, as far as they were presented."""
    found = list(presented[:1])
    while found and not found[-1].is_self_issued:
        above = [each for each in presented if each not in found and _is_issuer(each, found[-1])]
        if not above:
            break
        found.append(above[0])
    return found


def _is_issuer(above: Link, below: Link) -> bool:
    """Whether the issuer of `below` has the name of `above`, and may have its key."""
    named = bool(above.subject_der) and above.subject_der == below.issuer_der
    return named and is_key(above, below)


def is_key(above: Link, below: Link) -> bool:
    """Whether the key of `above` may have signed `below`, by their key identifiers."""
    held = _content(_value(above, rfc5280.OID_SUBJECT_KEY), _OCTET_STRING)
    named = _content(_value(below, rfc5280.OID_AUTHORITY_KEY), _SEQUENCE)
    wanted = _content(named, rfc5280.KEY_ID)
    return not held or not wanted or held == wanted


def _value(one: Link, oid: bytes) -> bytes:
    return one.extensions.get(oid, (False, b""))[1]


def _content(value: bytes, tag: int) -> bytes:
    """Return the content of the first element, b"" if it has another tag."""
    try:
        return x509.content(value, tag)
    except ValueError:
        return b""


def names(one: Link, *kinds: int) -> List[str]:
    """Return the names of these kinds, or of each, that a server's certificate is for."""
    try:
        members = x509.members(_value(one, rfc5280.OID_SAN))
    except ValueError:
        return []
    wanted = [_general_name(*each) for each in members if each[0] in (kinds or (DNS, IP))]
    return [name for name in wanted if name]


def is_for(host: str, name: str) -> bool:
    """Whether a name in a certificate covers the host; `*.` covers one label, without a _."""
    if is_ip(host) and is_ip(name):
        return ip_address(host.partition("%")[0]) == ip_address(name)
    host, name = host.lower(), name.lower()
    label, _, domain = host.partition(".")
    return host == name or (name[:2] == "*." and domain == name[2:] and "_" not in label)


def _general_name(tag: int, content: bytes) -> Optional[str]:
    if tag == DNS:
        return content.decode("ascii", "backslashreplace")
    if tag == IP and len(content) in (4, 16):
        return str(ip_address(content))
    return None


def unhandled(one: Link) -> List[str]:
    """Return the critical extensions that OpenSSL does not know."""
    critical = (oid for oid, (is_critical, _) in one.extensions.items() if is_critical)
    return [x509.dotted(oid) for oid in critical if oid not in _HANDLED]


class View(NamedTuple):
    """All that was seen: outcomes, presented certificates, the bundle; `path` may be empty.

    `verifies` connects once more, and says whether the chain verifies if these blocks are trusted.
    """

    where: Target
    proxy: Optional[Proxy]
    outcomes: Dict[str, Outcome]
    presented: Presented
    links: List[Link]
    path: List[Link]
    built: Bundle
    settings: Settings
    tried: Sequence[Tried]
    verifies: Callable[[Sequence[bytes]], bool]
    route: Optional[Route] = None

    @property
    def issuer(self) -> str:
        """Return the issuer of the last certificate in the path."""
        return self.path[-1].issuer if self.path else "unknown"

    def issuers(self) -> List[Tuple[Anchor, Link]]:
        """Return the anchors that have the name of the issuer of the last certificate."""
        wanted = self.path[-1].issuer_der if self.path else b""
        named = [a for a in self.built.anchors if wanted and wanted in a.der]
        found = [(anchor, link(anchor.der)) for anchor in named]
        return [(anchor, one) for anchor, one in found if one.subject_der == wanted]

    def excluded(self) -> List[Tuple[Exclusion, Link]]:
        """Return the excluded certificates that are in the path or may be its next issuer.

        What another place has as an anchor is trusted all the same.
        """
        wanted = self.path[-1].issuer_der if self.path else b""
        anchors = {anchor.block for anchor in self.built.anchors}
        out_of_it = (out for out in self.built.excluded if out.block not in anchors)
        readable = [out for out in out_of_it if is_canonical(out.block)]
        found = [(out, link(der_of(out.block))) for out in readable]
        return [
            (out, one)
            for out, one in found
            if one in self.path or (wanted and one.subject_der == wanted)
        ]
