"""Makes this interpreter look like Windows to us: what is not there cannot be used by mistake.

Run with the folder of the tests on sys.path, before certifi is imported. Python's own modules
that a program needs have to be there already: they have chosen their side when they were loaded.
"""

from __future__ import annotations

import mmap
import os
import signal
import ssl
import sys
from base64 import b64decode
from typing import Callable, Sequence

from fakes.crypt32 import Crypt32, Held, install
from fakes.windows_probe import enum_certificates

_OF_OS = """
    O_NONBLOCK O_NOCTTY O_CLOEXEC O_DIRECTORY O_NOFOLLOW fchmod geteuid getegid getuid getgid
    fork register_at_fork memfd_create pread mkfifo chown lchown killpg setsid
"""
_OF_SIGNAL = "pthread_sigmask SIG_BLOCK SIG_UNBLOCK SIG_SETMASK SIGHUP SIGUSR1 SIGALRM"
_OF_MMAP = "MAP_SHARED MAP_PRIVATE PROT_READ PROT_WRITE"
_MODULES = "fcntl posix pwd grp resource termios"


def _refusing_what_is_open(unlink: Callable[[str], None]) -> Callable[[str], None]:
    """Windows does not delete a file that somebody has open: that is how a bundle is held there.

    Of open files it knows those of this process.
    """

    def refusing(path: str) -> None:
        wanted = os.lstat(path)
        if any(_is_open_as(int(name), wanted) for name in os.listdir("/proc/self/fd")):
            raise PermissionError(13, "The process cannot access the file", path)
        unlink(path)

    return refusing


def _is_open_as(descriptor: int, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), wanted)
    except OSError:  # the one that listed them
        return False


def pretend(roots: Sequence[str]) -> None:
    """Take away what Windows' Python does not have; its ROOT store has `roots` (DER in base64)."""
    library = Crypt32({"ROOT": [Held(b64decode(root)) for root in roots]}, {})
    install(library)
    vars(ssl)["enum_certificates"] = enum_certificates(library)
    for module, names in ((os, _OF_OS), (signal, _OF_SIGNAL), (mmap, _OF_MMAP)):
        for name in names.split():
            vars(module).pop(name, None)
    os.unlink = _refusing_what_is_open(os.unlink)
    for absent in _MODULES.split():
        vars(sys)["modules"][absent] = None
    sys.platform, os.name, os.pathsep = "win32", "nt", ";"
