"""ownership: what is discovered counts only from owners whom we trust, what is named from all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certifi_system_store_wrapper import bundle
from certifi_system_store_wrapper.machine import ownership
from certifi_system_store_wrapper.reporting.findings import DISTRUSTED, REJECTED
from certifi_system_store_wrapper.settings import Settings
from certifi_system_store_wrapper.sources.system import unix
from support.minting import encode_pem, mint, trusted_pem
from support.world import DEBIAN, World

pytestmark = pytest.mark.root("gives files to another user")
PEM_A, PEM_B = encode_pem(mint("A")), encode_pem(mint("B"))
MALLORY = 1000
NIX = "/home/.nix-profile/etc/ssl/certs/ca-bundle.crt"
DISCOVERED = (
    NIX,
    "/home/.local/state/nix/profile/etc/ssl/certs/ca-bundle.crt",
    "/home/.guix-profile/etc/ssl/certs/ca-certificates.crt",
    "/opt/etc/ssl/certs/ca-certificates.crt",
    "/opt/etc/ssl/certs/0123abcd.0",
    "/nix/var/nix/profiles/default/etc/ssl/certs/ca-bundle.crt",
    "/usr/lib/ssl/cert.pem",
    "/usr/lib/ssl/certs/0123abcd.0",
    "/drop/a.pem",
)


def give(world: World, path: str) -> None:
    """Let that file or folder belong to another user."""
    os.chown(world.path(path), MALLORY, MALLORY)


@pytest.mark.parametrize("path", DISCOVERED)
def test_a_discovered_place_of_another_user_is_not_read(world: World, path: str) -> None:
    """Not its file, nor what root has below a folder of theirs: one warning says who owns what."""
    world.write(path, PEM_A)
    assert world.build() == {"certifi", "A"}
    for step in (path, os.path.dirname(path)):
        give(world, step)
        assert world.build() == {"certifi"}
        (warning,) = world.warnings
        assert warning.path == world.path(step)
        assert f"user {MALLORY} owns it, and could change what user" in warning.message
        os.chown(world.path(step), 0, 0)


def test_a_store_with_two_names_is_told_once(world: World) -> None:
    """Where everybody may write, as in an emptyDir of Kubernetes: the warning says what helps."""
    store = world.write(DEBIAN, PEM_A)
    world.link("/usr/lib/ssl/cert.pem", store)
    os.chmod(os.path.dirname(store), 0o777)
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert str(warning) == (
        f"{os.path.dirname(store)}: others may write to it, so {store} is not used: chmod go-w, "
        "mount it read-only, or name the file in PYTHON_CERTIFI_CERT_FILES if "
        "you trust them, which works whoever owns it"
    )
    assert world.build(store) == {"certifi", "A"}


@pytest.mark.parametrize("target", ["/dev/zero", "/srv/ca.pem"])
def test_a_link_in_a_drop_folder_costs_nothing_but_itself(world: World, target: str) -> None:
    """It leads to a device, or to a file of another user: the other files are used, and told so."""
    world.write("/drop/a.pem", PEM_A)
    if target == "/srv/ca.pem":
        target = world.write(target, PEM_B)
        os.chown(target, MALLORY, MALLORY)
    world.link("/drop/b.pem", target)
    assert world.build() == {"certifi", "A"}
    (warning,) = world.warnings
    assert world.path("/drop/b.pem") in str(warning)
    assert f"{world.path('/drop')} is not used" not in str(warning)
    assert f"{target}: others may write to it" not in str(warning)


def test_who_distrusts_is_whoever_wrote_it_down(world: World) -> None:
    """Not the file that a tool has made of it."""
    certifis = mint("certifi")
    asked = world.write("/etc/pki/ca-trust/source/blocklist/certifi.pem", encode_pem(certifis))
    for made in (unix.DISTRUST_BUNDLES[0][len(str(world.root)) :], "/usr/lib/ssl/cert.pem"):
        world.write(made, trusted_pem(certifis, reject=["serverAuth"]))
    world.write(DEBIAN, PEM_A)
    assert world.build() == {"A"}
    (excluded,) = [each for each in world.last.excluded if each.reason == DISTRUSTED]
    assert excluded.detail == asked
    # A person's own word is named: naming the certificate does not overrule it.
    own = world.write("/drop/reject.pem", trusted_pem(certifis, reject=["serverAuth"]))
    named = world.write("/srv/named.pem", encode_pem(certifis))
    assert world.build(named) == {"A"}
    (excluded,) = [each for each in world.last.excluded if each.reason == REJECTED]
    assert excluded.detail == own


@pytest.mark.parametrize("path", DISCOVERED)
def test_a_discovered_place_where_others_may_write_is_not_read(world: World, path: str) -> None:
    """A mode says it, of a file or of a folder; in a sticky folder above, what is ours stays."""
    world.write(path, PEM_A)
    folder = os.path.dirname(path)
    for step in (path, folder):
        os.chmod(world.path(step), 0o777)
        assert world.build() == {"certifi"}
        (warning,) = world.warnings
        assert warning.path == world.path(step)
        assert "others may write to it" in warning.message
        os.chmod(world.path(step), 0o755)
    os.chmod(world.path(os.path.dirname(folder)), 0o1777)
    assert world.build() == {"certifi", "A"}
    assert world.warnings == []


def test_a_link_of_another_user_leads_nowhere(world: World) -> None:
    """Nobody who may not write to a place chooses which of root's files is read there."""
    target = world.write("/srv/ca.pem", PEM_A)
    world.link(NIX, target)
    assert world.build() == {"certifi", "A"}
    os.chown(world.path(NIX), MALLORY, MALLORY, follow_symlinks=False)
    assert world.build() == {"certifi"}
    os.chown(world.path(NIX), 0, 0, follow_symlinks=False)
    give(world, "/srv")
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert warning.path == world.path("/srv")


