"""Other users of a machine: in a user namespace, and who starts a program with more rights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence

import pytest
import trustme

from support import MODULE, Sandbox, new_environment, write

if TYPE_CHECKING:
    from support import Done

pytestmark = [
    pytest.mark.linux("acts as Linux lets it"),
    pytest.mark.root("acts as several users"),
]
VICTIM, MALLORY, NOBODY = 4711, 1000, 65534
PACKAGES = ("certifi", "wrapt", "certifi_system_store_wrapper", "certifi_system")
# A file system whose listings do not say what is a folder, as those of some networks; the folder in
# it may be listed, and not entered.
WITHOUT_TYPES = """
    PATH=$PATH:/usr/sbin:/sbin; cd "$1"; truncate -s 8M image
    mkfs.ext2 -q -O ^filetype image || exit 77
    mkdir mounted; mount -o loop image mounted || exit 77
    mkdir mounted/closed mounted/closed/inner; cp "$2" mounted/ca.pem; chmod 444 mounted/closed
    shift 2; exec "$@"
"""
# What certifi answers, from whom, and what is printed beside it.
ANSWER = """
    import certifi_system_store_wrapper, json
    certifi_system_store_wrapper.activate()
    import certifi
    built = certifi_system_store_wrapper.build()
    system = [a for a in built.anchors if any(o.source == "system" for o in a.origins)]
    print(json.dumps([certifi.where(), certifi.contents(), len(system)]))
"""


def as_user(number: int) -> List[str]:
    """Return the beginning of a command that is to run as that user."""
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]


class Crowd:
    """A folder that all users reach, homes below /tmp, and an interpreter that all may run."""

    homes: List[Path]

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        """Copy the packages there."""
        self.folder, self.python = folder, shutil.which("python3", path="/usr/bin:/bin")
        self.packages, self.homes = folder / "packages", []
        for name in PACKAGES:
            shutil.copytree(sandbox.environment.site_packages / name, self.packages / name)

    def home(self, owner: int) -> Path:
        """Make a home folder for that user."""
        home = Path(f"{self.folder}-{owner}")
        home.mkdir(exist_ok=True)
        self.homes.append(home)
        os.chown(home, owner, owner)
        return home

    def run(self, prefix: Sequence[str], home: Path, code: str = ANSWER, **variables: str) -> Done:
        """Ask certifi as another user."""
        if self.python is None:
            pytest.skip("no interpreter that another user may run")
        env: Dict[str, str] = {"PATH": os.defpath, "HOME": str(home), "TMPDIR": "/tmp", **variables}
        env.update(PYTHONPATH=str(self.packages), PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run(
            [*prefix, self.python, "-s", "-c", textwrap.dedent(code)],
            env=env,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def crowd(sandbox: Sandbox) -> Iterator[Crowd]:
    """Return a crowd in a folder below /tmp, which every user can reach."""
    folder = Path("/tmp") / f"crowd-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    made = Crowd(folder, sandbox)
    yield made
    for each in (folder, *made.homes):
        shutil.rmtree(each, ignore_errors=True)


@pytest.fixture
def planted(private_ca: trustme.CA) -> bytes:
    """Return a CA that nobody asked for."""
    return private_ca.cert_pem.bytes()


def namespace(owner: int) -> List[str]:
    """Return the beginning of a command that is root in a user namespace of its own."""
    command = [*as_user(owner), "unshare", "-r"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    return command


@pytest.mark.parametrize("mallory", [MALLORY, NOBODY])
@pytest.mark.parametrize("kind", ["persistent", "home", "drop", "own"])
def test_what_is_planted_is_not_believed_in_a_user_namespace(
    crowd: Crowd, planted: bytes, mallory: int, kind: str
) -> None:
    """There every user of the machine has one number, that of / too: it is nobody to believe."""
    home, variables = crowd.home(VICTIM), {}
    paths = {
        "home": home / ".nix-profile/etc/ssl/certs/ca-bundle.crt",
        "drop": home / ".config/certifi-system-store-wrapper/certs/ca.pem",
        "own": crowd.packages / "certifi_system" / "ca.pem",
    }
    if kind == "persistent":
        theirs = crowd.home(mallory) / "bundle"
        variables = {"PYTHON_CERTIFI_BUNDLE_DIR": str(theirs)}
        done = crowd.run(as_user(mallory), theirs.parent, **variables)
        assert json.loads(done.stdout)[0] == str(theirs / "cacert.pem")
        with (theirs / "cacert.pem").open("ab") as file:
            file.write(planted)
    else:
        path = write(paths[kind], planted)
        top = path if kind == "own" else home / path.relative_to(home).parts[0]
        for each in (top, *top.rglob("*")):
            os.chown(each, mallory, mallory)
    outside = crowd.run(as_user(VICTIM), home)
    inside = crowd.run(namespace(VICTIM), home, **variables)
    assert inside.returncode == 0
    where, contents, system = json.loads(inside.stdout)
    assert planted.decode() not in contents
    assert "/certifi-system-store-wrapper-0/" in where
    assert f"user {NOBODY} (whoever has no number in this user namespace) owns it" in inside.stderr
    assert ("BUNDLE_DIR cannot" in inside.stderr) == (kind == "persistent")
    # What the distribution has below /etc is read as ever.
    assert system == json.loads(outside.stdout)[2] > 100


def test_what_is_ones_own_is_read_in_a_user_namespace(crowd: Crowd, planted: bytes) -> None:
    """The user's own drop folder and persistent bundle, whose number is 0 in there."""
    home = crowd.home(VICTIM)
    write(home / ".config/certifi-system-store-wrapper/certs/ca.pem", planted)
    for each in home.rglob("*"):
        os.chown(each, VICTIM, VICTIM)
    variables = {"PYTHON_CERTIFI_BUNDLE_DIR": str(home / "bundle")}
    for prefix in (as_user(VICTIM), namespace(VICTIM)):
        done = crowd.run(prefix, home, **variables)
        where, contents, _ = json.loads(done.stdout)
        assert (where, done.stderr) == (str(home / "bundle" / "cacert.pem"), "")
        assert planted.decode() in contents


