"""Makes this interpreter look like Windows to us: what is not there cannot be used by mistake.

Run with the folder of the tests on sys.path, before certifi is imported. Python's own modules
that a program needs have to be there already: they have chosen their side when they were loaded.
"""

from __future__ import annotations

import _signal
import mmap
import os
import pathlib
import signal
import ssl
import sys
from base64 import b64decode
from typing import Callable, Sequence, Tuple

from fakes.crypt32 import Crypt32, Held, enum_certificates, install

# What the library's reference has as "Availability: Unix" (fchmod: on Windows from 3.13 on).
_OF_OS = """
    O_NONBLOCK O_NDELAY O_NOCTTY O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NOATIME O_PATH O_TMPFILE O_SYNC
    O_DSYNC O_RSYNC O_ASYNC O_DIRECT O_LARGEFILE
    fchmod fchown fchdir fdatasync fpathconf pathconf fstatvfs statvfs lockf sync syncfs sysconf
    geteuid getegid getuid getgid getgroups getpgid getpgrp getpriority getresuid getresgid getsid
    setuid setgid seteuid setegid setreuid setregid setresuid setresgid setgroups setsid setpgid
    setpriority initgroups nice uname ctermid ttyname tcgetpgrp tcsetpgrp getloadavg
    fork forkpty openpty register_at_fork posix_spawn posix_spawnp killpg wait wait3 wait4 waitid
    WNOHANG WIFEXITED WEXITSTATUS WIFSIGNALED WTERMSIG
    memfd_create MFD_CLOEXEC eventfd mkfifo mknod major minor makedev chown lchown chroot
    pread preadv pwrite pwritev readv writev pipe2 sendfile splice copy_file_range
    posix_fadvise posix_fallocate set_blocking get_blocking getrandom
    getxattr setxattr listxattr removexattr sched_yield sched_getaffinity sched_setaffinity
    environb getenvb
"""
_OF_SIGNAL = """
    pthread_sigmask pthread_kill sigpending sigwait sigwaitinfo sigtimedwait siginterrupt alarm
    pause setitimer getitimer SIG_BLOCK SIG_UNBLOCK SIG_SETMASK SIGHUP SIGKILL SIGUSR1 SIGUSR2
    SIGALRM SIGCHLD SIGPIPE SIGQUIT SIGSTOP SIGCONT SIGTSTP SIGTTIN SIGTTOU SIGWINCH
"""
_OF_MMAP = "MAP_SHARED MAP_PRIVATE MAP_ANONYMOUS PROT_READ PROT_WRITE PROT_EXEC"
_MODULES = "fcntl posix pwd grp resource termios tty pty crypt syslog readline"


def _refusing_what_is_open(call: Callable[..., None]) -> Callable[..., None]:
    """Windows neither deletes nor renames nor replaces a file that somebody has open.

    The first is how a bundle is held there. Of open files it knows those of this process. It is
    asked at the very end as well, when there are no modules any more.
    """
    listdir, lstat, fstat = os.listdir, os.lstat, os.fstat

    def identity(status: os.stat_result) -> Tuple[int, int]:
        return status.st_dev, status.st_ino

    def refusing(*paths: str) -> None:
        opened = []
        for name in listdir("/proc/self/fd"):
            try:
                opened.append(identity(fstat(int(name))))
            except OSError:  # the one that listed them
                continue
        for path in paths:
            try:
                wanted = identity(lstat(path))
            except FileNotFoundError:
                continue
            if wanted in opened:
                raise PermissionError(13, "The process cannot access the file", path)
        call(*paths)

    return refusing


def pretend(roots: Sequence[str]) -> None:
    """Take away what Windows' Python does not have; its ROOT store has `roots` (DER in base64)."""
    early = [name for name in sys.modules if name.startswith("certifi_system_store_wrapper.")]
    assert early == ["certifi_system_store_wrapper.bootstrap"]  # the rest is yet to choose its side
    library = Crypt32({"ROOT": [Held(b64decode(root)) for root in roots]}, {})
    install(library)
    vars(ssl)["enum_certificates"] = enum_certificates(library)
    gone = ((os, _OF_OS), (signal, _OF_SIGNAL), (_signal, _OF_SIGNAL), (mmap, _OF_MMAP))
    for module, names in gone:
        for name in names.split():
            vars(module).pop(name, None)
    vars(os)["O_BINARY"] = 0  # what Windows alone has
    pathlib.Path.__new__.__globals__["WindowsPath"] = pathlib.PosixPath  # importlib.metadata's
    os.unlink = _refusing_what_is_open(os.unlink)
    os.replace = _refusing_what_is_open(os.replace)
    for absent in _MODULES.split():
        vars(sys)["modules"][absent] = None
    sys.platform, os.name, os.pathsep = "win32", "nt", ";"
