"""Certificate files and folders into findings: what they hold, and what is wrong with them."""

from __future__ import annotations

import os
from typing import Iterator, List, Set, Tuple

from ..machine import NAME
from ..parsing import Parsed, pem
from ..reporting.findings import MALFORMED, NOT_TRUSTED
from ..settings import DEBUG, INFO, WARNING
from .findings import HELD, NAMED, PROVEN, Findings
from .reader import Identity, OwnBundle, identity

MAX_FILES = 10_000  # looked at below one folder
_LIST = f": several files are separated by {os.pathsep!r}"
_HINTS = (
    ("-----BEGIN", ": name a file, not what is in it"),
    ("***@", ": name a file, not a URL"),
    (",", _LIST),
    (";", _LIST),
    ("\n", _LIST),
    ("$", ": a variable in it is not replaced"),
    ("*", ": name the folder, patterns mean nothing here"),
    ("/~", ": there is no home of such a user"),
    ("~/", ": only a shell replaces ~"),
    (os.pathsep, ": only one file can be named here"),
)
_LITTER = ("._", ".#")  # what macOS and Emacs leave beside a file, under its name
_EXTENSIONS = (".cer", ".crt", ".pem", ".der", ".p7b", ".p7c")


def add_file(
    findings: Findings, path: str, standing: str, *, named: bool, safe: bool = False
) -> int:
    """Add what a file holds to the findings; return how many certificates it had.

    With `named` a person pointed at it, so what cannot be used is a warning; a file that was
    merely discovered is passed over more quietly.
    """
    try:
        parsed = findings.reader.parse(path, safe=safe, proven=standing == PROVEN)
    except (OSError, ValueError) as error:
        if named or not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            findings.unusable(path, *_unreadable(path, error, named=named))
        return 0
    _add_certificates(findings, parsed, path, standing)
    if findings.reader.is_news(parsed, named=named):
        _report(findings, parsed, path, named=named)
    return len(parsed.certificates)


def add_named(findings: Findings, parsed: Parsed, path: str) -> None:
    """Add what a person has put into `path`, parsed before, and what is wrong with it."""
    _add_certificates(findings, parsed, path, NAMED)
    _report(findings, parsed, path, named=True)


def _add_certificates(findings: Findings, parsed: Parsed, path: str, standing: str) -> None:
    plain = [block for block, verdict in parsed.certificates if verdict == pem.PLAIN]
    findings.trust_all(plain, path, standing)
    if len(plain) < len(parsed.certificates):
        for certificate in parsed.certificates:
            _add_verdict(findings, certificate, path, standing)


def _add_verdict(
    findings: Findings, certificate: pem.Certificate, path: str, standing: str
) -> None:
    """Add what a TRUSTED block says, unless it trusts the certificate."""
    if certificate.verdict == pem.PLAIN:
        return
    findings.refuse(certificate.block, path, NOT_TRUSTED, "TRUSTED block")
    if certificate.verdict == pem.REJECTED:
        findings.distrust(certificate.block, path)
        if standing == NAMED:
            message = "a certificate in it is not used: it says itself that it is not to be trusted"
            findings.problem(path, f"{message} for TLS servers")
    elif standing == NAMED:
        message = "a certificate in it is not used: its trust settings are for other purposes"
        findings.problem(path, message)


def _report(findings: Findings, parsed: Parsed, path: str, *, named: bool) -> None:
    for damage in parsed.damage:
        if damage.data:
            findings.refuse(damage.data, path, MALFORMED, f"line {damage.line}: {damage.message}")
    if parsed.damage:
        first, more = parsed.damage[0], len(parsed.damage) - 1
        also = f" (and {more} more)" if more else ""
        findings.unusable(
            path, f"line {first.line}: {first.message}{also}; export this certificate again"
        )
    if parsed.private_keys:
        level = WARNING if named else DEBUG
        message = f"line {parsed.private_keys[0]}: a private key stands here; keep it elsewhere"
        used = "only certificates are used" if parsed.certificates else "there is no certificate"
        findings.problem(path, f"{message} ({used})", level)
    if parsed.instead:
        message = f"there is no certificate in it: {parsed.instead}"
        findings.unusable(path, message, WARNING if named else INFO)