@pytest.mark.parametrize(
    "path", [NIX, "/etc/ssl/untrusted/certifi.pem", "/etc/pki/ca-trust/source/certifi.pem"]
)
def test_another_user_distrusts_nothing(world: World, path: str) -> None:
    """Neither by a block that rejects, nor in a list of what is distrusted."""
    certifis = mint("certifi")
    world.write(DEBIAN, PEM_A)
    world.write(path, trusted_pem(certifis, reject=["serverAuth"]))
    assert world.build() == {"A"}
    assert world.reasons(certifis) == {DISTRUSTED}
    give(world, path)
    assert world.build() == {"certifi", "A"}
    (warning,) = world.warnings
    assert f"user {MALLORY} owns it, and could change what user" in warning.message
    # Who named that file as a CA's would trust what it distrusts.
    assert ("what is distrusted there does not count" in warning.message) is (path != NIX)
    assert ("PYTHON_CERTIFI_CERT_FILES" in warning.message) is (path == NIX)


def test_a_folder_of_another_user_costs_trust_and_distrust_and_both_are_told(world: World) -> None:
    """Each by its own remedy; a file of a blocklist may be trusted by another list."""
    world.write("/etc/pki/tls/certs/ca-bundle.crt", PEM_A)
    world.write("/etc/pki/ca-trust/source/blocklist/b.pem", PEM_B)
    give(world, "/etc/pki")
    world.build()
    assert {warning.path for warning in world.warnings} == {world.path("/etc/pki")}
    endings = [warning.message.rpartition(": ")[2].split(",")[0] for warning in world.warnings]
    assert endings == ["own it", "chown root"]


def test_the_list_of_debian_counts_only_as_roots(world: World) -> None:
    """A line in it takes a root away, unless another user wrote it, or the file that it names."""
    world.write("/etc/ca-certificates.conf", b"!mozilla/certifi.crt\n")
    world.write("/usr/share/ca-certificates/mozilla/certifi.crt", encode_pem(mint("certifi")))
    world.write(DEBIAN, PEM_A)
    assert world.build() == {"A"}
    for path in ("/etc/ca-certificates.conf", "/usr/share/ca-certificates/mozilla/certifi.crt"):
        give(world, path)
        assert world.build() == {"certifi", "A"}
        (warning,) = world.warnings
        assert warning.path == world.path(path)
        assert "what is distrusted there does not count" in warning.message
        os.chown(world.path(path), 0, 0)


def test_hashed_links_as_debian_has_them(world: World) -> None:
    """From /etc/ssl/certs to /usr/share and /usr/local/share, where the group staff may write."""
    shared = world.write("/usr/share/ca-certificates/mozilla/A.crt", PEM_A)
    local = world.write("/usr/local/share/ca-certificates/B.crt", PEM_B)
    for name, target in (("0123abcd", shared), ("4567abcd", local)):
        world.link(f"/etc/ssl/certs/{name}.pem", target)
        world.link(f"/etc/ssl/certs/{name}.0", f"{name}.pem")
    assert world.build() == {"certifi", "A", "B"}
    assert world.warnings == []
    os.chmod(shared, 0o666)
    assert world.build() == {"certifi", "B"}


