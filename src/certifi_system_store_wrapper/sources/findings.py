"""Findings: what one source trusts, what it distrusts, what it holds but does not trust.

A source records everything here as data; what one raises, collect() records as its failure. Only
bundle.py decides what is left out.

A certificate is a *block*: its canonical PEM (``bytes``, see ``pem.block_of``). One certificate
has exactly one block, so equal blocks are equal certificates.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import contextmanager
from typing import Dict, Iterable, Iterator, List, Optional

from ..record import Record
from ..reporting.findings import Origin, Problem
from ..settings import DEBUG, WARNING
from .reader import Reader

# How a certificate stands in its source. bundle.py checks more or less of it accordingly.
PROVEN = "proven"  # certifi's own file, unchanged since it was released
LISTED = "listed"  # a store's bundle lists it as trusted
HELD = "held"  # a directory merely holds it: it must be a CA
NAMED = "named"  # a person named or dropped the file


class Trusted(Record):
    """A certificate that a source trusts, and how it stands there."""

    block: bytes
    origin: Origin
    standing: str = LISTED


class Refused(Record):
    """A certificate that a source holds but does not trust, and one of REASONS.

    `block`, `detail` and `level` mean the same as in the Exclusion that bundle.py makes of it.
    """

    block: bytes
    origin: Origin
    reason: str
    detail: str = ""
    level: int = DEBUG


class Findings:
    """What one source found."""

    def __init__(self, source: str, reader: Optional[Reader] = None) -> None:
        """Start empty, for the source with that name; all sources of one build share a reader."""
        self.source = source
        self.reader = reader or Reader()
        self.trusted: List[Trusted] = []
        self.refused: List[Refused] = []
        # What the administrator, the vendor or a person distrusts, and where they say so: by block,
        # by issuer and serial number (see x509), by SHA-1 of the DER (in upper case). Who says it
        # first is named: what an administrator wrote is read before what a tool made of it.
        self.distrusted: Dict[bytes, Origin] = {}
        self.distrusted_numbers: Dict[bytes, Origin] = {}
        self.distrusted_sha1s: Dict[str, Origin] = {}
        self.problems: List[Problem] = []
        # Why the source is incomplete as a whole; "" if it is not.
        self.failure = ""
        self._named_by = ""

    def trust(self, block: bytes, path: str, standing: str = LISTED) -> None:
        """Add a certificate that this source trusts for TLS servers."""
        self.trust_all([block], path, standing)

    def trust_all(self, blocks: Iterable[bytes], path: str, standing: str = LISTED) -> None:
        """Add all certificates of one file."""
        # _make() is faster, and a store has some hundred files.
        origin = Origin._make((self.source, path))
        self.trusted += [Trusted._make((block, origin, standing)) for block in blocks]

    def refuse(
        self, block: bytes, path: str, reason: str, detail: str = "", level: int = DEBUG
    ) -> None:
        """Add a certificate that this source holds, but does not trust."""
        self.refused.append(Refused(block, Origin(self.source, path), reason, detail, level))

    def distrust(self, block: bytes, path: str) -> None:
        """Add a certificate that no other discovered source may make trusted again."""
        self.distrusted.setdefault(block, Origin(self.source, path))

    def distrust_number(self, issuer_and_serial: bytes, path: str) -> None:
        """Do the same for a certificate of which only issuer and serial number are known."""
        self.distrusted_numbers.setdefault(issuer_and_serial, Origin(self.source, path))

    def distrust_sha1(self, sha1: str, path: str) -> None:
        """Do the same for a certificate of which only the SHA-1 is known."""
        self.distrusted_sha1s.setdefault(sha1, Origin(self.source, path))

    @contextmanager
    def named_by(self, who: str) -> Iterator[None]:
        """While the body runs, unusable() adds to its messages who named the path."""
        self._named_by = who
        try:
            yield
        finally:
            self._named_by = ""

    def unusable(self, path: str, message: str, level: int = WARNING) -> None:
        """Record that a path does not exist or cannot be read, and who named it."""
        named_by = f" (named by {self._named_by})" if self._named_by else ""
        self.problem(path, message + named_by, level)

    def problem(self, path: str, message: str, level: int = WARNING) -> None:
        """Record something that could not be read or used; bundle.py drops repetitions."""
        self.problems.append(Problem(self.source, path, message, level))


def sha1_of(der: bytes) -> str:
    """Return the key of a certificate in the stores of Windows and in macOS' trust settings.

    Python of a FIPS build computes SHA-1 only where it is not used for security.
    """
    if sys.version_info >= (3, 9):
        return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    return hashlib.sha1(der).hexdigest().upper()  # noqa: S324 - that is the key, see above