def _unreadable(path: str, error: Exception, *, named: bool) -> Tuple[str, int]:
    if isinstance(error, OwnBundle):
        is_copy = named and os.path.basename(os.path.realpath(path)) != NAME
        return str(error.strerror), WARNING if is_copy else DEBUG
    if isinstance(error, FileNotFoundError):
        return f"the file does not exist{_hint(path)}", WARNING
    return _cannot_be_read(error), WARNING if named else INFO


def _cannot_be_read(error: Exception) -> str:
    remedy = "; let this user read it" if isinstance(error, PermissionError) else ""
    return f"cannot be read: {reason_of(error)}{remedy}"


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read, in the words of the operating system if it has any."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _hint(path: str) -> str:
    """Return what may be wrong with a path that does not exist."""
    if path.count('"') > 1 or path.count("'") > 1:
        return ": leave the quotes out, they are taken for a part of the name"
    return next((hint for sign, hint in _HINTS if sign in path), "")


def add_folder(findings: Findings, folder: str) -> None:
    """Add what a named folder holds; one without a CA certificate is a problem."""
    before, first, count = len(findings.problems), len(findings.trusted), 0
    for path in certificate_files(findings, folder):
        count += add_file(findings, path, HELD, named=True)
    if len(findings.problems) > before:
        return
    if not count:
        message = "there is no certificate file in this folder (.cer .crt .pem .der .p7b .p7c)"
        findings.unusable(folder, message)
    elif not any(findings.reader.known.is_ca(found.block) for found in findings.trusted[first:]):
        message = "no certificate in this folder is a CA's: name the file itself to trust it"
        findings.problem(folder, message)


def certificate_files(findings: Findings, folder: str) -> Iterator[str]:
    """Yield the certificate files in a folder, any depth, told by extension or hashed name.

    Symbolic links are followed, but no folder is looked through twice.
    """
    pending, seen = [folder], 0
    looked: Set[Identity] = set()
    while pending:
        for entry in _entries(findings, pending.pop(), looked):
            seen += 1
            if seen > MAX_FILES:
                message = f"it holds more than {MAX_FILES} files: only the first are used"
                findings.problem(folder, message)
                return
            if entry.name.startswith(_LITTER):
                continue
            if _is_folder(entry):
                pending += [entry.path] if entry.name != "__pycache__" else []
            elif entry.name.lower().endswith(_EXTENSIONS) or is_hashed_name(entry.name):
                yield entry.path


def _entries(findings: Findings, folder: str, looked: Set[Identity]) -> List[os.DirEntry[str]]:
    """Return what is in a folder, sorted by name; nothing if it has been looked through."""
    try:
        one = identity(folder, findings.reader.stat(folder))
        if one in looked:
            return []
        looked.add(one)
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        findings.unusable(folder, "it does not exist" if missing else _cannot_be_read(error))
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a ring of links
        return False


def is_hashed_name(name: str) -> bool:
    """Whether OpenSSL would look for a certificate under that name (``xxxxxxxx.N``)."""
    return name[8:9] == "." and name[9:].isdigit() and _hexadecimal(name[:8])


def _hexadecimal(text: str) -> bool:
    return not text.lower().strip("0123456789abcdef")


def add_hashed(findings: Findings, folder: str) -> int:
    """Add the hashed names of a folder; return how many certificates they had."""
    try:
        names = [name for name in findings.reader.names(folder) if is_hashed_name(name)]
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            findings.problem(folder, *_unreadable(folder, error, named=False))
        return 0
    if len(names) > MAX_FILES:
        findings.problem(folder, f"it holds more than {MAX_FILES} files: only the first are used")
    count = 0
    for name in names[:MAX_FILES]:
        path = f"{folder}/{name}"
        block = findings.reader.known_block(path)
        if block is None:
            count += add_file(findings, path, HELD, named=False)
        else:
            findings.trust(block, path, HELD)
            count += 1
    return count
