"""What where() builds is stored for the next process: when it is believed, and by whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import pytest
import trustme

from support import NAME, Environment, Sandbox, write
from support.builds import ASKS, asked
from support.minting import make
from support.servers import Echo, context_for, serving

pytestmark = [
    pytest.mark.posix("Windows' store has no files"),
    pytest.mark.skipif(sys.platform == "darwin", reason="macOS stores nothing by default"),
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

NAMED = "PYTHON_CERTIFI_CERT_FILES"
# Seconds until what a test has written is old enough to be believed.
SETTLING = 2.2
LONG_AGO = (10**9, 10**9)
# A user that the tests do not run as.
MALLORY = 1000


class User:
    """Somebody who starts one process after the other, and names a CA."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Name one."""
        self.sandbox = sandbox
        # Where there is no such folder, no persistent bundle is looked for there.
        (sandbox.home / ".cache").mkdir(exist_ok=True)
        self.ca = sandbox.work / "ca.pem"
        self.pem = new_ca(self.ca)
        self.env = {NAMED: str(self.ca)}

    def asks(self, *options: str, **more: str) -> Tuple[int, str]:
        """Return how often the bundle was built, and its text; nothing must be said."""
        return asked(self.sandbox, {**self.env, **more}, *options)

    @property
    def stored(self) -> List[Path]:
        """What is stored, of every key."""
        return sorted((self.sandbox.home / ".cache" / NAME).glob("*/*"))


@pytest.fixture(scope="module")
def newcomers(tmp_path_factory: pytest.TempPathFactory, installed: Environment) -> Iterator[User]:
    """Return users whose files are old enough: of each dozen one waits for all."""

    def dozens() -> Iterator[User]:
        while True:
            folders = [tmp_path_factory.mktemp("user") for _ in range(12)]
            dozen = [User(Sandbox(folder, installed)) for folder in folders]
            time.sleep(SETTLING)
            yield from dozen

    return dozens()


@pytest.fixture
def newcomer(newcomers: Iterator[User]) -> User:
    """Return a user for whom nothing is stored, and whose next bundle is."""
    return next(newcomers)


@pytest.fixture
def user(newcomer: User) -> User:
    """Return a user for whom a bundle is stored."""
    assert newcomer.asks()[0] == 1
    assert [path.name for path in newcomer.stored] == ["stored.pem"]
    return newcomer


def new_ca(path: Path) -> str:
    """Write a CA of long ago; return its PEM."""
    pem: str = trustme.CA().cert_pem.bytes().decode()
    write(path, pem.encode().ljust(4096, b"\n"))
    os.utime(path, LONG_AGO)
    return pem


def test_the_next_process_builds_nothing(newcomer: User) -> None:
    """It answers the same, from a file of its own that goes with it."""
    first, second = newcomer.asks(), newcomer.asks()
    assert first[0] == 1
    assert second == (0, first[1])
    assert newcomer.pem in first[1]
    assert not newcomer.sandbox.left


def test_what_a_test_of_an_application_says_is_not_stored(newcomer: User) -> None:
    """It replaces what reads, while certifi is asked first: the next process reads again."""
    drop_folder = newcomer.sandbox.drop_folder
    drop_folder.mkdir(parents=True, exist_ok=True)
    pem = new_ca(drop_folder / "ca.pem")
    for path in (drop_folder, *list(drop_folder.parents)[:3]):
        os.utime(path, LONG_AGO)
    time.sleep(SETTLING)
    mocked = """
        from unittest import mock
        with mock.patch("os.scandir"):
            import certifi
            certifi.where()
    """
    assert newcomer.sandbox.run_code(mocked, env=newcomer.env).returncode == 0
    assert newcomer.stored == []
    assert pem in newcomer.asks()[1]
    assert [path.name for path in newcomer.stored] == ["stored.pem"]


def replace(user: User) -> None:
    user.pem = new_ca(user.ca)


def drop(user: User) -> None:
    new_ca(user.ca)
    user.pem = new_ca(user.sandbox.drop_folder / "a.pem")


def link(user: User) -> None:
    other = user.sandbox.work / "other.pem"
    user.pem = new_ca(other)
    user.ca.unlink()
    user.ca.symlink_to(other)


