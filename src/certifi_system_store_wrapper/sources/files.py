"""Adds certificate files and folders to findings: what they hold, and what is wrong with them."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import Iterator, List, Optional, Tuple

from ..machine import is_no_name, is_where_made
from ..machine.files import Unusable
from ..machine.signals import interruptible
from ..parsing import KEY_STORES, Parsed, pem
from ..reporting.findings import MALFORMED, NOT_TRUSTED
from ..settings import DEBUG, INFO, WARNING
from .findings import HELD, LISTED, NAMED, PROVEN, Findings
from .reader import OwnBundle, Untrusted

# So many files below one folder are looked at.
MAX_FILES = 10_000
_TOO_MANY = "it holds more than {} files: only the first are used"
_LIST = f": several files are separated by {os.pathsep!r}"
_CONTENT = ": name a file, not what is in it: write it to a file, and name that"
_URL = ": name a file, not a URL: download it, and name that file"
_VARIABLE = ": a variable in it is not replaced"
_PATTERN = ": name the folder, patterns mean nothing here"
_ONE = ": only one file can be named here"
_HINTS = (
    ("-----BEGIN", _CONTENT),
    ("base64***", _CONTENT),
    ("***@", _URL),
    ("http:", _URL),
    ("https:", _URL),
    (",", _LIST),
    ("\n", _LIST),
    ("$", _VARIABLE),
    *([("%", _VARIABLE)] if os.name == "nt" else []),
    ("*", _PATTERN),
    ("?", _PATTERN),
    (f"{os.sep}~", ": there is no home of such a user"),
    (f"~{os.sep}", ": only a shell replaces ~"),
    *[(sign, _ONE if sign == os.pathsep else _LIST) for sign in ";:"],
)
_VERDICTS = {
    pem.REJECTED: "it says itself that it is not to be trusted for TLS servers",
    pem.OTHER_PURPOSE: "its trust settings are for other purposes",
}
# macOS and Emacs put files beside a certificate that have its name, with one of these before it.
_LITTER = ("._", ".#")
_EXTENSIONS = (".cer", ".crt", ".pem", ".der", ".p7b", ".p7c")
# What has these names is not looked into: our own files, what never is a certificate, and what
# somebody took out of use without removing it.
_CODE = (".py", ".pyc")
_OURS = (*_CODE, ".pyi", "py.typed", "readme.txt", "rthooks.dat", ".yml", ".json")
_NO_CERTIFICATES = (".key", ".csr", ".crl")
_PUT_ASIDE = ("~", ".bak", ".old", ".orig", ".off", ".disabled", ".rpmsave", ".dpkg-old")
MISNAMED = "it holds a certificate, but is not used: rename it to end in .pem"
# So many files with other names are looked into, per folder.
MAX_OTHERS = 20


def add_file(findings: Findings, path: str, standing: str, *, named: bool) -> int:
    """Add what a file holds to the findings; return how many certificates it has.

    With `named` a person or a variable named the file, so each fault of it is a warning, and it is
    read whoever owns it. Faults of a file that was only discovered have a lower level.
    """
    try:
        parsed = findings.reader.parse(path, vouched=named, proven=standing == PROVEN)
    except (OSError, ValueError) as error:
        if isinstance(error, OwnBundle):
            # Where we lay one nobody lost anything, unless somebody takes it for a CA's file.
            is_lost = standing == NAMED or not is_where_made(path, findings.reader.bundle_dir)
            findings.unusable(path, str(error.strerror), WARNING if is_lost else DEBUG)
        elif named and standing == HELD and _is_stale_link(path, error):
            findings.unusable(path, "this link leads nowhere", INFO)
        # By a name that counts it has been read: nothing is lost.
        elif not (isinstance(error, Untrusted) and findings.reader.has_parsed(path)):
            report_unreadable(findings, path, error, named=named)
        return 0
    if standing == PROVEN and not parsed.is_plain:
        # Certifi releases no such file: somebody built it anew and stated its digest.
        standing = LISTED
    _add_certificates(findings, parsed, path, standing)
    # A file with several names is reported once, and once more by the name that a person gave.
    told = findings.reader.told
    if told.isdisjoint([(parsed, named), (parsed, True)]):
        _report(findings, parsed, path, named=named)
    told.add((parsed, named))
    return len(parsed.certificates)


def add_named(findings: Findings, parsed: Parsed, path: str) -> None:
    """Add a file that a person put at `path` and that is parsed already."""
    _add_certificates(findings, parsed, path, NAMED)
    _report(findings, parsed, path, named=True)


def _add_certificates(findings: Findings, parsed: Parsed, path: str, standing: str) -> None:
    """Add the certificates. A TRUSTED block may distrust its certificate, or trust it for mail."""
    plain = [block for block, verdict in parsed.certificates if verdict == pem.PLAIN]
    findings.trust_all(plain, path, standing)
    for block, verdict in parsed.certificates if len(plain) < len(parsed.certificates) else ():
        if verdict != pem.PLAIN:
            findings.refuse(block, path, NOT_TRUSTED, "TRUSTED block")
            if standing == NAMED:
                findings.problem(path, f"a certificate in it is not used: {_VERDICTS[verdict]}")
        if verdict == pem.REJECTED:
            findings.distrust(block, path)


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
    report_notes(findings, parsed, path, named=named)
    if parsed.private_keys:
        level = WARNING if named else DEBUG
        message = f"line {parsed.private_keys[0]}: a private key stands here; keep it elsewhere"
        used = "only certificates are used" if parsed.certificates else "there is no certificate"
        findings.problem(path, f"{message} ({used})", level)
    if parsed.instead:
        message = f"there is no certificate in it: {parsed.instead}"
        findings.unusable(path, message, WARNING if named else INFO)


def report_notes(findings: Findings, parsed: Parsed, path: str, *, named: bool) -> None:
    """Report what is odd about the markers in a file."""
    for note, line in parsed.notes.items():
        level = WARNING if note in (pem.WORD_PROCESSOR, pem.MISTYPED) else INFO
        findings.problem(path, f"line {line}: {note}", level if named else DEBUG)


def report_unreadable(
    findings: Findings, path: str, error: Exception, *, named: bool, kind: str = "file"
) -> None:
    """Record why a path cannot be read. It is no problem if a path that nobody named is absent."""
    if isinstance(error, Untrusted):
        report_untrusted(findings, error)
    elif named and isinstance(error, FileNotFoundError) and os.path.islink(path):
        findings.unusable(path, "this link leads nowhere: correct it, or remove it")
    elif named and (isinstance(error, FileNotFoundError) or _is_no_name(error, path)):
        findings.unusable(path, f"the {kind} does not exist{_hint(path)}")
    elif named:
        findings.unusable(path, cannot_be_read(error))
    elif not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        _report_unreadable_store(findings, path, error)


def _is_stale_link(path: str, error: Exception) -> bool:
    """Whether `openssl rehash` made a link there whose file has gone; OpenSSL passes over it."""
    is_nowhere = isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ELOOP)
    return is_nowhere and is_hashed_name(os.path.basename(path))


def _report_unreadable_store(findings: Findings, path: str, error: Exception) -> None:
    """Record why what was discovered cannot be read: a warning if it is a store and is there.

    In a folder that this user may not look into, for example the home of another user, nobody knows
    whether there is one.
    """
    # A store has many files and each many names: what bars the way to it is reported, and once.
    path = _real(path)
    is_there = not isinstance(error, PermissionError) or _is_listed(path)
    message = cannot_be_read(error) if is_there else "this user may not look for a store in it"
    # A folder or device in the place of a file is no store, nor is a ring of links.
    is_none = isinstance(error, OSError) and error.errno in (errno.EINVAL, errno.ELOOP)
    level = WARNING if is_there and not is_none else INFO
    path = first_visible(path)
    if (path, level) not in findings.reader.told_unreadable:
        findings.reader.told_unreadable.add((path, level))
        findings.unusable(path, message, level)


def _real(path: str) -> str:
    """Return what a path leads to: a name of its own for each file, as far as there is one."""
    try:
        return os.path.realpath(path)
    except OSError:
        # On Windows, of a path on a server that has gone.
        return os.path.abspath(path)


def _is_listed(path: str) -> bool:
    """Whether this user may see its name, even if not what it is."""
    try:
        return os.path.basename(path) in os.listdir(os.path.dirname(path))
    except OSError:
        return os.path.exists(path)


def cannot_be_read(error: Exception) -> str:
    """Return that, why, and what helps."""
    remedy = "; let this user read it" if isinstance(error, PermissionError) else ""
    return f"cannot be read: {reason_of(error)}{remedy}"


def first_visible(path: str) -> str:
    """Return the path, or the folder above it into which this user may not look."""
    while not os.path.lexists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def report_untrusted(findings: Findings, error: Untrusted) -> None:
    """Warn of a step that somebody else can change; once, whatever lies behind it.

    Of a file with several names only the first is told: a store of the system and OpenSSL's
    default are often one file.
    """
    told, real = findings.reader.told_untrusted, _real(error.path)
    if real not in told and all(problem.path != error.step for problem in findings.problems):
        findings.problem(error.step, str(error.strerror))
    told.add(real)


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read, if possible in the words of the operating system."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _is_no_name(error: Exception, path: str) -> bool:
    is_ours = isinstance(error, Unusable)
    return isinstance(error, OSError) and not is_ours and is_no_name(error, path)


def _hint(path: str) -> str:
    """Guess what is wrong with a path that does not exist."""
    # On Windows a colon stands behind the drive.
    path = os.path.splitdrive(path)[1]
    if path.count('"') > 1 or path.count("'") > 1:
        return ": leave the quotes out, they are taken for a part of the name"
    return next((hint for sign, hint in _HINTS if sign in path), ": correct the path")


def add_folder(findings: Findings, folder: str, *, deep: bool = True) -> None:
    """Add the certificates in a named folder, with `deep` also those in the folders in it.

    Report a folder without a CA certificate.
    """
    before, first, count = len(findings.problems), len(findings.trusted), 0
    for path in certificate_files(findings, folder, deep=deep):
        count += add_file(findings, path, HELD, named=True)
    if any(problem.level >= WARNING for problem in findings.problems[before:]):
        return
    if not count:
        message = "there is no certificate file in this folder (.cer .crt .pem .der .p7b .p7c)"
        findings.unusable(folder, message)
    elif not any(findings.reader.known.is_ca(found.block) for found in findings.trusted[first:]):
        message = "no certificate in this folder is a CA's: name the file itself to trust it"
        findings.problem(folder, message)


def misnamed_files(findings: Findings, folder: str, others: List[str]) -> Iterator[Tuple[str, str]]:
    """Yield which `others` in the folder hold a certificate that is not used, and why not."""
    if len(others) > MAX_OTHERS:
        message = f"{len(others)} files in it are not named as certificates: they are not opened"
        findings.problem(folder, message, INFO)
        return
    for path in others:
        parsed = findings.reader.parse_start(path)
        if parsed.certificates:
            yield path, MISNAMED
        elif parsed.instead in KEY_STORES:
            yield path, parsed.instead


def certificate_files(
    findings: Findings, folder: str, others: Optional[List[str]] = None, *, deep: bool = True
) -> Iterator[str]:
    """Yield the certificate files below a folder; the extension or a hashed name tells them.

    Symbolic links are followed, but no folder is searched twice. Files that may be certificates
    under other names are added to `others`.
    """
    pending, looked, seen = [folder], set(), 0
    while pending:
        here = pending.pop()
        real = _real(here)
        entries = [] if real in looked else _entries(findings, here, named=True)
        looked.add(real)
        for entry in entries:
            seen += 1
            if seen > MAX_FILES:
                findings.problem(folder, _TOO_MANY.format(MAX_FILES))
                return
            if _is_code(entry):
                continue
            if _is_folder(findings, entry):
                pending += [entry.path] if deep and entry.name != "__pycache__" else []
            elif entry.name.startswith(_LITTER):
                continue
            elif is_certificate_name(entry.name):
                yield entry.path
            elif others is not None and _may_be_misnamed(entry.name.lower()):
                others.append(entry.path)


def _is_code(entry: os.DirEntry[str]) -> bool:
    """Whether it is Python's, as the drop folder has more than a hundred; each stat() costs."""
    with suppress(OSError):
        return entry.name.endswith(_CODE) and entry.is_file(follow_symlinks=False)
    return False


