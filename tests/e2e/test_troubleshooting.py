"""docs/troubleshooting.md: each message in it is what a real program says in that situation."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sysconfig
from typing import Dict, NamedTuple, Set

import pytest

from support import CHECKOUT, Sandbox, write
from support.minting import CA, Made, key_usage, make
from support.pages import headings, told
from support.servers import Echo, context_for, saying, serving

PAGE = CHECKOUT / "docs" / "troubleshooting.md"
HEADINGS = re.findall("(?m)^## (.*)$", told(PAGE))
ROOT = make("Private Root", *CA)
LEAF = make("a server", by=ROOT, names=["localhost"])
BARE = make("a server", by=ROOT, names=["localhost"], identified=False)
NOT_CRITICAL = make("Lax Root", (CA[0][0], False), key_usage("key_cert_sign"))
STRICT = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
context.verify_flags |= ssl.VERIFY_X509_STRICT
host, port = sys.argv[1].split(":")
context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
"""
GET = "import requests, sys; requests.get(f'https://{sys.argv[1]}/')"
NO_TLS = b"HTTP/1.1 400 Bad Request\r\n\r\n"
NODE = """
require('https').get('https://' + process.argv[1]).on('error', (error) => console.log(error.code))
"""
# What OpenSSL 1.1, urllib3 before 2 and curl of 2026 write for these; the page has that, too.
OTHERWISE = {
    "self-signed": "self signed",
    "Hostname mismatch, certificate is not valid for": "doesn't match",
    "IP address mismatch, certificate is not valid for": "doesn't match",
    "SSL certificate problem": "SSL certificate OpenSSL verify result",
}


class Said(NamedTuple):
    """How a message comes about: what the server presents, and who asks it."""

    by: str
    chain: tuple = (LEAF,)  # none: it speaks no TLS
    trusting: Made = make("Somebody else", *CA)
    host: str = "localhost"


MESSAGES: Dict[str, Said] = {
    "unable to get local issuer certificate": Said("requests"),
    "self-signed certificate in certificate chain": Said("requests", (LEAF, ROOT)),
    "self-signed certificate": Said("requests", (make("alone", names=["localhost"]),)),
    "Missing Authority Key Identifier": Said("strict", (BARE,), ROOT),
    "Basic Constraints of CA cert not marked critical": Said(
        "strict", (make("a server", by=NOT_CRITICAL, names=["localhost"]),), NOT_CRITICAL
    ),
    "certificate has expired": Said(
        "requests", (make("old", by=ROOT, names=["localhost"], days=(-9, -1)),), ROOT
    ),
    "certificate is not yet valid": Said(
        "requests", (make("new", by=ROOT, names=["localhost"], days=(9, 99)),), ROOT
    ),
    "Hostname mismatch, certificate is not valid for": Said(
        "requests", (make("other", by=ROOT, names=["other.example"]),), ROOT
    ),
    "IP address mismatch, certificate is not valid for": Said(
        "requests", (LEAF,), ROOT, "127.0.0.1"
    ),
    "Could not find a suitable TLS CA certificate bundle": Said("requests without its file"),
    "WRONG_VERSION_NUMBER": Said("requests", ()),
    "invalid peer certificate: UnknownIssuer": Said("uv"),
    "SSL certificate problem: unable to get local issuer certificate": Said("curl"),
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE": Said("node"),
}


def test_every_message_is_tried() -> None:
    """The page has these headings, and no other; each can be linked to."""
    assert list(MESSAGES) == HEADINGS
    assert len(headings(PAGE)) == len(HEADINGS) + 1
    assert [each for each in OTHERWISE.values() if f"`{each}`" not in told(PAGE)] == []


def words_of(client: str, sandbox: Sandbox, host: str, file: str) -> str:
    """Have a client ask the server, with a file as its CAs; return all it prints."""
    python, index = str(sandbox.environment.python), ("--default-index", f"https://{host}/")
    uv = f"{sysconfig.get_path('scripts')}/uv"
    commands = {
        "requests": [python, "-c", GET, host],
        "requests without its file": [python, "-c", GET, host],
        "strict": [python, "-c", STRICT, host, file],
        "uv": [uv, "pip", "install", "--no-cache", "--python", python, *index, "a-package"],
        "curl": ["curl", "-sS", "--cacert", file, f"https://{host}/"],
        "node": ["node", "-e", NODE, host],
    }
    if client in ("curl", "node") and not shutil.which(client):
        pytest.skip(f"there is no {client} here")
    env = {"PYTHON_CERTIFI_DISABLE": "1", "UV_HTTP_RETRIES": "0"}
    env["REQUESTS_CA_BUNDLE"] = file + ".gone" if client.endswith("its file") else file
    done = subprocess.run(
        commands[client],
        cwd=sandbox.work,
        env=sandbox.variables(env),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


def forms(message: str) -> Set[str]:
    """Return the message, and what others write for it."""
    return {message, *(message.replace(usual, other) for usual, other in OTHERWISE.items())}


@pytest.mark.parametrize("message", MESSAGES)
def test_the_message_is_what_is_said(message: str, sandbox: Sandbox) -> None:
    """By that client, of that server; a server without a fault gets no such words."""
    case = MESSAGES[message]
    if case.by == "strict" and ssl.OPENSSL_VERSION_INFO < (3,):
        pytest.skip("OpenSSL before 3 has few of the strict checks")
    file = str(write(sandbox.work / "cas.pem", case.trusting.pem))
    handler, presented = (Echo, context_for(*case.chain)) if case.chain else (saying(NO_TLS), None)
    with serving(handler, presented) as server:
        said = words_of(case.by, sandbox, f"{case.host}:{server.port}", file)
    assert any(each in said for each in forms(message)), said
    whole = str(write(sandbox.work / "whole.pem", ROOT.pem))
    with serving(Echo, context_for(LEAF)) as server:
        if case.by in ("requests", "strict", "curl"):
            said = words_of(case.by, sandbox, f"localhost:{server.port}", whole)
            assert not any(each in said for each in forms(message)), said
