"""TLS servers on 127.0.0.1, one under each root: a page, a package index, and a gRPC method."""

from __future__ import annotations

import ssl
import threading
from concurrent import futures
from pathlib import Path
from typing import Any, Dict, List, Tuple

from reach.readers.roots import Root
from support import minimal_wheel
from support.servers import HttpsServer, Page

SECRET = "served by the server under test"  # only who shook hands can know it
WHEEL = "readers_probe-1.0-py3-none-any.whl"
METHOD = "/readers.Probe/Ask"


PAGES = {
    "/": SECRET.encode(),
    "/simple/readers-probe/": f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode(),
    f"/{WHEEL}": minimal_wheel("readers-probe", SECRET),
}


class Index(Page):
    """A tiny package index, whose first page has the secret."""

    def page(self) -> bytes:
        """Return the page of that path."""
        return PAGES.get(self.path, b"")


class Server(HttpsServer):
    """The server under one root."""

    daemon_threads = True

    def __init__(self, root: Root, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Index)
        file = folder / f"{self.server_port}.pem"
        file.write_bytes(root.leaf + root.leaf_key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)

    def shutdown_request(self, request: Any) -> None:
        """Say goodbye as TLS wants it, or OpenSSL 3 calls the end of the page an attack."""
        try:
            request.settimeout(5)
            request.unwrap()
        except (OSError, ValueError):
            pass
        super().shutdown_request(request)


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
