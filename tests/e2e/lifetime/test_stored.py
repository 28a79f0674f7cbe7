"""When a persistent bundle is believed, whose it is, and what becomes of what people write."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from textwrap import dedent
from typing import Callable, Dict, List

import pytest
import trustme

from support import Sandbox, write

pytestmark = pytest.mark.posix("Windows' store has no files")

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

WHERE = "import certifi; print(certifi.where())"
# A process that says whether it had to build the bundle.
BUILDS = """
    import certifi
    from certifi_system_store_wrapper import bundle
    built, original = [], bundle.build
    bundle.build = lambda *arguments: built.append(1) or original(*arguments)
    print(certifi.where(), len(built))
"""
READ = "import certifi; print(certifi.contents())"
FOLDER = "PYTHON_CERTIFI_BUNDLE_DIR"
NAMED = "PYTHON_CERTIFI_CERT_FILES"
# Seconds until what a test has written is old enough to be believed.
SETTLING = 2.2
# All files of a test have this time.
LONG_AGO = (10**9, 10**9)


def new_ca(path: Path, size: int = 0) -> bytes:
    """Write a CA of that size and of long ago; return its PEM."""
    pem: bytes = trustme.CA().cert_pem.bytes()
    write(path, pem.ljust(size, b"\n"))
    os.utime(path, LONG_AGO)
    return pem


def settled() -> None:
    """Wait until every change would show in the time of a file."""
    time.sleep(SETTLING)


def kept(sandbox: Sandbox, name: str = "kept") -> Dict[str, str]:
    """Return the variable that asks for a persistent bundle."""
    return {FOLDER: str(sandbox.work / name)}


def builds(sandbox: Sandbox, env: Dict[str, str]) -> int:
    """Return how often a process builds the bundle, which has nothing to say."""
    done = sandbox.run_code(BUILDS, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done
    return int(done.stdout.split()[-1])


def fields(path: Path) -> Dict[str, str]:
    """Return the fields of the first line of a header."""
    first = path.read_bytes().split(b"\n", 1)[0].decode("ascii")
    return dict(re.findall(r"(\w+)=(\S+)", first))


# Up to date?


def test_a_link_that_leads_to_another_store(sandbox: Sandbox) -> None:
    """`ln -sfn` between two stores of equal size and time: the new CA is in, the old one out."""
    stores = [sandbox.work / "store-1" / "ca.pem", sandbox.work / "store-2" / "ca.pem"]
    old, new = (new_ca(path, 4096) for path in stores)
    link = sandbox.work / "current"
    link.symlink_to("store-1")
    env = {**kept(sandbox), NAMED: str(link / "ca.pem")}
    settled()
    path = Path(sandbox.run_code(WHERE, env=env).stdout.strip())
    assert builds(sandbox, env) == 0
    assert old in path.read_bytes()
    link.unlink()
    link.symlink_to("store-2")
    assert builds(sandbox, env) == 1
    assert new in path.read_bytes()
    assert old not in path.read_bytes()


def appears(place: Path) -> None:
    """Have a folder there that was not there, as a mount or a secret agent does."""
    place.mkdir(parents=True)


def is_switched(place: Path) -> None:
    """Have a link there lead to another folder, which has been there for long."""
    place.unlink()
    place.symlink_to("other")


def takes_the_place(place: Path) -> None:
    """Have a folder where a file was."""
    place.unlink()
    place.mkdir()


@pytest.mark.parametrize("change", [appears, is_switched, takes_the_place])
@pytest.mark.parametrize("is_kept", [True, False])
def test_a_folder_that_is_found_later(
    sandbox: Sandbox, change: Callable[[Path], None], *, is_kept: bool
) -> None:
    """Below a folder that a variable names, by a link or not: the CA in it is in the bundle."""
    named, far = sandbox.work / "named", sandbox.work / "far" / "site"
    new_ca(named / "one.pem")
    if change is takes_the_place:
        far = named / "site"
        write(far, b"text")
    else:
        (named / "site").symlink_to(far)
        # It is looked into before the other one, which leads there, too.
        (named / "zzz").symlink_to(far.parent / "first")
    if change is is_switched:
        for folder in ("first", "other"):
            (far.parent / folder).mkdir(parents=True)
        far.symlink_to("first")
        new_ca(far.parent / "other" / "two.pem")
    env = {**(kept(sandbox) if is_kept else {}), NAMED: str(named)}
    settled()
    sandbox.run_code(WHERE, env=env)
    assert builds(sandbox, env) == 0
    change(far)
    if change is not is_switched:
        new_ca(far / "two.pem")
    done = sandbox.run_code(READ, env=env)
    assert (far / "two.pem").read_text() in done.stdout
    assert (named / "one.pem").read_text() in done.stdout


@pytest.mark.parametrize("how", ["cp -p", "rename"])
def test_another_file_of_the_same_size_and_time(sandbox: Sandbox, how: str) -> None:
    """What is put into its place with its time is noticed at once."""
    named, other = sandbox.work / "named.pem", sandbox.work / "other.pem"
    old, new = new_ca(named, 4096), new_ca(other, 4096)
    env = {**kept(sandbox), NAMED: str(named)}
    settled()
    path = Path(sandbox.run_code(WHERE, env=env).stdout.strip())
    if how == "cp -p":
        shutil.copy2(other, named)
    else:
        other.rename(named)
    assert builds(sandbox, env) == 1
    assert new in path.read_bytes()
    assert old not in path.read_bytes()


def as_a_layer(path: Path) -> None:
    """Put the folder back as unpacking an image does: other inodes, whole seconds."""
    archive = path.parent / "layer.tar"
    pack = ["tar", "-C", str(path.parent), "-cf", str(archive), path.name]
    subprocess.run(pack, check=True)
    shutil.rmtree(path)
    subprocess.run(["tar", "-C", str(path.parent), "-xpf", str(archive)], check=True)


SAME: Dict[str, Callable[[Path], object]] = {
    "touch": lambda folder: os.utime(folder / "a.pem"),
    "chmod": lambda folder: (folder / "a.pem").chmod(0o600),
    "written again": lambda folder: write(folder / "a.pem", (folder / "a.pem").read_bytes()),
    "an image's layer": as_a_layer,
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_the_same_content_in_other_files(
    sandbox: Sandbox, change: Callable[[Path], object]
) -> None:
    """The bundle is used, not made anew; once the change has settled the header knows it, too."""
    folder = sandbox.work / "named"
    new_ca(folder / "a.pem")
    (folder / "b.pem").symlink_to("a.pem")
    env = {**kept(sandbox), NAMED: str(folder)}
    settled()
    path = Path(sandbox.run_code(WHERE, env=env).stdout.strip())
    assert builds(sandbox, env) == 0
    before = path.read_bytes()
    change(folder)
    assert builds(sandbox, env) == 0
    assert path.read_bytes() == before
    settled()
    assert builds(sandbox, env) == 0
    after = path.read_bytes()
    assert after.split(b"\n")[1:] == before.split(b"\n")[1:]
    assert after != before
    assert builds(sandbox, env) == 0
    assert path.read_bytes() == after


@pytest.mark.root("only root may mount")
@pytest.mark.linux("mounts are Linux'")
def test_a_read_only_image_needs_no_new_header(sandbox: Sandbox) -> None:
    """Where the header cannot be written the bundle is used as it is, and nobody builds it."""
    folder = sandbox.work / "named"
    new_ca(folder / "a.pem")
    env = {**kept(sandbox), NAMED: str(folder)}
    settled()
    path = Path(sandbox.run_code(WHERE, env=env).stdout.strip())
    before = path.read_bytes()
    as_a_layer(folder)
    settled()
    script = f"mount --bind '{path.parent}' '{path.parent}'\n"
    script += f"mount -o remount,bind,ro '{path.parent}'\nexec \"$@\""
    prefix = ["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh"]
    done = sandbox.run_code(BUILDS, env=env, prefix=prefix)
    assert (done.stdout, done.stderr) == (f"{path} 0\n", "")
    assert path.read_bytes() == before


def test_a_folder_whose_link_leads_elsewhere_holds_something_else(sandbox: Sandbox) -> None:
    """The names in it are the same, the times too: only the target of the link tells."""
    folder = sandbox.work / "named"
    old, new = new_ca(sandbox.work / "old.pem", 4096), new_ca(sandbox.work / "new.pem", 4096)
    folder.mkdir()
    link = folder / "ca.pem"
    link.symlink_to("../old.pem")
    env = {**kept(sandbox), NAMED: str(folder)}
    os.utime(folder, LONG_AGO)
    settled()
    path = Path(sandbox.run_code(WHERE, env=env).stdout.strip())
    assert old in path.read_bytes()
    link.unlink()
    link.symlink_to("../new.pem")
    os.utime(folder, LONG_AGO)
    assert builds(sandbox, env) == 1
    assert new in path.read_bytes()


# The first format: these two lines stood in front of the body.
OLD = "# certifi-system-store-wrapper persistent bundle length={} sha256={} appended={} inputs={}\n"
OLD += "# looked at: /no/such/path\n"


def test_the_first_format_is_not_believed(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """It is written again at the same path; what was appended to it stays."""
    from hashlib import sha256

    env, gone = kept(sandbox), trustme.CA().cert_pem.bytes()
    nothing = sha256(b"").hexdigest()
    header = OLD.format(len(gone), sha256(gone).hexdigest(), nothing, "0" * 64).encode()
    path = write(sandbox.work / "kept" / "cacert.pem", header + gone + ca_file.read_bytes())
    os.utime(path, LONG_AGO)
    done = sandbox.run_code(WHERE, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert fields(path)["format"] == "3"
    assert gone not in path.read_bytes()
    assert path.read_bytes().endswith(trustme_pem(private_der))


def trustme_pem(der: bytes) -> bytes:
    """Return a certificate as it stands in a bundle."""
    import ssl

    return ssl.DER_cert_to_PEM_cert(der).encode("ascii")


# Whose is it?


def services(sandbox: Sandbox) -> List[Dict[str, str]]:
    """Return the variables of two services that share a folder: one has a CA, one is restricted."""
    named = sandbox.work / "named.pem"
    new_ca(named)
    env = kept(sandbox)
    return [{**env, NAMED: str(named)}, {**env, "PYTHON_CERTIFI_SOURCES": "certifi"}]


def test_two_services_with_one_folder(sandbox: Sandbox) -> None:
    """The file of the first never changes; the second has its own, and one WARNING says so."""
    first, second = services(sandbox)
    path = Path(sandbox.run_code(WHERE, env=first).stdout.strip())
    before = path.read_bytes()
    assert path == sandbox.work / "kept" / "cacert.pem"
    for _ in range(2):
        done = sandbox.run_code(WHERE, env=second)
        own = Path(done.stdout.strip())
        (line,) = done.stderr.splitlines()
        assert "WARNING" in line and str(path) in line and "export" in line
        assert own.parent.parent == path.parent and own.name == "cacert.pem"
        assert len(own.parent.name) == 16
        assert own.read_bytes().count(b"BEGIN CERT") < before.count(b"BEGIN CERT")
    assert path.read_bytes() == before
    done = sandbox.run_code(WHERE, env=first)
    assert (done.stdout, done.stderr) == (f"{path}\n", "")
    status = sandbox.run("-m", "certifi_system_store_wrapper", env=second)
    assert f"bundle    {own}" in status.stdout
    assert "temporary" not in status.stdout


def test_a_live_service_keeps_its_bundle(sandbox: Sandbox) -> None:
    """Of two that run at the same time, none finds the other's certificates at its path."""
    first, _ = services(sandbox)
    code = """
        import certifi, subprocess, sys, os
        path, text = certifi.where(), certifi.contents()
        other = dict(os.environ, PYTHON_CERTIFI_SOURCES="certifi")
        other.pop("PYTHON_CERTIFI_CERT_FILES", None)
        command = [sys.executable, "-c", "import certifi; print(certifi.where())"]
        done = subprocess.run(command, env=other, stdout=-1, stderr=-1, check=True)
        assert done.stdout.decode().strip() != path
        assert certifi.where() == path and certifi.contents() == text == open(path).read()
    """
    done = sandbox.run_code(code, env=first)
    assert (done.returncode, done.stderr) == (0, "")


