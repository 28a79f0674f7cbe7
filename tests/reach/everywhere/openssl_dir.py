"""Run a command where OpenSSL's compiled-in folder holds nothing, or one bundle only.

    unshare -m PYTHON openssl_dir.py FOLDER BUNDLE|- COMMAND…

So it is with the Pythons that uv installs (their folder is of the machine that built them) and with
conda's (its folder has the list of Mozilla and nothing of the machine's).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def become(folder: str, bundle: str, *command: str) -> None:
    """Become the command, in a mount namespace where the folder looks like that."""
    content = b"" if bundle == "-" else Path(bundle).read_bytes()
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)
    if content:
        Path(folder, "cacert.pem").write_bytes(content)
        Path(folder, "cert.pem").symlink_to("cacert.pem")
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(*sys.argv[1:])