def name_another(user: User) -> None:
    user.pem = new_ca(user.sandbox.work / "other.pem")
    user.env = {NAMED: str(user.sandbox.work / "other.pem")}


def restrict(user: User) -> None:
    user.env["PYTHON_CERTIFI_SOURCES"] = "user"


def append(user: User) -> None:
    printed = user.sandbox.run("-m", "certifi", env=user.env).stdout.strip()
    user.pem = trustme.CA().cert_pem.bytes().decode()
    with open(printed, "a", encoding="ascii") as file:
        file.write(user.pem)


def name_behind_a_link(user: User) -> None:
    """Behind a link `..` leads elsewhere: SSL_CERT_FILE is opened as it stands."""
    real, near = user.sandbox.work / "real", user.sandbox.work / "near"
    (real / "sub").mkdir(parents=True)
    near.mkdir()
    (near / "link").symlink_to(real / "sub")
    new_ca(near / "x.pem")
    user.pem = new_ca(real / "x.pem")
    time.sleep(SETTLING)
    user.env = {"SSL_CERT_FILE": str(near / "x.pem")}
    assert [user.asks()[0] for _ in range(2)] == [1, 0]
    user.env = {"SSL_CERT_FILE": f"{near}/link/../x.pem"}


@pytest.mark.parametrize(
    "change", [replace, drop, link, name_another, name_behind_a_link, restrict, append]
)
def test_whatever_changes_is_noticed(user: User, change: Callable[[User], None]) -> None:
    """At once, also with the size and the time that the file had before."""
    before = user.asks()[1]
    change(user)
    built, text = user.asks()
    assert built == 1
    assert user.pem in text
    assert text != before


def test_what_has_other_times_and_the_same_content_is_believed(user: User) -> None:
    """Once that has settled it is noted, and nothing is read again."""
    (path,) = user.stored
    before = path.read_bytes()
    os.utime(user.ca)
    assert user.asks()[0] == 0
    assert path.read_bytes() == before
    time.sleep(SETTLING)
    assert user.asks()[0] == 0
    after = path.read_bytes()
    assert (after != before, len(after)) == (True, len(before))
    user.ca.unlink()
    assert user.sandbox.run_code(ASKS, env=user.env).stderr.count("WARNING") == 1


def test_others_may_live_meanwhile(user: User) -> None:
    """Their temporary bundles change nothing."""
    other = user.sandbox.start_code("import certifi; certifi.where(); print(flush=True); input()")
    assert other.stdout
    other.stdout.readline()
    try:
        assert user.asks()[0] == 0
    finally:
        other.communicate("\n")
    assert user.asks()[0] == 0


def test_what_was_warned_of_is_not_stored(newcomer: User) -> None:
    """The next process warns of it, too."""
    newcomer.env[NAMED] += f"{os.pathsep}/no/such/file.pem"
    for _ in range(2):
        assert "/no/such/file.pem" in newcomer.sandbox.run_code(ASKS, env=newcomer.env).stderr
    assert not newcomer.stored


def test_what_changed_just_now_is_not_stored(newcomer: User) -> None:
    """A second change might not show; nor where a clock was wrong, and it is of tomorrow."""
    os.utime(newcomer.ca)
    assert newcomer.asks()[0] == 1
    tomorrow = time.time() + 86400
    os.utime(newcomer.ca, (tomorrow, tomorrow))
    time.sleep(SETTLING)
    assert newcomer.asks()[0] == 1
    assert not newcomer.stored


TOLD = {
    "PYTHON_CERTIFI_LOG_LEVEL": "DEBUG",
    "PYTHON_CERTIFI_LOG_FILE": "log",
}


@pytest.mark.parametrize("variable", TOLD)
def test_who_wants_to_see_how_it_is_built_does(user: User, variable: str) -> None:
    """Each source and each file is named."""
    done = user.sandbox.run_code(ASKS, env={**user.env, variable: TOLD[variable]})
    assert json.loads(done.stdout)[0] == 1
    log = user.sandbox.work / "log"
    text = log.read_text("utf-8") if log.exists() else done.stderr
    assert f"user: {user.ca} has 1 certificates" in text


