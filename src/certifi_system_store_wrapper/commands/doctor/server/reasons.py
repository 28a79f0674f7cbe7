"""`doctor HOST`: why a handshake fails although no certificate is at fault, by OpenSSL's names."""

from __future__ import annotations

from typing import Dict, Tuple

from .target import OPERATOR

# What a server says that does not speak TLS.
PLAIN = (
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE",
    "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL", "BAD_RECORD_TYPE", "UNEXPECTED_RECORD",
)  # fmt: skip
UNKNOWN = "look into the server's log; a firewall or proxy in between may do it, too"
_OWNER = f"{OPERATOR} has to"
# By OpenSSL's name for a failure: what it means, and what to do.
KNOWN: Dict[str, Tuple[str, str]] = {
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": (
        "the server knows only the unsafe renegotiation of before 2010, which OpenSSL 3 refuses",
        f"{_OWNER} update it",
    ),
    "EXCESSIVE_MESSAGE_SIZE": (
        "the server presents more certificates than OpenSSL reads",
        f"{_OWNER} send its own chain only",
    ),
    "DH_KEY_TOO_SMALL": ("the server's Diffie-Hellman group is too small", f"{_OWNER} mend that"),
    "EE_KEY_TOO_SMALL": (
        "the key of the server's certificate is too short",
        f"{_OWNER} have its certificate issued anew",
    ),
    "CA_MD_TOO_WEAK": (
        "a signature in this chain uses a hash that is too weak, as SHA-1",
        f"{_OWNER} have its certificates issued anew",
    ),
    # It comes before any certificate; what else a client offers, its program decides.
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": (
        "the server does not speak HTTP/1.1, and nothing else is offered to it (ALPN)",
        f"use a client of HTTP/2 (httpx with http2=True), or {_OWNER} offer HTTP/1.1",
    ),
    "TLSV1_UNRECOGNIZED_NAME": (
        "the server does not know that name (SNI)",
        "use the name under which it is known there, not an address or an alias",
    ),
}
