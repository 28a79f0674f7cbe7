"""Cleaners, places that do not work, other users, and people who write into a bundle."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Callable, List

import pytest

from support import Sandbox, write

pytestmark = pytest.mark.linux("mounts and users are Linux'")
needs_root = pytest.mark.root("only root may")

NOBODY = 65534
CHECK = """
    import certifi, os, ssl, sys
    path = certifi.where()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    assert context.cert_store_stats()["x509"] > 100
    print(path)
"""


def holding(der: bytes) -> str:
    """Return the program that prints the path, if OpenSSL finds that certificate behind it."""
    return f"{CHECK}\n    assert bytes.fromhex({der.hex()!r}) in context.get_ca_certs(True)"


def appended_to(sandbox: Sandbox, text: bytes) -> Path:
    """Have a persistent bundle, and append to it as a person would; return its path."""
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "bundle")}
    path = Path(sandbox.run_code(CHECK, env=env).stdout.strip())
    with path.open("ab") as file:
        file.write(text)
    return path


def in_namespace(
    sandbox: Sandbox, mounts: str, code: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the code in a mount namespace of its own, after these shell commands."""
    command = [str(sandbox.environment.python), "-c", textwrap.dedent(code)]
    script = f"set -e\n{mounts}\nexec " + " ".join(map(shlex.quote, command))
    prefix = ["unshare", "-m" if os.geteuid() == 0 else "-Urm", "--propagation", "private"]

    return subprocess.run(
        [*prefix, "sh", "-c", script],
        env=sandbox.variables({"PATH": os.environ["PATH"], **env}),
        cwd=sandbox.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def warnings(done: subprocess.CompletedProcess[str]) -> List[str]:
    """Return the lines of stderr."""
    return done.stderr.splitlines()


@pytest.mark.parametrize("what", ["file", "folder", "parent", "folder instead"])
def test_what_a_cleaner_took_is_back(sandbox: Sandbox, what: str) -> None:
    """The next where() answers the same path, whole again, and nothing is left at the end."""
    code = """
        import certifi, os, shutil, sys
        path, text = certifi.where(), certifi.contents()
        folder = os.path.dirname(path)
        if sys.argv[1] == "parent":
            shutil.rmtree(os.path.dirname(folder))
        elif sys.argv[1] == "folder":
            shutil.rmtree(folder)
        else:
            os.unlink(path)
        if sys.argv[1] == "folder instead":
            os.mkdir(path)
        new = certifi.where()
        assert os.path.isfile(new) and not os.path.islink(new)
        assert certifi.contents() == text == open(new).read()
        assert new == path or sys.argv[1] == "folder instead"
        if new != path:
            os.rmdir(path)
    """
    done = sandbox.run("-c", textwrap.dedent(code), what)
    assert done.returncode == 0, done.stderr
    assert not sandbox.left


def test_a_fork_that_healed_takes_nothing_from_its_parent(sandbox: Sandbox) -> None:
    """The child puts the file back and ends; the parent still has it."""
    done = sandbox.run_code(
        """
        import certifi, os, shutil
        path = certifi.where()
        shutil.rmtree(os.path.dirname(path))
        if os.fork() == 0:
            assert certifi.where() == path
            raise SystemExit
        os.wait()
        assert os.path.getsize(path) > 1000 and certifi.where() == path
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_what_a_fork_put_back_is_not_swept(sandbox: Sandbox) -> None:
    """The child that holds the new file has ended: the parent still holds its folder."""
    done = sandbox.run_code(
        """
        import certifi, os, subprocess, sys
        path = certifi.where()
        os.unlink(path)
        if os.fork() == 0:
            assert certifi.where() == path
            raise SystemExit
        os.wait()
        sweeping = [sys.executable, "-c", "import certifi; certifi.where()"]
        subprocess.run(sweeping, check=True)
        assert os.path.getsize(path) > 1000
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_what_somebody_appends_is_seen(sandbox: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """As with plain certifi, the process sees what it wrote; others do not, and it is told."""
    code = """
        import certifi, ssl, sys
        path = certifi.where()
        with open(path, "a") as file:
            file.write(open(sys.argv[1]).read())
        assert certifi.where() == path
        assert open(sys.argv[1]).read() in certifi.contents()
        context = ssl.create_default_context(cafile=certifi.where())
        assert bytes.fromhex(sys.argv[2]) in context.get_ca_certs(binary_form=True)
    """
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file), private_der.hex())
    assert done.returncode == 0, done.stderr
    (line,) = warnings(done)
    assert "certifi-system-store-wrapper add" in line
    assert not sandbox.left


FULL = "mount -t tmpfs -o size=64k tmpfs {}"


def test_a_full_disk_is_passed_over(sandbox: Sandbox) -> None:
    """64 KiB in the temp folder: the next place answers, whole, and without a word."""
    done = in_namespace(sandbox, FULL.format(shlex.quote(str(sandbox.tmp))), CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert not done.stdout.startswith(str(sandbox.tmp))


NO_PROGRAMS = "mount -t tmpfs -o noexec,nosuid,nodev tmpfs {}"


def test_a_place_without_programs_is_as_good(sandbox: Sandbox) -> None:
    """noexec forbids to run files and to map them as code: the bundle is neither."""
    done = in_namespace(sandbox, NO_PROGRAMS.format(shlex.quote(str(sandbox.tmp))), CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(sandbox.tmp))


@pytest.mark.parametrize("by", ["another file", "nothing", "a link"])
def test_a_swapped_file_is_whole_again(sandbox: Sandbox, ca_file: Path, by: str) -> None:
    """What another file stands in for is at the path again with the next where(), and goes."""
    code = """
        import certifi, os, shutil, sys
        path, text = certifi.where(), certifi.contents()
        shutil.copy({"nothing": os.devnull}.get(sys.argv[2], sys.argv[1]), path + ".mine")
        if sys.argv[2] == "a link":
            os.unlink(path + ".mine")
            os.symlink(sys.argv[1], path + ".mine")
        os.replace(path + ".mine", path)
        assert certifi.where() == path and not os.path.islink(path)
        assert certifi.contents() == text == open(path).read()
        assert open(sys.argv[1]).read() in text
    """
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file), by, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_a_swapped_file_that_says_more_answers(sandbox: Sandbox, ca_file: Path) -> None:
    """What a person or a fork added to a copy that took our place is kept here, and told."""
    code = """
        import certifi, os, shutil, sys
        path, text = certifi.where(), certifi.contents()
        shutil.copy(path, path + ".mine")
        with open(path + ".mine", "a") as file:
            file.write(open(sys.argv[1]).read())
        os.replace(path + ".mine", path)
        assert certifi.where() == path
        assert certifi.contents() == text + open(sys.argv[1]).read()
    """
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file))
    assert done.returncode == 0, done.stderr
    (line,) = warnings(done)
    assert "certifi-system-store-wrapper add" in line
    assert not sandbox.left


