"""twins: of certificates with one name, which stands first, and why."""

from __future__ import annotations

from itertools import permutations
from typing import List, Sequence

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certifi_system_store_wrapper.parsing import Known, twins
from certifi_system_store_wrapper.parsing.pem import BEGIN, END, block_of
from support.minting import CA, Extension, key_usage, make, mint

OLD_STYLE = (x509.BasicConstraints(ca=True, path_length=None), False)
OTHER = make("other", *CA)
BEST = make("root", *CA, days=(-5, 9))
BY_RANK = [
    BEST.pem,
    make("root", *CA, key=BEST.key, days=(-6, 9)).pem,
    make("root", OLD_STYLE, days=(-4, 9)).pem,
    make("root", OLD_STYLE, days=(-5, 9)).pem,
    make("root", *CA, by=OTHER, key=BEST.key, days=(-2, 9)).pem,
    make("root", OLD_STYLE, by=OTHER, key=BEST.key, days=(-1, 9)).pem,
]


def test_self_signed_then_conforming_then_youngest() -> None:
    """In whatever order they were found."""
    for some in permutations(range(6), 3):
        blocks = [BY_RANK[place] for place in some]
        assert twins.in_order(blocks) == [BY_RANK[place] for place in sorted(some)]


def test_a_root_that_another_key_signed_is_not_self_signed() -> None:
    """It only has its own name as its issuer: a link from an old key to a new one."""
    old = make("root", *CA, days=(-9, 9))
    link = make("root", *CA, by=old, days=(-1, 9))
    assert twins.in_order([link.pem, old.pem]) == [old.pem, link.pem]
    assert twins.reason(old.pem, link.pem) == "self-signed"


@pytest.mark.parametrize(
    "extensions",
    [
        [(x509.BasicConstraints(ca=False, path_length=None), True)],
        [(x509.BasicConstraints(ca=True, path_length=None), True), key_usage("digital_signature")],
        [],
    ],
)
def test_what_may_sign_nothing_comes_last(extensions: Sequence[Extension]) -> None:
    """However young: OpenSSL would refuse whatever the root of that name and key has signed."""
    young = make("root", *extensions, key=BEST.key, days=(-1, 9)).pem
    assert twins.in_order([young, *BY_RANK]) == [*BY_RANK, young]
    assert twins.reason(BEST.pem, young) == "it may sign certificates"


@pytest.mark.parametrize("kind", ["PrintableString", "T61String", "IA5String", "UTF8String"])
def test_a_name_is_the_same_in_any_case_and_encoding(kind: str) -> None:
    """As for OpenSSL; another name is another."""
    text = x509.NameAttribute(NameOID.COMMON_NAME, "ROOT", _ASN1Type[kind])
    same = make("", *CA, name=x509.Name([text])).pem
    other = make("roos", *CA).pem
    assert [*Known().by_subject([BEST.pem, other, same])] == [[BEST.pem, same], [other]]


def test_times_of_both_kinds_compare() -> None:
    """From 2050 on they have a year of four digits; 99 is 1999."""
    begins = (-20000, -10, 9000, 11000)
    ders = [mint(f"t{begin}", subject="t", days=(begin, 12000)) for begin in begins]
    blocks = [block_of(der) for der in ders]
    assert twins.in_order(blocks) == blocks[::-1]


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        ((0, 1), "issued later"),
        ((1, 2), "it passes the strict checks"),
        ((3, 4), "self-signed"),
        ((0, 0), "found first"),
    ],
)
def test_the_reason_is_told(places: List[int], reason: str) -> None:
    """It is what decided."""
    one, other = places
    assert twins.reason(BY_RANK[one], BY_RANK[other]) == reason


def test_what_cannot_be_read_comes_last() -> None:
    """It is no reason to fail."""
    broken = BEGIN + b"AAAA\n" + END
    assert twins.in_order([broken, BY_RANK[5]]) == [BY_RANK[5], broken]
    assert list(Known().by_subject([broken, BY_RANK[5]])) == [[broken], [BY_RANK[5]]]


def test_names_of_any_length_are_found() -> None:
    """Also where the subject ends far behind the first lines, or the certificate is tiny."""
    names = ["x", "a" * 64]
    long = [
        make("", *CA, name=[x509.NameAttribute(x509.NameOID.COMMON_NAME, n)] * count).pem
        for n in names
        for count in (1, 2, 20)
    ]
    groups = list(Known().by_subject([*long, *long[:2], BEST.pem, BY_RANK[3]]))
    assert [len(group) for group in groups] == [2, 2, 1, 1, 1, 1, 2]