def test_a_log_of_warnings_alone_needs_no_build(user: User) -> None:
    """It would not show how the bundle is built."""
    log = {"PYTHON_CERTIFI_LOG_FILE": "log", "PYTHON_CERTIFI_LOG_FILE_LEVEL": "WARNING"}
    assert user.asks(**log)[0] == 0
    assert (user.sandbox.work / "log").read_text("utf-8") == ""


def test_findings_are_told_again(newcomer: User) -> None:
    """Who listens to more than warnings gets what the first process got, with one line each."""
    appended = newcomer.sandbox.run("-m", "certifi", env=newcomer.env).stdout.strip()
    with open(appended, "a", encoding="ascii") as file:
        file.write(trustme.CA().cert_pem.bytes().decode())
    time.sleep(SETTLING)
    code = "import logging; logging.basicConfig(level=logging.INFO)\n" + ASKS.replace("    ", "")
    told = [newcomer.sandbox.run_code(code, env=newcomer.env) for _ in range(2)]
    assert [json.loads(done.stdout)[0] for done in told] == [1, 0]
    assert told[0].stderr == told[1].stderr
    assert told[0].stderr.count("were appended to it by a person") == 1


@pytest.mark.parametrize(
    "more", [{"PYTHON_CERTIFI_STORE": "0"}, {"HOME": "/nonexistent"}], ids=["switch", "no home"]
)
def test_who_wants_none_has_none(user: User, more: Dict[str, str]) -> None:
    """It is built, and nothing more is stored."""
    assert user.asks(**more)[0] == 1
    assert len(user.stored) == 1


def test_an_isolated_interpreter_neither_reads_nor_writes(user: User) -> None:
    """Python -I takes nothing from a home."""
    before = {path: path.stat() for path in user.stored}
    built, text = user.asks("-I")
    assert (built, user.pem in text) == (1, False)
    assert {path: path.stat() for path in user.stored} == before


# Nothing but what we wrote is believed.


def test_a_torn_file_is_not_believed(user: User) -> None:
    """Wherever it ends, and whatever in it was changed; then it is put right."""
    (path,) = user.stored
    whole = path.read_bytes()
    middle = whole.index(b"-----BEGIN") + 5000
    cut = [whole[:length] for length in (0, 1, 50, 400, middle, len(whole) - 1)]
    changed = whole[:middle] + b"AAAA" + whole[middle + 4 :]
    for damaged in (*cut, changed, whole + user.pem.encode(), b"\0" * len(whole)):
        path.write_bytes(damaged)
        assert user.asks()[0] == 1
        assert path.read_bytes() == whole
        assert user.asks()[0] == 0


def as_a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def as_a_linked_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.symlink_to("elsewhere")


def as_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


OPENED: Dict[str, Callable[[Path], object]] = {
    "a file of everybody": lambda path: path.chmod(0o666),
    "a folder of everybody": lambda path: path.parent.chmod(0o777),
    "a folder of everybody above": lambda path: path.parents[1].chmod(0o777),
    "a link": as_a_link,
    "a link to the folder": as_a_linked_folder,
    "a FIFO": as_a_fifo,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}
TAKEN: Dict[str, Callable[[Path], object]] = {
    "another user's file": lambda path: os.chown(path, MALLORY, MALLORY),
    "another user's folder": lambda path: os.chown(path.parent, MALLORY, MALLORY),
    "another user's home": lambda path: os.chown(path.parents[3], MALLORY, MALLORY),
}


NOT_OURS = [
    *(pytest.param(change, id=name) for name, change in OPENED.items()),
    *(
        pytest.param(change, id=name, marks=pytest.mark.root("gives files away"))
        for name, change in TAKEN.items()
    ),
]


@pytest.mark.parametrize("change", NOT_OURS)
def test_what_others_can_change_is_not_believed(user: User, change: Callable[[Path], None]) -> None:
    """Whoever owns it or may write to it could put a CA there, with a checksum that fits."""
    (path,) = user.stored
    change(path)
    built, text = user.asks()
    assert (built, user.pem in text) == (1, True)


