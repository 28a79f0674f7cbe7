"""What we let into the bundle and OpenSSL loads: do GnuTLS and BoringSSL load it, too?

Both refuse a whole file for one certificate in it. Needs libgnutls (package libgnutls30), and
curl_cffi, which brings BoringSSL:

    python -m pip install curl_cffi cryptography
    python tests/quality/fuzz/other_stacks.py 20000

It mutates certificates, and prints every one that another stack refuses, and the counts. Exit
status 1 if more than one in a hundred are refused: what is left are values of extensions that
GnuTLS reads at once, and keys of no known kind.
"""

from __future__ import annotations

import ctypes
import socket
import sys
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import Dict, Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))

from certifi_system_store_wrapper.machine import openssl
from certifi_system_store_wrapper.parsing import loadable, pem, x509
from support.minting import mint
from support.mutations import mutated

BAD_CA_FILE = 77  # CURLE_SSL_CACERT_BADFILE


class Datum(ctypes.Structure):
    """gnutls_datum_t."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_uint))


class GnuTls:
    """The library of this machine."""

    def __init__(self) -> None:
        """Load it."""
        self.gnutls = ctypes.CDLL("libgnutls.so.30")

    def loads(self, pem: bytes) -> bool:
        """Whether exactly one certificate arrives."""
        credentials = ctypes.c_void_p()
        self.gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials))
        datum = Datum(pem, len(pem))
        add = self.gnutls.gnutls_certificate_set_x509_trust_mem
        count = add(credentials, ctypes.byref(datum), 1)
        self.gnutls.gnutls_certificate_free_credentials(credentials)
        return bool(count == 1)


class BoringSsl:
    """The one in curl_cffi: it reads the file once a server has accepted the connection."""

    def __init__(self) -> None:
        """Start a server that hangs up at once."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.path = tempfile.mkstemp(suffix=".pem")[1]
        threading.Thread(target=self._hang_up, daemon=True).start()

    def _hang_up(self) -> None:
        while True:
            self.listener.accept()[0].close()

    def loads(self, pem: bytes) -> bool:
        """Whether curl does not complain about the file of CAs."""
        from curl_cffi import Curl, CurlError, CurlOpt

        with open(self.path, "wb") as file:
            file.write(pem)
        curl, code = Curl(), 0
        curl.setopt(CurlOpt.URL, f"https://127.0.0.1:{self.port}/".encode())
        curl.setopt(CurlOpt.CAINFO, self.path.encode())
        try:
            curl.perform()
        except CurlError as error:
            code = error.code
        finally:
            curl.close()
        return bool(code != BAD_CA_FILE)


def let_in(count: int) -> Iterator[Tuple[bytes, bool]]:
    """Yield the blocks among `count` mutants that would be in a bundle, and whether strict."""
    seeds = [mint("A"), mint("B", rsa_bits=1024), mint("C", eku=("serverAuth",))]
    random, seen = Random(2459), set()
    for _ in range(count):
        der = mutated(random.choice(seeds), random)
        try:
            x509.layout(der)
        except ValueError:
            continue
        block, strict = pem.block_of(der), loadable.is_strict(der)
        if block not in seen and (strict or not openssl.unloadable([block])):
            seen.add(block)
            yield block, strict


def main(arguments: List[str]) -> int:
    """Mutate, ask, print the counts and every refusal."""
    stacks = {"GnuTLS": GnuTls(), "BoringSSL": BoringSsl()}
    asked: Dict[bool, int] = {True: 0, False: 0}
    refused: Dict[bool, int] = {True: 0, False: 0}
    for block, strict in let_in(int(arguments[0])):
        asked[strict] += 1
        by = [name for name, stack in stacks.items() if not stack.loads(block)]
        if by:
            refused[strict] += 1
            print(f"refused by {' and '.join(by)}:", pem.der_of(block).hex())
    for strict, count in asked.items():
        name = "strict" if strict else "other"
        print(f"{count} {name} certificates that OpenSSL loads, {refused[strict]} refused")
    return 1 if sum(refused.values()) * 100 > sum(asked.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