def test_export_takes_the_path_over(sandbox: Sandbox) -> None:
    """Deliberately, with the settings of who runs it; then the other one is told."""
    first, second = services(sandbox)
    path = Path(sandbox.run_code(WHERE, env=first).stdout.strip())
    for command in ("shellenv", "status"):
        assert sandbox.run("-m", "certifi_system_store_wrapper", command, env=second)
        assert "cert_files" in path.read_text("ascii")
    done = sandbox.run("-m", "certifi_system_store_wrapper", "export", env=second)
    assert (done.stdout, done.stderr) == (f"{path}\n", "")
    done = sandbox.run_code(WHERE, env=second)
    assert (done.stdout, done.stderr) == (f"{path}\n", "")
    done = sandbox.run_code(WHERE, env=first)
    assert done.stdout != f"{path}\n"
    assert "export" in done.stderr


def test_what_was_appended_comes_along(sandbox: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """To the own bundle of the second service, before it takes the path over."""
    first, second = services(sandbox)
    sandbox.run_code(WHERE, env=first)
    own = sandbox.run_code(WHERE, env=second).stdout.strip()
    with open(own, "ab") as file:
        file.write(ca_file.read_bytes())
    path = sandbox.run("-m", "certifi_system_store_wrapper", "export", env=second).stdout.strip()
    assert path != own
    assert trustme_pem(private_der) in Path(path).read_bytes()


def test_two_services_that_start_at_once(sandbox: Sandbox) -> None:
    """While the first writes its first bundle, the second puts its own there: it keeps the path."""
    first, second = services(sandbox)
    code = f"""
        import certifi, os, subprocess, sys
        from certifi_system_store_wrapper.publishing import writing
        original = writing.write_new
        def write_new(path, text, **named):
            original(path, text, **named)
            writing.write_new = original
            env = {{**os.environ, **{second!r}, {NAMED!r}: ""}}
            command = [sys.executable, "-c", "import certifi; certifi.where()"]
            subprocess.run(command, env=env, check=True)
        writing.write_new = write_new
        print(certifi.where())
    """
    done = sandbox.run_code(code, env=first)
    path = sandbox.work / "kept" / "cacert.pem"
    assert done.stdout.strip() not in ("", str(path))
    assert "export" in done.stderr
    assert b"PYTHON" not in path.read_bytes()
    assert b"sources=" in path.read_bytes()


def test_a_killed_writer(sandbox: Sandbox) -> None:
    """The next process removes its unfinished file."""
    env, folder = kept(sandbox), sandbox.work / "kept"
    code = """
        import certifi, os
        from certifi_system_store_wrapper.publishing import writing
        writing.rename = lambda *_: os.kill(os.getpid(), 9)
        certifi.where()
    """
    assert sandbox.run_code(code, env=env).returncode == -9
    assert ["cacert.pem" in each.name for each in folder.iterdir()] == [True]
    assert sandbox.run_code(WHERE, env=env).stdout.strip() == str(folder / "cacert.pem")
    assert [each.name for each in folder.iterdir()] == ["cacert.pem"]


def test_a_writer_beside_another(sandbox: Sandbox) -> None:
    """What it is writing stays; what it has just written may go, and then it writes that again."""
    env = kept(sandbox)
    code = f"""
        import certifi, os, subprocess, sys
        from certifi_system_store_wrapper.publishing import writing
        def meanwhile(original, is_left):
            def call(*arguments):
                result = original(*arguments)
                setattr(writing, original.__name__, original)
                subprocess.run([sys.executable, "-c", {WHERE!r}], check=True, stdout=sys.stderr)
                left = sorted(os.listdir("kept"))
                assert (len(left), left[-1]) == (1 + is_left, "cacert.pem"), left
                return result
            setattr(writing, original.__name__, call)
        meanwhile(writing.write_all, 1)
        meanwhile(writing.close, 0)
        print(certifi.where())
        assert os.listdir("kept") == ["cacert.pem"]
    """
    done = sandbox.run_code(code, env=env)
    path = str(sandbox.work / "kept" / "cacert.pem")
    assert (done.returncode, done.stdout.split()) == (0, [path]), done.stderr


def test_pip_does_not_take_the_folder(sandbox: Sandbox) -> None:
    """Its copy of certifi is another list: it has a temporary bundle, and the service the path."""
    env = kept(sandbox)
    copy = sandbox.work / "pip" / "_vendor" / "certifi"
    shutil.copytree(sandbox.environment.site_packages / "certifi", copy)
    for folder in (copy.parent, copy.parent.parent):
        write(folder / "__init__.py", b"")
    code = "import pip._vendor.certifi as certifi; assert 'wrapper' in certifi.where()"
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (sandbox.work / "kept").exists()


def test_a_service_whose_path_was_taken_over(sandbox: Sandbox) -> None:
    """The running one asks again, and has its own certificates at another path."""
    first, second = services(sandbox)
    code = f"""
        import certifi, os, subprocess, sys
        path, text = certifi.where(), certifi.contents()
        command = [sys.executable, "-m", "certifi_system_store_wrapper", "export"]
        subprocess.run(command, env={{**os.environ, **{second!r}, {NAMED!r}: ""}}, check=True)
        assert open(path).read() != text
        assert certifi.where() != path
        assert certifi.contents().count("BEGIN CERT") == text.count("BEGIN CERT")
    """
    done = sandbox.run_code(code, env=first)
    assert done.returncode == 0, done.stderr
    assert "export" in done.stderr


@pytest.mark.parametrize(
    "name", ["LOG_LEVEL", "HANDLE_SIGTERM", "SSL_DEFAULTS", "LOG_FILE_LEVEL", "DISABLE"]
)
def test_what_decides_nothing_makes_no_other_settings(sandbox: Sandbox, name: str) -> None:
    """A log or a handler changes no certificate: the bundle is the same one."""
    env = kept(sandbox)
    value = "ERROR" if "LEVEL" in name else "0"
    path = sandbox.run_code(WHERE, env=env).stdout
    done = sandbox.run_code(WHERE, env={**env, f"PYTHON_CERTIFI_{name}": value})
    assert (done.stdout, done.stderr) == (path, "")


def test_another_home_with_the_same_certificates(sandbox: Sandbox) -> None:
    """An image is built by root, and runs as somebody else: one bundle, until homes differ."""
    env, home = kept(sandbox), sandbox.work / "home"
    drop = home / ".config" / "certifi-system-store-wrapper" / "certs"
    path = sandbox.run_code(WHERE, env=env).stdout
    drop.mkdir(parents=True)
    there = {"HOME": str(home)}
    code = f"import os; os.environ.update({there!r}); {WHERE}"
    done = sandbox.run_code(code, env=env)
    assert (done.stdout, done.stderr) == (path, "")
    new_ca(drop / "ca.pem")
    before = Path(path.strip()).read_bytes()
    done = sandbox.run_code(code, env=env)
    assert done.stdout != path
    assert "export" in done.stderr
    assert Path(path.strip()).read_bytes() == before


def on_machine(sandbox: Sandbox, name: str, code: str = WHERE) -> Done:
    """Run it in the shared folder on a machine with that id, whose CA lies at the same path."""
    machine_id = sandbox.work / f"id-{name}"
    if not machine_id.exists():
        machine_id.write_text(f"{name}\n", "ascii")
        os.utime(machine_id, LONG_AGO)
    there = f"""
        from certifi_system_store_wrapper.publishing import header
        header._MACHINE_IDS = ({str(machine_id)!r},)
    """
    env = {**kept(sandbox), NAMED: str(sandbox.work / "named.pem")}
    return sandbox.run_code(dedent(there) + dedent(code), env=env)


@pytest.mark.linux("the machine does not count there")
def test_two_machines_with_one_folder(sandbox: Sandbox) -> None:
    """The bundle of the first stays; the second, which trusts others, has its own, and says so."""
    pem = new_ca(sandbox.work / "named.pem")
    first = on_machine(sandbox, "one")
    assert first.stderr == ""
    path = Path(first.stdout.strip())
    # A second one that trusts the same shares the file.
    assert on_machine(sandbox, "two").stdout == first.stdout
    assert on_machine(sandbox, "one").stdout == first.stdout
    new_ca(sandbox.work / "named.pem")
    second = on_machine(sandbox, "two")
    own = Path(second.stdout.strip())
    assert own.parent.parent == path.parent and pem in path.read_bytes()
    assert pem not in own.read_bytes()
    (line,) = second.stderr.splitlines()
    assert "WARNING" in line and str(path) in line and "machine" in line and "export" in line


@pytest.mark.linux("the machine does not count there")
def test_what_another_machine_put_there_is_not_taken(sandbox: Sandbox) -> None:
    """A running process that finds the bundle of another machine at its path keeps its own list."""
    pem, named = new_ca(sandbox.work / "named.pem"), sandbox.work / "named.pem"
    other = on_machine(sandbox, "two")
    theirs = Path(other.stdout.strip()).read_bytes()
    Path(other.stdout.strip()).unlink()
    write(sandbox.work / "theirs.pem", theirs)
    new_ca(named)
    code = f"""
        import certifi, shutil
        def body(): return certifi.contents().partition("-----BEGIN")[2]
        path, before = certifi.where(), body()
        shutil.copyfile({str(sandbox.work / "theirs.pem")!r}, path)
        assert certifi.where() != path and body() == before
    """
    done = on_machine(sandbox, "one", code)
    assert done.returncode == 0, done.stderr
    assert "another machine" in done.stderr
    assert pem in Path(other.stdout.strip()).read_bytes()


@pytest.mark.linux("the machine does not count there")
def test_a_machine_that_was_made_of_an_image(sandbox: Sandbox) -> None:
    """The bundle that the image brought is this machine's from its first use on."""
    new_ca(sandbox.work / "named.pem")
    settled()
    first = on_machine(sandbox, "image")
    assert on_machine(sandbox, "clone").stdout == first.stdout
    pem = new_ca(sandbox.work / "named.pem")
    done = on_machine(sandbox, "clone")
    assert (done.stdout, done.stderr) == (first.stdout, "")
    assert pem in Path(done.stdout.strip()).read_bytes()


def test_a_variable_that_names_our_bundle_counts_as_unset(sandbox: Sandbox) -> None:
    """`eval "$(… shellenv)"` changes neither the path nor the file."""
    path = sandbox.run("-m", "certifi").stdout.strip()
    settled()
    assert sandbox.run("-m", "certifi").stdout.strip() == path
    before = Path(path).read_bytes()
    done = sandbox.run("-m", "certifi", env={"SSL_CERT_FILE": path})
    assert (done.stdout.strip(), done.stderr) == (path, "")
    assert Path(path).read_bytes() == before
    other = sandbox.work / "other.pem"
    new_ca(other)
    assert sandbox.run("-m", "certifi", env={"SSL_CERT_FILE": str(other)}).stdout.strip() != path


def test_a_copy_of_our_bundle_is_told_to_each_process(sandbox: Sandbox) -> None:
    """What it holds is not used, which nothing hides that an earlier process has stored."""
    copy = sandbox.work / "copy.pem"
    shutil.copyfile(sandbox.run("-m", "certifi").stdout.strip(), copy)
    settled()
    for env in ({}, {}, {"SSL_CERT_FILE": str(copy)}, {"SSL_CERT_FILE": str(copy)}):
        done = sandbox.run_code(WHERE, env=env)
        assert (str(copy) in done.stderr) == bool(env), done


def test_a_relative_path_means_another_file_elsewhere(sandbox: Sandbox) -> None:
    """The working directory belongs to the settings where a path in them is relative."""
    paths = set()
    for name in ("one", "two"):
        new_ca(sandbox.work / name / "ca.pem")
        for variable in (NAMED, "SSL_CERT_FILE"):
            code = f"import os; os.chdir({name!r}); {WHERE}"
            done = sandbox.run_code(code, env={**kept(sandbox, variable), variable: "ca.pem"})
            paths.add(done.stdout.strip())
    assert len(paths) == 4


# What people write


APPEND = """
    import certifi, sys
    with open(certifi.where(), "ab") as file:
        file.write(open({ca!r}, "rb").read())
"""
ENDS = {
    "where": "certifi.where()\n    certifi.where()",
    "contents": "assert open({ca!r}).read() in certifi.contents()",
    "exit": "",
    "fork": "import os\n    if os.fork() == 0: sys.exit()\n    os.wait()",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("place", ["file", "memory"])
def test_what_a_script_appends_to_a_temporary_bundle(
    sandbox: Sandbox, ca_file: Path, end: str, place: str
) -> None:
    """It is gone with the process, so one WARNING names it and the command that keeps it."""
    code = (APPEND + "    " + end).format(ca=str(ca_file))
    if place == "memory":
        if "where()" not in end and "contents()" not in end:
            pytest.skip("nothing is left to look at")
        prepared = "import fcntl\n    def flock(*arguments):\n        raise OSError(95, 'none')\n"
        code = f"\n    {prepared}    fcntl.flock = flock\n{code}"
    done = sandbox.run_code(code)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert "WARNING" in line
    assert "O=certifi-system-store-wrapper tests was written" in line
    assert "certifi-system-store-wrapper add" in line
    assert not sandbox.left


@pytest.mark.parametrize("how", ["over it", "instead of it", "as a link"])
def test_what_a_script_puts_in_place_of_a_temporary_bundle(
    sandbox: Sandbox, ca_file: Path, how: str
) -> None:
    """`cat corp.pem > …` and `ln -sf` are told as well."""
    code = f"""
        import certifi, os, shutil
        path, how = certifi.where(), {how!r}
        if how == "over it":
            shutil.copy({str(ca_file)!r}, path)
        else:
            os.unlink(path)
            (os.symlink if "link" in how else shutil.copy)({str(ca_file)!r}, path)
        certifi.where()
    """
    done = sandbox.run_code(code)
    (line,) = done.stderr.splitlines()
    assert "O=certifi-system-store-wrapper tests was written" in line
    assert "certifi-system-store-wrapper add" in line


def test_a_certificate_that_the_bundle_has_is_no_news(sandbox: Sandbox, ca_file: Path) -> None:
    """Whoever named it and appends it as well has lost nothing."""
    done = sandbox.run_code(APPEND.format(ca=str(ca_file)), env={NAMED: str(ca_file)})
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_appended_to_a_persistent_bundle_stays(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """In the folder of the variable nothing is lost, and nobody is warned."""
    env = kept(sandbox)
    done = sandbox.run_code(APPEND.format(ca=str(ca_file)), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    done = sandbox.run_code("import certifi; print(certifi.contents())", env=env)
    assert trustme_pem(private_der).decode() in done.stdout


@pytest.mark.parametrize("how", [shutil.copy, os.symlink])
@pytest.mark.parametrize("asked", [True, False])
def test_a_file_that_was_put_in_place_of_a_printed_bundle(
    sandbox: Sandbox, ca_file: Path, how: Callable[[Path, Path], object], asked: bool
) -> None:
    """`cat corp.pem > "$(python -m certifi)"`, `ln -sf`: it is left alone, and told."""
    env = kept(sandbox) if asked else {}
    path = Path(sandbox.run("-m", "certifi", env=env).stdout.strip())
    path.unlink()
    how(ca_file, path)
    for command in ("status", "doctor"):
        done = sandbox.run("-m", "certifi_system_store_wrapper", command, env=env)
        assert done.returncode == 1
        assert str(path.parent) in done.stdout
        assert "not a bundle of ours" in done.stdout
    for arguments in (("-m", "certifi"), ("-c", "import certifi; print(certifi.where())")):
        done = sandbox.run(*arguments, env=env)
        (line,) = done.stderr.splitlines()
        assert f"{path}: it is not a bundle of ours" in line
        assert "`certifi-system-store-wrapper add` what it holds, and remove it" in line
        assert "only you can write to" not in line
        assert done.stdout.strip() != str(path)
    assert path.read_bytes() == ca_file.read_bytes()
