"""bundle: what is in it, in which order, and why; for any content of any source."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper import bundle, sources
from certifi_system_store_wrapper.bundle import Bundle, build
from certifi_system_store_wrapper.machine import openssl
from certifi_system_store_wrapper.parsing import pem, x509
from certifi_system_store_wrapper.reporting.findings import (
    DISTRUSTED,
    MALFORMED,
    NOT_A_CA,
    NOT_TRUSTED,
    REASONS,
    REJECTED,
)
from certifi_system_store_wrapper.settings import INFO, USER, Settings
from certifi_system_store_wrapper.sources.findings import (
    HELD,
    LISTED,
    NAMED,
    PROVEN,
    Findings,
    sha1_of,
)
from support import strategies
from support.minting import encode_pem, mint, trusted_pem
from support.world import DEBIAN, World, check

A, B, C = mint("A"), mint("B"), mint("C")
LEAF = mint("localhost", ca=False)
BLOCK_A, BLOCK_B, BLOCK_C, BLOCK_LEAF = map(pem.block_of, (A, B, C, LEAF))
BROKEN = pem.block_of(A.replace(b"\x0c\x01A", b"\x0c\x01\xff"))


@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuple[World, Path]]:
    """Return one machine for all examples of a property: hypothesis wants no fresh ones."""
    root = tmp_path_factory.mktemp("machine")
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield World(root, monkeypatch), root


def built_of(root: Tuple[World, Path], files: Dict[str, bytes]) -> Bundle:
    """Return the bundle of a machine with these files, after the checks for every bundle."""
    world, folder = root
    for path in ("/site/certifi/cacert.pem", DEBIAN, "/home/user.pem"):
        world.write(path, files.get(path, b""))
    cert_files = (world.path("/home/user.pem"),) if "/home/user.pem" in files else ()
    built = build(Settings(cert_files=cert_files), world.certifi_file)
    if built.anchors:
        check(built, folder / "checked.pem")
    return built


def blocks(built: Bundle) -> List[bytes]:
    return [anchor.block for anchor in built.anchors]


@given(strategies.files, strategies.files, strategies.files)
@settings(max_examples=150, deadline=None)
def test_any_content_of_any_source_gives_a_sound_bundle(
    root: Tuple[World, Path], certifi: bytes, system: bytes, user: bytes
) -> None:
    """Every promise of a bundle holds, and whatever is left out has a known reason."""
    paths = ("/site/certifi/cacert.pem", DEBIAN, "/home/user.pem")
    built = built_of(root, dict(zip(paths, (certifi, system, user))))
    assert all(out.reason in REASONS for out in built.excluded)
    assert all(problem.message for problem in built.problems)


@given(strategies.files, strategies.files, strategies.files)
@settings(max_examples=150, deadline=None)
def test_adding_a_source_never_removes_an_anchor_except_by_distrust(
    root: Tuple[World, Path], certifi: bytes, system: bytes, user: bytes
) -> None:
    """Whatever a third source holds beside two others."""
    files = {"/site/certifi/cacert.pem": certifi, DEBIAN: system}
    before = built_of(root, files)
    after = built_of(root, {**files, "/home/user.pem": user})
    distrusted = {out.block for out in after.excluded if out.reason == DISTRUSTED}
    assert set(blocks(before)) - distrusted <= set(blocks(after))
    kept = [anchor for anchor in after.anchors if anchor.block in distrusted]
    assert all(USER in {origin.source for origin in anchor.origins} for anchor in kept)


@given(st.lists(strategies.certificates, min_size=1), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_order_and_duplicates_are_stable(
    root: Tuple[World, Path], ders: List[bytes], cut: int
) -> None:
    """Each certificate stands where its name came first, and a second build is the same."""
    first, second = ders[:cut], ders[cut:]
    files = {
        "/site/certifi/cacert.pem": b"".join(map(encode_pem, first)),
        DEBIAN: b"".join(map(encode_pem, second + first)),
    }
    built = built_of(root, files)
    names: Dict[bytes, List[bytes]] = {}
    for der in dict.fromkeys(first + second):
        names.setdefault(x509.facts(der).subject, []).append(der)
    assert [anchor.der for anchor in built.anchors] == [d for ders in names.values() for d in ders]
    assert built_of(root, files).anchors == built.anchors


def found(source: str = USER) -> Findings:
    return Findings(source)


@pytest.fixture(name="merge")
def _merge(monkeypatch: pytest.MonkeyPatch) -> Merge:
    return Merge(monkeypatch)


class Merge:
    """Builds from findings that a test wrote down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.more: List[Findings] = []

    def __call__(self, *findings: Findings) -> Bundle:
        self.monkeypatch.setattr(sources, "collect", lambda *_: list(findings))
        return build(Settings(), "unused", self.more)


