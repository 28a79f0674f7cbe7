"""What a source is handed: it reads files, and collects what the source says, as data.

A source says what it trusts, what it distrusts, and what it holds but does not trust. Nothing
is raised, nothing is lost, and only bundle.py decides what is left out.

The currency is the *block*: one certificate as canonical PEM (``bytes``, see
``pem.block_of``). Canonical means one text per DER, so equal blocks are equal
certificates and a dictionary of blocks is deduplicated by DER.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import Dict, Iterable, Iterator, List, Optional

from ..record import Record
from ..reporting.findings import Origin, Problem
from ..settings import DEBUG, WARNING
from .reader import Reader

# How a certificate stands in its source; it decides what is asked of it (see bundle.py).
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
    """A certificate that is found somewhere and not trusted there: one of REASONS says why.

    `detail` and `block` are those of the Exclusion that it becomes a part of.
    """

    block: bytes
    origin: Origin
    reason: str
    detail: str = ""
    level: int = DEBUG


class Findings:
    """What one source found. Every source fills one of these and never raises."""

    def __init__(self, source: str, reader: Optional[Reader] = None) -> None:
        """Start empty, for the source of that name; sources of one build share a reader."""
        self.source = source
        self.reader = reader or Reader()
        self.trusted: List[Trusted] = []
        self.refused: List[Refused] = []
        # What the administrator, the vendor or a person said no to, and who did: by block,
        # by issuer and serial number (see x509), by SHA-1 of the DER (in upper case).
        self.distrusted: Dict[bytes, Origin] = {}
        self.distrusted_numbers: Dict[bytes, Origin] = {}
        self.distrusted_sha1s: Dict[str, Origin] = {}
        self.problems: List[Problem] = []
        self._named_by = ""

    def trust(self, block: bytes, path: str, standing: str = LISTED) -> None:
        """Add a certificate that this source trusts for TLS servers."""
        self.trust_all([block], path, standing)

    def trust_all(self, blocks: Iterable[bytes], path: str, standing: str = LISTED) -> None:
        """Add all certificates of one file."""
        # _make: a store has some hundred links
        origin = Origin._make((self.source, path))
        self.trusted += [Trusted._make((block, origin, standing)) for block in blocks]

    def refuse(
        self, block: bytes, path: str, reason: str, detail: str = "", level: int = DEBUG
    ) -> None:
        """Add a certificate that this source holds, but does not trust."""
        self.refused.append(Refused(block, Origin(self.source, path), reason, detail, level))

    def distrust(self, block: bytes, path: str) -> None:
        """Add a certificate that nobody's discovered store may bring back."""
        self.distrusted[block] = Origin(self.source, path)

    def distrust_number(self, issuer_and_serial: bytes, path: str) -> None:
        """Add the same for a certificate that is not here itself."""
        self.distrusted_numbers[issuer_and_serial] = Origin(self.source, path)

    def distrust_sha1(self, sha1: str, path: str) -> None:
        """Add the same for a certificate of which only the SHA-1 is known."""
        self.distrusted_sha1s[sha1] = Origin(self.source, path)

    @contextmanager
    def named_by(self, who: str) -> Iterator[None]:
        """Have `unusable` tell who named what is read meanwhile: a variable, as a rule."""
        self._named_by = who
        try:
            yield
        finally:
            self._named_by = ""

    def unusable(self, path: str, message: str, level: int = WARNING) -> None:
        """Record that what was named is not there or cannot be read, and by whom."""
        named_by = f" (named by {self._named_by})" if self._named_by else ""
        self.problem(path, message + named_by, level)

    def problem(self, path: str, message: str, level: int = WARNING) -> None:
        """Record something that could not be read or used; said twice, it is told once."""
        self.problems.append(Problem(self.source, path, message, level))


def sha1_of(der: bytes) -> str:
    """Return the key of macOS' trust settings; FIPS builds refuse SHA-1 for anything else."""
    import hashlib

    if sys.version_info >= (3, 9):
        return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    return hashlib.sha1(der).hexdigest().upper()  # noqa: S324 - that is the key, see above
