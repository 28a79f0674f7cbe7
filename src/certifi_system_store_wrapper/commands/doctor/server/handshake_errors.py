"""Why a handshake fails although no certificate is at fault."""

from __future__ import annotations

from typing import Dict, Tuple

from ...output import Finding, problem
from .handshake import Presented, context_of
from .target import Target

_PLAIN = (
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE",
    "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL", "BAD_RECORD_TYPE", "UNEXPECTED_RECORD",
)  # fmt: skip
_OWNER = "whoever runs the server has to"
_REASONS: Dict[str, Tuple[str, str]] = {
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
    "TLSV1_UNRECOGNIZED_NAME": (
        "the server does not know that name (SNI)",
        "use the name under which it is known there, not an address or an alias",
    ),
}
_OLD = ("TLSv1", "TLSv1.1", "SSLv3")


UNREADABLE_CERTIFICATE = problem(
    "unreadable", "the server presents a certificate that is none", f"{_OWNER} mend it"
)


def unreadable(where: Target, seen: Presented) -> Finding:
    """Return why the handshake fails even for a client that checks nothing."""
    if seen.failure in _PLAIN:
        message = f"{where} does not speak TLS: {seen.failure}"
        remedy = "try its TLS port, if it speaks HTTP or begins in plain text (SMTP, PostgreSQL)"
        return problem("connection", message, remedy)
    if seen.wants_certificate:
        return client_certificate(where)
    message, remedy = _REASONS.get(seen.failure, ("", ""))
    remedy = remedy or "look into the server's log; a firewall or proxy in between may do it, too"
    message = message or f"the TLS handshake with {where} fails: {seen.failure}"
    return problem("handshake", message, remedy)


def client_certificate(where: Target) -> Finding:
    """Report that the server asks for a certificate of the client."""
    message = f"{where} wants a certificate of the client, so it is not the CAs that are missing"
    remedy = "give your client its certificate and key (requests: cert=(FILE, KEY))"
    return problem("client-certificate", message, remedy)


def cause(where: Target, seen: Presented, reason: str) -> Finding:
    """Return why the handshake fails with Python's settings, but not if anything is accepted."""
    if seen.failure or reason in _REASONS:
        return unreadable(where, seen._replace(failure=reason))
    if seen.wants_certificate:
        return client_certificate(where)
    if seen.version in _OLD:
        message = f"{where} speaks nothing newer than {seen.version}, and Python asks for TLS 1.2"
        return problem("tls-version", f"{message} ({reason})", f"{_OWNER} update it")
    if seen.cipher in [each["name"] for each in context_of("").get_ciphers()]:
        return unreadable(where, seen._replace(failure=reason))
    message = f"{where} agrees to {seen.cipher} at best, which Python does not offer by itself"
    return problem("cipher", f"{message} ({reason})", f"{_OWNER} update it")
