"""Reads certificate files: each once, regular files only, bounded; and lists folders.

What was looked at is remembered in `inputs`, so that a persistent bundle can tell whether
anything has changed.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Dict, Iterator, List, Optional, Set, Tuple

from . import certificates, ownership
from .certificates import Certificate, Parsed
from .findings import (
    DEBUG,
    DISTRUSTED,
    HELD,
    INFO,
    MALFORMED,
    NAMED,
    NOT_TRUSTED,
    PROVEN,
    WARNING,
    Findings,
)

MAX_BYTES = 32 << 20  # of one file: some 15,000 certificates
MAX_TOTAL = 256 << 20  # of all files together
MAX_FILES = 10_000  # looked at below one folder
MARK = b"# certifi-system-store-wrapper "  # how a bundle of ours begins
_O_SAFE = (
    getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_EXTENSIONS = (".cer", ".crt", ".pem", ".der", ".p7b", ".p7c")

Input = Tuple[str, int, int]  # path, size, modification time in whole seconds; -1: absent


class Unusable(OSError):
    """The file is there, but not one that can be read as certificates."""


class Reader:
    """Reads files for one build, each once."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.inputs: List[Input] = []
        self.known: Set[bytes] = set()
        self.strict: Set[bytes] = set()  # blocks that need no proof, see asn1.is_strict
        self._parsed: Dict[Tuple[int, int], Parsed] = {}
        self._data: Dict[str, bytes] = {}
        self._left = MAX_TOTAL

    def data(self, path: str) -> bytes:
        """Return the bytes of a file that `parse` is about to be asked for, read once."""
        if path not in self._data:
            self._data[path] = read_regular(path, self.stat(path))
        return self._data[path]

    def parse(self, path: str, *, safe: bool = False, proven: bool = False) -> Parsed:
        """Return what the file holds; with `safe` only if nobody else may write to it.

        With `proven` its blocks are taken as they are. Raises OSError; Unusable, which is one,
        for our own bundle and what is no regular file.
        """
        status = self.stat(path)
        key = (status.st_dev, status.st_ino)
        if key not in self._parsed or safe:
            data = self._data.pop(path, None) or read_regular(path, status, safe=safe)
            if data.startswith(MARK):
                raise Unusable(0, "it is a bundle of ours, which is never read back")
            self._left -= len(data)
            if self._left < 0:
                raise Unusable(errno.EFBIG, f"{MAX_TOTAL >> 20} MiB have been read before it")
            self._parsed[key] = self._certificates(data, proven=proven)
        return self._parsed[key]

    def _certificates(self, data: bytes, *, proven: bool) -> Parsed:
        if data in self.known:  # a file with nothing but one known certificate: 145 on Debian
            return Parsed([Certificate(data)], [], [], set())
        parsed = certificates.parse(data, certificates.EVERYTHING if proven else self.known)
        self.known.update([found.block for found in parsed.certificates])
        self.strict.update(parsed.strict)
        return parsed

    def stat(self, path: str) -> os.stat_result:
        """Return os.stat of `path` and remember that it was asked for."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            self.inputs.append((path, -1, -1))
            raise
        size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
        self.inputs.append((path, size, int(status.st_mtime)))
        return status

    def names(self, folder: str) -> List[str]:
        """Return the sorted names in a folder; raises OSError."""
        self.stat(folder)
        return sorted(os.listdir(folder))

    def entries(self, folder: str) -> List[os.DirEntry[str]]:
        """Return what is in a folder, sorted by name, told apart without asking each; OSError."""
        self.stat(folder)
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)


def read_regular(path: str, status: os.stat_result, *, safe: bool = False) -> bytes:
    """Return the bytes of a regular file of at most MAX_BYTES; raises OSError.

    Anything else is not even opened: opening a FIFO would block, or use up what another
    program waits for.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise Unusable(errno.EINVAL, f"it is {kind}; name a file that holds certificates")
    descriptor = os.open(path, os.O_RDONLY | _O_SAFE)
    try:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise Unusable(errno.EINVAL, "it is not a regular file")
        if safe and not ownership.is_safe(now):
            raise Unusable(errno.EPERM, "others may write to it; chmod go-w, and own it")
        return _read_all(descriptor, now.st_size)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    chunks: List[bytes] = []
    total = 0
    while total <= MAX_BYTES >= size:
        wanted = max(size - total, 0) + 1
        chunk = os.read(descriptor, wanted)
        chunks.append(chunk)
        total += len(chunk)
        if len(chunk) < wanted:  # of a regular file: its end
            return chunk if len(chunks) == 1 else b"".join(chunks)
        size = max(size, 2 * total)  # it grew meanwhile
    raise Unusable(errno.EFBIG, f"it is larger than {MAX_BYTES >> 20} MiB")