def _is_folder(findings: Findings, entry: os.DirEntry[str]) -> bool:
    """Whether it is one, or may be one on a server that is away: who looks into it hears of that.

    Not entry.is_dir(), which takes the word of a listing, and some networks' have no types.
    """
    try:
        # What a link leads to may come and go, and the folder that has the link does not show it.
        look = findings.reader.stat if entry.is_symlink() else _status
        return stat.S_ISDIR(look(entry.path).st_mode)
    except OSError as error:
        # So does who reads what has the name of a certificate. Links may lead nowhere, or to a key.
        is_nowhere = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
        may_be_one = _may_be_misnamed(entry.name.lower()) and not is_certificate_name(entry.name)
        return may_be_one and not is_nowhere


def _status(path: str) -> os.stat_result:
    return interruptible(os.stat, path)


def _entries(findings: Findings, folder: str, *, named: bool) -> List[os.DirEntry[str]]:
    """Return what is in a folder, sorted by name; nothing if it cannot be read."""
    try:
        return findings.reader.entries(folder, vouched=named)
    except OSError as error:
        report_unreadable(findings, folder, error, named=named, kind="folder")
        return []


def is_certificate_name(name: str) -> bool:
    """Whether a file of that name in a folder of certificates is read."""
    return name.lower().endswith(_EXTENSIONS) or is_hashed_name(name)


def may_hold_certificates(name: str) -> bool:
    """Whether a file of that name may hold certificates, also if it is not read for its name."""
    return is_certificate_name(name) or _may_be_misnamed(name.lower())


def _may_be_misnamed(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(_OURS + _NO_CERTIFICATES + _PUT_ASIDE)


def is_hashed_name(name: str) -> bool:
    """Whether OpenSSL would look for a certificate under that name (``xxxxxxxx.N``)."""
    number = name[9:].isdigit() and name[8] == "."
    return number and not name[:8].lower().strip("0123456789abcdef")


def add_hashed(findings: Findings, folder: str) -> int:
    """Add the files with hashed names in a folder; return how many certificates they have."""
    entries = _entries(findings, folder, named=False)
    paths = [entry.path for entry in entries if is_hashed_name(entry.name)]
    if len(paths) > MAX_FILES:
        findings.problem(folder, _TOO_MANY.format(MAX_FILES))
    count = 0
    for path in paths[:MAX_FILES]:
        block = findings.reader.known_block(path)
        if block is None:
            count += add_file(findings, path, HELD, named=False)
        elif block:
            findings.trust(block, path, HELD)
            count += 1
    return count