def test_nobody_keeps_a_persistent_bundle_where_all_users_are_known(crowd: Crowd) -> None:
    """In a container that runs as user 65534 that number is somebody."""
    home = crowd.home(NOBODY)
    done = crowd.run(as_user(NOBODY), home, PYTHON_CERTIFI_BUNDLE_DIR=str(home / "bundle"))
    assert (json.loads(done.stdout)[0], done.stderr) == (str(home / "bundle" / "cacert.pem"), "")


@pytest.fixture
def privileged(crowd: Crowd, interpreter: str, wheel: str, housed: Sequence[str]) -> Iterator[Path]:
    """Return a copy of the interpreter whose file has a capability: it may read everything."""
    setcap = shutil.which("setcap", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if setcap is None:
        pytest.skip("no setcap")
    environment = new_environment(interpreter, crowd.folder / "venv", "--copies", "--without-pip")
    environment.install(*housed, wheel)
    command = [setcap, "cap_dac_read_search=ep", str(environment.python)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file capabilities here")
    yield environment.python


def test_no_variable_decides_in_a_program_with_more_rights(
    crowd: Crowd, privileged: Path, planted: bytes
) -> None:
    """Who starts it sets its variables and its home; the same program without rights obeys."""
    home = crowd.home(MALLORY)
    path = write(home / "ca.pem", planted)
    write(home / ".nix-profile/etc/ssl/certs/ca-bundle.crt", planted)
    write(home / ".config/certifi-system-store-wrapper/certs/ca.pem", planted)
    for each in home.rglob("*"):
        os.chown(each, MALLORY, MALLORY)
    crowd.python = str(privileged)
    names = ("SSL_CERT_FILE", "NIX_SSL_CERT_FILE", "PYTHON_CERTIFI_CERT_FILES")
    variables = {
        **{name: str(path) for name in names},
        "SSL_CERT_DIR": str(home),
        "PYTHON_CERTIFI_BUNDLE_DIR": str(home / "bundle"),
        "XDG_CONFIG_HOME": str(home / ".config"),
    }
    done = crowd.run(as_user(MALLORY), home, **variables)
    where, contents, _ = json.loads(done.stdout)
    assert planted.decode() not in contents
    assert str(home) not in where
    (warning,) = done.stderr.splitlines()
    assert all(name in warning for name in (*names, "SSL_CERT_DIR", "PYTHON_CERTIFI_BUNDLE_DIR"))
    done = crowd.run(as_user(MALLORY), home)
    assert (planted.decode() in json.loads(done.stdout)[1], done.stderr) == (False, "")
    # What has no place there says why, and names no variable.
    for command in (["add", str(path)], ["remove"], ["export"]):
        code = f"import sys, runpy; sys.argv[1:] = {command}\n"
        code += f"runpy.run_module({MODULE!r}, run_name='__main__')"
        done = crowd.run(as_user(MALLORY), home, code)
        assert (done.returncode, "this program has more rights" in done.stderr) == (1, True)
        assert "PYTHON_CERTIFI" not in done.stderr
    # Root gets no right that it has not, so for root the program is as any other.
    done = crowd.run([], home, **variables)
    where, contents, _ = json.loads(done.stdout)
    assert planted.decode() in contents


def test_who_starts_a_program_with_more_rights_cannot_write_into_its_bundle(
    crowd: Crowd, privileged: Path, planted: bytes
) -> None:
    """Its files belong to them, so there is none: nothing but the memory of the program."""
    crowd.python = str(privileged)
    planted_at = write(crowd.folder / "planted.pem", planted)
    code = f"""
        import certifi_system_store_wrapper, json, os, subprocess
        certifi_system_store_wrapper.activate()
        import certifi
        path = certifi.where().replace("self", str(os.getpid()))
        done = subprocess.run(["sh", "-c", 'cat "$0" >> "$1"', {str(planted_at)!r}, path])
        print(json.dumps([done.returncode, certifi.contents()]))
    """
    done = crowd.run(as_user(MALLORY), crowd.home(MALLORY), code)
    status, contents = json.loads(done.stdout)
    assert status != 0
    assert planted.decode() not in contents
    assert contents.count("BEGIN CERTIFICATE") > 100
    # Root has such rights already: its bundle is a file as ever.
    done = crowd.run([], crowd.home(0))
    assert json.loads(done.stdout)[0].startswith("/tmp/certifi-system-store-wrapper-0/")


def test_who_has_no_number_of_their_own_keeps_no_file(crowd: Crowd) -> None:
    """In a user namespace without a map every other user has the same number."""
    command = [*as_user(VICTIM), "unshare", "-U"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    done = crowd.run(command, crowd.home(VICTIM))
    where, contents, _ = json.loads(done.stdout)
    assert (where.startswith("/proc/self/fd/"), done.stderr) == (True, "")
    assert contents.count("BEGIN CERTIFICATE") > 100


def test_a_folder_that_is_closed_costs_nothing_beside_it(crowd: Crowd, ca_file: Path) -> None:
    """Also where a listing does not say what is a folder, and to ask is forbidden."""
    crowd.folder.joinpath("disk").mkdir()
    disk = str(crowd.folder / "disk")
    begin = ["unshare", "-m", "sh", "-c", WITHOUT_TYPES, "sh", disk, str(ca_file)]
    mounted = f"{disk}/mounted"
    named = os.pathsep.join((f"{mounted}/closed", f"{mounted}/ca.pem"))
    command = [*begin, *as_user(VICTIM)]
    done = crowd.run(command, crowd.home(VICTIM), PYTHON_CERTIFI_CERT_FILES=named)
    if done.returncode == 77:
        pytest.skip("no loop device, or no mkfs.ext2")
    assert ca_file.read_text("ascii").strip() in json.loads(done.stdout)[1]
    assert f"{mounted}/closed" in done.stderr
    assert "user source failed" not in done.stderr


@pytest.mark.parametrize("change", ["os.seteuid(1000)", "os.setgid(1000); os.setuid(1000)"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_daemon_that_gives_up_root_obeys_as_before(
    crowd: Crowd, planted: bytes, change: str, when: str
) -> None:
    """Root started it and set its variables, so it has fewer rights than that, not more."""
    path = write(crowd.folder / "ca.pem", planted)
    line = f"import os; {change}\n"
    code = textwrap.dedent(ANSWER)
    code = line + code if when == "before" else code.replace("print", f"{line}print")
    done = crowd.run([], crowd.home(0), code, PYTHON_CERTIFI_CERT_FILES=str(path))
    assert (planted.decode() in json.loads(done.stdout)[1], done.stderr) == (True, "")


@pytest.mark.parametrize("owner", [0, MALLORY])
@pytest.mark.parametrize("deep", [False, True], ids=["file", "folder"])
def test_export_follows_no_link_of_another_user(
    crowd: Crowd, sandbox: Sandbox, owner: int, deep: bool
) -> None:
    """In a shared folder a link of anybody's would have root write over any file."""
    shared, private = crowd.folder / "shared", crowd.folder / "private"
    for each in (shared, private):
        each.mkdir()
    shared.chmod(0o1777)
    target = write(private / "precious.pem", b"precious")
    link = shared / ("folder" if deep else "ca.pem")
    link.symlink_to(private if deep else target)
    os.chown(link, owner, owner, follow_symlinks=False)
    named = link / target.name if deep else link
    done = sandbox.run("-m", MODULE, "export", "-o", str(named))
    if owner:
        assert (done.returncode, done.stdout, target.read_bytes()) == (1, "", b"precious")
        assert f"{link}, and user {owner} owns it" in done.stderr
    else:
        assert (done.stderr, done.stdout) == ("", f"{target}\n")
        assert target.read_bytes().count(b"BEGIN") > 100
    assert [path.name for path in private.iterdir()] == [target.name]
    # A file that is not there yet is made, also where others may write.
    done = sandbox.run("-m", MODULE, "export", "-o", str(shared / "new.pem"))
    assert (done.stdout, done.stderr) == (f"{shared / 'new.pem'}\n", "")
