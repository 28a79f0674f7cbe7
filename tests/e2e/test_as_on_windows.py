"""The whole package where nothing of Unix is there: over a fake crypt32, the real one is CI's."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import time
from base64 import b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import Dict

import pytest
import trustme

from support import FETCH_BY_URLLIB, MODULE, NAME, SUPPORT, Sandbox, assert_untrusted, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fake looks into /proc")

# What a program has loaded before it asks, and how the machine then turns into another.
AS_WINDOWS = """
    import sys
    sys.path.append({tests!r})
    import importlib.metadata, logging, ssl, subprocess, tempfile, urllib.request, wrapt
    from fakes.as_windows import pretend
    pretend({roots!r})
"""


@pytest.fixture(name="windows")
def _windows(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with wincertstore and an %LOCALAPPDATA%."""
    found = find_spec("wincertstore")  # it cannot be imported here, without the fake
    assert found and found.origin
    shutil.copy(found.origin, sandbox.work)
    local_app_data(sandbox).mkdir(parents=True)
    return sandbox


def local_app_data(sandbox: Sandbox) -> Path:
    """Return where bundles belong on Windows."""
    return sandbox.home / "AppData" / "Local"


def run(sandbox: Sandbox, code: str, *roots: bytes, **env: str) -> Done:
    """Run the code as on a Windows whose ROOT store has these certificates."""
    before = AS_WINDOWS.format(
        tests=str(SUPPORT), roots=[b64encode(root).decode() for root in roots]
    )
    env = {"PYTHONPATH": str(sandbox.work), **env}
    return sandbox.run_code(textwrap.dedent(before) + textwrap.dedent(code), env=env)


def test_a_ca_of_the_root_store_is_trusted(windows: Sandbox, url: str, private_der: bytes) -> None:
    """Without it the same request is refused; nothing is printed, and nothing is left."""
    assert_untrusted(run(windows, FETCH_BY_URLLIB.format(url=url)))
    done = run(windows, FETCH_BY_URLLIB.format(url=url), private_der)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
    assert not list(local_app_data(windows).iterdir())


def test_the_bundle_lies_in_local_app_data(windows: Sandbox, private_der: bytes) -> None:
    """Held, healed, collected again, and gone at the end."""
    code = """
        import certifi, os, certifi_system_store_wrapper as ours
        path = certifi.where()
        assert path.startswith(os.environ["LOCALAPPDATA"]), path
        assert certifi.where() == path and certifi.contents() == open(path).read()
        new = ours.refresh()
        assert new != path and os.path.isfile(path) and os.path.isfile(new)
    """
    done = run(windows, code, private_der)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(local_app_data(windows).iterdir())


def test_a_persistent_bundle(windows: Sandbox, private_der: bytes, ca_file: Path) -> None:
    """Kept in one file; what a person names is added to what the store has."""
    folder = windows.work / "kept"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    code = "import certifi; print(certifi.where(), certifi.contents().count('BEGIN CERT'))"
    first, second = (run(windows, code, *roots, **env) for roots in ((), (private_der,)))
    assert (first.stderr, second.stderr) == ("", "")
    (path, fewer), (same, more) = first.stdout.split(), second.stdout.split()
    assert path == same == str(folder / "cacert.pem")
    assert int(more) == int(fewer) + 1
    assert [each.name for each in folder.iterdir()] == ["cacert.pem"]


def test_a_persistent_bundle_that_says_the_same(windows: Sandbox, private_der: bytes) -> None:
    """It is not written again, though the stores are asked again; no reader meets a new file."""
    folder = windows.work / "kept"
    code = "import certifi, os; print(os.stat(certifi.where()).st_ino)"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": f' "{folder}" '}
    time.sleep(2.1)  # what it is made from has settled then
    first = run(windows, code, private_der, **env)
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1e9, 1e9))
    second = run(windows, code, private_der, **env)
    assert (first.stderr, second.stderr) == ("", "")
    assert first.stdout == second.stdout == f"{(folder / 'cacert.pem').stat().st_ino}\n"


@pytest.mark.parametrize("seconds", [0.3, 60])
def test_a_persistent_bundle_that_somebody_reads(
    windows: Sandbox, private_der: bytes, seconds: float
) -> None:
    """It is replaced when the reader is done; whoever reads on for long costs nobody a CA."""
    folder = windows.work / "kept"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    count = "print(certifi.where(), certifi.contents().count('BEGIN CERT'))"
    first = run(windows, f"import certifi; {count}", **env)
    code = f"""
        import certifi, os, threading
        reading = open(os.environ["PYTHON_CERTIFI_BUNDLE_DIR"] + "/cacert.pem")
        closing = threading.Timer({seconds}, reading.close)
        closing.start()
        {count}
        closing.cancel()
    """
    done = run(windows, code, private_der, **env)
    (path, fewer), (now, more) = first.stdout.split(), done.stdout.split()
    assert int(more) == int(fewer) + 1
    assert (now == path) == (seconds < 1) == (done.stderr == ""), done.stderr


