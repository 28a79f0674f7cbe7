"""Does every certificate that is_strict() says yes to load in the OpenSSL of this Python?

Run it on interpreters with different versions of OpenSSL; it needs nothing but the standard
library (and pyOpenSSL, with --pyopenssl, to ask the OpenSSL that cryptography brings):

    python tests/quality/fuzz/strict_everywhere.py 20000 CERTIFICATES.pem...

It mutates every certificate of the files, deterministically; exit status 1 if one that we call
strict does not load.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from random import Random
from typing import Callable, Iterator, List

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))

from certifi_system_store_wrapper import parsing
from certifi_system_store_wrapper.parsing import loadable, pem
from support.differential import load_as_file, loads_as_text
from support.mutations import mutated


def strict_mutants(seeds: List[bytes], count: int) -> Iterator[bytes]:
    """Yield those of `count` mutated certificates that is_strict says yes to, and the seeds."""
    random = Random(5280)
    yield from filter(loadable.is_strict, seeds)
    for _ in range(count):
        der = mutated(random.choice(seeds), random)
        if loadable.is_strict(der):
            yield der


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
