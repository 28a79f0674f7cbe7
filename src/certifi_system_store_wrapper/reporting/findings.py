"""What a source found, as data: nothing is raised, nothing is lost.

The currency is the *block*: one certificate as canonical PEM (``bytes``, see
``pem.block_of``). Canonical means one text per DER, so equal blocks are equal
certificates and a dictionary of blocks is deduplicated by DER.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterable, Iterator, List, Set

from ..record import Record
from ..settings import DEBUG, WARNING

# Why a certificate was left out: a closed set, shown by `status` and kept in Exclusion.reason.
DISTRUSTED = "distrusted by the operating system"
NOT_A_CA = "not a CA certificate"
NO_SERVER_AUTH = "its extended key usage does not allow TLS servers"
NOT_TRUSTED = "the store holds it, but does not trust it for TLS servers"
MALFORMED = "OpenSSL cannot load it"
REASONS = (DISTRUSTED, NOT_A_CA, NO_SERVER_AUTH, NOT_TRUSTED, MALFORMED)


# How a certificate stands in its source; it decides what is asked of it (see bundle.py).
PROVEN = "proven"  # certifi's own file, unchanged since it was released
LISTED = "listed"  # a store's bundle lists it as trusted
HELD = "held"  # a directory merely holds it: it must be a CA
NAMED = "named"  # a person named or dropped the file


class Origin(Record):
    """Where a certificate was found: one of SOURCES, and the file, keychain or store."""

    source: str
    path: str


class Problem(Record):
    """Something that could not be used: what, why and the remedy in `message`."""

    source: str
    path: str
    message: str
    level: int = WARNING

    def __str__(self) -> str:
        """Return the sentence for people: which file, what is wrong, what to do."""
        return f"{self.path}: {self.message}" if self.path else self.message


class Exclusion(Record):
    """A certificate that was found and left out: its block, where, and one of REASONS.

    `detail` says who decided, for example the file that lists the distrust.
    `block` is whatever was there, unchecked, where the reason is MALFORMED.
    """

    block: bytes
    origin: Origin
    reason: str
    detail: str = ""
    level: int = DEBUG


class Trusted(Record):
    """A certificate that a source trusts, and how it stands there."""

    block: bytes
    origin: Origin
    standing: str = LISTED


class Distrusted(Record):
    """A certificate that the operating system's administrator or vendor said no to.

    `block` may also be the DER of its issuer's name and its serial number.
    """

    block: bytes
    origin: Origin


class Findings:
    """What one source found. Every source fills one of these and never raises."""

    def __init__(self, source: str) -> None:
        """Start empty, for the source of that name."""
        self.source = source
        self.trusted: List[Trusted] = []
        self.distrusted: List[Distrusted] = []
        self.excluded: List[Exclusion] = []
        self.problems: List[Problem] = []
        self._named_by = ""
        self._said: Set[Problem] = set()  # a list of thousands is searched for ever

    def trust(self, block: bytes, path: str, standing: str = LISTED) -> None:
        """Add a certificate that this source trusts for TLS servers."""
        origin = Origin._make((self.source, path))  # _make: a store has some hundred links
        self.trusted.append(Trusted._make((block, origin, standing)))

    def trust_all(self, blocks: Iterable[bytes], path: str, standing: str = LISTED) -> None:
        """Add all certificates of one file."""
        origin = Origin(self.source, path)
        self.trusted += [Trusted._make((block, origin, standing)) for block in blocks]

    def distrust(self, block: bytes, path: str) -> None:
        """Add a certificate that nobody's discovered store may bring back."""
        self.distrusted.append(Distrusted(block, Origin(self.source, path)))

    def exclude(
        self, block: bytes, path: str, reason: str, detail: str = "", level: int = DEBUG
    ) -> None:
        """Record a certificate that was found and left out."""
        origin = Origin(self.source, path)
        self.excluded.append(Exclusion(block, origin, reason, detail, level))

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
        """Record something that could not be read or used, once."""
        problem = Problem(self.source, path, message, level)
        if problem not in self._said:
            self._said.add(problem)
            self.problems.append(problem)
