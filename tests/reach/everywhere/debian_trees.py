"""Trees of other Debian suites: made with mmdebstrap, entered in a mount namespace.

Needs root on Debian or a relative, and mmdebstrap (apt-get install mmdebstrap). What is entered
sees the network, pip's configuration and the cache as they are outside, and writes only to the
cache: this machine's store is shown read-only.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, Sequence

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
BASE = "ca-certificates,openssl,mount,util-linux,python3-venv"
TOOLS = "curl,git,nodejs,systemd"  # without them single tests are skipped
# Seen from within the tree as they are outside, so that pip finds its way from there too.
STORE = ("/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
SHOWN = (*STORE, "/etc/pip.conf", "/etc/xdg/pip", "/etc/resolv.conf", "/etc/hosts")


def tree(cache: Path, suite: str, packages: Sequence[str]) -> Path:
    """Return a tree of that suite with what it has of these packages; raises OSError."""
    folder, unfinished, made = (cache / f"{suite}{end}" for end in ("", ".unfinished", ".made"))
    command = _mmdebstrap(suite, unfinished, packages)
    if made.exists() and made.read_text() == shlex.join(command):
        return folder
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        message = "a tree of another Debian needs root and mmdebstrap (apt-get install mmdebstrap)"
        raise OSError(message)
    for old in (folder, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    with (cache / f"{suite}.log").open("w") as log:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    unfinished.rename(folder)
    made.write_text(shlex.join(command))
    return folder


def _mmdebstrap(suite: str, to: Path, packages: Sequence[str]) -> List[str]:
    install = 'chroot "$1" apt-get -qq -y --no-install-recommends install'
    command = [
        "mmdebstrap",
        "--mode=root",
        "--quiet",
        "--variant=minbase",
        f"--include={BASE},{TOOLS}",
    ]
    command += ['--aptopt=Acquire::Check-Valid-Until "false"']  # a mirror may be a snapshot
    command += ['--aptopt=Acquire::Languages "none"']
    if packages:
        command += [f"--customize-hook={install} " + " ".join(f"'{each}'" for each in packages)]
    return [*command, suite, str(to), f"deb [signed-by={KEYS}] {mirror()} {suite} main"]


def mirror() -> str:
    """Return where apt gets this machine's own packages from; raises OSError."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)\t$(ORIGIN)\t$(LABEL)"]
    for line in subprocess.check_output(command, encoding="utf-8").splitlines():
        address, origin, label = line.split("\t")
        if (origin, label) == ("Debian", "Debian"):
            return address
    message = "apt knows no Debian mirror: run apt-get update"
    raise OSError(message)


def source(work: Path, suite: str, package: str) -> Path:
    """Return the unpacked source of a package."""
    apt = own_apt(work, "deb-src", suite)
    subprocess.run([*apt, "source", "--download-only", package], cwd=work, check=True)
    (archive,) = work.glob("*.orig.tar.xz")
    (work / "source").mkdir()
    subprocess.run(
        ["tar", "-xf", archive, "-C", work / "source", "--strip-components=1"], check=True
    )
    return work / "source"


def contents(work: Path, suite: str, packages: Sequence[str]) -> Path:
    """Return a folder with what these packages would install."""
    subprocess.run([*own_apt(work, "deb", suite), "download", *packages], cwd=work, check=True)
    for archive in work.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, work / "contents"], check=True)
    return work / "contents"


def own_apt(work: Path, kind: str, suite: str) -> List[str]:
    """Return the beginning of a command of apt that knows this suite and leaves its lists alone."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "list").write_text(f"{kind} [signed-by={KEYS}] {mirror()} {suite} main\n")
    settings = {
        "Dir::Etc::sourcelist": work / "list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Check-Valid-Until": "false",  # a mirror may be a snapshot
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in settings.items())]
    subprocess.run([*apt, "update"], cwd=work, check=True)
    return apt


def entering(root: Path, cache: Path) -> List[str]:
    """Return the beginning of a command that is to run in the tree."""
    me = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
    return ["unshare", "-m", *me, str(root), str(cache)]


def become(root: str, cache: str, *command: str) -> None:
    """Become the command in the tree, with this machine's network and pip set up for it."""

    def mount(*arguments: str) -> None:
        subprocess.run(["mount", *arguments], check=True)

    here = os.getcwd()
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("--rbind", "/dev", f"{root}/dev")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{root}/tmp")
    for path in (*SHOWN, cache):
        if os.path.isdir(path):
            os.makedirs(root + path, exist_ok=True)
            mount("--bind", os.path.realpath(path), root + path)
            if path != cache:
                # Debian's certifi names the store itself, which is this machine's.
                mount("-o", "remount,bind,ro", root + path)
        elif os.path.exists(path):  # a copy, which an overlay of /etc shows too
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            shutil.copyfile(path, root + path)
    # No chroot: within one nobody may make a user namespace.
    subprocess.run(["pivot_root", root, f"{root}/mnt"], check=True)
    subprocess.run(["umount", "--lazy", "/mnt"], check=True)
    os.chdir(here if os.path.isdir(here) else "/")
    os.environ.update(PATH="/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin", HOME="/root")
    os.environ.update(TMPDIR="/tmp", LANG="C.UTF-8")
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(*sys.argv[1:])