@pytest.mark.parametrize("which", ["file", "folder", "above"])
def test_what_others_may_change_meanwhile_is_told(user: User, which: str) -> None:
    """Its content is the same, and still it does not count any more; nor is it stored."""
    path = user.sandbox.drop_folder / "a.pem"
    pem = new_ca(path)
    time.sleep(SETTLING)
    assert [user.asks()[0] for _ in range(2)] == [1, 0]
    {"file": path, "folder": path.parent, "above": path.parents[2]}[which].chmod(0o777)
    done = user.sandbox.run_code(ASKS, env=user.env)
    built, text = json.loads(done.stdout)
    assert (built, pem in text, done.stderr.count("WARNING")) == (1, False, 1), done.stderr


REFUSED: Dict[str, str] = {
    "an audit hook": """
        import os, sys
        def refuse(event, arguments):
            if event in ("open", "os.mkdir") and ".cache" in str(arguments[0]):
                raise ValueError("refused")
        sys.addaudithook(refuse)
    """,
    "a mock": """
        import os
        from unittest import mock
        import certifi_system_store_wrapper.publishing.stored as stored
        stored.Place.found = stored.Place.write = mock.Mock(side_effect=KeyError("mock"))
    """,
}


@pytest.mark.parametrize("program", REFUSED.values(), ids=REFUSED)
def test_who_refuses_it_gets_a_bundle_all_the_same(user: User, program: str) -> None:
    """Neither reading nor writing what is stored costs anything else."""
    done = user.sandbox.run("-c", textwrap.dedent(program) + textwrap.dedent(ASKS), env=user.env)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert json.loads(done.stdout)[0] == 1


REFUSES = """
import os, shutil, sys
import certifi
path = certifi.where()

def refuse(event, arguments):
    writes = event == "open" and arguments[1] != "r" and (arguments[2] or 0) & os.O_CREAT
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir"):
        raise RuntimeError("refused")
"""


def test_who_refuses_what_heals_it_gets_certifis_own(sandbox: Sandbox) -> None:
    """As an audit hook may: where() raises nothing of it, and says so once."""
    code = """
    shutil.rmtree(os.path.dirname(path))
    sys.addaudithook(refuse)
    print(open(certifi.where()).read().count("BEGIN") > 40, certifi.where() != path)
    """
    done = sandbox.run_code(REFUSES + textwrap.dedent(code))
    assert (done.returncode, done.stdout) == (0, "True True\n"), done
    assert done.stderr.count("WARNING") == 1