READ_ONLY = """
for folder in / /tmp /var/tmp /dev/shm "$TMPDIR" "$HOME"; do
    mount --rbind "$folder" "$folder"
    mount -o remount,bind,ro "$folder"
done
"""


@needs_root
def test_a_read_only_root_is_served_from_memory(sandbox: Sandbox) -> None:
    """No folder can be written: memory answers, in this process and its forks."""
    code = (
        CHECK
        + """
    pid = os.fork()
    if pid == 0:
        os._exit(0 if len(open(path).read()) > 1000 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    """
    )
    done = in_namespace(sandbox, READ_ONLY, code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("/proc/self/fd/")


@pytest.mark.parametrize("limit", ["RLIMIT_FSIZE", "RLIMIT_NOFILE"])
def test_limits(sandbox: Sandbox, limit: str) -> None:
    """Too small a file size or no descriptor left: an answer, never a torn bundle or a crash."""
    code = f"""
        import certifi, os, resource, ssl, time
        if "{limit}" == "RLIMIT_NOFILE":
            opened = []
            resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
            try:
                while True:
                    opened.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        path = certifi.where()
        if "{limit}" == "RLIMIT_NOFILE":
            [os.close(each) for each in opened]
            assert path == certifi.where()  # a failure is not repeated at once
            time.sleep(1.1)
            assert path != certifi.where() and os.path.exists(certifi.where())
        text = open(path).read()
        assert text.count("BEGIN CERT") == text.count("END CERT") > 100
    """
    done = sandbox.run_code(code)
    assert done.returncode == 0, done.stderr
    assert len(warnings(done)) == 1
    assert not sandbox.left


@pytest.mark.parametrize("tmpdir", ["missing", "relative", "unwritable", "a file"])
def test_a_temp_folder_that_is_none(sandbox: Sandbox, tmpdir: str) -> None:
    """Another place answers, never the working directory."""
    (sandbox.work / "file").write_text("")
    paths = {"missing": "/no/such", "relative": "tmp", "unwritable": "/proc", "a file": "file"}
    value = str(sandbox.work / paths[tmpdir]) if tmpdir == "a file" else paths[tmpdir]
    done = sandbox.run_code(CHECK, env=dict.fromkeys(("TMPDIR", "TEMP", "TMP"), value))
    assert (done.returncode, done.stderr) == (0, "")
    assert not done.stdout.startswith(str(sandbox.work))
    assert sorted(path.name for path in sandbox.work.iterdir()) == ["file"]


def test_a_temp_folder_that_changes_later(sandbox: Sandbox) -> None:
    """The path stays what it was."""
    code = (
        CHECK
        + """
    os.environ["TMPDIR"] = "/no/such"
    assert certifi.where() == path and os.path.exists(path)
    """
    )
    assert sandbox.run_code(code).returncode == 0


@needs_root
@pytest.mark.parametrize(
    "plant",
    [
        "os.mkdir(name)",
        "os.mkdir(name, 0o777); os.chmod(name, 0o777)",
        "os.symlink('/var/tmp', name)",
        "os.symlink('/no/such', name)",
        "os.mkfifo(name)",
        "open(name, 'w').close()",
    ],
)
def test_what_another_user_planted_is_not_used(sandbox: Sandbox, plant: str) -> None:
    """A folder, link, FIFO or file of our name: not trusted, not followed, not written through."""
    sandbox.tmp.chmod(0o1777)
    name = str(sandbox.tmp / f"certifi-system-store-wrapper-{os.geteuid()}")
    exec(plant, {"os": os, "name": name, "open": open})
    os.lchown(name, NOBODY, NOBODY)
    before = os.lstat(name)
    done = sandbox.run_code(CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert not done.stdout.startswith(name)
    after = os.lstat(name)
    assert (before.st_uid, before.st_mode, before.st_mtime) == (
        after.st_uid,
        after.st_mode,
        after.st_mtime,
    )


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_persistent_bundle_is_never_written_through_a_link(
    sandbox: Sandbox, link: Callable[[Path, Path], None]
) -> None:
    """What else has that name, or what the name points to, stays as it is."""
    folder, victim = sandbox.work / "bundle", sandbox.work / "victim"
    folder.mkdir(mode=0o755)
    path = folder / "cacert.pem"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    victim.write_text("precious")
    link(victim, path)
    done = sandbox.run_code(CHECK, env=env)
    assert done.returncode == 0 and not done.stdout.startswith(str(folder))
    (line,) = warnings(done)
    assert "PYTHON_CERTIFI_BUNDLE_DIR" in line
    assert victim.read_text() == "precious"
    path.unlink()
    assert sandbox.run_code(CHECK, env=env).stdout == f"{path}\n"
    path.rename(victim)
    with victim.open("ab") as file:  # so that it has to be written anew
        file.write(b"# appended\n")
    os.utime(victim, (1, 1))
    before = victim.read_bytes()
    link(victim, path)
    assert sandbox.run_code(CHECK, env=env).returncode == 0
    assert victim.read_bytes() == before


@pytest.mark.parametrize(
    "code",
    [
        """
        import fcntl
        def flock(*arguments):
            raise OSError(95, "Operation not supported")
        fcntl.flock = flock
        """,
        """
        import fcntl
        del fcntl.F_DUPFD_CLOEXEC
        """,
    ],
    ids=["of that file system", "of that Python"],
)
def test_no_locks(sandbox: Sandbox, code: str) -> None:
    """No place can be held: memory answers, and nothing is left that nobody would remove."""
    done = sandbox.run_code(textwrap.dedent(code) + textwrap.dedent(CHECK))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("/proc/self/fd/")
    assert not sandbox.left


@needs_root
def test_a_folder_that_others_may_rename_in_is_not_used(sandbox: Sandbox) -> None:
    """World-writable without the sticky bit: another place answers."""
    sandbox.tmp.chmod(0o777)
    done = sandbox.run_code(CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert not done.stdout.startswith(str(sandbox.tmp))


@needs_root
def test_a_server_that_drops_its_rights_keeps_the_path(sandbox: Sandbox) -> None:
    """Started as root, serving as nobody: the file stays readable, and ends with the process."""
    code = (
        CHECK
        + f"""
    os.setgid({NOBODY}); os.setuid({NOBODY})
    assert len(open(path).read()) > 1000 and certifi.where() == path
    """
    )
    done = sandbox.run_code(code, env={"TMPDIR": "/tmp"})  # all may pass through that one
    assert (done.returncode, done.stderr) == (0, "")
    sandbox.run_code("import certifi; certifi.where()", env={"TMPDIR": "/tmp"})
    assert not os.path.exists(done.stdout.strip())


def test_python_m_certifi_outlives_the_process(sandbox: Sandbox, ca_file: Path) -> None:
    """The printed path is stable, named cacert.pem, and good for others."""
    env = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    first, second = (sandbox.run("-m", "certifi", env=env) for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    path = Path(first.stdout.strip())
    assert first.stdout == second.stdout and path.name == "cacert.pem"
    assert path.stat().st_mode & 0o777 == 0o644
    # What is new is looked at again once it is two seconds old, and the header says so then.
    time.sleep(2.1)
    assert sandbox.run("-m", "certifi", env=env).stdout == first.stdout
    inode = path.stat().st_ino
    assert sandbox.run("-m", "certifi", env=env).stdout == first.stdout
    # Nothing had changed.
    assert path.stat().st_ino == inode


def test_what_python_m_certifi_prints_is_there_afterwards(sandbox: Sandbox) -> None:
    """Also where the folder that was asked for cannot be used, which is one WARNING."""
    file = write(sandbox.work / "file", b"")
    file.chmod(0o600)
    done = sandbox.run("-m", "certifi", env={"PYTHON_CERTIFI_BUNDLE_DIR": str(file)})
    assert file.stat().st_mode & 0o777 == 0o600  # what a person named by mistake stays theirs
    assert (
        Path(done.stdout.strip())
        .read_bytes()
        .startswith(b"# certifi-system-store-wrapper persistent bundle ")
    )
    (line,) = done.stderr.splitlines()
    assert "PYTHON_CERTIFI_BUNDLE_DIR cannot be used" in line


@pytest.mark.parametrize("umask", ["0", "007", "027", "077"])
def test_folders_that_are_made_whatever_the_umask(sandbox: Sandbox, umask: str) -> None:
    """Nobody else may write to them, so that they count; each bundle's own is open to readers."""
    prefix = ["sh", "-c", f'umask {umask}; exec "$@"', "sh"]
    asked = sandbox.home / "x" / "kept"
    code = f"{CHECK}\n    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o755"
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_BUNDLE_DIR": str(asked)}, prefix=prefix)
    assert (done.stdout, done.stderr) == (f"{asked}/cacert.pem\n", "")
    done = sandbox.run("-m", "certifi", prefix=prefix)
    assert done.stdout.startswith(str(sandbox.home / ".cache")), done.stderr
    assert (done.returncode, done.stderr) == (0, "")


@needs_root
def test_nothing_of_roots_is_left_in_the_home_of_another(sandbox: Sandbox) -> None:
    """sudo may keep HOME: whoever finds a ~/.cache of root's there can keep nothing in it."""
    os.chown(sandbox.home, NOBODY, NOBODY)
    done = sandbox.run("-m", "certifi")
    assert Path(done.stdout.strip()).is_file() and not done.stderr
    assert done.stdout.startswith(str(sandbox.tmp)) and not list(sandbox.home.iterdir())
    asked = sandbox.home / "x" / "kept"
    done = sandbox.run_code(CHECK, env={"PYTHON_CERTIFI_BUNDLE_DIR": str(asked)})
    (line,) = warnings(done)
    assert f"{sandbox.home}: user {NOBODY} owns it" in line
    assert not list(sandbox.home.iterdir())


@needs_root
def test_a_server_that_drops_its_rights_reads_a_persistent_bundle(sandbox: Sandbox) -> None:
    """Also one that was started with a umask that keeps everybody else out."""
    code = f"""
        os.umask(0o077)
        {textwrap.indent(textwrap.dedent(CHECK), " " * 8)}
        os.setuid({NOBODY})
        assert len(open(path).read()) > 1000 and certifi.where() == path
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # all may pass through that one
        os.chmod(folder, 0o755)
        env = {"PYTHON_CERTIFI_BUNDLE_DIR": f"{folder}/kept"}
        done = sandbox.run_code("        import os" + code, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{folder}/kept/cacert.pem\n", "")


def test_what_a_person_appended_stays(sandbox: Sandbox, ca_file: Path, private_der: bytes) -> None:
    """`cat corp.pem >> $(python -m certifi)` is trusted, kept at a rewrite, and reported."""
    path = Path(sandbox.run("-m", "certifi").stdout.strip())
    with path.open("ab") as file:
        file.write(ca_file.read_bytes())
    os.utime(path, (1, path.stat().st_mtime - 3600))
    assert sandbox.run("-m", "certifi").stdout.strip() == str(path)
    import ssl

    def trusted() -> bool:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(str(path))
        return private_der in context.get_ca_certs(binary_form=True)

    assert trusted()
    drop = sandbox.home / ".config" / "certifi-system-store-wrapper" / "certs"
    drop.mkdir(parents=True)
    import trustme

    (drop / "more.pem").write_bytes(trustme.CA().cert_pem.bytes())
    text = path.read_text()
    assert sandbox.run("-m", "certifi").stdout.strip() == str(path)
    assert path.read_text() != text
    assert trusted()
    status = sandbox.run("-m", "certifi_system_store_wrapper")
    assert str(path) in status.stdout


def test_a_persistent_bundle_that_was_changed_is_written_again(sandbox: Sandbox) -> None:
    """What an editor or a disk did to its certificates is reported, and nobody gets it."""
    path = Path(sandbox.run("-m", "certifi").stdout.strip())
    before = path.read_bytes()
    path.write_bytes(before.replace(b"\nMII", b"\nMIJ", 1))
    done = sandbox.run("-m", "certifi")
    assert done.stdout.strip() == str(path)
    assert "changed other than by appending" in done.stderr
    assert path.read_bytes().split(b"\n", 2)[2] == before.split(b"\n", 2)[2]  # but for the header


def test_a_change_that_no_time_shows_is_seen(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """Of the same size, and within the second in which the bundle was made."""
    import ssl

    import trustme

    named, size = sandbox.work / "named.pem", 4096
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")}
    env["PYTHON_CERTIFI_CERT_FILES"] = str(named)
    moment = time.time() + 60  # however long it takes to get there
    for content in (trustme.CA().cert_pem.bytes(), ca_file.read_bytes()):
        named.write_bytes(content.ljust(size, b"\n"))
        os.utime(named, (moment, moment))
        done = sandbox.run_code("import certifi; print(certifi.where())", env=env)
        assert done.stderr == ""
    context = ssl.create_default_context(cafile=done.stdout.strip())
    assert private_der in context.get_ca_certs(binary_form=True)


def test_what_is_appended_during_a_rewrite_stays(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """Between reading the old bundle and putting the new one into its place, too."""
    import trustme

    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")}
    sandbox.run_code("import certifi; certifi.where()", env=env)
    code = f"""
        import certifi, ssl
        from certifi_system_store_wrapper.publishing import writing
        original = writing.write_new
        def write_new(path, text, **named):
            original(path, text, **named)
            writing.write_new = original
            with open({str(sandbox.work / "kept" / "cacert.pem")!r}, "ab") as bundle:
                bundle.write(open({str(ca_file)!r}, "rb").read())
        writing.write_new = write_new
        context = ssl.create_default_context(cafile=certifi.where())
        assert writing.write_new is original
        assert bytes.fromhex({private_der.hex()!r}) in context.get_ca_certs(binary_form=True)
    """
    write(sandbox.drop_folder / "new.pem", trustme.CA().cert_pem.bytes())
    done = sandbox.run_code(code, env=env)
    assert (done.returncode, done.stderr) == (0, "")


APPENDED = {
    "key": lambda pem: b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n" + pem,
    "UTF-16": lambda pem: pem.decode().encode("utf-16"),
    "glued": lambda pem: pem.strip() + pem,
    "NUL": lambda pem: b"\0" + pem,
}


@pytest.mark.parametrize("spoilt", APPENDED.values(), ids=APPENDED)
def test_what_was_appended_just_now_is_not_handed_out_as_it_is(
    sandbox: Sandbox, ca_file: Path, private_der: bytes, spoilt: Callable[[bytes], bytes]
) -> None:
    """A key, or what OpenSSL would stumble over, is not in the file that the next one gets."""
    path = appended_to(sandbox, spoilt(ca_file.read_bytes()))
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(path.parent)}
    done = sandbox.run_code(holding(private_der), env=env)
    assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    assert path.read_bytes().isascii()
    assert b"PRIVATE" not in path.read_bytes()


def test_what_was_appended_just_now_hides_nothing_else(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """A CA that was dropped after the bundle was made is in it, beside what was just appended."""
    import trustme

    path = appended_to(sandbox, trustme.CA().cert_pem.bytes())
    before = path.read_bytes().count(b"BEGIN")
    write(sandbox.drop_folder / "new.pem", ca_file.read_bytes())
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(path.parent)}
    done = sandbox.run_code(holding(private_der), env=env)
    assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    assert path.read_bytes().count(b"BEGIN") == before + 1


def test_what_was_appended_before_the_clock_went_back_counts(
    sandbox: Sandbox, ca_file: Path, private_der: bytes
) -> None:
    """A file of tomorrow is not one that somebody is changing just now."""
    path = appended_to(sandbox, b"# ours\n" + ca_file.read_bytes())
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(path.parent)}
    os.utime(path, (time.time() + 86400,) * 2)
    done = sandbox.run_code(holding(private_der), env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")


@pytest.mark.linux("there is no /proc")
def test_a_bundle_dir_in_which_nothing_can_be_made(sandbox: Sandbox) -> None:
    """/proc looks like a folder of root's: one WARNING with the system's own reason."""
    done = sandbox.run_code(CHECK, env={"PYTHON_CERTIFI_BUNDLE_DIR": "/proc"})
    (line,) = warnings(done)
    assert "/proc: No such file or directory" in line or "/proc: Permission denied" in line
    assert done.stdout.startswith(str(sandbox.tmp))


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)"])
def test_a_bundle_dir_keeps_one_file(sandbox: Sandbox, end: str) -> None:
    """The same path in every process, one file on disk, read-only when nothing has changed."""
    folder = sandbox.work / "bundle"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    paths = {sandbox.run_code(f"{CHECK}\n    {end}", env=env).stdout for _ in range(3)}
    assert paths == {f"{folder / 'cacert.pem'}\n"} or (end and paths == {""})
    assert [path.name for path in folder.iterdir()] == ["cacert.pem"]
    assert not list(sandbox.tmp.iterdir())


def test_what_is_wrong_is_told_to_each_process(sandbox: Sandbox, tmp_path: Path) -> None:
    """Also to those that find the bundle made; it is not written again for that."""
    folder = tmp_path / "kept"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"}
    time.sleep(3)  # what was changed just now counts as unsettled
    first = sandbox.run_code("import certifi; certifi.where()", env=env)
    made = (folder / "cacert.pem").stat().st_ino
    again = sandbox.run_code("import certifi; certifi.where()", env=env)
    assert (folder / "cacert.pem").stat().st_ino == made
    assert "/no/such.pem: the file does not exist" in first.stderr
    assert again.stderr == first.stderr


def test_a_home_that_does_not_exist_is_not_made(sandbox: Sandbox) -> None:
    """A daemon's home is often /nonexistent, and root could make it."""
    home = sandbox.work / "nonexistent"
    done = sandbox.run("-m", "certifi", env={"HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(sandbox.tmp))
    assert not home.exists()


READER = """
    import ssl, sys, time
    count, end, path = 0, time.monotonic() + 2, sys.argv[1]
    while time.monotonic() < end:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(path)
        text = open(path).read()
        assert text.count("BEGIN CERT") == text.count("END CERT") > 100
        count += 1
    print(count)
"""
WRITER = """
    import certifi, os, random, sys, time
    import certifi_system_store_wrapper as ours
    end, named = time.monotonic() + 2, os.environ["PYTHON_CERTIFI_CERT_FILES"]
    while time.monotonic() < end:
        new = f"{named}.{os.getpid()}"
        with open(new, "wb") as file:
            for path in random.sample(sys.argv[1:], random.randrange(1, len(sys.argv))):
                file.write(open(path, "rb").read())
        os.replace(new, named)
        assert ours.refresh().startswith(os.environ["PYTHON_CERTIFI_BUNDLE_DIR"])
"""


def test_twenty_readers_and_five_writers(sandbox: Sandbox) -> None:
    """Nobody ever sees a part of a persistent bundle, or none, and one file is left."""
    import trustme

    folder = sandbox.work / "bundle"
    named = write(sandbox.work / "named.pem", trustme.CA().cert_pem.bytes())
    asked = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder), "PYTHON_CERTIFI_CERT_FILES": str(named)}
    path = sandbox.run_code("import certifi; print(certifi.where())", env=asked).stdout.strip()
    env = sandbox.variables(asked)
    roots = [sandbox.work / f"{number}.pem" for number in range(6)]
    for root in roots:
        trustme.CA().cert_pem.write_to_path(root)

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sandbox.environment.python, "-c", textwrap.dedent(code), *map(str, arguments)]
        return subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )

    running = [start(WRITER, *roots) for _ in range(5)] + [start(READER, path) for _ in range(20)]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 25, said
    assert all(int(out) > 0 for out, _ in said[5:])
    assert [each.name for each in folder.iterdir()] == ["cacert.pem"]


@pytest.mark.root("chroot needs root")
def test_a_server_that_goes_into_a_folder(sandbox: Sandbox) -> None:
    """After chroot the path leads nowhere: the same bundle is put where a path can lead."""
    code = """
        import certifi, os, sys
        said = open(certifi.where()).read()
        os.makedirs("root" + os.environ["TMPDIR"])
        os.chroot("root")
        os.chdir("/")
        assert open(certifi.where()).read() == certifi.contents() == said
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((sandbox.work / "root" / str(sandbox.place)[1:]).iterdir())


def test_a_refresh_that_fails_keeps_what_answered(sandbox: Sandbox) -> None:
    """Without a descriptor nothing can be collected: the old bundle goes on, with one WARNING."""
    code = """
        import certifi, resource
        from certifi_system_store_wrapper import refresh
        path, limits = certifi.where(), resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        assert refresh() == refresh() == certifi.where() == path
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert refresh() == certifi.where() == path
    """
    done = sandbox.run_code(code)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
    assert "nothing is collected again" in done.stderr


@pytest.mark.parametrize("instead", ["", "of the folder for it", "in memory"])
def test_refresh_leaves_what_has_not_changed(sandbox: Sandbox, ca_file: Path, instead: str) -> None:
    """Asked twenty times, it uses up neither descriptors nor folders, wherever the bundle lies."""
    if instead == "in memory" and sys.platform != "linux":
        pytest.skip("only Linux keeps it in memory")
    code = """
        import certifi, os, sys
        from certifi_system_store_wrapper import activate, deactivate, publishing, refresh
        if sys.argv[2] == "in memory":
            publishing.temporary_places = list
        path = certifi.where()
        first = max(os.open(os.devnull, os.O_RDONLY) for _ in range(9))  # no gap is left
        for _ in range(20):
            assert refresh() == path == certifi.where()
            deactivate()
            activate()
        assert os.open(os.devnull, os.O_RDONLY) == first + 1
        os.environ["PYTHON_CERTIFI_CERT_FILES"] = sys.argv[1]
        assert refresh() != path and os.path.exists(path)
    """
    file = write(sandbox.work / "no folder", b"")
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(file)} if instead.startswith("of") else {}
    done = sandbox.run("-c", textwrap.dedent(code), str(ca_file), instead, env=env)
    assert (done.returncode, len(done.stderr.splitlines())) == (0, len(env))
    assert not sandbox.left
