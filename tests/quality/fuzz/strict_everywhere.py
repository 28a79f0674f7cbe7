"""Does every certificate that is_strict() says yes to load in the OpenSSL of this Python?

Run it on interpreters with different versions of OpenSSL; it needs nothing but the standard
library (and pyOpenSSL, with --pyopenssl, to ask the OpenSSL that cryptography brings):

    python tests/fuzz/strict_everywhere.py 20000 CERTIFICATES.pem...

It mutates every certificate of the files, deterministically; exit status 1 if one that we call
strict does not load.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
from random import Random
from typing import Callable, Iterator, List

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "src")]

from certifi_system_store_wrapper import parsing  # noqa: E402
from certifi_system_store_wrapper.parsing import loadable, pem  # noqa: E402
from fuzz.mutations import mutated  # noqa: E402


def strict_mutants(seeds: List[bytes], count: int) -> Iterator[bytes]:
    """Yield those of `count` mutated certificates that is_strict says yes to, and the seeds."""
    random = Random(5280)
    yield from filter(loadable.is_strict, seeds)
    for _ in range(count):
        der = mutated(random.choice(seeds), random)
        if loadable.is_strict(der):
            yield der


def loads_as_text(der: bytes) -> bool:
    """Whether exactly one certificate arrives through cadata."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem.block_of(der).decode("ascii"))
    except ssl.SSLError:
        return False
    return context.cert_store_stats()["x509"] == 1


def load_as_file(ders: List[bytes]) -> bool:
    """Whether all of these arrive through cafile, a thousand in a file (the store is slow)."""
    ders = list(dict.fromkeys(ders))
    return all(_load_as_file(ders[i : i + 1000]) for i in range(0, len(ders), 1000))


def _load_as_file(ders: List[bytes]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "all.pem")
        with open(path, "wb") as file:
            file.write(b"".join(map(pem.block_of, ders)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            return False
        return context.cert_store_stats()["x509"] == len(ders)


def _pyopenssl() -> Callable[[bytes], bool]:
    from OpenSSL import SSL, crypto

    print(SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode())

    def loads(der: bytes) -> bool:
        try:
            one = crypto.load_certificate(crypto.FILETYPE_ASN1, der)
            crypto.X509Store().add_cert(one)
        except (crypto.Error, ValueError):
            return False
        return True

    return loads


def main(arguments: List[str]) -> int:
    """Mutate, compare, print the counts and every difference."""
    loads: Callable[[bytes], bool] = loads_as_text
    if arguments[0] == "--pyopenssl":
        loads, arguments = _pyopenssl(), arguments[1:]
    seeds: List[bytes] = []
    for path in arguments[1:]:
        with open(path, "rb") as file:
            blocks = parsing.parse(file.read()).certificates
        seeds += [pem.der_of(found.block) for found in blocks]
    strict = list(strict_mutants(seeds, int(arguments[0])))
    refused = [der for der in strict if not loads(der)]
    if not load_as_file(strict):
        print("as one cafile they do not all load")
    for der in refused:
        print("refused:", der.hex())
    print(
        f"{ssl.OPENSSL_VERSION}: {len(seeds)} certificates, {arguments[0]} mutants,"
        f" {len(strict)} strict, {len(refused)} of them refused"
    )
    return 1 if refused or not load_as_file(strict) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
