"""Every call of the system fails once: what is answered, what is told, and what is left behind.

It runs with faults.c preloaded. A fork does what WHAT names once, with no fault, and notes its
calls. Then, for every EVERYth of them and each error that it may have, a fork does it with that
fault, or is killed before the call; after it another fork without faults has to find all in order.

    PYTHON tests/e2e/lifetime/faults.py where 1; sort $HOME/told | uniq -c

test_faults.py shows how it is started: in a home, a temp folder and with a CA of its own.
"""

from __future__ import annotations

import errno
import os
import shutil
import ssl
import subprocess
import sys
import traceback
from contextlib import suppress

# What certifi, wrapt and ours import of Python itself: once, and not in each fork.
for name in ("asyncio", "importlib.metadata", "inspect", "json", "logging", "tempfile"):
    with suppress(ImportError):
        __import__(name)
WHAT, EVERY = sys.argv[1], int(sys.argv[2])
HOME, TMP = os.environ["HOME"], os.environ["TMPDIR"]
# Where no fault is made.
HERE = os.getcwd()
CALLS, SAID, FAILURE = f"{HERE}/calls", f"{HERE}/said", f"{HERE}/failure"
ADDED, EXPORTED = f"{HOME}/.config", f"{HOME}/exported.pem"
os.environ["FAULTS_LOG"] = CALLS
PACKAGE = "certifi_system_store_wrapper"
SHORT, KILL, NONE = -1, -9, 0
COMMON = ["EIO", "EACCES", "ENOMEM"]
ERRORS = {
    "open": ["EIO", "EMFILE", "EACCES", "ENOSPC", "EINTR"],
    "opendir": ["EIO", "EMFILE", "EACCES"],
    "readdir": ["EIO"],
    "read": ["EIO", "EINTR", SHORT],
    "pread": ["EIO", SHORT],
    "write": ["EIO", "ENOSPC", "EINTR", SHORT],
    "fstat": ["EIO"],
    "fsync": ["EIO"],
    "flock": ["EIO", "ENOLCK", "EINTR"],
    "fcntl": ["EMFILE"],
    "fchmod": ["EIO", "EPERM"],
    "memfd_create": ["EMFILE", "ENOSYS", "ENOMEM"],
    "mmap": ["ENOMEM"],
    "mkdir": ["ENOSPC", "EACCES"],
    "rename": ["EIO", "ENOSPC", "EACCES"],
}
TRANSIENT = ("EINTR", SHORT, KILL)


def application():
    """Do what WHAT names, and return the text that is answered, if certifi is asked."""
    if WHAT in ("add", "remove", "export"):
        from certifi_system_store_wrapper import commands

        options = {"add": ["ca.pem"], "remove": sys.argv[3:], "export": ["-o", EXPORTED]}
        status = commands.main([WHAT, *options[WHAT]])
        sys.stdout.flush()
        os.access("/faults/pause", os.F_OK)
        assert done() if status == 0 else read(SAID), f"status {status}"
        return None
    import certifi

    if WHAT == "import":
        return answer(certifi)
    certifi.where()
    if WHAT == "heal":
        path = certifi.where()
        # Where a fault came before, it is certifi's own file.
        if not path.endswith("/certifi/cacert.pem"):
            quietly(os.unlink, path)
        certifi.where()
    elif WHAT == "refresh":
        import certifi_system_store_wrapper as ours

        ours.refresh()
    elif WHAT == "contents":
        return certifi.contents()
    return answer(certifi)


def answer(certifi):
    os.access("/faults/pause", os.F_OK)
    with open(certifi.where(), encoding="ascii", errors="replace") as file:
        text = file.read()
    assert text == certifi.contents()
    os.access("/faults/resume", os.F_OK)
    return text


def done():
    """Whether the command has done what it says."""
    if WHAT == "export":
        return read(EXPORTED).endswith("-----END CERTIFICATE-----\n")
    return len(files(ADDED)) == (WHAT == "add")


def files(folder):
    return [os.path.join(each, name) for each, _, names in os.walk(folder) for name in names]


