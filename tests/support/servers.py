"""Servers and proxies on this machine, each with one fault or none."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Tuple, Union

if TYPE_CHECKING:
    from support.minting import Made


Stream = Union[socket.socket, ssl.SSLSocket]


def context_for(*chain: Made) -> ssl.SSLContext:
    """Return a server's context that presents these, the first one with its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    descriptor, path = tempfile.mkstemp()
    try:
        os.write(descriptor, chain[0].key_pem + b"".join(each.pem for each in chain))
        os.close(descriptor)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    return context


class Echo(socketserver.BaseRequestHandler):
    """Shakes hands and waits for the client to hang up."""

    def handle(self) -> None:
        """Do nothing more than the handshake."""
        try:
            with self.server.context.wrap_socket(self.request, server_side=True) as connection:
                connection.recv(1)
        except OSError:  # whoever does not trust it hangs up
            return


class Http2(Echo):
    """Speaks HTTP/2 alone, and refuses who offers another protocol without that."""

    def handle(self) -> None:
        """Look at what is offered, and refuse or shake hands."""
        hello = self.request.recv(4096, socket.MSG_PEEK)
        if b"\x08http/1.1" in hello and b"\x02h2" not in hello:
            self.request.sendall(b"\x15\3\3\0\2\2\x78")  # no_application_protocol
            self.request.recv(4096)
        else:
            super().handle()


def saying(*answers: bytes, pause: float = 0, reads: bool = True) -> type:
    """Return a handler that says these whatever it hears, and hangs up."""

    class Saying(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                if reads:
                    self.request.recv(4096)
                for answer in answers:
                    self.request.sendall(answer)
                    self.server.stopped.wait(pause)
            except OSError:
                return

    return Saying


class Resetting(socketserver.BaseRequestHandler):
    """Breaks the connection off, as firewalls do."""

    def handle(self) -> None:
        """Send a reset."""
        self.request.recv(1)
        at_once = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


class Tunnel(socketserver.BaseRequestHandler):
    """A proxy that knows CONNECT, over TLS where the server has a context."""

    def handle(self) -> None:
        """Connect to where it is asked to, and carry bytes both ways."""
        try:
            if self.server.context is None:
                self._serve(self.request)
                return
            with self.server.context.wrap_socket(self.request, server_side=True) as connection:
                self._serve(connection)
        except OSError:
            return

    def _serve(self, connection: Stream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(100)
        self.server.asked.append(head)
        with socket.create_connection(("127.0.0.1", self.port(head))) as upstream:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            carry_both_ways(connection, upstream)

    def port(self, head: bytes) -> int:
        """Return where the question is to be carried."""
        return int(head.split()[1].rpartition(b":")[2])


def carry_both_ways(one: Stream, other: Stream) -> None:
    """Copy until either side has enough."""
    threads = [threading.Thread(target=_carry, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _carry(source: Stream, to: Stream) -> None:
    try:
        while True:
            data = source.recv(4096)
            if not data:
                break
            to.sendall(data)
    except OSError:
        pass
    finally:
        for each in (source, to):
            try:
                socket.socket.shutdown(each, socket.SHUT_RDWR)
            except OSError:
                continue


class Server(socketserver.ThreadingTCPServer):
    """A server on a free port of this machine."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: Any, context: Optional[ssl.SSLContext], host: str) -> None:
        """Listen."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), handler)
        self.context = context
        self.asked: List[bytes] = []
        self.stopped = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


@contextmanager
def serving(
    handler: Any, context: Optional[ssl.SSLContext] = None, host: str = "127.0.0.1"
) -> Iterator[Server]:
    """Serve in a thread."""
    with Server(handler, context, host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


def presenting(*ders: bytes) -> type:
    """Return a handler that presents these in TLS 1.2, whatever they are; it has no key."""
    hello = b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2f\0" + b"\0\5\xff\1\0\1\0"
    each = b"".join(len(der).to_bytes(3, "big") + der for der in ders)
    messages = ((2, hello), (11, len(each).to_bytes(3, "big") + each), (14, b""))
    flight = b"".join(bytes([kind]) + len(b).to_bytes(3, "big") + b for kind, b in messages)
    pieces = [flight[at : at + 16000] for at in range(0, len(flight), 16000)]
    return saying(b"".join(b"\x16\3\3" + len(p).to_bytes(2, "big") + p for p in pieces), pause=5)


class Page(BaseHTTPRequestHandler):
    """Answers every question with the same."""

    def do_GET(self) -> None:
        """Send the page, if there is one."""
        body = self.page()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def page(self) -> bytes:
        """Return the page that is asked for, or nothing."""
        return b"ok"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class HttpsServer(ThreadingHTTPServer):
    """A server that shakes hands in the thread of each request."""

    context: ssl.SSLContext

    def get_request(self) -> Tuple[Any, Any]:
        """Accept, and leave the handshake to the first read."""
        connection, address = super().get_request()
        return (
            self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False),
            address,
        )

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us hangs up: that is what half of the tests are for."""


class Recording(Page):
    """A server that remembers who has got through to it."""

    def do_GET(self) -> None:
        """Remember the first part of the path."""
        self.server.through.add(self.path.split("/")[1])
        super().do_GET()

    do_POST = do_GET  # noqa: N815 - as botocore does


@contextmanager
def recording(context: ssl.SSLContext) -> Iterator[Any]:
    """Serve over HTTPS in a thread; the server's `through` has the paths of who got through."""
    with HttpsServer(("127.0.0.1", 0), Recording) as server:
        server.context, server.through = context, set()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@contextmanager
def serving_https(
    handler: Callable[..., BaseHTTPRequestHandler], context: ssl.SSLContext
) -> Iterator[str]:
    """Serve over HTTPS in a thread; yield host and port."""
    with HttpsServer(("127.0.0.1", 0), handler) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving_pages(context: ssl.SSLContext) -> Iterator[str]:
    """Serve pages over HTTPS in a thread; yield the address."""
    with serving_https(Page, context) as host:
        yield f"https://{host}/"
