"""Start, fork, signal and kill processes that verify TLS all their life; count what they saw.

    python tests/e2e/lifetime/soak.py PYTHON [--rounds 200] [--processes 40] [--persistent]
        [--seed N]

PYTHON is an interpreter with this package installed. The status is 0 if no process ever saw a
missing or torn bundle, and after one last normal process nothing is left (with --persistent:
one file). Linux only: it adopts the orphans, to wait for them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List

import trustme

PR_SET_CHILD_SUBREAPER = 36
ENDS = ["exit", "exit", "_exit", "raise", "SIGTERM", "SIGKILL", "SIGINT"]
OUTSIDE = [0, 0, signal.SIGTERM, signal.SIGINT, signal.SIGKILL]

OUR_WARNINGS = ("certifi-system-store-wrapper ", "certifi stays as it is")

PROGRAM = (
    f"ENDS = {ENDS}"
    """
import certifi, os, random, signal, ssl, sys, time
report, server_file, seed = sys.argv[1:]
generator = random.Random(seed)
path = certifi.where()
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(server_file)

def verify():
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(path)
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(a, b, server_hostname="localhost")]
    ends.append(server.wrap_bio(b, a, server_side=True))
    while ends:
        for end in ends[:]:
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass

def say(what):
    descriptor = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, what.encode() + b"\\n")
    finally:
        os.close(descriptor)

def live():
    end = time.monotonic() + generator.random() * 1.2
    while time.monotonic() < end:
        try:
            verify()
        except Exception as error:
            text = open(path).read() if os.path.exists(path) else ""
            blocks = text.count("BEGIN CERTIFICATE")
            hooked = hasattr(certifi.where, "__certifi_system_store_wrapper__")
            say("FAILED %r: %s has %d certificates, hooked: %s" % (error, path, blocks, hooked))
            raise
        say("read")
        if generator.random() < 0.3 and certifi.where() != path:
            say("MOVED")

for _ in range(generator.choice([0, 0, 1, 2])):
    if os.fork() == 0:
        generator = random.Random(seed + str(os.getpid()))
        if generator.random() < 0.3:  # as a daemon does
            os.setsid()
            if os.fork():
                os._exit(0)
            os.closerange(0, 256)
            for _ in range(3):
                os.open(os.devnull, os.O_RDWR)
live()
how = generator.choice(ENDS)
if how == "raise":
    raise RuntimeError("as planned")
if how == "_exit":
    os._exit(0)
if how != "exit":
    os.kill(os.getpid(), getattr(signal, how))
"""
)


def main() -> int:
    """Soak; print one line; return 0 if all was well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("python")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=40)
    parser.add_argument("--persistent", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    folder = Path(tempfile.mkdtemp(prefix="soak"))
    try:
        problems = soak(folder, options)
    finally:
        shutil.rmtree(folder)
    print(*problems, sep="\n", file=sys.stderr)
    return 1 if problems else 0


def soak(folder: Path, options: argparse.Namespace) -> List[str]:
    """Run all rounds in the folder and return what went wrong."""
    generator = random.Random(options.seed)
    place, report = folder / "tmp", folder / "report"
    for each in (place, folder / "home", folder / "certs"):
        each.mkdir()
    environ = environment(folder, persistent=options.persistent)
    ca = trustme.CA()
    server = folder / "server.pem"
    server.write_bytes(ca.issue_cert("localhost").private_key_and_cert_chain_pem.bytes())
    (folder / "certs" / "ca.pem").write_bytes(ca.cert_pem.bytes())
    others = [trustme.CA().cert_pem.bytes() for _ in range(4)]
    for number in range(options.rounds):
        changing = folder / "certs" / "changing.new"
        changing.write_bytes(b"".join(others[: generator.randrange(1, 5)]))
        changing.rename(folder / "certs" / "changing.pem")
        seed = f"{options.seed}-{number}-"
        command = [options.python, "-c", PROGRAM, str(report), str(server)]
        errors = (folder / "stderr").open("ab")
        running = [
            subprocess.Popen([*command, seed + str(each)], env=environ, stderr=errors)
            for each in range(options.processes)
        ]
        disturb(running, generator)
        reap(running)
        errors.close()
    ask = [options.python, "-c", "import certifi; certifi.where()"]
    subprocess.run(ask, env=environ, check=True)
    said = report.read_text().splitlines()
    reads = said.count("read")
    left = sorted(str(path) for path in place.rglob("*"))
    print(
        f"{options.rounds} rounds of {options.processes} processes and their forks: {reads} reads "
        f"with a handshake each, {len(said) - reads} failed, {len(left)} files left "
        f"(seed {options.seed})"
    )
    wanted = [str(place / "cacert.pem")] if options.persistent else []
    problems = sorted({line for line in said if line != "read"})
    warned = (folder / "stderr").read_text(errors="replace").splitlines()
    problems += sorted({line for line in warned if line.startswith(OUR_WARNINGS)})
    return problems + ([] if left == wanted else left or ["no bundle is there"])


def environment(folder: Path, *, persistent: bool) -> Dict[str, str]:
    """Return the whole environment of the processes."""
    place = str(folder / "tmp")
    environ = {"HOME": str(folder / "home"), "TMPDIR": place, "PATH": os.defpath}
    environ["PYTHON_CERTIFI_CERT_FILES"] = str(folder / "certs")
    if persistent:
        environ["PYTHON_CERTIFI_BUNDLE_DIR"] = place
    return environ


def disturb(running: List[subprocess.Popen[bytes]], generator: random.Random) -> None:
    """Send some of the processes a signal at a moment that nobody chose."""
    for process in generator.sample(running, len(running)):
        time.sleep(generator.random() * 0.05)
        signum = generator.choice(OUTSIDE)
        if signum and process.poll() is None:
            process.send_signal(signum)


def reap(running: List[subprocess.Popen[bytes]]) -> None:
    """Wait for them, and for every orphan."""
    for process in running:
        process.wait()
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    sys.exit(main())