def test_our_own_bundle_is_not_read_back(windows: Sandbox, private_der: bytes) -> None:
    """A CA that left the store does not live on through SSL_CERT_FILE; another file counts."""
    keep = "import certifi; open('old.pem', 'w').write(certifi.contents())"
    count = "import certifi; print(certifi.contents().count('BEGIN CERT'))"
    run(windows, keep, private_der)
    ours = windows.work / "old.pem"
    plain = write(windows.work / "plain.pem", b"\n" + ours.read_bytes())
    without = run(windows, count)
    read_back = run(windows, count, SSL_CERT_FILE=str(ours))
    read = run(windows, count, SSL_CERT_FILE=str(plain))
    assert read_back.stdout == without.stdout and "never read back" in read_back.stderr
    assert int(read.stdout) == int(without.stdout) + 1


@pytest.mark.parametrize("command", ["status", "list", "export", "shellenv", "remove", "doctor"])
def test_every_command(windows: Sandbox, private_der: bytes, command: str) -> None:
    """Each answers, healthy, and without a word on stderr."""
    code = f"from {MODULE}.commands import main; sys.exit(main([{command!r}]))"
    done = run(windows, code, private_der)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_a_path_that_the_code_page_does_not_have(
    windows: Sandbox, private_der: bytes, encoding: str
) -> None:
    """It is said or refused: a program would be led astray by one with escapes in it."""
    folder = windows.work / "Micha\u0142"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHONIOENCODING": encoding}
    code = f"from {MODULE}.commands import main; sys.exit(main(['export']))"
    done = run(windows, code, private_der, **env)
    if encoding == "cp1252":
        assert (done.returncode, done.stdout) == (1, "")
        assert "PYTHONUTF8=1" in done.stderr and done.stderr.count("\n") == 1
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{folder / 'cacert.pem'}\n"


def test_a_list_of_files(
    windows: Sandbox, ca_file: Path, other_ca: trustme.CA, private_der: bytes
) -> None:
    """Semicolons between them, quotes around one, blanks and nothing at all are understood."""
    folder = windows.work / "C colon, folder"
    other = write(folder / "other.cer", other_ca.cert_pem.bytes())
    wanted = f' "{ca_file}" ;; {other};'
    code = "import certifi; print(certifi.contents().count('BEGIN CERT'))"
    fewer, more = run(windows, code), run(windows, code, PYTHON_CERTIFI_CERT_FILES=wanted)
    assert (fewer.stderr, more.stderr) == ("", "")
    assert int(more.stdout) == int(fewer.stdout) + 2
    colon = run(windows, code, PYTHON_CERTIFI_CERT_FILES=f"{ca_file}:{other}")
    assert "the file does not exist" in colon.stderr and colon.stdout == fewer.stdout


@pytest.mark.parametrize("name", ["root.CER", "sub/deep/root.p7c"])
def test_the_drop_folder_of_the_user(
    windows: Sandbox, url: str, ca_file: Path, name: str, private_der: bytes
) -> None:
    """It lies in %APPDATA%, which roams; what lies there is trusted."""
    drop = windows.home / "AppData" / "Roaming" / NAME / "certs"
    assert_untrusted(run(windows, FETCH_BY_URLLIB.format(url=url)))
    write(drop / name, ca_file.read_bytes())
    done = run(windows, FETCH_BY_URLLIB.format(url=url))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


@pytest.mark.parametrize("gone", ["LOCALAPPDATA", "LOCALAPPDATA APPDATA USERPROFILE HOME"])
def test_a_service_without_folders_of_its_own(
    windows: Sandbox, url: str, private_der: bytes, gone: str
) -> None:
    """%USERPROFILE% does for %LOCALAPPDATA%; without both the temp folder has to do."""
    empty = dict.fromkeys(gone.split(), "no path")
    code = FETCH_BY_URLLIB.format(url=url)
    done = run(windows, code, private_der, **empty)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
    assert not list(windows.tmp.iterdir()) + list(local_app_data(windows).iterdir())
    done = run(windows, "import certifi; print(certifi.where())", private_der, **empty)
    place = local_app_data(windows) if gone == "LOCALAPPDATA" else windows.tmp
    assert done.stdout.startswith(f"{place}{os.sep}"), done


def test_a_path_for_other_programs(windows: Sandbox, private_der: bytes) -> None:
    """Python from the Microsoft Store is led to another %LOCALAPPDATA%, and nobody else is."""
    private = windows.home / "private copy"
    private.mkdir()
    (local_app_data(windows) / NAME).symlink_to(private)
    code = f"from {MODULE}.commands import main; sys.exit(main(['export']))"
    done = run(windows, code, private_der)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{private}{os.sep}")


def test_pips_own_certifi_is_left_alone(sandbox: Sandbox) -> None:
    """wrapt's binary, in use by pip, could not be replaced by pip."""
    code = f"""
        import sys, {{}}
        from {MODULE} import bootstrap
        print(*sorted(bootstrap.NAMES))
    """
    env = {"PYTHONPATH": str(sandbox.environment.site_packages)}
    here = sandbox.run_code(code.format("os"), "-S", env=env)
    there = sandbox.run_code(code.format("os; sys.platform = 'win32'"), "-S", env=env)
    assert there.stdout == "certifi httpcore2._ssl\n"
    pips = "pip._vendor.certifi pipenv.patched.pip._vendor.certifi"
    assert here.stdout == f"certifi httpcore2._ssl {pips}\n"
