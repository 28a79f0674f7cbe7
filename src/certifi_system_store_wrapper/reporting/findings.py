"""Findings as data: what could not be used, and which certificates were left out; and their log.

A certificate is a *block* here: its canonical PEM (``bytes``, see ``pem.block_of``).
"""

from __future__ import annotations

from typing import Iterator, Sequence, Tuple

from ..record import Record
from ..settings import DEBUG, INFO, WARNING
from . import say_once, warning

# Why a certificate was left out: a closed set, shown by `status` and kept in Exclusion.reason.
DISTRUSTED = "distrusted by the operating system"
REJECTED = "distrusted by a file of your own"
NOT_A_CA = "not a CA certificate"
NO_SERVER_AUTH = "its extended key usage does not allow TLS servers"
NOT_TRUSTED = "the store holds it, but does not trust it for TLS servers"
UNKNOWN = "whether it was added here or came with the system is not known"
MALFORMED = "OpenSSL cannot load it"
DISTRUSTS = (DISTRUSTED, REJECTED)
REASONS = (*DISTRUSTS, NOT_A_CA, NO_SERVER_AUTH, NOT_TRUSTED, UNKNOWN, MALFORMED)
# How many warnings one bundle may log: a folder of thousands of bad files must not fill a log.
_MOST = 100


class Origin(Record):
    """Where a certificate was found: one of EVERY_SOURCE, and the file, keychain or store."""

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
    """A certificate that was left out: its block, everywhere it was found, and one of REASONS.

    `detail` says who decided, for example the file that lists the distrust.
    `block` is whatever was there, unchecked, where the reason is MALFORMED.
    """

    block: bytes
    origins: Tuple[Origin, ...]
    reason: str
    detail: str = ""
    level: int = DEBUG

    @property
    def places(self) -> str:
        """Where it was found, for people."""
        return first_and_more([origin.path for origin in self.origins])


def first_and_more(paths: Sequence[str]) -> str:
    """Return the first path, and how many others there are."""
    more = len(set(paths)) - 1
    return f"{paths[0]} (and {more} more)" if more else paths[0]


def report(problems: Sequence[Problem], excluded: Sequence[Exclusion]) -> None:
    """Log what could not be used and what was left out, each once in this process."""
    warnings = 0
    for level, sentence in sentences(problems, excluded):
        is_warning = level >= WARNING
        is_news = say_once(DEBUG if is_warning and warnings >= _MOST else level, sentence)
        warnings += is_warning and is_news
    if warnings > _MOST:
        warning(
            f"{warnings - _MOST} more files or certificates cannot be used: "
            "`certifi-system-store-wrapper status` names them all"
        )


def sentences(
    problems: Sequence[Problem], excluded: Sequence[Exclusion]
) -> Iterator[Tuple[int, str]]:
    """Yield what report() logs, each with its level."""
    for problem in problems:
        yield problem.level, str(problem)
    for out in excluded:
        detail = f" ({out.detail})" if out.detail else ""
        # Where a warning is due, it is a problem, too.
        yield min(out.level, INFO), f"{out.places}: left out: {out.reason}{detail}"
