"""Roots that were issued again under the same name: whatever the order, the server is reached."""

from __future__ import annotations

import subprocess
from itertools import permutations
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from support.minting import CA, Made, key_usage, known, make
from support.servers import Echo, Server, context_for, serving
from support.world import DEBIAN, World

CLIENT = """
import socket, ssl, sys
port, cafile, strict = sys.argv[1:]
context = ssl.create_default_context(cafile=cafile)
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
context.verify_flags |= ssl.VERIFY_X509_STRICT if strict == "strict" else 0
with socket.create_connection(("127.0.0.1", int(port))) as connection:
    try:
        context.wrap_socket(connection, server_hostname="localhost").close()
    except ssl.SSLCertVerificationError as error:
        print(error.verify_message)
"""
BASIC = (x509.BasicConstraints(ca=True, path_length=None), False)
OLD = make("root", BASIC, days=(-9, 9), identified=False)
NEW = make("root", *CA, days=(-2, 9))
ELSEWHERE = make("elsewhere", *CA)
CROSSED = make("root", *CA, key=NEW.key, by=ELSEWHERE, days=(-1, 9))
SAME_KEY = make("root", BASIC, key=NEW.key, days=(-9, 9), identified=False)
ODDLY_DATED = make("root", BASIC, key=NEW.key, days=(-0.5, 9), identified=False)
# OpenSSL takes both for the same name.
PRINTABLE = x509.NameAttribute(NameOID.COMMON_NAME, "Root", _ASN1Type.PrintableString)
ENCODED_OTHERWISE = make("root", BASIC, name=x509.Name([PRINTABLE]), days=(-9, 9), identified=False)
LEAF = (x509.BasicConstraints(ca=False, path_length=None), True)
# Of those that the server's certificate does not tell apart, the first counts.
SORTED = pytest.mark.posix("OpenSSL sorts by qsort: that of Windows keeps no order of equals")


def leaf(by: Made, *, identified: bool) -> Made:
    """Return a certificate of a server; with `identified` it says which key has signed it."""
    usage = key_usage("digital_signature")
    return make("localhost", LEAF, usage, by=by, names=["localhost"], identified=identified)


# Every root that is there, and the one that is meant.
CASES: Dict[str, Tuple[List[Made], Made]] = {
    "the same key": ([SAME_KEY, NEW], NEW),
    "the same key, the bad one issued later": ([ODDLY_DATED, NEW], NEW),
    "another key": ([OLD, NEW], NEW),
    "another encoding of the name": ([ENCODED_OTHERWISE, NEW], NEW),
    "a cross-signed twin": ([CROSSED, NEW], NEW),
    "all of them": ([CROSSED, SAME_KEY, OLD, NEW], NEW),
}


@SORTED
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("strict", ["strict", "lenient"])
@pytest.mark.parametrize("identified", [True, False], ids=["AKI", "no AKI"])
def test_what_the_new_root_alone_serves_is_served(
    world: World, tmp_path: Path, interpreter: str, case: str, strict: str, *, identified: bool
) -> None:
    """In every order of discovered and named files; and nobody else's server is."""
    roots, meant = CASES[case]
    alone = tmp_path / "alone.pem"
    alone.write_bytes(meant.pem)
    mine = leaf(meant, identified=identified)
    stranger = leaf(make("root", *CA), identified=identified)
    with serving(Echo, context_for(mine)) as server, serving(Echo, context_for(stranger)) as other:

        def said(to: Server, bundle: Path) -> str:
            command = [interpreter, "-c", CLIENT, str(to.port), str(bundle), strict]
            return subprocess.check_output(command, encoding="utf-8")

        expected = said(server, alone)
        for bundle in bundles(world, tmp_path, roots):
            assert said(server, bundle) == expected
        assert said(other, bundle)
    assert not (identified and expected)


def bundles(world: World, folder: Path, roots: List[Made]) -> Iterable[Path]:
    """Yield the bundle for each order: the first in the system's store, the others named."""
    for number, order in enumerate(permutations(roots)):
        if number % max(1, len(roots) * 2 - 4) == 0:
            for one in order:
                known("root", one.certificate.public_bytes(Encoding.DER))
            world.write(DEBIAN, order[0].pem)
            world.build(
                *(world.write(f"/home/{n}.pem", one.pem) for n, one in enumerate(order[1:]))
            )
            path = folder / "bundle.pem"
            path.write_bytes(world.last.text)
            yield path


def test_an_old_key_that_leaves_name_is_found(
    world: World, tmp_path: Path, interpreter: str
) -> None:
    """A leaf that says which key has signed it is served under either root of that name."""
    named = make("root", *CA, days=(-9, 9))
    with serving(Echo, context_for(leaf(named, identified=True))) as server:
        for bundle in bundles(world, tmp_path, [named, NEW]):
            command = [interpreter, "-c", CLIENT, str(server.port), str(bundle), "lenient"]
            assert subprocess.check_output(command, encoding="utf-8") == ""
