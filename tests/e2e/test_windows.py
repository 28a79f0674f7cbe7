"""Windows itself: its real stores, its folders, its ways to name files; each with its twin.

What is put into the stores, `stores` takes out again. What Wine's have not (a store that fails, a
damaged entry, an enumeration that breaks off) is in tests/unit/sources/system/test_windows.py.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Dict, Sequence, Tuple

import pytest
import trustme

from support import MODULE, NAME, Sandbox, assert_fetched, assert_untrusted, write
from support.windows_stores import MACHINE, USER

if TYPE_CHECKING:
    from pathlib import Path

    from support.windows_stores import Stores

pytestmark = pytest.mark.windows("its stores and folders are looked at")
COUNT = "import certifi; print(certifi.contents().count('BEGIN CERT'))"
SERVER_AUTH, CODE_SIGNING = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3"


def test_a_ca_of_the_root_store_is_trusted(
    sandbox: Sandbox, stores: Stores, url: str, private_der: bytes
) -> None:
    """From the next process on, and no longer than it is there; nothing is left behind."""
    assert_untrusted(sandbox.fetch("requests", url))
    stores.add("ROOT", private_der)
    assert_fetched(sandbox.fetch("requests", url))
    stores.remove("ROOT", private_der)
    assert_untrusted(sandbox.fetch("requests", url))
    assert not sandbox.left


@pytest.mark.wine("real Windows asks a person before it adds to a user's roots")
def test_a_ca_of_the_users_root_store_is_trusted(
    sandbox: Sandbox, stores: Stores, url: str, private_der: bytes
) -> None:
    """The user's stores count beside those of the machine, also for what somebody added."""
    assert_untrusted(sandbox.fetch("requests", url))
    stores.add("ROOT", private_der, USER)
    assert_fetched(sandbox.fetch("requests", url))
    assert_fetched(sandbox.fetch("requests", url, env={"PYTHON_CERTIFI_SOURCES": "local"}))
    assert_untrusted(sandbox.fetch("requests", url, env={"PYTHON_CERTIFI_SOURCES": "certifi"}))


@pytest.mark.parametrize(
    ("usage", "is_trusted"),
    [((SERVER_AUTH,), True), ((CODE_SIGNING, SERVER_AUTH), True), ((CODE_SIGNING,), False)],
)
def test_the_purposes_of_the_store_count(
    sandbox: Sandbox,
    stores: Stores,
    url: str,
    private_der: bytes,
    usage: Sequence[str],
    is_trusted: bool,
) -> None:
    """An administrator may allow a root for other purposes than servers."""
    assert_untrusted(sandbox.fetch("requests", url))
    stores.add("ROOT", private_der, usage=usage)
    done = sandbox.fetch("requests", url)
    assert_fetched(done) if is_trusted else assert_untrusted(done)


@pytest.mark.parametrize("where", [MACHINE, USER], ids=["machine", "user"])
def test_what_windows_distrusts_is_gone(
    sandbox: Sandbox, stores: Stores, url: str, private_der: bytes, where: int
) -> None:
    """Also from the roots, while it is in Disallowed of the machine or of the user."""
    stores.add("ROOT", private_der)
    assert_fetched(sandbox.fetch("requests", url))
    stores.add("Disallowed", private_der, where)
    assert_untrusted(sandbox.fetch("requests", url))
    stores.remove("Disallowed", private_der, where)
    assert_fetched(sandbox.fetch("requests", url))


@pytest.mark.parametrize("store", ["CA", "TrustedPeople", "My"])
def test_no_other_store_makes_an_anchor(
    sandbox: Sandbox, stores: Stores, url: str, private_der: bytes, store: str
) -> None:
    """Windows itself does not trust a self-signed CA among its intermediates."""
    stores.add(store, private_der)
    assert_untrusted(sandbox.fetch("requests", url))


