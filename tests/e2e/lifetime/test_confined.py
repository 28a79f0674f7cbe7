"""Services that are shut in: workers that chroot and become another user, systemd's sandboxes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List, Mapping
from urllib.parse import urlsplit

import pytest

from support import FETCH_BY_URLLIB, UNTRUSTED, Sandbox, assert_fetched, assert_untrusted

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root may, and mounts are Linux'"
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

NOBODY = 65534
# ``PORT ROOT``: asks as root, then in a fork that goes into a folder and drops its rights.
SERVICE = f"""
import certifi, os, socket, ssl, sys

def ask():
    try:
        context = ssl.create_default_context(cafile=certifi.where())
        with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
            with context.wrap_socket(plain, server_hostname="localhost"):
                return "served"
    except ssl.SSLCertVerificationError as error:
        return "verify code %d" % error.verify_code
    except FileNotFoundError:
        return "no file"

def contents():
    try:
        return certifi.contents() == text
    except FileNotFoundError:
        return "no file"

answer, text, path = ask(), certifi.contents(), certifi.where()
pid = os.fork()
if pid == 0:
    if sys.argv[2]:
        os.chroot(sys.argv[2])
        os.chdir("/")
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
    print(ask(), ask(), contents(), certifi.where())
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
assert (ask(), certifi.contents(), certifi.where()) == (answer, text, path)
"""


def run(sandbox: Sandbox, url: str, root: str, env: Mapping[str, str], mounts: str = "") -> Done:
    """Run the service in a mount namespace of its own, after these shell commands."""
    script = f'set -e\n{mounts}\nexec "$@"'
    prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]
    return sandbox.run("-c", SERVICE, str(urlsplit(url).port), root, env=env, prefix=prefix)


def told(done: Done) -> List[str]:
    """Return what the worker found; nothing was said beside it."""
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.split()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty folder to go into."""
    folder = tmp_path / "root"
    folder.mkdir(mode=0o755)
    return folder


@pytest.mark.parametrize("has", ["a temp folder", "/proc alone"])
def test_a_worker_that_shuts_itself_in_verifies(
    sandbox: Sandbox, root: Path, url: str, ca_file: Path, has: str
) -> None:
    """The bundle of before, with the user's CA, where a path can lead; and nothing is left."""
    if has == "/proc alone":
        (root / "proc").mkdir()
        mounts, begins = f"mount --rbind /proc '{root}/proc'", "/proc/self/fd/"
    else:
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        mounts, begins = "", f"/tmp/certifi-system-store-wrapper-{NOBODY}/"
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    *answers, same, path = told(run(sandbox, url, str(root), named, mounts))
    assert (answers, same) == (["served", "served"], "True")
    assert path.startswith(begins)
    refused = run(sandbox, url, str(root), {}, mounts).stdout
    assert any(refused.startswith(f"{each} {each} True") for each in UNTRUSTED), refused
    assert not list(root.rglob("cacert.pem")) + sandbox.left


@pytest.mark.parametrize("variable", ["TMPDIR", "PYTHON_CERTIFI_BUNDLE_DIR"])
def test_a_worker_in_an_empty_folder_is_told_so(
    sandbox: Sandbox, root: Path, url: str, ca_file: Path, variable: str
) -> None:
    """No path leads anywhere: certifi's own answers, as plain certifi would, and one WARNING."""
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file), variable: str(sandbox.tmp)}
    done = run(sandbox, url, str(root), named)
    assert done.returncode == 0, done
    assert done.stdout.startswith("no file no file no file ")
    assert done.stdout.rstrip().endswith("site-packages/certifi/cacert.pem")
    assert done.stderr.count("no bundle can be published, so certifi's own list answers") == 1
    assert done.stderr.count("\n") == (2 if "BUNDLE" in variable else 1), done.stderr
    assert not list(root.iterdir())