def test_a_known_certificate_that_others_may_change_is_no_warning(world: World) -> None:
    """Images for CI make /usr/share writable for all: nothing is lost, as the bundle has it."""
    world.write(DEBIAN, PEM_A)
    world.write("/usr/lib/ssl/certs/0123abcd.0", PEM_A)
    os.chmod(world.path("/usr/lib/ssl/certs/0123abcd.0"), 0o666)
    assert world.build() == {"certifi", "A"}
    assert world.warnings == []
    (origins,) = [anchor.origins for anchor in world.last.anchors if anchor.block == PEM_A]
    assert [origin.path for origin in origins] == [world.path(DEBIAN)]


def test_what_a_variable_names_is_read_whoever_owns_it(world: World) -> None:
    """Root reads the file of an ordinary user where a person says so."""
    names = {"SSL_CERT_FILE": "B", "NIX_SSL_CERT_FILE": "C"}
    for variable, name in names.items():
        world.monkeypatch.setenv(variable, world.write(f"/v/{name}", encode_pem(mint(name))))
        give(world, f"/v/{name}")
    world.write("/v/folder/d.pem", encode_pem(mint("D")))
    world.monkeypatch.setenv("SSL_CERT_DIR", world.path("/v/folder"))
    path = world.write("/v/A", PEM_A)
    for each in ("/v/A", "/v/folder/d.pem", "/v/folder", "/v"):
        give(world, each)
    assert world.build(path) == {"certifi", "A", "B", "C", "D"}
    assert world.warnings == []


@pytest.mark.parametrize("part", ["executable", "base_prefix"])
def test_the_owner_of_the_interpreter_counts_as_root(world: World, part: str) -> None:
    """Who installed Python (Homebrew, pyenv, conda) decides what its OpenSSL trusts by default."""
    world.write("/usr/lib/ssl/cert.pem", PEM_A)
    give(world, "/usr/lib/ssl/cert.pem")
    give(world, "/usr/lib/ssl")
    assert world.build() == {"certifi"}
    python = world.write("/home/python/bin/python", b"")
    give(world, "/home/python/bin/python")
    world.link("/venv/bin/python", python)
    world.monkeypatch.setattr(sys, part, world.path("/venv/bin/python"))
    assert world.build() == {"certifi", "A"}
    assert world.warnings == []


def test_nothing_below_home_is_read_where_python_is_isolated(world: World) -> None:
    """Under -I no variable decides what is trusted, and HOME is one."""
    world.write(NIX, PEM_A)
    world.write(DEBIAN, PEM_B)
    for isolated, wanted in ((False, {PEM_A, PEM_B}), (True, {PEM_B})):
        built = bundle.build(Settings(isolated=isolated), world.certifi_file)
        assert {anchor.block for anchor in built.anchors} & {PEM_A, PEM_B} == wanted
        assert built.problems == ()


def test_who_may_write_to_the_interpreter_may_write_to_its_store(world: World) -> None:
    """The images of Jupyter let a group write to all of conda: it can replace Python as well."""
    world.write("/conda/bin/python", b"")
    world.write("/conda/ssl/cert.pem", PEM_A)
    world.link("/usr/lib/ssl/cert.pem", world.path("/conda/ssl/cert.pem"))
    for path in ("/conda", "/conda/ssl", "/conda/ssl/cert.pem"):
        os.chown(world.path(path), 0, 100)
        os.chmod(world.path(path), 0o2775 if not path.endswith(".pem") else 0o664)
    assert world.build() == {"certifi"}
    world.monkeypatch.setattr(sys, "base_prefix", world.path("/conda"))
    assert world.build() == {"certifi", "A"}
    assert world.warnings == []
    os.chown(world.path("/conda/ssl"), 0, 101)
    assert world.build() == {"certifi"}
    os.chown(world.path("/conda/ssl"), 0, 100)
    os.chmod(world.path("/conda/ssl"), 0o777)
    assert world.build() == {"certifi"}


@pytest.mark.skipif(not shutil.which("unshare"), reason="mounts in a namespace")
@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_nobody_writes_where_it_is_mounted_read_only(tmp_path: Path, mode: str) -> None:
    """A ConfigMap of Kubernetes and OpenShift is mounted so, with mode 0777."""
    folder = tmp_path / "pem"
    folder.mkdir()
    code = "import sys; from certifi_system_store_wrapper.machine.ownership import Check; "
    code += "print(Check().discovered_fault(sys.argv[1]))"
    mounts = f"mount -t tmpfs -o mode=777 none {folder} && touch {folder}/a.pem && "
    mounts += f"mount -o remount,{mode} {folder}"
    prefix = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code, str(folder / "a.pem")],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.stdout == "None\n") is (mode == "ro")
    assert ("others may write to it" in done.stdout) is (mode == "rw")