def quietly(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass


def problem(text, whole):
    """Return what is wrong with an answer, or nothing."""
    if text is None or anchors(text) == anchors(whole):
        return ""
    with open(SAID, encoding="utf-8") as file:
        said = file.read()
    if not said:
        return f"{text.count('END CERTIFICATE')} certificates, and nothing is told"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=text)
    count = context.cert_store_stats()["x509"]
    return "" if count == text.count("END CERTIFICATE") else f"only {count} of it load"


def anchors(text):
    return sorted(text[text.find("-----BEGIN") :].split("-----BEGIN"))


def forked(number, error, always, whole):
    """Do it in a fork with that fault; return its status and what was wrong."""
    for path in (FAILURE, EXPORTED, CALLS):
        quietly(os.unlink, path)
    pid = os.fork()
    if pid:
        status = os.waitpid(pid, 0)[1]
        if os.path.exists(FAILURE):
            with open(FAILURE, encoding="utf-8") as file:
                return status, file.read()
        return status, ""
    said = os.open(SAID, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND)
    os.dup2(said, 2)
    os.dup2(said, 1)
    os.access(f"/faults/{number}/{error}/{always}", os.F_OK)
    wrong = ""
    try:
        text = application()
        os.access("/faults/pause", os.F_OK)
        wrong = problem(text, whole) if whole else ""
    except BaseException:  # noqa: BLE001 - whatever it is, it is told
        os.access("/faults/pause", os.F_OK)
        text, wrong = None, traceback.format_exc()
        # Plain certifi raises, too, where its own file cannot be read any more.
        if "/certifi/core.py" in wrong and read(SAID):
            wrong = ""
    if wrong or not whole:
        with open(FAILURE, "w", encoding="utf-8") as file:
            file.write(wrong or text or "")
    os.access("/faults/resume", os.F_OK)
    return None


def sweep():
    """Return what went wrong, if anything, for each fault; in a fork that is to go on: None."""
    if WHAT == "remove":
        status = subprocess.call([sys.executable, "-m", PACKAGE, "add", "ca.pem"], stdout=-3)
        assert status == 0
        shutil.copytree(ADDED, f"{HOME}/added")
        sys.argv[3:] = map(os.path.basename, files(ADDED))
    first = forked(0, NONE, 0, "")
    if first is None:
        return
    whole = first[1]
    with open(CALLS, encoding="utf-8") as file:
        calls = file.read().splitlines()
    for number, call, kind, always in list(faults(calls))[EVERY // 2 :: EVERY]:
        error = kind if isinstance(kind, int) else getattr(errno, kind)
        if WHAT == "remove":
            shutil.copytree(f"{HOME}/added", ADDED, dirs_exist_ok=True)
        ended = forked(number, error, always, whole or "-")
        if ended is None:
            return
        said, (status, wrong) = read(SAID), ended
        if kind == KILL and not status:
            # It had fewer calls than the first: what is older than two seconds is looked at once.
            continue
        if status != (9 if kind == KILL else 0) and not wrong:
            wrong = f"status {status}"
        after = forked(0, NONE, 0, whole or "-")
        if after is None:
            return
        wrong += after[1] and f"the next process: {after[1]}"
        wrong += leftovers()
        where = call.replace(TMP, "TMP").replace(HOME, "HOME")
        tell(f"{where} {kind} {always}: {wrong} {said[-300:]!r}" if wrong else "good")


def faults(calls):
    """Yield the number of the call, the call, its error, and whether that stays."""
    for number, call in enumerate(calls, 1):
        # Of many such calls in a row, as of readdir, the first and the last are enough.
        if [call] * 3 == calls[number - 2 : number + 1]:
            continue
        for kind in [KILL, *ERRORS.get(call.split()[0], COMMON)]:
            for always in (0,) if kind in TRANSIENT else (0, 1):
                yield number, call, kind, always


def leftovers():
    """Remove what is left, and return what should not be there."""
    kept = [path for path in files(f"{HOME}/kept") if os.path.basename(path) != "cacert.pem"]
    left = files(TMP) + kept
    left += files(ADDED) if WHAT == "remove" else [p for p in files(ADDED) if p[-4:] != ".pem"]
    for folder in (TMP, ADDED, f"{HOME}/kept"):
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(TMP, exist_ok=True)
    return f"left: {left}" if left else ""


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def tell(line):
    with open(f"{HOME}/told", "a", encoding="utf-8") as file:
        file.write(" ".join(line.split()) + "\n")


sweep()