def run(sandbox: Sandbox, *arguments: str, **env: str) -> Tuple[int, str, str]:
    """Run Python with these arguments and variables; return its status and what it printed."""
    done = sandbox.run(*arguments, env=env)
    return done.returncode, done.stdout, done.stderr


def count(sandbox: Sandbox, **env: str) -> int:
    """Return how many certificates certifi answers with, in silence."""
    status, stdout, stderr = run(sandbox, "-c", COUNT, **env)
    assert (status, stderr) == (0, "")
    return int(stdout)


def test_the_bundle_lies_in_local_app_data(sandbox: Sandbox) -> None:
    """Held, collected again, and gone at the end."""
    code = """
        import certifi, os, certifi_system_store_wrapper as ours
        path = certifi.where()
        assert path.startswith(os.environ["LOCALAPPDATA"]), path
        assert certifi.where() == path and certifi.contents() == open(path).read()
        assert os.path.isfile(ours.refresh()) and os.path.isfile(path)
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not sandbox.left


def test_a_persistent_bundle_takes_up_what_is_added(
    sandbox: Sandbox, stores: Stores, private_der: bytes
) -> None:
    """Kept in one file, which the next process writes anew."""
    folder = sandbox.work / "kept"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    fewer = count(sandbox, **env)
    stores.add("ROOT", private_der)
    assert count(sandbox, **env) == fewer + 1
    assert [each.name for each in folder.iterdir()] == ["cacert.pem"]


def test_a_persistent_bundle_that_says_the_same(sandbox: Sandbox, stores: Stores) -> None:
    """It is not written again, though the stores are asked again; no reader meets a new file."""
    folder = sandbox.work / "kept"
    code = "import certifi, os; print(os.stat(certifi.where()).st_ino)"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": f' "{folder}" '}
    time.sleep(2.1)  # what it is made from has settled then
    first = run(sandbox, "-c", code, **env)
    for path in (folder, *folder.iterdir()):
        os.utime(path, (1e9, 1e9))
    wanted = (0, f"{(folder / 'cacert.pem').stat().st_ino}\n", "")
    assert first == run(sandbox, "-c", code, **env) == wanted


@pytest.mark.parametrize("seconds", [0.3, 60])
def test_a_persistent_bundle_that_somebody_reads(
    sandbox: Sandbox, stores: Stores, private_der: bytes, seconds: float
) -> None:
    """It is replaced when the reader is done; whoever reads on for long costs nobody a CA."""
    folder = sandbox.work / "kept"
    env: Dict[str, str] = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    fewer = count(sandbox, **env)
    stores.add("ROOT", private_der)
    code = f"""
        import certifi, os, threading
        kept = os.path.join(os.environ["PYTHON_CERTIFI_BUNDLE_DIR"], "cacert.pem")
        reading = open(kept)
        closing = threading.Timer({seconds}, reading.close)
        closing.start()
        print(certifi.where() == kept, certifi.contents().count('BEGIN CERT'))
        closing.cancel()
    """
    done = sandbox.run_code(code, env=env)
    assert done.stdout.split() == [str(seconds < 1), str(fewer + 1)]
    assert (done.stderr == "") == (seconds < 1), done.stderr


def test_our_own_bundle_is_not_read_back(
    sandbox: Sandbox, stores: Stores, private_der: bytes
) -> None:
    """A CA that left the store does not live on through SSL_CERT_FILE; another file counts."""
    stores.add("ROOT", private_der)
    run(sandbox, "-c", "import certifi; open('old.pem', 'w').write(certifi.contents())")
    stores.remove("ROOT", private_der)
    ours = sandbox.work / "old.pem"
    plain = write(sandbox.work / "plain.pem", b"\n" + ours.read_bytes())
    without = count(sandbox)
    _, read_back, said = run(sandbox, "-c", COUNT, SSL_CERT_FILE=str(ours))
    assert int(read_back) == without and "never read back" in said
    assert count(sandbox, SSL_CERT_FILE=str(plain)) == without + 1


@pytest.mark.parametrize("command", ["status", "list", "export", "shellenv", "remove", "doctor"])
def test_every_command(sandbox: Sandbox, command: str) -> None:
    """Each answers, healthy, and without a word on stderr."""
    status, stdout, stderr = run(sandbox, "-m", MODULE, command)
    assert (status, stderr) == (0, ""), stdout


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_a_path_that_the_code_page_does_not_have(sandbox: Sandbox, encoding: str) -> None:
    """It is said or refused: a program would be led astray by one with escapes in it."""
    folder = sandbox.work / "Micha\u0142"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHONIOENCODING": encoding}
    status, stdout, stderr = run(sandbox, "-m", MODULE, "export", **env)
    if encoding == "cp1252":
        assert (status, stdout) == (1, "")
        assert "PYTHONUTF8=1" in stderr and stderr.count("\n") == 1
    else:
        assert (status, stdout, stderr) == (0, f"{folder / 'cacert.pem'}\n", "")


def test_a_list_of_files(
    sandbox: Sandbox, stores: Stores, ca_file: Path, other_ca: trustme.CA
) -> None:
    """Semicolons between them, quotes around one, blanks and nothing at all are understood."""
    other = write(sandbox.work / "a, folder" / "other.cer", other_ca.cert_pem.bytes())
    fewer = count(sandbox)
    wanted = f' "{ca_file}" ;; {other};'
    assert count(sandbox, PYTHON_CERTIFI_CERT_FILES=wanted) == fewer + 2
    wrong = f"{ca_file}:{other}"
    status, stdout, stderr = run(sandbox, "-c", COUNT, PYTHON_CERTIFI_CERT_FILES=wrong)
    assert (status, int(stdout)) == (0, fewer) and "WARNING" in stderr


@pytest.mark.parametrize("name", ["root.CER", "sub/deep/root.p7c"])
def test_the_drop_folder_of_the_user(sandbox: Sandbox, url: str, ca_file: Path, name: str) -> None:
    """It lies in %APPDATA%, which roams; what lies there is trusted."""
    assert_untrusted(sandbox.fetch("requests", url))
    write(sandbox.home / "AppData" / "Roaming" / NAME / "certs" / name, ca_file.read_bytes())
    assert_fetched(sandbox.fetch("requests", url))


@pytest.mark.parametrize("gone", ["LOCALAPPDATA", "LOCALAPPDATA APPDATA USERPROFILE HOME"])
def test_a_service_without_folders_of_its_own(sandbox: Sandbox, gone: str) -> None:
    """%USERPROFILE% does for %LOCALAPPDATA%; without both the temp folder has to do."""
    empty = dict.fromkeys(gone.split(), "no path")
    status, stdout, stderr = run(sandbox, "-c", "import certifi; print(certifi.where())", **empty)
    place = sandbox.place if gone == "LOCALAPPDATA" else sandbox.tmp
    assert (status, stderr) == (0, "")
    assert stdout.startswith(f"{place}{os.sep}")
    assert not list(sandbox.tmp.iterdir()) + sandbox.left


@pytest.mark.links("one stands for the Microsoft Store's redirection")
def test_a_path_for_other_programs(sandbox: Sandbox) -> None:
    """Python from the Microsoft Store is led to another %LOCALAPPDATA%, and nobody else is."""
    private = sandbox.home / "private copy"
    private.mkdir()
    (sandbox.place / NAME).symlink_to(private)
    status, stdout, stderr = run(sandbox, "-m", MODULE, "export")
    assert (status, stderr) == (0, "")
    assert stdout.startswith(f"{private}{os.sep}")


def test_pips_own_certifi_is_left_alone(sandbox: Sandbox) -> None:
    """wrapt's binary, in use by pip, could not be replaced by pip."""
    code = f"from {MODULE} import bootstrap; print(*sorted(bootstrap.NAMES))"
    assert run(sandbox, "-c", code) == (0, "certifi httpcore2._ssl httpx2._config\n", "")
