"""What is in the bundle, and why: the one function to read to know what the product does."""

from __future__ import annotations

from itertools import chain
from typing import Dict, List, Optional, Sequence, Tuple

from . import sources
from .machine import openssl
from .parsing import Known, pem, x509
from .record import Record
from .reporting.findings import (
    DISTRUSTED,
    HELD,
    MALFORMED,
    NAMED,
    NO_SERVER_AUTH,
    NOT_A_CA,
    PROVEN,
    Exclusion,
    Findings,
    Origin,
    Problem,
    Trusted,
)
from .settings import DEBUG, INFO, SSL, USER, WARNING, Settings
from .sources.inputs import Input
from .sources.reader import MARK, Reader

HEADER = (
    MARK
    + b"bundle\n"
    + b"# Made by certifi.where(), not to be edited; certifi-system-store-wrapper tells more.\n"
)


class Anchor(Record):
    """A certificate that the bundle trusts: its canonical PEM, and everywhere it was found."""

    block: bytes
    origins: Tuple[Origin, ...]

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return pem.der_of(self.block)


class Bundle(Record):
    """What would be published: anchors in the bundle's order, and everything left out."""

    anchors: Tuple[Anchor, ...]
    excluded: Tuple[Exclusion, ...]
    problems: Tuple[Problem, ...]
    inputs: Tuple[Input, ...]

    @property
    def body(self) -> bytes:
        """The anchors as PEM: pure ASCII, LF, nothing but CERTIFICATE blocks."""
        return b"".join([block for block, _ in self.anchors])

    @property
    def text(self) -> bytes:
        """What stands in the temporary bundle."""
        return b"".join([HEADER, *[block for block, _ in self.anchors]])


def build(settings: Settings, certifi_file: str, more: Sequence[Findings] = ()) -> Bundle:
    """Return what the bundle holds, from `certifi_file`, the system, ssl and the user's own.

    Reads files (on macOS and Windows also the system's store), changes nothing, never raises
    for what it reads: what cannot be used is in `excluded` and `problems`. `more` is what has
    been found elsewhere and comes last.
    """
    reader = Reader()
    return merged([*sources.collect(settings, reader, certifi_file), *more], reader)


def merged(findings: Sequence[Findings], reader: Reader) -> Bundle:
    """Return what these findings, of files that `reader` has read, come to."""
    # Known before anything is merged: distrust counts whichever source comes first.
    merger = _Merger(_distrusted(findings), reader.known)
    for one in findings:
        merger.add(one)
    merger.drop_unloadable()
    excluded, problems = tuple(merger.excluded), tuple(merger.problems)
    return Bundle(merger.in_order(), excluded, problems, tuple(reader.inputs))


def _distrusted(findings: Sequence[Findings]) -> Dict[bytes, Origin]:
    """Return the blocks that are distrusted, also by issuer and serial number, and by whom."""
    said = {d.block: d.origin for f in findings for d in f.distrusted}
    named = {key: origin for key, origin in said.items() if not key.startswith(pem.BEGIN)}
    for found in chain.from_iterable(f.trusted for f in findings if named):
        key = x509.issuer_and_serial(pem.der_of(found.block))
        if key in named:
            said[found.block] = named[key]
    return said


class _Merger:
    """Merges findings: deduplicates, subtracts distrust, refuses what is no TLS anchor."""

    def __init__(self, distrusted: Dict[bytes, Origin], known: Known) -> None:
        self.distrusted, self.known = distrusted, known
        self.anchors: Dict[bytes, Dict[Origin, None]] = {}  # origins in their order
        self.unproven: Dict[bytes, Trusted] = {}  # anchors that OpenSSL may yet refuse
        self.excluded: List[Exclusion] = []
        self.problems: Dict[Problem, None] = {}  # in their order, each once

    def add(self, findings: Findings) -> None:
        """Add what one source trusts, in its order."""
        self.excluded += findings.excluded
        self.problems.update(dict.fromkeys(findings.problems))
        anchors = self.anchors
        for found in findings.trusted:
            block, origin, standing = found
            origins = anchors.get(block)
            if origins is None:
                refusal = self._refusal(found)
                if refusal is not None:
                    self._leave_out(refusal)
                    continue
                origins = anchors[block] = {}
                if standing != PROVEN:
                    self.unproven[block] = found
            origins[origin] = None
            if standing == NAMED:
                self._note(found)

    def _refusal(self, found: Trusted) -> Optional[Exclusion]:
        """Return why this certificate stays out, or None."""
        block, origin, standing = found
        if block in self.distrusted and not self._is_overruled(found):
            said_by = self.distrusted[block].path
            is_news = origin.source == USER and said_by != origin.path
            return Exclusion(block, origin, DISTRUSTED, said_by, WARNING if is_news else INFO)
        if standing == PROVEN:
            return None
        if standing != HELD and not self.known.may_be_limited(block):
            return None
        level = WARNING if standing == NAMED else DEBUG
        try:
            facts = self.known.facts(block)
        except ValueError as error:
            return Exclusion(block, origin, MALFORMED, str(error), WARNING)
        if not facts.serves_tls:
            return Exclusion(block, origin, NO_SERVER_AUTH, "", level)
        if standing == HELD and not facts.ca:
            return Exclusion(block, origin, NOT_A_CA, "", level)
        return None

    def _is_overruled(self, found: Trusted) -> bool:
        """Whether a person named it, who is above whoever distrusts it, but not themselves."""
        return found.standing == NAMED and self.distrusted[found.block].source != USER

    def _note(self, found: Trusted) -> None:
        """Warn of what a person should know about a certificate that they named."""
        if found.block in self.distrusted:
            said_by = self.distrusted[found.block].path
            message = f"trusted because it was named, although {said_by} distrusts it"
            self._problem(found.origin, message)
        elif not self.known.is_ca(found.block):
            message = "trusted because it was named, although it is not a CA certificate"
            self._problem(found.origin, message)

    def _leave_out(self, refusal: Exclusion) -> None:
        self.excluded.append(refusal)
        if refusal.level >= WARNING:
            self._problem(refusal.origin, f"a certificate in it is not used: {_why(refusal)}")

    def _problem(self, origin: Origin, message: str) -> None:
        self.problems[Problem(origin.source, origin.path, message)] = None

    def in_order(self) -> Tuple[Anchor, ...]:
        """Return the anchors in the order in which they were first found.

        But what a person's files hold beside roots comes last: of two certificates of one name
        OpenSSL takes the first, and would miss the root behind its cross-signed twin.
        """
        anchors = [Anchor._make((b, tuple(where))) for b, where in self.anchors.items()]
        last = {b for b, found in self.unproven.items() if _is_no_root(found)}
        return tuple(sorted(anchors, key=lambda anchor: anchor.block in last))

    def drop_unloadable(self) -> None:
        """Take out again what OpenSSL could not load: it would cost the whole file."""
        doubtful = [block for block in self.unproven if not self.known.is_strict(block)]
        for block in openssl.unloadable(doubtful):
            del self.anchors[block]
            origin = self.unproven[block].origin
            self._leave_out(Exclusion(block, origin, MALFORMED, "", WARNING))


def _is_no_root(found: Trusted) -> bool:
    return found.origin.source in (SSL, USER) and x509.is_issued_by_another(pem.der_of(found.block))


def _why(refusal: Exclusion) -> str:
    """Return why it was left out, for whoever named it."""
    return f"{refusal.detail} rejects it" if refusal.reason == DISTRUSTED else refusal.reason
