"""How long does a handshake take beside one that hangs? With OpenSSL's context and truststore's.

    python -m pip install truststore, then python tests/benchmarks/beside.py

Two threads share one context, as the threads of a requests session do. The first talks to a server
that accepts and says nothing, until its timeout; the second to one that answers at once.
"""

from __future__ import annotations

import socket
import ssl
import statistics
import sys
import threading
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import trustme
import truststore

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.servers import HttpsServer, Page

HANGS = 4.0  # seconds until the first thread gives up
LATER = 0.1  # seconds after which the second begins
ROUNDS = 3


def shake_hands(context: ssl.SSLContext, port: int) -> None:
    """Connect to a port of this machine; the server is vouched for by the CA of this run."""
    with socket.create_connection(("127.0.0.1", port), timeout=HANGS) as plain:
        context.wrap_socket(plain, server_hostname="localhost").close()


def seconds_beside(context: ssl.SSLContext, silent: int, answering: int) -> float:
    """Return how long the second handshake takes while the first one hangs."""

    def hang() -> None:
        with suppress(OSError):
            shake_hands(context, silent)

    first = threading.Thread(target=hang)
    first.start()
    time.sleep(LATER)
    begun = time.perf_counter()
    shake_hands(context, answering)
    took = time.perf_counter() - begun
    first.join()
    return took


def main() -> None:
    """Print a line for each kind of context."""
    ca = trustme.CA()
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(of_server)
    with HttpsServer(("127.0.0.1", 0), Page) as server, socket.create_server(("", 0)) as silent:
        server.context = of_server
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        print(f"{ssl.OPENSSL_VERSION}; the other handshake hangs for {HANGS} s")
        kinds = {
            "ssl": ssl.SSLContext,
            f"truststore {version('truststore')}": truststore.SSLContext,
        }
        for name, kind in kinds.items():
            found = []
            for _ in range(ROUNDS):
                context = kind(ssl.PROTOCOL_TLS_CLIENT)
                ca.configure_trust(context)
                ports = silent.getsockname()[1], server.server_port
                found.append(seconds_beside(context, *ports))
            print(f"{name}: {statistics.median(found):.3f} s")
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    main()
