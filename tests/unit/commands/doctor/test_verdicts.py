"""What OpenSSL says of a chain that nobody serves is what it says of one that is served."""

from __future__ import annotations

import ssl
from typing import List, Optional, Sequence

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from certifi_system_store_wrapper import parsing
from certifi_system_store_wrapper.commands.doctor import strict
from certifi_system_store_wrapper.commands.doctor.verdicts import STRICT, Verdict, stand_in, verdict
from certifi_system_store_wrapper.parsing import pem, rfc5280
from support.minting import CA, Made, key_usage, make
from support.servers import context_for

_BASIC = x509.BasicConstraints(ca=True, path_length=None)
# A CA for each rule that a certificate may break, and some that break none.
CAS = {
    "faultless": make("faultless", *CA),
    "RSA": make("RSA", *CA, rsa_bits=2048),
    "Ed25519": make("Ed25519", *CA, key=ed25519.Ed25519PrivateKey.generate()),
    "no key usage": make("no key usage", CA[0]),
    "constraints not critical": make("not critical", (_BASIC, False), CA[1]),
    "no key identifiers": make("no key identifiers", *CA, identified=False),
    "RSA without key usage": make("RSA without", CA[0], rsa_bits=2048),
    "may not sign": make("may not sign", CA[0], key_usage("crl_sign")),
    "expired": make("expired", *CA, days=(-9, -1)),
    "no CA": make("no CA"),
}
IS_NEW = ssl.OPENSSL_VERSION_INFO >= (3,)
needs_rules = pytest.mark.skipif(not IS_NEW, reason="this OpenSSL has few of the strict checks")


def der_of(made: Made) -> bytes:
    """Return the certificate as DER."""
    return made.certificate.public_bytes(Encoding.DER)


def served(chain: Sequence[Made], trusted: Made, flags: int) -> Optional[Verdict]:
    """Return what a client says of a server that has the key, in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cadata=trusted.pem.decode("ascii"))
    client.verify_flags |= flags | 0x80000
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context_for(*chain).wrap_bio(there, back, server_side=True)
    tls = client.wrap_bio(back, there)
    for _ in range(9):
        for side in (tls, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return Verdict(error.verify_code, error.verify_message)
    return Verdict(0, "")


@pytest.mark.parametrize("flags", [0, STRICT], ids=["lenient", "strict"])
@pytest.mark.parametrize("name", CAS)
def test_it_is_what_a_real_server_gets(name: str, flags: int) -> None:
    """For a leaf of each CA, and for one below an intermediate certificate of it."""
    root = CAS[name]
    middle = make("middle", *CA, by=root)
    for chain in ([make("leaf", by=root)], [make("leaf", by=middle), middle]):
        ders: List[bytes] = list(map(der_of, chain))
        assert verdict(ders, [der_of(root)], flags) == served(chain, root, flags)


def test_who_is_not_trusted() -> None:
    """Nothing is trusted that was not named."""
    leaf, root, other = make("leaf", by=CAS["RSA"]), CAS["RSA"], CAS["faultless"]
    said = [verdict([der_of(leaf)], trusted) for trusted in ([], [der_of(other)], [der_of(root)])]
    assert [each.code for each in said if each] == [20, 20, 0]


@pytest.mark.parametrize("name", CAS)
def test_the_stand_in_of_a_ca(name: str) -> None:
    """OpenSSL takes it for one of that CA, down to the signature."""
    ca = der_of(CAS[name])
    said = verdict([stand_in(ca)], [ca])
    others = {"expired": (10,), "no CA": (24, 79), "may not sign": (24, 32, 79)}
    assert said and said.code in others.get(name, (7,)), said


@needs_rules
def test_the_strict_checks_of_each_ca() -> None:
    """OpenSSL, and our own reading of the RFC that orders twins, refuse the same ones."""
    ders = [der_of(each) for each in CAS.values()]
    with open(certifi.where(), "rb") as file:
        blocks = [found.block for found in parsing.parse(file.read()).certificates]
    for der in [*ders, *map(pem.der_of, blocks)]:
        # OpenSSL says first that it is no CA.
        if verdict([stand_in(der)], [der]) != verdict([stand_in(ders[-1])], [ders[-1]]):
            assert bool(strict.fault(der)) == bool(rfc5280.refusals(der, is_last=True)), der.hex()


def test_what_is_no_certificate() -> None:
    """It is said to be none, and no chain of it is good."""
    assert strict.fault(b"garbage").startswith("it cannot be read")
    assert verdict([b"garbage"], []) is None


@needs_rules
def test_who_is_at_fault() -> None:
    """Each certificate of a path by itself, also where several are."""
    root = CAS["no key usage"]
    middle = make("middle", *CA, by=root, identified=False)
    leaf = make("leaf", by=middle, identified=False)
    path = list(map(der_of, (leaf, middle, root)))
    assert [number for number, _ in strict.faults(path)] == [0, 1, 2]
    good = CAS["faultless"]
    between = make("between", *CA, by=good)
    assert list(strict.faults(list(map(der_of, (make("leaf", by=between), between, good))))) == []
