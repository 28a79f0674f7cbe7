"""What the HTTPS server answers to each client: what that client expects, with the secret in it."""

from __future__ import annotations

import json
import re
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Dict, NamedTuple, Tuple
from urllib.parse import urlsplit

from support import minimal_wheel

SECRET = "served-by-the-server-under-test"  # only who shook hands can know it
WHEEL = "probe-1.0-py3-none-any.whl"


class Answer(NamedTuple):
    """An answer of the server."""

    body: bytes
    status: int = 200
    reason: str = "OK"
    kind: str = "text/html"


def in_json(**fields: object) -> Answer:
    """Return an answer in JSON."""
    return Answer(json.dumps(fields).encode(), kind="application/json")


# PROJ says what height the server's grid has: only the server knows that number.
HEIGHT = 471.0


def grid() -> bytes:
    """Return a vertical grid (GTX) around the origin, of one height."""
    head = struct.pack(">4d2i", -10.0, -10.0, 1.0, 1.0, 21, 21)
    return head + struct.pack(">f", HEIGHT) * 21 * 21


KUBERNETES = (
    *("gitVersion", "major", "minor", "gitCommit", "gitTreeState"),
    *("buildDate", "goVersion", "compiler", "platform"),
)
ANSWERS: Dict[str, Answer] = {
    "/simple/probe/": Answer(f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode()),
    f"/{WHEEL}": Answer(minimal_wheel("probe", SECRET), kind="application/octet-stream"),
    "/shift.gtx": Answer(grid(), kind="application/octet-stream"),
    "/version/": in_json(**dict.fromkeys(KUBERNETES, SECRET)),
    "/v1.41/version": in_json(Version=SECRET, ApiVersion="1.41"),
    "/api/whoami-v2": in_json(name=SECRET, type="user"),
    "/v1/chat/completions": in_json(
        id="1",
        choices=[{"index": 0, "message": {"role": "assistant", "content": SECRET}}],
        created=0,
        model="any",
    ),
    "/v1/models/any": in_json(id=SECRET, created=0, object="model", owned_by=""),
    "/api/models/any": in_json(id=SECRET),
    "/mcp": in_json(
        jsonrpc="2.0",
        id=1,
        result={
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "serverInfo": {"name": SECRET, "version": "1"},
        },
    ),
    "/users/somebody": in_json(login=SECRET, id=1, url="/users/somebody"),
    "/session": in_json(value={"sessionId": "1", "capabilities": {"browserName": "chrome"}}),
    "/session/1/title": in_json(value=SECRET),
    "/api/1/envelope/": Answer(SECRET.encode(), 400, "Bad Request"),
    "/upload/": Answer(SECRET.encode(), 400, "Bad Request"),  # which twine prints
    "/v1/balance": in_json(object="balance", note=SECRET),
    "/": in_json(tagline=SECRET, version={"number": "3.0.0", "distribution": "opensearch"}),
}
CLICKHOUSE = Answer(f"Code: 1. DB::Exception: {SECRET}".encode(), 400, "Bad Request")


class Page(BaseHTTPRequestHandler):
    """The answers by their paths, behind the server that speaks TLS."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer, with the part of it that was asked for."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.close_connection = True
        is_query = self.command == "POST" and address.path == "/"
        found = CLICKHOUSE if is_query else ANSWERS.get(address.path, Answer(b"", 404, "Not Found"))
        self.send(found)

    do_GET = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - their names

    def send(self, found: Answer) -> None:
        """Send it, or those of its bytes that the header Range names."""
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        body, status, reason = found.body, found.status, found.reason
        if wanted:
            start, end = int(wanted[1]), min(int(wanted[2]), len(found.body) - 1)
            body, status, reason = found.body[start : end + 1], 206, "Partial Content"
        self.send_response(status, reason)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(found.body)}")
        self.send_header("Content-Type", found.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def serve() -> Tuple[int, Callable[[], None]]:
    """Serve in a thread; return the port and what ends it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop
