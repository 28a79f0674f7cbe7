"""The programs that read a bundle: how to get each, what it is, and how it asks a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

from reach.readers.servers import METHOD, SECRET

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
OPENSSL_REFUSES = r"verify error:num=(18|19|20|21):"
CURL_REFUSES = r"\(60[,)]"


class Absent(Exception):
    """A reader is not installed; the message says how to get it."""


class Answer(NamedTuple):
    """The end of one request."""

    status: int
    said: str


class Reader(NamedTuple):
    """A program; `command` makes the beginning of its command line, or raises Absent."""

    command: Callable[[Path], List[str]]
    version: Callable[[List[str]], str]
    ask: Callable[[List[str], str, int], Answer]
    refuses: str  # how it says that it does not trust the certificate, and nothing else
    is_version: str = ""
    grpc: bool = False


def run(command: List[str], request: bytes = b"", env: Optional[Dict[str, str]] = None) -> Answer:
    """Run a program in an empty environment, with a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            command,
            cwd=home,
            env={"PATH": os.defpath, "HOME": home, "LANG": "C.UTF-8", **(env or {})},
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
    return Answer(done.returncode, done.stdout.decode("utf-8", "replace"))


def first_line(*options: str) -> Callable[[List[str]], str]:
    """Return a function that asks a program for its version."""

    def version(command: List[str]) -> str:
        status, said = run([*command, *options])
        assert status == 0, said
        return said.splitlines()[0].split(" (", 1)[0]

    return version


def on_path(name: str, remedy: str) -> Callable[[Path], List[str]]:
    """Return a function that finds a program of the machine."""

    def command(_trees: Path) -> List[str]:
        found = shutil.which(name)
        if not found:
            raise Absent(f"{name} is not on PATH: {remedy}")
        return [found]

    return command


def python(module: str) -> Callable[[Path], List[str]]:
    """Return a function that finds a package of this interpreter."""

    def command(_trees: Path) -> List[str]:
        status, said = run([sys.executable, "-c", f"import {module}"])
        if status:
            how = "python -m pip install -r tests/reach/readers/requirements.txt"
            raise Absent(f"{module} cannot be imported: {how}\n{said}")
        return [sys.executable]

    return command


def openssl(suite: str, wanted: str) -> Callable[[Path], List[str]]:
    """Return a function that finds the openssl of that version: the machine's, or a suite's."""

    def command(trees: Path) -> List[str]:
        own = shutil.which("openssl")
        if own and re.search(wanted, first_line("version")([own])):
            return [own]
        tree = trees / suite
        if not (tree / "usr" / "bin" / "openssl").exists():
            how = f"mmdebstrap --variant=minbase --include=openssl {suite} {tree}"
            raise Absent(f"no openssl in {tree}: {how}  # and perhaps a mirror of Debian")
        return in_tree(tree)

    return command


def in_tree(tree: Path) -> List[str]:
    """Run the openssl of a tree on the libraries of the tree, with neither chroot nor root."""
    folders = [*tree.glob("lib/*-linux-gnu*"), *tree.glob("usr/lib/*-linux-gnu*")]
    loader = next(path for folder in folders for path in folder.glob("ld-linux*.so.*"))
    libraries = ":".join(map(str, folders))
    config = f"OPENSSL_CONF={tree}/etc/ssl/openssl.cnf"
    start = ["env", config, str(loader), "--library-path", libraries]
    return [*start, str(tree / "usr" / "bin" / "openssl")]


def ask_openssl(command: List[str], bundle: str, port: int) -> Answer:
    """Ask with openssl s_client."""
    options = ["s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", bundle, "-quiet"]
    return run([*command, *options, "-verify_return_error", "-verify_ip", "127.0.0.1"], REQUEST)


def ask_curl(command: List[str], bundle: str, port: int) -> Answer:
    """Ask with curl."""
    return run([*command, "-q", "-sS", "--cacert", bundle, f"https://127.0.0.1:{port}/"])


def gnutls(_trees: Path) -> List[str]:
    """Find a wget that is built with GnuTLS, as Debian's is, or raise Absent."""
    found = shutil.which("wget")
    if not found or "+ssl/gnutls" not in run([found, "--version"]).said:
        raise Absent("no wget with GnuTLS is on PATH: apt-get install wget on Debian")
    return [found]


def version_of_gnutls(command: List[str]) -> str:
    """Return the version of the GnuTLS that wget has loaded."""
    code = "import ctypes; gnutls = ctypes.CDLL('libgnutls.so.30'); "
    code += "gnutls.gnutls_check_version.restype = ctypes.c_char_p; "
    code += "print('GnuTLS', gnutls.gnutls_check_version(None).decode())"
    return f"{first_line('--version')(command)}, {run([sys.executable, '-c', code]).said.strip()}"


def ask_gnutls(command: List[str], bundle: str, port: int) -> Answer:
    """Ask with wget."""
    options = ["--no-config", "--no-verbose", "--tries=1", "--output-document=-"]
    options += [f"--ca-certificate={bundle}", "--ca-directory=/nowhere"]
    return run([*command, *options, f"https://127.0.0.1:{port}/"])


def ask_node(command: List[str], bundle: str, port: int) -> Answer:
    """Ask with Node.js."""
    code = f"require('https').get('https://127.0.0.1:{port}/', r => r.pipe(process.stdout))"
    return run([*command, "-e", code], env={"NODE_EXTRA_CA_CERTS": bundle})


def ask_uv(_command: List[str], bundle: str, port: int) -> Answer:
    """Have uv install a package from the index that the server is."""
    with tempfile.TemporaryDirectory() as target:
        command = [sys.executable, "-m", "uv", "--no-config", "--no-cache", "pip", "install"]
        command += ["--no-deps", "--target", target, "--python", sys.executable]
        command += ["--index-url", f"https://127.0.0.1:{port}/simple", "readers-probe"]
        status, said = run(command, env={"SSL_CERT_FILE": bundle, "UV_HTTP_RETRIES": "0"})
        installed = Path(target, "readers_probe.txt")
        return Answer(status, said + (installed.read_text() if installed.exists() else ""))


def program(code: str) -> Callable[[List[str], str, int], Answer]:
    """Return a way to ask that is some lines of Python."""
    return lambda command, bundle, port: run([*command, "-c", code, bundle, str(port)])


def shown(code: str) -> Callable[[List[str]], str]:
    """Return a function that has Python print a version."""
    return first_line("-c", code)


PYCURL = """
import pycurl, sys
asked = pycurl.Curl()
asked.setopt(pycurl.URL, f"https://127.0.0.1:{sys.argv[2]}/")
asked.setopt(pycurl.CAINFO, sys.argv[1])
asked.setopt(pycurl.WRITEFUNCTION, sys.stdout.buffer.write)
asked.perform()
"""
CURL_CFFI = """
import sys
from curl_cffi import requests
print(requests.get(f"https://127.0.0.1:{sys.argv[2]}/", verify=sys.argv[1]).text)
"""
GRPC = f"""
import grpc, sys
with open(sys.argv[1], "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
with grpc.secure_channel(f"127.0.0.1:{{sys.argv[2]}}", credentials) as channel:
    print(channel.unary_unary({METHOD!r})(b"", timeout=20).decode())
"""
NODE_VERSION = "console.log(process.version + ', OpenSSL ' + process.versions.openssl)"
CFFI_VERSION = """
import curl_cffi
from curl_cffi import Curl
print(curl_cffi.__version__ + ", " + Curl().version().decode().split(" zlib")[0])
"""
READERS: Dict[str, Reader] = {
    "OpenSSL 1.1.1": Reader(
        openssl("bullseye", r"^OpenSSL 1\.1\.1"),
        first_line("version"),
        ask_openssl,
        OPENSSL_REFUSES,
        r"^OpenSSL 1\.1\.1",
    ),
    "OpenSSL 3.0": Reader(
        openssl("bookworm", r"^OpenSSL 3\.0\."),
        first_line("version"),
        ask_openssl,
        OPENSSL_REFUSES,
        r"^OpenSSL 3\.0\.",
    ),
    "OpenSSL 3.5": Reader(
        openssl("trixie", r"^OpenSSL 3\.5\."),
        first_line("version"),
        ask_openssl,
        OPENSSL_REFUSES,
        r"^OpenSSL 3\.5\.",
    ),
    "OpenSSL 3.6+": Reader(
        openssl("forky", r"^OpenSSL (3\.[6-9]|[4-9])\."),
        first_line("version"),
        ask_openssl,
        OPENSSL_REFUSES,
        r"^OpenSSL (3\.[6-9]|[4-9])\.",
    ),
    "GnuTLS": Reader(gnutls, version_of_gnutls, ask_gnutls, "is not trusted", r"GnuTLS \d"),
    "curl": Reader(
        on_path("curl", "apt-get install curl"),
        first_line("--version"),
        ask_curl,
        CURL_REFUSES,
    ),
    "pycurl": Reader(
        python("pycurl"),
        shown("import pycurl; print(' '.join(pycurl.version.split()[:3]))"),
        program(PYCURL),
        CURL_REFUSES,
    ),
    "curl_cffi": Reader(python("curl_cffi"), shown(CFFI_VERSION), program(CURL_CFFI), CURL_REFUSES),
    "grpcio": Reader(
        python("grpc"),
        shown("import grpc; print(grpc.__version__)"),
        program(GRPC),
        "CERTIFICATE_VERIFY_FAILED",
        grpc=True,
    ),
    "Node": Reader(
        on_path("node", "apt-get install nodejs, or https://nodejs.org"),
        first_line("-e", NODE_VERSION),
        ask_node,
        r"UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT",
    ),
    "uv": Reader(
        python("uv"), first_line("-m", "uv", "--version"), ask_uv, "invalid peer certificate"
    ),
}


def served(answer: Answer) -> bool:
    """Whether the server's secret came through, and the reader had nothing to complain about."""
    complaint = re.search("warn|verify error", answer.said, re.IGNORECASE)
    return answer.status == 0 and SECRET in answer.said and not complaint