def test_distrust_counts_whichever_source_comes_first(merge: Merge) -> None:
    """It takes the certificate out of the other one, and says which file refuses it."""
    trusting, refusing = found("certifi"), found("system")
    trusting.trust(BLOCK_A, "cacert.pem", PROVEN)
    trusting.trust(BLOCK_B, "cacert.pem", PROVEN)
    refusing.distrust(BLOCK_A, "blocklist/a.pem")
    for order in ((trusting, refusing), (refusing, trusting)):
        built = merge(*order)
        assert blocks(built) == [BLOCK_B]
        (out,) = built.excluded
        assert (out.reason, out.detail) == (DISTRUSTED, "blocklist/a.pem")


@pytest.mark.parametrize("told", ["certificate", "issuer and serial number", "SHA-1"])
def test_distrust_counts_however_it_is_told(merge: Merge, told: str) -> None:
    """It takes out that very certificate, and one record names every place that has it."""
    trusting, refusing, more = found("certifi"), found("system"), found("ssl")
    for each in (trusting, more):
        each.trust(BLOCK_A, each.source + ".pem", LISTED)
        each.trust(BLOCK_B, each.source + ".pem", LISTED)
    refusing.refuse(BLOCK_A, "keychain", NOT_TRUSTED)
    if told == "certificate":
        refusing.distrust(BLOCK_A, "blocklist")
    elif told == "SHA-1":
        refusing.distrust_sha1(sha1_of(A), "blocklist")
    else:
        refusing.distrust_number(x509.issuer_and_serial(pem.der_of(BLOCK_A)), "blocklist")
    built = merge(trusting, refusing, more)
    assert blocks(built) == [BLOCK_B]
    (out,) = built.excluded
    assert (out.block, out.reason, out.detail) == (BLOCK_A, DISTRUSTED, "blocklist")
    assert [o.path for o in out.origins] == ["certifi.pem", "keychain", "ssl.pem"]
    assert (out.level, out.places) == (INFO, "certifi.pem (and 2 more)")


def test_a_named_certificate_is_warned_of_also_where_it_is_found_twice(merge: Merge) -> None:
    """The file of the person who named it is told, not the store's."""
    listed, named = found("system"), found("user")
    listed.trust(BLOCK_LEAF, "store", LISTED)
    named.trust(BLOCK_LEAF, "leaf.pem", NAMED)
    (problem,) = merge(listed, named).problems
    assert problem.path == "leaf.pem"


def test_what_was_merely_held_comes_in_when_a_person_names_it(merge: Merge) -> None:
    """The folder's copy stays on record as left out."""
    held, named = found("ssl"), found("user")
    held.trust(BLOCK_LEAF, "folder", HELD)
    named.trust(BLOCK_LEAF, "leaf.pem", NAMED)
    built = merge(held, named)
    assert blocks(built) == [BLOCK_LEAF]
    assert [out.reason for out in built.excluded] == [NOT_A_CA]


def test_one_unloadable_block_among_many_costs_only_itself(merge: Merge) -> None:
    """Its neighbours keep their order, and one problem names the store."""
    findings = found("system")
    ders = [mint(f"many-{number}", rsa_bits=0, eku=("serverAuth",)) for number in range(9)]
    for der in ders[:5]:
        findings.trust(pem.block_of(der), "store")
    findings.trust(BROKEN, "store")
    for der in ders[5:]:
        findings.trust(pem.block_of(der), "store")
    built = merge(findings)
    assert [anchor.der for anchor in built.anchors] == ders
    assert [(out.block, out.reason) for out in built.excluded] == [(BROKEN, MALFORMED)]
    (problem,) = built.problems
    assert problem.path == "store"


def test_what_a_person_named_and_openssl_cannot_load_is_told_once(merge: Merge) -> None:
    """It is not trusted, so nobody is told that it was, although it is no CA's."""
    leaf = pem.block_of(LEAF.replace(b"localhost", b"local\xffost"))
    findings = found(USER)
    findings.trust(leaf, "user.pem", NAMED)
    findings.trust(BLOCK_LEAF, "leaf.pem", NAMED)
    built = merge(findings)
    assert [anchor.block for anchor in built.anchors] == [BLOCK_LEAF]
    assert [each.path for each in built.problems] == ["user.pem", "leaf.pem"]


