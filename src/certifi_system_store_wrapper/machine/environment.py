"""Which environment variables count: none of ours in a process with more rights than its caller.

It was started from a program that is setuid, setgid or has file capabilities, by a user who sets
its variables but may not decide what it trusts. secure_getenv(3) is the same rule for C.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Mapping, Optional

# Variables of others that name certificates.
NAMING = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE")
# getauxval(3): the kernel says so itself.
_AT_SECURE = 23
# What people are told of it.
WHY_PRIVILEGED = (
    "this program has more rights than who started it (setuid, setgid or file capabilities): add "
    "CAs to the operating system's store"
)
_NO_RIGHTS = b"CapPrm:\t0000000000000000\n"


def _is_privileged() -> bool:
    if sys.platform == "win32":
        return False
    real = os.getuid(), os.getgid()
    if sys.platform == "linux":
        data = _read("/proc/self/auxv")
        if data is not None:
            words = memoryview(data).cast("L")
            return bool(dict(zip(words[::2], words[1::2])).get(_AT_SECURE))
        # The kernel keeps this file from a process that got rights at its start, and from one that
        # has given up root since.
        status = _read("/proc/self/status")
        if status is not None and real[0] and _NO_RIGHTS not in status:
            return True
    # A daemon that root started and that acts as another user is not meant.
    return real[0] != 0 and real != (os.geteuid(), os.getegid())


def _read(path: str) -> Optional[bytes]:
    try:
        with io.open(path, "rb") as file:  # noqa: UP020 - as certifi: tests replace open
            return file.read()
    except OSError:
        return None


# Asked once, before the process changes its user.
IS_PRIVILEGED = _is_privileged()


def environ() -> Mapping[str, str]:
    """Return the variables that may decide what is trusted, and where it is written."""
    return {} if IS_PRIVILEGED else os.environ


def home() -> str:
    """Return the home folder, which need not exist; "" where it does not count."""
    return "" if IS_PRIVILEGED else os.path.expanduser("~")