def test_who_refuses_what_removes_it_keeps_it(sandbox: Sandbox) -> None:
    """At exit nothing is said of that, and the status is the program's."""
    done = sandbox.run_code(REFUSES + "sys.addaudithook(refuse)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sandbox.left


@pytest.mark.root("acts as two users")
@pytest.mark.linux("uses setpriv")
def test_root_makes_nothing_in_the_home_of_another_user(user: User) -> None:
    """`sudo -E`, with an environment of that user: they could not use their own cache any more."""
    shutil.rmtree(user.sandbox.home / ".cache")
    os.chown(user.sandbox.home, MALLORY, MALLORY)
    assert user.asks()[0] == 1
    assert user.asks()[0] == 1
    assert not user.stored
    assert not (user.sandbox.home / ".cache").exists()


# Writing it never disturbs.


def test_many_write_at_once(newcomer: User) -> None:
    """All answer the same, one file stays, and no unfinished one."""
    started = [
        subprocess.Popen(
            [
                str(newcomer.sandbox.environment.python),
                "-c",
                "import certifi; print(certifi.contents())",
            ],
            env=newcomer.sandbox.variables(newcomer.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="ascii",
        )
        for _ in range(24)
    ]
    answers = {each.communicate() for each in started}
    assert len(answers) == 1
    assert newcomer.pem in answers.pop()[0]
    assert [path.name for path in newcomer.stored] == ["stored.pem"]
    assert newcomer.asks()[0] == 0


@pytest.mark.root("mounts a file system")
@pytest.mark.linux("uses a mount namespace")
@pytest.mark.parametrize("options", ["ro", "size=64k"])
def test_a_home_that_takes_nothing(newcomer: User, options: str) -> None:
    """Read-only or full: it is built each time, in silence, and nothing is left."""
    home = str(newcomer.sandbox.home)
    python = str(newcomer.sandbox.environment.python)
    script = f'mount -t tmpfs -o {options} none {home} && "$@" && "$@" && find {home} -type f'
    code = "import certifi; print(len(certifi.contents()) > 1000)"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", python, "-c", code],
        env=newcomer.sandbox.variables(newcomer.env),
        capture_output=True,
        encoding="ascii",
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")


def test_what_a_killed_writer_left_is_swept(user: User) -> None:
    """The next one that stores something removes it; `remove` writes to a stored one, too."""
    (path,) = user.stored
    lefts = [path.with_name(f".{name}.pem.0123456789abcdef") for name in ("stored", "cacert")]
    for left in lefts:
        left.write_bytes(path.read_bytes()[:1000])
    replace(user)
    time.sleep(SETTLING)
    assert user.asks()[0] == 1
    assert not any(left.exists() for left in lefts)


def test_what_nobody_needs_is_swept(user: User, tmp_path: Path) -> None:
    """Of an environment that is gone, and what was not used for two months; no printed one."""
    (path,) = user.stored
    above = path.parents[1]
    gone, unused, elsewhere = above / "gone", above / "unused", above / "elsewhere"
    for folder in (gone, unused, elsewhere):
        shutil.copytree(path.parent, folder)
    prefix = str(user.sandbox.environment.python.parents[1]).encode()
    text = (gone / path.name).read_bytes()
    assert prefix in text
    text = text.replace(prefix, str(tmp_path / "gone").encode())
    (gone / path.name).write_bytes(text)
    (above / "odd").mkdir()
    (above / "odd" / path.name).write_bytes(text.replace(b"\tmachine=", b"\tmachine", 1))
    # This machine cannot know whether that environment is gone.
    (elsewhere / path.name).write_bytes(text.replace(b"\tmachine=", b"\tmachine=another", 1))
    os.utime(unused / path.name, LONG_AGO)
    (unused / "cacert.pem").write_bytes(b"printed")
    for number in range(120):
        (above / f"other-{number}").mkdir()
        shutil.copy2(path, above / f"other-{number}" / path.name)
        os.utime(above / f"other-{number}" / path.name, (time.time() - 3600,) * 2)
    replace(user)
    time.sleep(SETTLING)
    user.asks()
    found = {each.relative_to(above).as_posix() for each in above.rglob("*")}
    others = {each for each in found if each.startswith("other-") and "/" in each}
    # The newest hundred: this one, the one that is gone, another machine's, an odd one, and others.
    assert len(others) == 96
    assert {each for each in found if not each.startswith("other-")} == {
        *(path.parent.name, f"{path.parent.name}/{path.name}", "unused", "unused/cacert.pem"),
        *("elsewhere", f"elsewhere/{path.name}", "odd", f"odd/{path.name}"),
    }


def test_a_use_is_noted(user: User) -> None:
    """Once a day, or what is used would be swept."""
    (path,) = user.stored
    os.utime(path, LONG_AGO)
    assert user.asks()[0] == 0
    noted = path.stat().st_mtime
    assert noted > time.time() - 600
    user.asks()
    assert path.stat().st_mtime == noted


def test_a_removed_certificate_is_nowhere(user: User) -> None:
    """`remove` takes it out of what is stored, too, and no process trusts it any more."""
    sandbox = user.sandbox
    ours = ("-m", "certifi_system_store_wrapper")
    corp = sandbox.work / "corp.pem"
    pem = new_ca(corp)
    assert sandbox.run(*ours, "add", str(corp), env=user.env).returncode == 0
    time.sleep(SETTLING)
    assert pem in user.asks()[1]
    assert any(pem in path.read_text("utf-8") for path in user.stored)
    (added,) = sandbox.drop_folder.iterdir()
    assert sandbox.run(*ours, "remove", added.name, env=user.env).returncode == 0
    assert not any(pem in path.read_text("utf-8") for path in user.stored)
    assert pem not in user.asks()[1]


def test_status_tells_of_one_that_differs(user: User) -> None:
    """Commands build anew, and see what no other process looks at."""
    import zlib

    (path,) = user.stored
    ours = ("-m", "certifi_system_store_wrapper", "status")
    healthy = user.sandbox.run(*ours, env=user.env)
    header, begin, body = path.read_bytes().partition(b"-----BEGIN")
    blocks = (begin + body).split(b"-----BEGIN")
    lacking = b"-----BEGIN".join(blocks[:-1])
    old = [f"length={len(begin + body)}".encode(), f"crc32={zlib.crc32(begin + body):08x}".encode()]
    new = [f"length={len(lacking)}".encode(), f"crc32={zlib.crc32(lacking):08x}".encode()]
    for was, now in zip(old, new):
        assert was in header
        header = header.replace(was, now)
    path.write_bytes(header + lacking)
    assert user.asks()[0] == 0
    done = user.sandbox.run(*ours, env=user.env)
    assert (healthy.returncode, done.returncode) == (0, 1)
    told = f"certifi answers from {path}, which is not what would be built now"
    assert told in done.stdout
    with serving(Echo, context_for(make("a server", names=["localhost"]))) as server:
        doctor = ["doctor", f"localhost:{server.port}"]
        for command in (["list"], ["list", "--json"], ["doctor"], doctor):
            done = user.sandbox.run(*ours[:2], *command, env=user.env)
            assert (done.returncode, told in done.stdout + done.stderr) == (1, True), done


def test_one_whose_header_names_another_path(user: User) -> None:
    """It is built again: what comes to be at the right path would not be seen."""
    (path,) = user.stored
    held = path.read_bytes()
    looked_at = held.split(b"\n")[2]
    path.write_bytes(held.replace(looked_at, looked_at[:-1] + b"x"))
    assert user.asks()[0] == 1
    assert path.read_bytes() == held


def test_what_is_loaded_late_is_of_the_same_version(user: User, tmp_path: Path) -> None:
    """After an upgrade in place what answered goes on, with one warning, and nothing is mixed."""
    packages = tmp_path / "packages"
    for name in ("certifi", "wrapt", "certifi_system_store_wrapper", "certifi_system"):
        shutil.copytree(user.sandbox.environment.site_packages / name, packages / name)
    time.sleep(SETTLING)
    begin = f"""
        import sys
        sys.path.insert(0, {str(packages)!r})
        import certifi_system_store_wrapper as ours
        ours.activate()
        import certifi, os
        path, text = certifi.where(), certifi.contents()
    """
    stored = user.sandbox.run_code(begin, "-S", env=user.env)
    assert (stored.returncode, stored.stderr, len(user.stored)) == (0, "", 2)
    upgrade = f"""
        init = {str(packages)!r} + "/certifi_system_store_wrapper/__init__.py"
        with open(init, "a") as file:
            file.write("# another version\\n")
        for name in ("publishing/storing", "publishing/building", "publishing/additions"):
            with open(init.replace("__init__", name), "w") as file:
                file.write("raise RuntimeError('mixed')")
        assert ours.refresh() == path
        assert certifi.contents() == text
        with open(path, "a") as file:
            file.write("what somebody appends")
        os.unlink(path)
        assert (certifi.where(), certifi.contents()) == (path, text + "what somebody appends")
        try:
            ours.build()
        except ImportError as error:
            print(error)
    """
    done = user.sandbox.run_code(begin + upgrade, "-S", env=user.env)
    assert done.returncode == 0, done
    assert "restart this process" in done.stdout
    assert done.stderr.count("nothing is collected again") == 1
    assert "mixed" not in done.stderr


def test_a_fork_during_the_first_build(user: User) -> None:
    """Another thread is loading our modules: the fork answers all the same, and does not wait."""
    code = """
        import certifi, os, sys, threading, time, warnings
        # From Python 3.12 on it warns of a fork beside threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        class Slow:
            def find_spec(self, name, path=None, target=None):
                if name.endswith("certifi_system_store_wrapper.bundle"):
                    loading.set()
                    time.sleep(0.5)
        loading = threading.Event()
        sys.meta_path.insert(0, Slow())
        thread = threading.Thread(target=certifi.where)
        thread.start()
        loading.wait()
        child = os.fork()
        text = certifi.contents()
        if not child:
            os._exit("PRIVATE" in text or text.count("BEGIN") < 2)
        thread.join()
        sys.exit(os.waitpid(child, 0)[1])
    """
    done = user.sandbox.run_code(code, env={**user.env, "PYTHON_CERTIFI_STORE": "0"})
    assert (done.returncode, done.stderr) == (0, ""), done
