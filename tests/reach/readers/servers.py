"""TLS servers on 127.0.0.1, one under each root: a page, a package index, and a gRPC method."""

from __future__ import annotations

import ssl
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, List, Tuple

from readers.roots import Root
from support import minimal_wheel

SECRET = "served by the server under test"  # only who shook hands can know it
WHEEL = "readers_probe-1.0-py3-none-any.whl"
METHOD = "/readers.Probe/Ask"


PAGES = {
    "/": SECRET.encode(),
    "/simple/readers-probe/": f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode(),
    f"/{WHEEL}": minimal_wheel("readers-probe", SECRET),
}


class Page(BaseHTTPRequestHandler):
    """A tiny package index, whose first page has the secret."""

    def do_GET(self) -> None:
        """Answer with the page of that path."""
        body = PAGES.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server that shakes hands in the thread of each request."""

    daemon_threads = True

    def __init__(self, root: Root, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        file = folder / f"{self.server_port}.pem"
        file.write_bytes(root.leaf + root.leaf_key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)

    def get_request(self) -> Tuple[Any, Any]:
        """Accept, and leave the handshake to the first read."""
        connection, address = super().get_request()
        wrap = self.context.wrap_socket
        return wrap(connection, server_side=True, do_handshake_on_connect=False), address

    def shutdown_request(self, request: Any) -> None:
        """Say goodbye as TLS wants it, or OpenSSL 3 calls the end of the page an attack."""
        try:
            request.settimeout(5)
            request.unwrap()
        except (OSError, ValueError):
            pass
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are half of the tests."""


class Servers:
    """The servers that were asked for so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.https: Dict[str, Server] = {}
        self.grpc: Dict[str, Tuple[Any, int]] = {}
        self.threads: List[threading.Thread] = []

    def https_port(self, root: Root) -> int:
        """Return the port of the HTTPS server under that root."""
        if root.name not in self.https:
            server = self.https[root.name] = Server(root, self.folder)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            self.threads.append(thread)
            thread.start()
        return self.https[root.name].server_port

    def grpc_port(self, root: Root) -> int:
        """Return the port of the gRPC server under that root."""
        import grpc  # type: ignore[import-untyped]

        if root.name not in self.grpc:
            server = grpc.server(futures.ThreadPoolExecutor(2))
            answer = grpc.unary_unary_rpc_method_handler(lambda _request, _context: SECRET.encode())
            service, method = METHOD.strip("/").split("/")
            handler = grpc.method_handlers_generic_handler(service, {method: answer})
            server.add_generic_rpc_handlers((handler,))
            credentials = grpc.ssl_server_credentials([(root.leaf_key, root.leaf)])
            port = server.add_secure_port("127.0.0.1:0", credentials)
            server.start()
            self.grpc[root.name] = (server, port)
        return self.grpc[root.name][1]

    def stop(self) -> None:
        """End all of them."""
        for server, _port in self.grpc.values():
            server.stop(None).wait()
        for https in self.https.values():
            https.shutdown()
            https.server_close()
        for thread in self.threads:
            thread.join()
