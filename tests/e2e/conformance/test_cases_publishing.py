"""Cases 80 and 81: what is published is whole, or something else answers."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from support import Sandbox

READ = """
    import hashlib, re, ssl, sys, time
    path, end, seen = sys.argv[1], time.monotonic() + 3, set()
    while time.monotonic() < end or len(seen) < 2 and time.monotonic() < end + 60:  # on a slow day
        text = open(path, "rb").read()
        blocks = text.count(b"-----BEGIN CERTIFICATE-----")
        assert blocks == text.count(b"-----END CERTIFICATE-----") and text.endswith(b"-----\\n")
        if hashlib.sha256(text).digest() not in seen:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=text.decode("ascii"))  # the path has moved on
            assert context.cert_store_stats()["x509"] == blocks
            seen.add(hashlib.sha256(text).digest())
    print(len(seen))
"""
WRITE = """
    import certifi, certifi_system_store_wrapper as ours, os, shutil, sys
    parent, files = os.getppid(), sys.argv[1:]
    while os.getppid() == parent and not os.path.exists("enough"):
        for file in files:
            named = os.environ["PYTHON_CERTIFI_CERT_FILES"]
            shutil.copy(file, f"{named}.{os.getpid()}")
            os.replace(f"{named}.{os.getpid()}", named)
            ours.refresh()
"""


@pytest.mark.posix("Windows refuses to replace a file that is read")
def test_case_80_parallel_writers(sandbox: Sandbox, ca_file: Path, other_ca: object) -> None:
    """Readers see an old or a new file, always complete, while five processes replace it."""
    other = sandbox.work / "other.pem"
    other.write_bytes(other_ca.cert_pem.bytes())  # type: ignore[attr-defined]
    code = f"""
        import certifi, os, subprocess, sys
        path = certifi.where()
        assert os.stat(path).st_mode & 0o777 == 0o644
        python = [sys.executable, "-c"]
        write = python + [{textwrap.dedent(WRITE)!r}, {str(ca_file)!r}, {str(other)!r}]
        read = python + [{textwrap.dedent(READ)!r}, path]
        writers = [subprocess.Popen(write) for _ in range(5)]
        readers = [subprocess.Popen(read, stdout=subprocess.PIPE) for _ in range(10)]
        seen = [int(reader.communicate()[0]) for reader in readers]
        open("enough", "w").close()
        assert [process.wait() for process in writers + readers] == [0] * 15
        assert max(seen) > 1, seen
        assert os.listdir(os.path.dirname(path)) == ["cacert.pem"]
    """
    folder = sandbox.work / "bundle"
    named = sandbox.work / "named.pem"
    shutil.copy(ca_file, named)
    asked = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHON_CERTIFI_CERT_FILES": str(named)}
    done = sandbox.run_code(code, env=asked)
    assert (done.returncode, done.stderr) == (0, "")


LIES = """
    import certifi, os
    from certifi_system_store_wrapper.publishing import temporary as bundle_file
    read, folders = os.read, []
    def lie(descriptor, size):
        data = read(descriptor, size)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if "certifi-system-store-wrapper" in path and LIE(path):
            return data.replace(b"M", b"N", 1)
        return data
    os.read = lie
    path = certifi.where()
    os.read = read
"""


@pytest.mark.linux("finds the file by /proc")
def test_case_81_a_file_that_reads_back_differently(sandbox: Sandbox) -> None:
    """Where the finished file is not what was built, the next fallback location answers."""
    code = LIES.replace("LIE(path)", f"path.startswith({str(sandbox.tmp)!r})") + (
        "\n    print(path, os.path.getsize(path))"
    )
    done = sandbox.run_code(code)
    path, size = done.stdout.split()
    assert (done.returncode, done.stderr) == (0, "")
    assert not path.startswith(str(sandbox.tmp))
    assert "certifi-system-store-wrapper-" in path
    assert int(size) > 1000


@pytest.mark.linux("finds the file by /proc")
def test_case_81_no_place_tells_the_truth(sandbox: Sandbox) -> None:
    """Where none is, memory answers; without that certifi's own file, with one warning."""
    code = LIES.replace("LIE(path)", "True") + "\n    print(path)"
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout[:14], done.stderr) == (0, "/proc/self/fd/", "")
    done = sandbox.run_code("import os; del os.memfd_create\n" + textwrap.dedent(code))
    assert Path(done.stdout.strip()) == sandbox.environment.own_list
    assert len(done.stderr.splitlines()) == 1
    assert "PYTHON_CERTIFI_BUNDLE_DIR" in done.stderr
