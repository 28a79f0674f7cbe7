"""A certificate as text: the *block*, one canonical PEM for each DER. No I/O.

That is ``-----BEGIN CERTIFICATE-----``, 64 columns, LF. Source: RFC 7468.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Dict, List

from ..record import Record

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
LINE = 64
MAX_DAMAGE = 1000  # pieces in one file, until only what is intact is looked for

# What OpenSSL's TRUSTED block says of the purpose "TLS server".
PLAIN, REJECTED, OTHER_PURPOSE = "plain", "rejected", "other purpose"

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST = (ALPHABET, b"AEIMQUYcgkosw048", b"AQgw")  # before 0, 1, 2 "=": no stray bits


class Certificate(Record):
    """One certificate: its block, and the verdict of a TRUSTED block on TLS servers."""

    block: bytes
    verdict: str = PLAIN


class Damage(Record):
    """Something meant to be a certificate, its line (from 1), and what is wrong with it.

    `data` is what stands there, unless it could be used all the same.
    """

    line: int
    message: str
    data: bytes = b""


class Parsed(Record):
    """What a file holds: certificates in its order, damage, and the lines of private keys."""

    certificates: List[Certificate]
    damage: List[Damage]
    private_keys: List[int]
    strict: Dict[bytes, bool]  # blocks that every OpenSSL loads: whether they name key usages
    instead: List[str]  # what the file seems to be, where it is nothing of all this

    def report(self, damage: Damage) -> None:
        """Keep the damage; give up on a file that is damaged all over."""
        if len(self.damage) < MAX_DAMAGE:
            self.damage.append(damage)
        elif len(self.damage) == MAX_DAMAGE:
            message = "there is too much damage: from here on only intact certificates are used"
            self.damage.append(Damage(damage.line, message))


def has_marker(text: bytes) -> bool:
    """Whether there may be a marker in it, however mangled."""
    return b"-----" in text or b"begin" in text.lower()


def block_of(der: bytes) -> bytes:
    """Return the canonical PEM of one certificate's DER."""
    text = b2a_base64(der, newline=False)
    lines = [text[i : i + LINE] for i in range(0, len(text), LINE)]
    return b"%b%b\n%b" % (BEGIN, b"\n".join(lines), END)


def der_of(block: bytes) -> bytes:
    """Return the DER of a canonical PEM block."""
    return a2b_base64(block[len(BEGIN) : -len(END)])


def is_canonical(block: bytes) -> bool:
    """Whether decoding the block and encoding it again would give the same; in 2 microseconds."""
    body = block[len(BEGIN) : -len(END)]
    full, more = divmod(len(body), LINE + 1)
    newlines = full + bool(more)
    left = body.translate(None, ALPHABET)
    padding = len(left) - newlines
    return (
        more != 1
        and 0 <= padding <= 2
        and (len(body) - newlines) % 4 == 0
        and left == b"\n" * (newlines - 1) + b"=" * padding + b"\n"
        and body[LINE :: LINE + 1] == b"\n" * full
        and body.endswith(b"=" * padding + b"\n")
        and body[-padding - 2] in _LAST[padding]
    )
