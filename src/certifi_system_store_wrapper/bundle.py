"""What is in the bundle, and why: the one function to read to know what the product does."""

from __future__ import annotations

from typing import Dict, Optional, Sequence, Tuple

from . import sources
from .machine import openssl
from .parsing import Known, pem, x509
from .record import Record
from .reporting.findings import (
    DISTRUSTED,
    MALFORMED,
    NO_SERVER_AUTH,
    NOT_A_CA,
    Exclusion,
    Origin,
    Problem,
)
from .settings import DEBUG, INFO, SSL, USER, WARNING, Settings
from .sources.findings import HELD, NAMED, PROVEN, Findings, Refused, Trusted, sha1_of
from .sources.reader import MARK, Input, Reader

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
        return HEADER + self.body


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
    merger = _Merger(_Distrust(findings), reader.known)
    for one in findings:
        merger.add(one)
    merger.drop_unloadable()
    excluded = tuple([_exclusion(each) for each in merger.refused.values()])
    return Bundle(merger.in_order(), excluded, tuple(merger.problems), tuple(reader.inputs))


class _Distrust:
    """Who distrusts which certificate, however they tell it; the last one's word is passed on."""

    def __init__(self, findings: Sequence[Findings]) -> None:
        self._by_block = {k: by for one in findings for k, by in one.distrusted.items()}
        self._by_number = {k: by for one in findings for k, by in one.distrusted_numbers.items()}
        self._by_sha1 = {k: by for one in findings for k, by in one.distrusted_sha1s.items()}

    def of(self, block: bytes) -> Optional[Origin]:
        """Return who distrusts this certificate, or None."""
        said = self._by_block.get(block)
        if said is None and self._by_number:
            said = self._by_number.get(x509.issuer_and_serial(pem.der_of(block)))
        if said is None and self._by_sha1:
            said = self._by_sha1.get(sha1_of(pem.der_of(block)))
        return said


class _Merger:
    """Merges findings: deduplicates, subtracts distrust, refuses what is no TLS anchor."""

    def __init__(self, distrust: _Distrust, known: Known) -> None:
        self.distrust, self.known = distrust, known
        self.anchors: Dict[bytes, Dict[Origin, None]] = {}  # origins in their order
        self.unproven: Dict[bytes, Trusted] = {}  # anchors that OpenSSL may yet refuse
        self.refused: Dict[bytes, Dict[Origin, Refused]] = {}
        self.problems: Dict[Problem, None] = {}  # in their order, each once

    def add(self, findings: Findings) -> None:
        """Add what one source trusts, in its order."""
        for refused in findings.refused:
            said_by = refused.reason != MALFORMED and self.distrust.of(refused.block)
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
                self._note(found)

    def _refusal(self, found: Trusted) -> Optional[Refused]:
        """Return why this certificate stays out, or None."""
        block, origin, standing = found
        said_by = self.distrust.of(block)
        # Who names a certificate is above whoever distrusts it, but not above themselves.
        if said_by is not None and (standing != NAMED or said_by.source == USER):
            return _distrusted(block, origin, said_by)
        if standing == PROVEN or (standing != HELD and x509.OID_EKU not in pem.der_of(block)):
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

    def _note(self, found: Trusted) -> None:
        """Warn of what a person should know about a certificate that they named."""
        said_by = self.distrust.of(found.block)
        if said_by or not self.known.is_ca(found.block):
            why = f"{said_by.path} distrusts it" if said_by else "it is not a CA certificate"
            self._problem(found.origin, f"trusted because it was named, although {why}")

    def _leave_out(self, refusal: Refused) -> None:
        """Exclude what a source trusts, and tell whoever should mend it."""
        self._exclude(refusal)
        if refusal.level >= WARNING:
            rejected = f"{refusal.detail} rejects it"
            why = rejected if refusal.reason == DISTRUSTED else refusal.reason
            self._problem(refusal.origin, f"a certificate in it is not used: {why}")

    def _exclude(self, refused: Refused) -> None:
        self.refused.setdefault(refused.block, {}).setdefault(refused.origin, refused)

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
            self._leave_out(Refused(block, origin, MALFORMED, "", WARNING))


def _is_no_root(found: Trusted) -> bool:
    return found.origin.source in (SSL, USER) and x509.is_issued_by_another(pem.der_of(found.block))


def _distrusted(block: bytes, origin: Origin, said_by: Origin) -> Refused:
    """Return that it is distrusted, which is news to a person whose own file does not say so."""
    is_news = origin.source == USER and said_by.path != origin.path
    return Refused(block, origin, DISTRUSTED, said_by.path, WARNING if is_news else INFO)


def _exclusion(refused: Dict[Origin, Refused]) -> Exclusion:
    """Return all that is said of one certificate: distrust comes first, then the loudest reason."""
    told = max(refused.values(), key=lambda each: (each.reason == DISTRUSTED, each.level))
    return Exclusion(told.block, tuple(refused), told.reason, told.detail, told.level)
