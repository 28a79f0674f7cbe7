"""A container without an engine: a chroot in a mount namespace of its own. As root on Linux."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

BASE = "import sys; print(sys.base_prefix)"
# Arguments: the root folder, the interpreter's own folder, what may be written to, the user, the
# command.
ENTER = """
root=$1 base=$2 mode=$3 user=$4; shift 4
for each in /usr /bin /lib /lib64 /etc /proc /dev "$base"; do
    [ -e "$each" ] || continue
    mkdir -p -m 755 "$root$each" && mount --rbind "$each" "$root$each" || exit 9
done
if [ "$mode" != rw ]; then
    mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" || exit 9
    for each in /usr /bin /lib /lib64 /etc /proc /dev "$base"; do
        [ -e "$each" ] || continue
        mount --rbind "$each" "$root$each" || exit 9
    done
    [ "$mode" = ro ] || mount -t tmpfs -o mode="$mode" tmpfs "$root/tmp" || exit 9
fi
exec chroot --userspec="$user:$user" --groups= "$root" "$@"
"""


def base_of(python: str) -> str:
    """Return the folder of the interpreter itself, which every container sees."""
    done = subprocess.run([python, "-c", BASE], capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip()


def entering(root: Path, base: str, *, mode: str, user: int) -> List[str]:
    """Return a prefix; the mode is "rw" as in a build, "ro", or that of /tmp, else "ro"."""
    return ["unshare", "-m", "sh", "-c", ENTER, "sh", str(root), base, mode, str(user)]
