"""Whether OpenSSL trusts a server by a CA: none that it takes is refused, each fault is told."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from certifi_system_store_wrapper.commands.doctor import strict, usable
from certifi_system_store_wrapper.parsing.pem import der_of
from support import write
from support.minting import CA, Made, make

ROOT = make("Root", *CA)
BELOW_CORP = x509.NameConstraints([x509.DNSName("corp.example")], None)
NAME_CONSTRAINTS = "2.5.29.30"
NEAR = (x509.BasicConstraints(ca=True, path_length=0), True)
FINE: Dict[str, Callable[[], Made]] = {
    "RSA": lambda: make("RSA", *CA, rsa_bits=2048),
    "P-521": lambda: make("P-521", *CA, key=ec.generate_private_key(ec.SECP521R1())),
    "Ed25519": lambda: make("Ed25519", *CA, key=ed25519.Ed25519PrivateKey.generate()),
    "for some names": lambda: make("Corp", *CA, (BELOW_CORP, True)),
    "for servers' certificates alone": lambda: make("Near", NEAR, CA[1]),
    "without key identifiers": lambda: make("Bare", *CA, identified=False),
}
WRONG: Dict[str, Callable[[], Made]] = {
    "certificate has expired": lambda: make("Old", *CA, days=(-9, -1)),
    "certificate is not yet valid": lambda: make("Young", *CA, days=(1, 9)),
    "invalid CA certificate": lambda: make("a server"),
    "unhandled critical extension": lambda: make("New", *CA, unhandled("1.2.3.4", critical=True)),
    "unable to get local issuer certificate": lambda: make(
        "Bad", *CA, unhandled(NAME_CONSTRAINTS, critical=False)
    ),
}


def unhandled(oid: str, *, critical: bool) -> Tuple[x509.UnrecognizedExtension, bool]:
    """Return an extension that says nothing which anybody understands."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\1\2"), critical


def refusal(made: Made, *others: Made) -> str:
    """Return what is said of a CA, where these are trusted, too."""
    ders = [der_of(each.pem) for each in (made, *others)]
    return usable.refusal(ders[0], ders)


@pytest.mark.parametrize("name", FINE)
def test_a_ca_that_openssl_takes(name: str) -> None:
    """The stand-in is at fault for nothing."""
    assert refusal(FINE[name]()) == ""


@pytest.mark.parametrize("said", WRONG)
def test_a_ca_that_openssl_refuses(said: str) -> None:
    """Whatever server it vouches for; OpenSSL 3.6 has words to add."""
    assert refusal(WRONG[said]()).startswith(said)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="ssl cannot tell OpenSSL's level there")
def test_a_short_key() -> None:
    """OpenSSL takes it below level 2."""
    level = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).security_level
    said = "CA certificate key too weak" if level >= 2 else ""
    assert refusal(make("Weak", *CA, rsa_bits=1024)) == said


@pytest.mark.parametrize("name", ["Middle", "Root"])
def test_a_ca_of_another_ca(name: str) -> None:
    """Alone it counts from Python 3.13 on; its issuer may have its name, and another key."""
    issued = make(name, *CA, by=ROOT)
    assert refusal(issued) == ("" if strict.IS_ON else "unable to get issuer certificate")
    assert refusal(issued, ROOT) == ""


def test_an_intermediate_below_a_root_for_servers_alone() -> None:
    """The root's path length allows no CA below it; by itself it counts from Python 3.13 on."""
    near = make("Near", NEAR, CA[1])
    middle = make("Middle", *CA, by=near)
    assert refusal(middle, near) == ("" if strict.IS_ON else "path length constraint exceeded")


@pytest.mark.skipif(not shutil.which("openssl"), reason="no other tool makes such a key")
def test_a_key_for_rsassa_pss_alone(tmp_path: Path) -> None:
    """Its signatures name what they are made with."""
    config = write(tmp_path / "openssl.cnf", b"[req]\ndistinguished_name = none\n[none]\n")
    command = "openssl req -x509 -newkey rsa-pss -nodes -subj /CN=PSS -addext"
    more = ("keyUsage=keyCertSign", "-keyout", os.devnull, "-config", str(config))
    pem = subprocess.check_output([*command.split(), *more], stderr=subprocess.DEVNULL)
    der = ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
    assert usable.refusal(der, [der]) == ""
