"""Decides what is in the bundle, and why. Read this file to know what the product does."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from . import sources
from .machine import openssl
from .machine.files import HEADER
from .machine.inputs import Input
from .parsing import Known, pem, twins, x509
from .record import Record
from .reporting.findings import (
    DISTRUSTED,
    DISTRUSTS,
    MALFORMED,
    NO_SERVER_AUTH,
    NOT_A_CA,
    REJECTED,
    Exclusion,
    Origin,
    Problem,
)
from .settings import CERTIFI, DEBUG, INFO, USER, WARNING, Settings
from .sources.findings import HELD, NAMED, PROVEN, Findings, Refused, Trusted, sha1_of
from .sources.reader import Reader

_NO_CA = "it is not a CA certificate: unless it is self-signed, name the one that issued it"


class Anchor(Record):
    """A certificate that the bundle trusts: its canonical PEM, and everywhere it was found."""

    block: bytes
    origins: Tuple[Origin, ...]

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return pem.der_of(self.block)


class Bundle(Record):
    """What would be published: the anchors in their order, and everything that was left out."""

    anchors: Tuple[Anchor, ...]
    excluded: Tuple[Exclusion, ...]
    problems: Tuple[Problem, ...]
    inputs: Tuple[Input, ...]
    # Why certifi's own list is not in it, so that it must not be published; "" if all is well.
    failure: str = ""
    # The SHA-256 of each input that was read, by its state.
    digests: Tuple[Tuple[Tuple[int, ...], str], ...] = ()

    @property
    def body(self) -> bytes:
        """The anchors as PEM: pure ASCII, LF, nothing but CERTIFICATE blocks."""
        return b"".join([block for block, _ in self.anchors])

    @property
    def text(self) -> bytes:
        """The content of the temporary bundle."""
        return HEADER + self.body


def build(settings: Settings, certifi_file: str, more: Sequence[Findings] = ()) -> Bundle:
    """Build the bundle from `certifi_file`, the system, the defaults of ssl and the user's CAs.

    It reads files (on macOS and Windows also the system's store) and changes nothing. It never
    raises because of what it reads: `excluded` and `problems` hold what cannot be used. The
    caller found `more` elsewhere; these findings come last.
    """
    reader = Reader()
    return merged([*sources.collect(settings, reader, certifi_file), *more], reader)


def merged(findings: Sequence[Findings], reader: Reader) -> Bundle:
    """Merge the findings of sources that share `reader`."""
    # All distrust is collected first: it counts for every source, also for earlier ones.
    merger = _Merger(_Distrust(findings), reader.known)
    for one in findings:
        merger.add(one)
    merger.drop_unloadable()
    merger.warn_of_named()
    excluded = tuple([_exclusion(each) for each in merger.refused.values()])
    failure = "".join([one.failure for one in findings if one.source == CERTIFI])
    problems, inputs = tuple(merger.problems), tuple(reader.inputs)
    digests = tuple(reader.digests.items())
    return Bundle(merger.in_order(), excluded, problems, inputs, failure, digests)


class _Distrust:
    """Who distrusts which certificate; if several do, the user is named, else the first source."""

    def __init__(self, findings: Sequence[Findings]) -> None:
        self._by_block: Dict[bytes, Origin] = {}
        self._by_number: Dict[bytes, Origin] = {}
        self._by_sha1: Dict[str, Origin] = {}
        ordered = sorted(findings, key=lambda each: each.source != USER)
        # Who is added last counts: the first source, and above all the user.
        for one in reversed(ordered):
            self._by_block.update(one.distrusted)
            self._by_number.update(one.distrusted_numbers)
            self._by_sha1.update(one.distrusted_sha1s)

    def of(self, block: bytes) -> Optional[Origin]:
        """Return who distrusts this certificate, or None."""
        said = self._by_block.get(block)
        if said is None and self._by_number:
            said = self._by_number.get(x509.issuer_and_serial(pem.der_of(block)))
        if said is None and self._by_sha1:
            said = self._by_sha1.get(sha1_of(pem.der_of(block)))
        return said


class _Merger:
    """Merges findings: removes duplicates and what is distrusted, refuses what is no TLS anchor."""

    def __init__(self, distrust: _Distrust, known: Known) -> None:
        self.distrust, self.known = distrust, known
        # Each anchor with its origins, in the order in which they were found.
        self.anchors: Dict[bytes, Dict[Origin, None]] = {}
        # Anchors that OpenSSL may still refuse to load.
        self.unproven: Dict[bytes, Trusted] = {}
        # Anchors that a person named.
        self.named: List[Trusted] = []
        self.refused: Dict[bytes, Dict[Origin, Refused]] = {}
        # Each problem once, in the order in which they were found.
        self.problems: Dict[Problem, None] = {}

    def add(self, findings: Findings) -> None:
        """Add what one source trusts, in its order."""
        for refused in findings.refused:
            said_by = None if refused.reason == MALFORMED else self.distrust.of(refused.block)
            told = _distrusted(refused.block, refused.origin, said_by) if said_by else refused
            self._exclude(told)
        self.problems.update(dict.fromkeys(findings.problems))
        for found in findings.trusted:
            block, origin, standing = found
            if block not in self.anchors:
                refusal = self._refusal(found)
                if refusal is not None:
                    self._leave_out(refusal)
                    continue
                self.anchors[block] = {}
                if standing != PROVEN:
                    self.unproven[block] = found
            self.anchors[block][origin] = None
            if standing == NAMED:
                self.named.append(found)

    def _refusal(self, found: Trusted) -> Optional[Refused]:
        """Return why this certificate stays out, or None."""
        block, origin, standing = found
        said_by = self.distrust.of(block)
        # A person who names a certificate overrules the system, but not their own distrust.
        if said_by is not None and (standing != NAMED or said_by.source == USER):
            return _distrusted(block, origin, said_by)
        if standing == PROVEN or (standing != HELD and not self.known.may_have_ekus(block)):
            return None
        level = WARNING if standing == NAMED else DEBUG
        try:
            facts = self.known.facts(block)
        except ValueError as error:
            return Refused(block, origin, MALFORMED, str(error), WARNING)
        if not facts.serves_tls:
            return Refused(block, origin, NO_SERVER_AUTH, "", level)
        if standing == HELD and not facts.ca:
            return Refused(block, origin, NOT_A_CA, "", level)
        return None

    def _leave_out(self, refusal: Refused) -> None:
        """Exclude a certificate that a source trusts; report it if somebody should act."""
        self._exclude(refusal)
        if refusal.level >= WARNING:
            rejected = f"{refusal.detail} rejects it"
            why = rejected if refusal.reason in DISTRUSTS else refusal.reason
            self._problem(refusal.origin, f"a certificate in it is not used: {why}")

    def _exclude(self, refused: Refused) -> None:
        self.refused.setdefault(refused.block, {}).setdefault(refused.origin, refused)

    def _problem(self, origin: Origin, message: str) -> None:
        self.problems[Problem(origin.source, origin.path, message)] = None

    def in_order(self) -> Tuple[Anchor, ...]:
        """Return the anchors in the order in which they were first found.

        Those with one subject are together where the first was found, in an order of their own.
        """
        ordered: List[bytes] = []
        for group in self.known.by_subject(self.anchors):
            ordered += group if len(group) == 1 else twins.in_order(group)
        return tuple([Anchor._make((block, tuple(self.anchors[block]))) for block in ordered])

    def drop_unloadable(self) -> None:
        """Remove each anchor that OpenSSL cannot load: one of them makes the whole file useless."""
        doubtful = [block for block in self.unproven if not self.known.is_strict(block)]
        for block in openssl.unloadable(doubtful):
            for origin in self.anchors.pop(block):
                self._leave_out(Refused(block, origin, MALFORMED, "", WARNING))

    def warn_of_named(self) -> None:
        """Warn of each named anchor that is distrusted, or is no CA certificate."""
        for block, origin, _ in self.named:
            said_by = self.distrust.of(block)
            if block in self.anchors and (said_by or not self.known.is_ca(block)):
                why = f"{said_by.path} distrusts it" if said_by else _NO_CA
                self._problem(origin, f"trusted because it was named, although {why}")


def _distrusted(block: bytes, origin: Origin, said_by: Origin) -> Refused:
    """Refuse it as distrusted; warn if a user's file holds it and another file distrusts it."""
    is_news = origin.source == USER and said_by.path != origin.path
    reason = REJECTED if said_by.source == USER else DISTRUSTED
    return Refused(block, origin, reason, said_by.path, WARNING if is_news else INFO)


def _exclusion(refused: Dict[Origin, Refused]) -> Exclusion:
    """Return one exclusion for all places. Distrust is the first reason, then the highest level."""
    told = max(refused.values(), key=lambda each: (each.reason in DISTRUSTS, each.level))
    return Exclusion(told.block, tuple(refused), told.reason, told.detail, told.level)
