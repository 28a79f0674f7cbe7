"""Certificates as PEM, and what a file holds of them.

A *block* is the one canonical PEM of a certificate's DER:
``-----BEGIN CERTIFICATE-----``, 64 columns, LF. Source: RFC 7468.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Dict, Iterable, List, Set

from ..record import Record
from .loadable import is_strict
from .x509 import OID_EKU, Facts, Layout, facts, layout, subject

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
LINE = 64
# After so many damaged pieces in one file only intact certificates are used.
MAX_DAMAGE = 1000

# What OpenSSL's TRUSTED block says of the purpose "TLS server".
PLAIN, REJECTED, OTHER_PURPOSE = "plain", "rejected", "other purpose"

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# The characters that leave no bit over, in front of zero, one and two "=".
_LAST = (ALPHABET, b"AEIMQUYcgkosw048", b"AQgw")

# Two names are the same to OpenSSL whatever the case of their letters and whichever of the usual
# types of text they have (x509_name_canon in crypto/x509/x_name.c). Elsewhere in names these bytes
# are lengths, which cannot differ if all else is the same.
_OF_TYPES = b"\x0c\x13\x14\x16\x1a"  # UTF8, Printable, T61, IA5, Visible
_SAME_NAME = bytes.maketrans(_OF_TYPES, _OF_TYPES[:1] * len(_OF_TYPES))

# What is odd about the markers of a file.
NOT_ALONE = (
    "a BEGIN or END line of a certificate holds something else, such as a blank, a byte-order mark "
    "or another line: it is used all the same, but not by most other programs"
)
CR_ALONE = (
    "lines end with CR alone, as on old Macs: they are read all the same, but not by most other "
    "programs"
)
HEADER = (
    "a header stands between BEGIN and the base64 of a certificate: it is used all the same, but "
    "not by most other programs"
)
PASSED_OVER = "text stands before this BEGIN on its line: it begins no certificate, as for OpenSSL"
MISTYPED = (
    "this BEGIN line is misspelt, so the certificate is not used, as by OpenSSL: correct it, "
    "with five plain dashes on both sides, or export this certificate again"
)
WORD_PROCESSOR = (
    "the dashes of a BEGIN or END line are those of a word processor: it is used all the same, but "
    "not by other programs; type five plain dashes, or export this certificate again"
)

# The message about a file of no known format.
UNKNOWN = "it is neither PEM, DER nor PKCS#7: export the certificate alone, as PEM"


class Certificate(Record):
    """One certificate: its block, and the verdict of a TRUSTED block on TLS servers."""

    block: bytes
    verdict: str = PLAIN


class Damage(Record):
    """A certificate that is damaged: its line (from 1), and what is wrong with it.

    `data` is the text of it, or b"" if it is used all the same.
    """

    line: int
    message: str
    data: bytes = b""


class Known:
    """What is known of certificates. All files of one build share it: each is examined once."""

    def __init__(self) -> None:
        """Start with nothing."""
        # Each block by itself. One copy is kept of many: using the same memory again is fast.
        self.blocks: Dict[bytes, bytes] = {}
        # Blocks that every OpenSSL loads for certain.
        self.strict: Set[bytes] = set()
        self._layouts: Dict[bytes, Layout] = {}
        # The subjects of what was examined, and what of it may have extended key usages.
        self._subjects: Dict[bytes, bytes] = {}
        self._with_ekus: Set[bytes] = set()
        self._facts: Dict[bytes, Facts] = {}

    def examine(self, der: bytes, block: bytes) -> None:
        """Note whether every OpenSSL loads it for certain; raise NotDer if it is no certificate."""
        if is_strict(der):
            self.strict.add(block)
        else:
            self._layouts[block] = layout(der)
        self._subjects[block] = subject(der)
        if OID_EKU in der:
            self._with_ekus.add(block)

    def is_strict(self, block: bytes) -> bool:
        """Whether every OpenSSL loads it for certain."""
        return block in self.strict or is_strict(der_of(block))

    def may_have_ekus(self, block: bytes) -> bool:
        """Whether it may have extended key usages; facts() knows it for certain."""
        if block in self._subjects:
            return block in self._with_ekus
        return OID_EKU in der_of(block)

    def by_subject(self, blocks: Iterable[bytes]) -> Iterable[List[bytes]]:
        """Return the certificates in their order, those with one subject together."""
        groups: Dict[bytes, List[bytes]] = {}
        for block in blocks:
            name = self._subjects.get(block) or _subject(block)
            groups.setdefault(name.translate(_SAME_NAME).lower(), []).append(block)
        return groups.values()

    def facts(self, block: bytes) -> Facts:
        """Return what the certificate says of itself; raise NotDer, a ValueError."""
        if block not in self._facts:
            self._facts[block] = facts(der_of(block), self._layouts.get(block))
        return self._facts[block]

    def is_ca(self, block: bytes) -> bool:
        """Whether it is a CA certificate; no if it cannot be read."""
        try:
            return self.facts(block).ca
        except ValueError:
            # OpenSSL may load it all the same.
            return False


class Parsed:
    """What a file holds."""

    def __init__(self, known: Known) -> None:
        """Start with nothing; facts about certificates go to `known`."""
        self.known = known
        # In the order of the file.
        self.certificates: List[Certificate] = []
        self.damage: List[Damage] = []
        # What is odd about markers, and the first line where it is so.
        self.notes: Dict[str, int] = {}
        # The lines of private keys.
        self.private_keys: List[int] = []
        # What the file seems to be if it holds nothing of all this.
        self.instead = ""
        # Whether it holds nothing but blocks in their one form, and comments.
        self.is_plain = False

    def add(self, der: bytes, verdict: str = PLAIN) -> None:
        """Add a certificate; raise NotDer if it is none."""
        block = block_of(der)
        self.known.examine(der, block)
        self.certificates.append(Certificate(block, verdict))

    def report(self, damage: Damage) -> None:
        """Keep the damage, up to MAX_DAMAGE pieces."""
        if len(self.damage) < MAX_DAMAGE:
            self.damage.append(damage)
        elif len(self.damage) == MAX_DAMAGE:
            message = "there is too much damage: from here on only intact certificates are used"
            self.damage.append(Damage(damage.line, message))


def _subject(block: bytes) -> bytes:
    """Return the subject, or the block where that cannot be read."""
    # Decoding costs most of the time, and nearly every subject ends within nine lines.
    for end in (len(BEGIN) + 9 * (LINE + 1), -len(END)):
        try:
            return subject(a2b_base64(block[len(BEGIN) : end]))
        except (ValueError, IndexError):
            continue
    return block


def has_marker(text: bytes) -> bool:
    """Whether the text may contain a marker, even a mangled one."""
    return b"BEGIN " in text or b"END " in text


def block_of(der: bytes) -> bytes:
    """Return the canonical PEM of one certificate's DER."""
    text = b2a_base64(der, newline=False)
    lines = [text[i : i + LINE] for i in range(0, len(text), LINE)]
    return b"%b%b\n%b" % (BEGIN, b"\n".join(lines), END)


def der_of(block: bytes) -> bytes:
    """Return the DER of a canonical PEM block."""
    return a2b_base64(block[len(BEGIN) : -len(END)])


def is_canonical(block: bytes) -> bool:
    """Whether decoding and encoding the block would give the same, found in 2 microseconds."""
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


def is_whole(block: bytes) -> bool:
    """Whether a canonical block has as many bytes as its DER states, at least 256."""
    header = a2b_base64(block[len(BEGIN) : len(BEGIN) + 8])
    body = len(block) - len(BEGIN) - len(END)
    size = (body - (body + LINE) // (LINE + 1)) // 4 * 3 - block.count(b"=", -len(END) - 3)
    return header[:2] == b"\x30\x82" and int.from_bytes(header[2:4], "big") + 4 == size
