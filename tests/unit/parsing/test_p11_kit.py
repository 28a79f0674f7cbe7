"""p11_kit: what an object of p11-kit's own format trusts and distrusts."""

from __future__ import annotations

from certifi_system_store_wrapper.parsing.p11_kit import distrusted, has_objects, trusted
from support.minting import encode_pem, mint

PEM_A, PEM_B = encode_pem(mint("A")), encode_pem(mint("B"))
OBJECT = b"[p11-kit-object-v1]\nx-distrusted: true\n"


def test_what_it_holds_and_what_it_tells() -> None:
    """Certificates as PEM, an issuer with a serial number in percent code, both, or nothing."""
    number = b'issuer: "%30%00"\nserial-number: "%02%01%07"\n'
    data = OBJECT + PEM_A + OBJECT + number + OBJECT + PEM_B + number + OBJECT
    told = b"0\0\2\1\7"
    assert list(distrusted(data)) == [([PEM_A], b""), ([], told), ([PEM_B], told), ([], b"")]


def test_half_of_a_number_tells_nothing() -> None:
    """An issuer has many certificates."""
    assert list(distrusted(OBJECT + b'issuer: "%30%00"\n')) == [([], b"")]


def test_what_is_not_distrusted_is_passed_over() -> None:
    """Other objects, PEM beside them, and anything else."""
    trusted = OBJECT.replace(b"x-distrusted: true", b"trusted: true") + PEM_B
    assert list(distrusted(PEM_A + trusted)) == []
    assert list(distrusted(b"\xff\0")) == []


def test_what_is_trusted() -> None:
    """By an object that says so and does not distrust, unless others narrow the purposes."""
    trusting = OBJECT.replace(b"x-distrusted", b"trusted")
    assert trusted(PEM_B + trusting + PEM_A + b"[p11-kit-object-v1]\n" + PEM_B) == [PEM_A]
    assert trusted(trusting + b"x-distrusted: true\n" + PEM_A) == []
    assert trusted(OBJECT + PEM_A) == trusted(PEM_A) == []
    narrowed = b"\n[p11-kit-object-v1]\nclass: x-certificate-extension\nobject-id: 2.5.29.37\n"
    assert trusted(trusting + PEM_A + narrowed) == []
    assert [has_objects(data) for data in (trusting, PEM_A)] == [True, False]