def test_a_worker_that_may_not_enter_the_folders_of_before(
    sandbox: Sandbox, url: str, ca_file: Path
) -> None:
    """Neither the bundle nor the code is within its reach: it has a file where it may write."""
    sandbox.tmp.chmod(0o700)
    named = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file), "TEMP": "/var/tmp"}
    mounts = "mount -t tmpfs -o mode=1777 tmpfs /var/tmp"
    *answers, same, path = told(run(sandbox, url, "", named, mounts))
    assert (answers, same) == (["served", "served"], "True")
    assert path.startswith("/var/tmp/")
    refused = run(sandbox, url, "", {"TEMP": "/var/tmp"}, mounts).stdout
    assert any(refused.startswith(f"{each} {each} True") for each in UNTRUSTED), refused


# Arguments: the CA, the user, folders that are put back where they are hidden, the command.
UNIT = """
ca=$1 user=$2 homes=$3; shift 3
mount -t tmpfs -o mode=755 tmpfs /mnt
cp "$ca" /mnt/ca.pem
show() { mkdir -p "$2" && mount --bind "$1" "$2"; }
private_tmp() {
    for each in $homes; do show "$each" "/mnt$each"; done
    for each in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs "$each"; done
    for each in $homes; do show "/mnt$each" "$each"; done
}
read_only() { for each; do mount --rbind "$each" "$each"; mount -o remount,bind,ro "$each"; done; }
cache_directory() {
    mount -t tmpfs -o mode=755 tmpfs /var/cache
    mkdir /var/cache/unit && chown "$user" /var/cache/unit
}
"""
START = """
cd /
exec env -u HOME -u TMPDIR -u TEMP -u TMP setpriv --reuid="$user" --regid="$user" --clear-groups \
    --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search "$@"
"""
# By what its file says: the mounts, the variables, where its bundle is.
UNITS = {
    "User=, PrivateTmp=yes": ("private_tmp", {}, "/tmp/certifi-system-store-wrapper-"),
    "DynamicUser=yes": (
        "private_tmp; read_only /",
        {},
        "/tmp/certifi-system-store-wrapper-",
    ),
    "User=, ProtectSystem=strict": ("read_only / /tmp /var/tmp", {}, "/proc/self/fd/"),
    "User=, ProtectSystem=strict, CacheDirectory=": (
        "cache_directory; read_only / /tmp /var/tmp",
        {"PYTHON_CERTIFI_BUNDLE_DIR": "/var/cache/unit"},
        "/var/cache/unit/cacert.pem",
    ),
}
WHO = """
import certifi, os
is_read_only = bool(os.statvfs("/").f_flag & 1)  # ST_RDONLY, which PyPy lacks
print(os.getuid(), os.environ.get("HOME"), is_read_only, certifi.where())
"""
DYNAMIC_USER = 61984  # systemd gives 61184 to 65519


def homes(python: Path) -> str:
    """Return the environment of an interpreter, and the folders that its links lead through."""
    found = [python]
    while found[-1].is_symlink():
        found.append(found[-1].parent / os.readlink(found[-1]))
    return " ".join(sorted({str(each.parent.parent) for each in found if "tmp" in each.parts}))


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_of_systemd(sandbox: Sandbox, url: str, ca_file: Path, unit: str) -> None:
    """As README.md says of units: it verifies without a word, with its CAs and without a HOME."""
    mounts, env, begins = UNITS[unit]
    script = f"set -e\n{UNIT}\n{mounts}\n{START}"
    prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh"]
    prefix += [str(ca_file), str(DYNAMIC_USER), homes(sandbox.environment.python)]
    code = FETCH_BY_URLLIB.format(url=url)
    assert_untrusted(sandbox.run_code(code, env=env, prefix=prefix))
    env = {**env, "PYTHON_CERTIFI_CERT_FILES": "/mnt/ca.pem"}
    assert_fetched(sandbox.run_code(code, env=env, prefix=prefix))
    *who, path = told(sandbox.run_code(WHO, env=env, prefix=prefix))
    assert who == [str(DYNAMIC_USER), "None", str("read_only" in mounts)]
    assert path.startswith(begins)
    assert not os.path.exists(f"/tmp/certifi-system-store-wrapper-{DYNAMIC_USER}")
