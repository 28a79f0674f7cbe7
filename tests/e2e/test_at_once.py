"""`add` and `remove` take effect at once, in every bundle that other programs read."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from support import POWERLESS, Sandbox, assert_fetched, assert_untrusted, os_store, write
from support.minting import CA, make, trusted_pem

COMMAND = ("-m", "certifi_system_store_wrapper")
# Other settings have a bundle of their own, as another environment has.
OTHERS = {"PYTHON_CERTIFI_SOURCES": "certifi,user"}
# Puts a CA where something trusts it, and returns the environment, the source and the file.
Place = Callable[[Sandbox, bytes], Tuple[Dict[str, str], str, Path]]


def printed(sandbox: Sandbox, env: Dict[str, str]) -> Path:
    """Return the bundle that `python -m certifi` prints with these settings."""
    done = sandbox.run("-m", "certifi", env=env)
    assert done.stderr == ""
    return Path(done.stdout.strip())


def changed(sandbox: Sandbox, *arguments: str) -> Tuple[str, List[Dict[str, object]]]:
    """Run `add` or `remove`; return its lines without, and its bundles with --json."""
    done = sandbox.run(*COMMAND, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    return str(data["certificates"][0]["sha256"]), data["bundles"]


@pytest.mark.parametrize("env", [{}, OTHERS], ids=["this environment", "another"])
def test_a_client_of_a_printed_bundle(
    sandbox: Sandbox, ca_file: Path, url: str, env: Dict[str, str]
) -> None:
    """After `remove` no program trusts that CA any more; what was there besides stays."""
    path = printed(sandbox, env)
    without = path.read_bytes().count(b"BEGIN CERT")
    digest, _ = changed(sandbox, "add", str(ca_file))
    assert printed(sandbox, env) == path
    by_variable = {"REQUESTS_CA_BUNDLE": str(path)}
    assert_fetched(sandbox.fetch("requests", url, by_variable))
    _, bundles = changed(sandbox, "remove", digest[:8])
    assert_untrusted(sandbox.fetch("requests", url, by_variable))
    assert ca_file.read_bytes() not in path.read_bytes()
    assert path.read_bytes().count(b"BEGIN CERT") == without
    assert [each["renewed"] for each in bundles if each["path"] == str(path)] == [True]
    # It is a whole bundle of ours: the next process takes it, or writes it again.
    assert printed(sandbox, env) == path
    assert path.read_bytes().count(b"BEGIN CERT") == without


def test_add_renews_its_own_and_names_the_others(sandbox: Sandbox, ca_file: Path, url: str) -> None:
    """With the command that renews those."""
    own, others = printed(sandbox, {}), printed(sandbox, OTHERS)
    by_own, by_others = ({"REQUESTS_CA_BUNDLE": str(path)} for path in (own, others))
    assert_untrusted(sandbox.fetch("requests", url, by_own))
    done = sandbox.run(*COMMAND, "add", str(ca_file))
    lines = done.stdout.splitlines()
    assert f"renewed   {own}" in lines
    command = f"{sandbox.environment.python} -m certifi_system_store_wrapper export"
    ((name, value),) = OTHERS.items()
    later = next(line for line in lines if line.startswith(f"later     {others} lacks it: "))
    assert later.endswith(command) and f"{name}=" in later and value in later
    assert_fetched(sandbox.fetch("requests", url, by_own))
    assert_untrusted(sandbox.fetch("requests", url, by_others))
    assert sandbox.run(*command.split()[1:], env=OTHERS).returncode == 0
    assert_fetched(sandbox.fetch("requests", url, by_others))


@pytest.mark.posix("its sh")
def test_what_is_advised_is_typed_in_the_same_shell(sandbox: Sandbox, ca_file: Path) -> None:
    """It renews the bundle that it is told of, and no other, whatever is exported there."""
    here = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")}
    paths = [printed(sandbox, here), printed(sandbox, OTHERS)]
    beside = sandbox.run("-m", "certifi", env={**here, **OTHERS})
    paths.append(Path(beside.stdout.strip()))
    # One that was made without a variable that is exported now.
    here["PYTHON_CERTIFI_CERT_FILES"] = str(write(sandbox.work / "a.pem", make("A", *CA).pem))
    done = sandbox.run(*COMMAND, "add", str(ca_file), env=here)
    later = [line[len("later") :].strip() for line in done.stdout.splitlines() if "later  " in line]
    told = dict(line.split(" lacks it: renew it by ", 1) for line in later)
    assert set(told) == set(map(str, paths)), done
    for path, command in told.items():
        done = sandbox.run(prefix=["sh", "-c", command], env=here)
        assert (done.returncode, done.stdout) == (0, f"{path}\n"), (command, done)
        assert ca_file.read_bytes() in Path(path).read_bytes()
    found = {path for place in (sandbox.work, sandbox.home) for path in place.rglob("cacert.pem")}
    assert found == set(paths)


@pytest.mark.parametrize("name", ["PYTHON_CERTIFI_BUNDLE_DIR", "REQUESTS_CA_BUNDLE"])
def test_add_renews_each_of_its_own(sandbox: Sandbox, ca_file: Path, name: str) -> None:
    """One in the cache folder and one in a folder of its own, whichever `export` would print."""
    folder = str(sandbox.work / "kept")
    paths = [printed(sandbox, {}), printed(sandbox, {"PYTHON_CERTIFI_BUNDLE_DIR": folder})]
    value = str(paths[1]) if name == "REQUESTS_CA_BUNDLE" else folder
    done = sandbox.run(*COMMAND, "add", str(ca_file), env={name: value})
    assert (done.returncode, done.stderr) == (0, "")
    for path in paths:
        assert f"renewed   {path}\n" in done.stdout
        assert ca_file.read_bytes() in path.read_bytes()


def test_add_of_what_is_not_trusted_all_the_same(sandbox: Sandbox, ca_file: Path) -> None:
    """It is held, and said why that does not help, each time; no bundle is renewed for it again."""
    der = x509.load_pem_x509_certificate(ca_file.read_bytes()).public_bytes(Encoding.DER)
    rejected = write(sandbox.work / "no.pem", trusted_pem(der, reject=["serverAuth"]))
    for env, why in (
        ({"PYTHON_CERTIFI_CERT_FILES": str(rejected)}, str(rejected)),
        ({"PYTHON_CERTIFI_SOURCES": "certifi"}, "leaves out the user source"),
    ):
        sandbox.run(*COMMAND, "export", env=env)
        for _ in range(2):
            done = sandbox.run(*COMMAND, "add", str(ca_file), env=env)
            assert "not trusted all the same" in done.stdout and why in done.stdout, done
        assert (done.returncode, "renewed" in done.stdout) == (1, False), done
    digest, _ = changed(sandbox, "add", str(ca_file))
    changed(sandbox, "remove", digest[:8])


def test_what_a_person_appended_stays(sandbox: Sandbox, ca_file: Path) -> None:
    """They added it to that bundle themselves."""
    path = printed(sandbox, OTHERS)
    other = make("Appended", *CA).pem
    with path.open("ab") as file:
        file.write(other)
    changed(sandbox, "add", str(ca_file))
    printed(sandbox, OTHERS)
    changed(sandbox, "remove", ca_file_digest(sandbox))
    assert other in path.read_bytes()
    assert ca_file.read_bytes() not in path.read_bytes()


def ca_file_digest(sandbox: Sandbox) -> str:
    """Return the fingerprint of what was added."""
    held = json.loads(sandbox.run(*COMMAND, "remove", "--json").stdout)["certificates"]
    return str(held[0]["sha256"])


def test_what_another_source_has_stays(sandbox: Sandbox, ca_file: Path) -> None:
    """Removing it from the drop folder does not take it from a bundle that has it elsewhere."""
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    path = printed(sandbox, named)
    changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox), env=named)
    assert done.returncode == 1
    assert ca_file.read_bytes() in path.read_bytes()


def appended(sandbox: Sandbox, ca: bytes) -> Tuple[Dict[str, str], str, Path]:
    """Append it to the printed bundle, as many set-up scripts do."""
    path = printed(sandbox, {})
    with path.open("ab") as file:
        file.write(ca.replace(b"\n", b"\r\n"))
    return {}, "user", path


def named(sandbox: Sandbox, ca: bytes) -> Tuple[Dict[str, str], str, Path]:
    """Name another file with it."""
    path = write(sandbox.work / "named.pem", ca)
    return {"PYTHON_CERTIFI_CERT_FILES": str(path)}, "user", path


def of_openssl(sandbox: Sandbox, ca: bytes) -> Tuple[Dict[str, str], str, Path]:
    """Name it for OpenSSL."""
    path = write(sandbox.work / "ssl.pem", ca)
    return {"SSL_CERT_FILE": str(path)}, "ssl", path


def of_nix(sandbox: Sandbox, ca: bytes) -> Tuple[Dict[str, str], str, Path]:
    """Name it as programs of Nix have it."""
    path = write(sandbox.work / "nix.pem", ca)
    return {"NIX_SSL_CERT_FILE": str(path)}, "system", path


NIX = pytest.param(of_nix, marks=pytest.mark.posix("Windows' store needs no file of Nix"))


def with_others(sandbox: Sandbox, ca: bytes) -> Tuple[Dict[str, str], str, Path]:
    """Drop a file with several certificates, which `remove` leaves alone."""
    path = write(sandbox.drop_folder / "two.pem", ca + make("Second", *CA).pem)
    return {}, "user", path


def test_what_a_killed_add_left_is_no_certificate(sandbox: Sandbox, ca_file: Path) -> None:
    """Nobody is warned of it, and the next `add` of the same removes it."""
    changed(sandbox, "add", str(ca_file))
    (stored,) = sandbox.drop_folder.iterdir()
    name = f".certifi-system-store-wrapper.{stored.name[:40]}.0123456789abcdef"
    stored.unlink()
    draft = write(sandbox.drop_folder / name, ca_file.read_bytes())
    done = sandbox.run(*COMMAND, "status")
    assert (done.returncode, done.stderr) == (0, "") and draft.exists()
    changed(sandbox, "add", str(ca_file))
    assert list(sandbox.drop_folder.iterdir()) == [stored]


def test_remove_takes_the_file_that_was_added(sandbox: Sandbox, ca_file: Path) -> None:
    """By its content: in the drop folder it has another name."""
    changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", str(ca_file))
    assert (done.returncode, done.stdout.startswith("removed ")) == (0, True), done
    assert not list(sandbox.drop_folder.iterdir()) and ca_file.exists()


def test_a_file_with_several_is_listed(sandbox: Sandbox, ca_file: Path) -> None:
    """Each of them is trusted, and so `remove` shows it; fewer than 8 digits name none."""
    with_others(sandbox, ca_file.read_bytes())
    done = sandbox.run(*COMMAND, "remove", "--json")
    held = json.loads(done.stdout)["certificates"]
    assert [("one of 2 in that file" in each["marks"]) for each in held] == [True, True]
    done = sandbox.run(*COMMAND, "remove", held[0]["sha256"][:7])
    assert (done.returncode, "name 8 digits of its SHA-256 or more" in done.stderr) == (1, True)


@pytest.mark.parametrize("place", [appended, named, of_openssl, NIX, with_others])
@pytest.mark.parametrize("is_added", [True, False])
def test_what_is_trusted_from_elsewhere_is_said(
    sandbox: Sandbox, url: str, ca_file: Path, place: Place, *, is_added: bool
) -> None:
    """Whoever removes a CA that stays trusted is told from where, and the status is 1."""
    env, source, path = place(sandbox, ca_file.read_bytes())
    digest = listed(sandbox, env, path)
    if is_added:
        changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", digest[:8], env=env)
    assert done.returncode == 1
    assert_fetched(sandbox.fetch("requests", url, env))
    (told,) = [line for line in (done.stdout + done.stderr).splitlines() if str(path) in line][-1:]
    if place is with_others and not is_added:
        assert f"it is not alone in {path}: delete that file" in told
        return
    assert f"{path} (source {source}) has it: " in told
    if is_added:
        assert done.stdout.startswith("removed ") and told.startswith("problem ")
        changed(sandbox, "add", str(ca_file))
        data = json.loads(sandbox.run(*COMMAND, "remove", digest, "--json", env=env).stdout)
        (still,) = data["still_trusted"]
        assert (still["sha256"], still["source"], still["path"]) == (digest, source, str(path))
        assert still["remedy"] in told
        variables = [name for name in env if name.endswith("SSL_CERT_FILE")]
        assert all(f"unset {name}" in told for name in variables)
    else:
        assert "is called that, but " in told


def test_a_copy_that_a_variable_names(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """`export -o` has made it, so it is no bundle of ours: whoever removes the CA is told of it."""
    copy = sandbox.work / "copy.pem"
    changed(sandbox, "add", str(ca_file))
    sandbox.run(*COMMAND, "export", "-o", str(copy))
    env = {"REQUESTS_CA_BUNDLE": str(copy)}
    done = sandbox.run(*COMMAND, "remove", str(ca_file), env=env)
    assert done.returncode == 1 and done.stdout.startswith("removed ")
    assert_fetched(sandbox.fetch("requests", url, env))
    assert f"{copy} (source REQUESTS_CA_BUNDLE) has it: write that file anew" in done.stdout
    sandbox.run(*COMMAND, "export", "-o", str(copy))
    assert_untrusted(sandbox.fetch("requests", url, env))


def listed(sandbox: Sandbox, env: Dict[str, str], path: Path) -> str:
    """Return the fingerprint of the first certificate of a file that is in the bundle."""
    search = ("list", "--search", str(path), "--json")
    certificates = json.loads(sandbox.run(*COMMAND, *search, env=env).stdout)["certificates"]
    return str(certificates[0]["sha256"])


@pytest.mark.linux("the layouts are those of Linux")
def test_what_the_system_trusts_is_said(sandbox: Sandbox, tmp_path: Path, ca_file: Path) -> None:
    """What an administrator added stays, and an administrator removes it."""
    prefix = os_store.on("debian", ca_file, tmp_path / "aside")
    changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox), prefix=prefix)
    assert done.returncode == 1
    assert "/etc/ssl/certs/ca-certificates.crt (source system) has it: " in done.stdout


def test_remove_works_without_certifi(fresh: Sandbox, ca_file: Path) -> None:
    """Nobody is answered from a bundle then: there is no other place to look into."""
    shutil.rmtree(fresh.environment.site_packages / "certifi")
    digest, _ = changed(fresh, "add", str(ca_file))
    changed(fresh, "remove", digest)
    done = fresh.run(*COMMAND, "remove", digest)
    assert (done.returncode, "`remove` alone lists them" in done.stderr) == (1, True)


def test_what_was_appended_to_the_bundle_of_others_is_said(sandbox: Sandbox, ca_file: Path) -> None:
    """It stays there, as all that a person appended, and that bundle is not said to be renewed."""
    path = printed(sandbox, OTHERS)
    with path.open("ab") as file:
        file.write(ca_file.read_bytes())
    changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox))
    assert done.returncode == 1
    assert f"problem   {path} still has it: a person appended it" in done.stdout
    assert f"renewed   {path}" not in done.stdout


def test_a_bundle_of_a_variable(sandbox: Sandbox, ca_file: Path) -> None:
    """A persistent bundle lies where a person chose: a variable that names it leads there."""
    kept = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")}
    changed(sandbox, "add", str(ca_file))
    path = printed(sandbox, kept)
    assert ca_file.read_bytes() in path.read_bytes()
    env = {"SSL_CERT_FILE": str(path)}
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox), env=env)
    assert done.returncode == 0, done
    assert ca_file.read_bytes() not in path.read_bytes()


def test_what_is_no_bundle_of_ours_is_left_alone(sandbox: Sandbox, ca_file: Path) -> None:
    """A copy that a person made is theirs; who removes the CA is told of it."""
    copy = write(sandbox.work / "copy.pem", ca_file.read_bytes())
    changed(sandbox, "add", str(ca_file))
    env = {"REQUESTS_CA_BUNDLE": str(copy)}
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox), env=env)
    assert done.returncode == 1 and f"{copy} (source REQUESTS_CA_BUNDLE) has it" in done.stdout
    assert copy.read_bytes() == ca_file.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_running_programs_are_named(sandbox: Sandbox, ca_file: Path) -> None:
    """They keep what they have; those that have ended are not named."""
    code = "import certifi; certifi.where(); print(flush=True); input()"
    with sandbox.start_code(code) as program:
        assert program.stdout and program.stdin
        program.stdout.readline()
        done = sandbox.run(*COMMAND, "add", str(ca_file), "--json")
        running = [each["process"] for each in json.loads(done.stdout)["running"]]
        program.communicate("\n")
    assert program.pid in running
    done = sandbox.run(*COMMAND, "remove", ca_file_digest(sandbox))
    assert f"{program.pid} " not in done.stdout


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="root may own others' files")
def test_a_bundle_of_somebody_else_is_left_alone(sandbox: Sandbox, ca_file: Path) -> None:
    """Nobody believes it, and nothing is written there."""
    path = printed(sandbox, OTHERS)
    changed(sandbox, "add", str(ca_file))
    printed(sandbox, OTHERS)
    os.chown(path, 1000, 1000)
    before = path.read_bytes()
    changed(sandbox, "remove", ca_file_digest(sandbox))
    assert path.read_bytes() == before


@pytest.mark.modes("a folder that is read-only keeps the bundle from being written")
@pytest.mark.linux("root is denied nothing elsewhere")
@pytest.mark.modes("others may write to it")
def test_a_bundle_that_others_may_write_to_is_named(sandbox: Sandbox, ca_file: Path) -> None:
    """Nobody knows what it holds, and it is left as it is."""
    kept = printed(sandbox, {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)})
    before = kept.read_bytes()
    kept.chmod(0o666)
    digest, _ = changed(sandbox, "add", str(ca_file))
    done = sandbox.run(*COMMAND, "remove", digest[:8])
    assert (done.returncode, done.stderr) == (0, "")
    assert f"later     {kept}: others may write to it" in done.stdout
    assert kept.read_bytes() == before


@pytest.mark.posix("modes say nothing there")
def test_what_could_not_be_renewed_is_by_the_next_add(sandbox: Sandbox, ca_file: Path) -> None:
    """It is said that the bundle lacks the CA, until an `add` of what is held already renews it."""
    folder = sandbox.work / "kept"
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(folder)}
    path = printed(sandbox, env)
    told = []
    for mode in (0o555, 0o755, 0o755):
        folder.chmod(mode)
        prefix = POWERLESS if os.geteuid() == 0 else ()
        done = sandbox.run(*COMMAND, "add", str(ca_file), env=env, prefix=prefix)
        assert done.returncode == int(mode == 0o555), done
        told.append([line for line in done.stdout.splitlines() if f"  {path}" in line])
    assert told[0][0].startswith(f"problem   {path} lacks it: ")
    assert told[1:] == [[f"renewed   {path}"], []]
    assert ca_file.read_bytes() in path.read_bytes()