def test_what_is_plain_der_is_not_shown_to_openssl(
    merge: Merge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading each costs 0.1 ms: only what is doubtful is tried."""
    tried: List[List[bytes]] = []

    def loads_everything(some: List[bytes]) -> List[bytes]:
        tried.append(some)
        return []

    monkeypatch.setattr(openssl, "unloadable", loads_everything)
    findings = found("system")
    for block in (BLOCK_A, BLOCK_B, BROKEN):
        findings.trust(block, "store")
    merge(findings)
    assert tried == [[BROKEN]]


@given(st.lists(st.sampled_from([BLOCK_A, BLOCK_B, BLOCK_C, BROKEN]), unique=True))
@settings(deadline=None)
def test_unloadable_finds_exactly_the_broken_ones(some: List[bytes]) -> None:
    """In any mixture and order, by the real OpenSSL."""
    assert openssl.unloadable(some) == [block for block in some if block == BROKEN]


def test_what_was_appended_comes_last(merge: Merge) -> None:
    """And is one more origin of what is there already."""
    findings, more = found("certifi"), found("user")
    findings.trust(BLOCK_A, "cacert.pem", PROVEN)
    more.trust(BLOCK_A, "appended", NAMED)
    more.trust(BLOCK_B, "appended", NAMED)
    more.trust(BROKEN, "appended", NAMED)
    merge.more = [more]
    built = merge(findings)
    assert blocks(built) == [BLOCK_A, BLOCK_B]
    assert [origin.source for origin in built.anchors[0].origins] == ["certifi", "user"]
    assert [out.reason for out in built.excluded] == [MALFORMED]


def test_what_was_appended_is_warned_of_for_the_right_reason(merge: Merge) -> None:
    """Not a CA, or distrusted: it stays, and each is told apart."""
    findings, refusing, more = found("ssl"), found("system"), found("user")
    findings.trust(BLOCK_LEAF, "folder", HELD)
    findings.trust(BLOCK_A, "folder", HELD)
    refusing.distrust(BLOCK_A, "blocklist/a.pem")
    more.trust(BLOCK_LEAF, "appended", NAMED)
    more.trust(BLOCK_A, "appended", NAMED)
    merge.more = [more]
    built = merge(findings, refusing)
    assert blocks(built) == [BLOCK_LEAF, BLOCK_A]
    not_a_ca, distrusted = (problem.message for problem in built.problems)
    assert "not a CA" in not_a_ca
    assert "blocklist/a.pem distrusts it" in distrusted


def test_header_and_body(merge: Merge) -> None:
    """The text is the header and the canonical blocks; the header is comments alone."""
    findings = found("certifi")
    findings.trust(BLOCK_A, "cacert.pem", PROVEN)
    built = merge(findings)
    assert built.text == bundle.HEADER + built.body == bundle.HEADER + BLOCK_A
    assert all(line.startswith(b"#") for line in bundle.HEADER.splitlines())


def test_a_rejected_block_of_a_named_file_removes_it(root: Tuple[World, Path]) -> None:
    """A person may distrust what certifi has; nobody says that the system did."""
    files = {
        "/site/certifi/cacert.pem": encode_pem(A) + encode_pem(B),
        "/home/user.pem": trusted_pem(A, reject=["serverAuth"]),
    }
    built = built_of(root, files)
    assert blocks(built) == [BLOCK_B]
    (out,) = built.excluded
    assert (out.reason, out.detail) == (REJECTED, root[0].path("/home/user.pem"))


@pytest.mark.parametrize("plain_first", [True, False])
def test_who_names_and_rejects_a_certificate_rejects_it(
    root: Tuple[World, Path], *, plain_first: bool
) -> None:
    """In whatever order; what one file rejects is news to whoever names it by another."""
    both = [encode_pem(A), trusted_pem(A, reject=["serverAuth"])]
    data = b"".join(both if plain_first else both[::-1]) + encode_pem(B)
    built = built_of(root, {"/home/user.pem": data})
    assert blocks(built) == [BLOCK_B]
    (problem,) = [p for p in built.problems if p.source == USER]
    assert "it says itself that it is not to be trusted" in problem.message
    other = root[0].write("/home/other.pem", encode_pem(A))
    rejecting = root[0].path("/home/user.pem")
    built = build(Settings(cert_files=(other, rejecting)), root[0].certifi_file)
    assert blocks(built) == [BLOCK_B]
    assert [p.message for p in built.problems if p.path == other] == [
        f"a certificate in it is not used: {rejecting} rejects it"
    ]


def test_two_builds_of_the_same_are_one(root: Tuple[World, Path]) -> None:
    """A program may keep bundles in a set, to know whether anything has changed."""
    world, _ = root
    world.write("/site/certifi/cacert.pem", encode_pem(mint("one")))
    found = {build(Settings(), world.certifi_file) for _ in range(2)}
    assert len(found) == 1 and found.pop().digests
