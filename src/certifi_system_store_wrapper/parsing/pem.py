"""Certificates as text, and what a file holds of them.

A *block* is the one canonical PEM of a certificate's DER:
``-----BEGIN CERTIFICATE-----``, 64 columns, LF. Source: RFC 7468.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Dict, List, Set

from ..record import Record
from .loadable import is_strict
from .x509 import Facts, Layout, facts, layout

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
LINE = 64
MAX_DAMAGE = 1000  # pieces in one file, until only what is intact is looked for

# What OpenSSL's TRUSTED block says of the purpose "TLS server".
PLAIN, REJECTED, OTHER_PURPOSE = "plain", "rejected", "other purpose"

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST = (ALPHABET, b"AEIMQUYcgkosw048", b"AQgw")  # before 0, 1, 2 "=": no stray bits

# What a file is where nothing better can be said of it.
UNKNOWN = "it is neither PEM, DER nor PKCS#7: export the certificate alone, as PEM"


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


class Known:
    """What is known of certificates, for all files of one build: each is examined once."""

    def __init__(self) -> None:
        """Start with nothing."""
        # Each block by itself: of many copies one is kept, for memory that is used again is fast.
        self.blocks: Dict[bytes, bytes] = {}
        self.strict: Set[bytes] = set()  # blocks that every OpenSSL loads for certain
        self._layouts: Dict[bytes, Layout] = {}
        self._facts: Dict[bytes, Facts] = {}

    def examine(self, der: bytes, block: bytes) -> None:
        """Find out what is asked later; raises NotDer if it is no certificate."""
        if is_strict(der):
            self.strict.add(block)
        else:
            self._layouts[block] = layout(der)

    def is_strict(self, block: bytes) -> bool:
        """Whether every OpenSSL loads it for certain."""
        return block in self.strict or is_strict(der_of(block))

    def facts(self, block: bytes) -> Facts:
        """Return what the certificate says of itself; raises NotDer, a ValueError."""
        if block not in self._facts:
            self._facts[block] = facts(der_of(block), self._layouts.get(block))
        return self._facts[block]

    def is_ca(self, block: bytes) -> bool:
        """Whether it is a CA's; not where it cannot be told."""
        try:
            return self.facts(block).ca
        except ValueError:
            # OpenSSL may load it all the same.
            return False


class Parsed:
    """What a file holds."""

    def __init__(self, known: Known) -> None:
        """Start with nothing; what is found out about certificates goes to `known`."""
        self.known = known
        self.certificates: List[Certificate] = []  # in the order of the file
        self.damage: List[Damage] = []
        self.private_keys: List[int] = []  # their lines
        self.instead = ""  # what the file seems to be, where it is nothing of all this

    def add(self, der: bytes, verdict: str = PLAIN) -> None:
        """Add a certificate; raises NotDer if it is none."""
        block = block_of(der)
        self.known.examine(der, block)
        self.certificates.append(Certificate(block, verdict))

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