@pytest.mark.skipif(not shutil.which("unshare"), reason="mounts in a namespace")
@pytest.mark.parametrize("owner", [0, MALLORY, 65534])
def test_a_store_that_nobody_owns(owner: int) -> None:
    """Where every user has a number, 65534 is one of them: many daemons run as that one."""
    store = "/etc/ssl/certs/ca-certificates.crt"
    code = "import sys; from certifi_system_store_wrapper.machine.ownership import Check; "
    code += "print(Check().discovered_fault(sys.argv[1]))"
    mounts = "mount -t tmpfs -o mode=755 none /etc/ssl/certs && "
    mounts += f"touch {store} && chown {owner} {store}"
    prefix = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
    done = subprocess.run(
        [*prefix, sys.executable, "-c", code, store],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.stdout == "None\n") is (owner == 0)
    assert (f"user {owner} owns it" in done.stdout) is (owner != 0)


def test_a_path_is_followed_as_the_kernel_does(world: World) -> None:
    """Two dots behind a link lead above its target, and a link may be relative or nested."""
    path = world.write("/a/b/ca.pem", PEM_A)
    world.link("/c/link", world.path("/a/b/deep"))
    os.mkdir(world.path("/a/b/deep"))
    world.link("/c/nested", "./link/../ca.pem")
    check = ownership.Check()
    for name in ("/c/link/../ca.pem", "/c/nested", "/c/../c//./link/../../b/ca.pem"):
        assert check.followed(world.path(name)) == os.path.realpath(world.path(name)) == path
        assert check.fault(world.path(name)) is None
    assert check.followed(world.path("/no/../file")) == world.path("/file")
    give(world, "/a/b/deep")
    assert ownership.Check().fault(world.path("/c/nested")).step == world.path("/a/b/deep")


def test_a_ring_of_links_ends(world: World) -> None:
    """It is no path at all, and costs nothing but itself."""
    world.link(NIX, world.path("/home/other"))
    world.link("/home/other", world.path(NIX))
    world.write(DEBIAN, PEM_A)
    assert world.build() == {"certifi", "A"}
    with pytest.raises(PermissionError, match="links lead from it to itself"):
        ownership.Check().followed(world.path(NIX))


def test_what_is_read_by_another_name_is_no_warning(world: World) -> None:
    """openSUSE has a link in /etc/ssl to a file in /var, and both paths are in our table."""
    world.link("/etc/ssl/ca-bundle.pem", world.write("/srv/ca-bundle.pem", PEM_A))
    world.link("/opt/etc/ssl/certs/ca-certificates.crt", world.path("/srv/ca-bundle.pem"))
    give(world, "/opt/etc/ssl")
    assert world.build() == {"certifi", "A"}
    assert world.warnings == []
    os.unlink(world.path("/etc/ssl/ca-bundle.pem"))
    assert world.build() == {"certifi"}
    assert [warning.path for warning in world.warnings] == [world.path("/opt/etc/ssl")]


@pytest.mark.parametrize("path", ["/drop/a.pem", "/opt/etc/ssl/certs/0123abcd.0"])
def test_a_folder_is_not_listed_where_others_may_add_files(world: World, path: str) -> None:
    """Not even a sticky one: what lies there may be another name of a file of ours."""
    world.write(path, PEM_A)
    os.chmod(world.path(os.path.dirname(path)), 0o1777)
    assert world.build() == {"certifi"}
    (warning,) = world.warnings
    assert "others may write to it" in warning.message


@pytest.mark.posix("Windows mounts nothing so")
def test_a_python_that_does_not_name_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPy's os has statvfs(), and no ST_RDONLY for what it answers."""
    monkeypatch.delattr(os, "ST_RDONLY", raising=False)
    assert ownership._is_mounted_read_only("/") in (True, False)


@pytest.mark.parametrize("umask", [0o077, 0o177, 0o777])
def test_a_folder_of_ours_lets_its_owner_in(tmp_path: Path, umask: int) -> None:
    """Whatever the umask: ~/.cache stays, for every program. Others have what the umask leaves."""
    before = os.umask(umask)
    try:
        ownership.make_folder(str(tmp_path / ".cache" / "ours"))
    finally:
        os.umask(before)
    made = (tmp_path / ".cache", tmp_path / ".cache" / "ours")
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o700]
