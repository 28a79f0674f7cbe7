"""A terminal on a company's machine: its root is in the system's store, and Python does not know.

Run by itself it is the inside of the namespaces: ``scene.py FOLDER PYTHON``.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
from pathlib import Path

HOST = "git.corp.example"
# Fixed, so that the picture is the same every time.
UNTIL = dt.datetime(2034, 1, 1, tzinfo=dt.timezone.utc)
GET = f"python -c \"import requests; print(requests.get('https://{HOST}'))\""
LINES = (
    GET,
    "pip install certifi-system-store-wrapper",
    GET,
    f"certifi-system-store-wrapper doctor {HOST}",
)


def said(wheelhouse: Path, folder: Path) -> str:
    """Return what a terminal shows there."""
    from support import new_environment, write
    from support.minting import CA, make
    from support.os_store import on

    root = make("Corp Root", *CA, until=UNTIL)
    leaf = make(HOST, by=root, names=[HOST], until=UNTIL)
    write(folder / "root.pem", root.pem)
    write(folder / "server.pem", leaf.key_pem + leaf.pem)
    write(folder / "hosts", f"127.0.0.1 localhost {HOST}\n".encode())
    environment = new_environment(sys.executable, folder / "venv")
    environment.install("--no-index", "--find-links", str(wheelhouse), "requests")
    inside = [sys.executable, __file__, str(folder), str(wheelhouse)]
    done = subprocess.run(
        ["unshare", "-n", *on("debian", folder / "root.pem", folder / "aside"), *inside],
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def main(folder: Path, wheelhouse: Path) -> None:
    """Type the lines, and print them with what is said."""
    wake_loopback()
    subprocess.run(
        ["mount", "--bind", folder / "hosts", os.path.realpath("/etc/hosts")], check=True
    )
    serve(folder / "server.pem")
    for line in LINES:
        print(f"$ {line}")
        done = subprocess.run(
            line,
            shell=True,
            cwd=folder,
            env={
                "PATH": f"{folder}/venv/bin:{os.defpath}",
                "HOME": str(folder),
                "TMPDIR": str(folder),
                "LANG": "C.UTF-8",
                # The settings that this machine has for pip are none of this.
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(wheelhouse),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        print(shown(done.stdout))


def shown(text: str) -> str:
    """Return what is told of an answer: of an error its end, of pip the last line."""
    lines = text.rstrip().splitlines()
    if "Traceback" in text or "Successfully installed" in text:
        lines = lines[-1:]
    start = next((n for n, line in enumerate(lines) if line.startswith("server ")), 0)
    # What stands before names this machine; a line of _ssl.c names the version of Python, and
    # behind a verdict stand the clients in theirs.
    text = re.sub(r"(?m) \(_ssl\.c:\d+\)|(?<=trusted) \[.*\]$", "", "\n".join(lines[start:]))
    return re.sub(r"(Successfully installed ).*(certifi-system-store-wrapper-\S+).*", r"\1\2", text)


def wake_loopback() -> None:
    """Set the one interface of a new network namespace up."""
    import fcntl  # Unix has it

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sH14x", b"lo", 1)  # IFF_UP
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS


def serve(certificate: Path) -> None:
    """Answer on the port of HTTPS until this process ends."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from support.servers import HttpsServer, Page

    server = HttpsServer(("127.0.0.1", 443), Page)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