def add_file(  # noqa: PLR0913 - what to read, how it stands, how strict to be
    findings: Findings, reader: Reader, path: str, standing: str, *, named: bool, safe: bool = False
) -> int:
    """Add what a file holds to the findings; return how many certificates it had.

    With `named` a person pointed at it, so what cannot be used is a warning; a file that was
    merely discovered is passed over more quietly.
    """
    try:
        parsed = reader.parse(path, safe=safe, proven=standing == PROVEN)
    except (OSError, ValueError) as error:
        if named or not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            findings.problem(path, *_unreadable(error, named=named))
        return 0
    for certificate in parsed.certificates:
        _add(findings, certificate, path, standing)
    _report(findings, parsed, path, named=named)
    return len(parsed.certificates)


def _add(
    findings: Findings, certificate: certificates.Certificate, path: str, standing: str
) -> None:
    if certificate.verdict == certificates.PLAIN:
        findings.trust(certificate.block, path, standing)
    elif certificate.verdict == certificates.REJECTED:
        findings.distrust(certificate.block, path)
        findings.exclude(certificate.block, path, DISTRUSTED, path, INFO)
    else:
        findings.exclude(certificate.block, path, NOT_TRUSTED, "TRUSTED block")
        if standing == NAMED:
            message = "a certificate in it is not used: its trust settings are for other purposes"
            findings.problem(path, message)


def _report(findings: Findings, parsed: Parsed, path: str, *, named: bool) -> None:
    for damage in parsed.damage:
        if damage.data:
            findings.exclude(damage.data, path, MALFORMED, f"line {damage.line}: {damage.message}")
    if parsed.damage:
        first, more = parsed.damage[0], len(parsed.damage) - 1
        also = f" (and {more} more)" if more else ""
        findings.problem(
            path, f"line {first.line}: {first.message}{also}; export this certificate again"
        )
    if parsed.private_keys:
        level = WARNING if named else DEBUG
        message = f"line {parsed.private_keys[0]}: a private key stands here; keep it elsewhere"
        findings.problem(path, message + " (only certificates are used)", level)
    if not parsed.certificates and not parsed.damage:
        message = "there is no certificate in it (PEM, DER or PKCS#7)"
        findings.problem(path, message, WARNING if named else INFO)


def _unreadable(error: Exception, *, named: bool) -> Tuple[str, int]:
    if isinstance(error, Unusable) and not error.errno:  # a bundle of ours
        return str(error.strerror), DEBUG
    message = getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileNotFoundError):
        return "the file does not exist", WARNING
    return f"cannot be read: {message}", WARNING if named else INFO


def certificate_files(folder: str, reader: Reader) -> Iterator[str]:
    """Yield the certificate files in a folder, any depth, told by extension or hashed name."""
    pending, seen = [folder], 0
    while pending:
        for entry in reader.entries(pending.pop()):
            seen += 1
            if seen > MAX_FILES:
                raise Unusable(errno.E2BIG, f"it holds more than {MAX_FILES} files")
            if entry.name.lower().endswith(_EXTENSIONS) or is_hashed_name(entry.name):
                yield entry.path
            elif entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)


def is_hashed_name(name: str) -> bool:
    """Whether OpenSSL would look for a certificate under that name (``xxxxxxxx.N``)."""
    head, _, number = name.partition(".")
    return len(head) == 8 and number.isdigit() and _hexadecimal(head)


def _hexadecimal(text: str) -> bool:
    return not text.lower().strip("0123456789abcdef")


def add_hashed(findings: Findings, reader: Reader, folder: str) -> Optional[int]:
    """Add the hashed names of a folder; return how many certificates, None if it is not there."""
    try:
        names = [name for name in reader.names(folder) if is_hashed_name(name)]
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            findings.problem(folder, *_unreadable(error, named=False))
        return None
    if len(names) > MAX_FILES:
        findings.problem(folder, f"it holds more than {MAX_FILES} files: only the first are used")
    paths = [os.path.join(folder, name) for name in names[:MAX_FILES]]
    return sum(add_file(findings, reader, path, HELD, named=False) for path in paths)
