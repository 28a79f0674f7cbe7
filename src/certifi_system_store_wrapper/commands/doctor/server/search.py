"""Looks on this machine for the certificate that a server's chain lacks, and proves what it finds.

Any program may have been told of the CA before. Nothing that it was told is believed: a file
counts only if others cannot write to it, and if a second handshake succeeds with what it holds.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from glob import escape, iglob
from itertools import islice
from typing import Iterator, List, NamedTuple, Sequence, Tuple

from ....machine import drop_folders
from ....machine.files import from_here
from ....parsing import pem, x509
from ....settings import Settings
from ....sources.files import MISNAMED, is_certificate_name, may_hold_certificates
from ....sources.reader import Reader
from ....sources.system.unix import DEBIAN_CONF, DEBIAN_STORE
from ....sources.system.unix_local import ANCHORS, DEBIAN
from ... import drop_folder, variables
from ...interpreters import text
from ...places import Places
from ...trusts.environment import READERS
from .chain import Link, View, is_key, link

_DEBIAN_ENDING = ".crt"
# The command that takes what lies there into the store; that of the others is update-ca-trust.
_COMMANDS = {"/etc/pki/trust/": "update-ca-certificates", "/usr/local/": "certctl rehash"}
# Variables of other programs that name certificates: whatever reads them, the file may be the one.
_OTHERS_VARIABLES = (
    *READERS, "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "NIX_SSL_CERT_FILE", "CARGO_HTTP_CAINFO",
    "DENO_CERT", "npm_config_cafile", "NPM_CONFIG_CAFILE", "PGSSLROOTCERT", "CONDA_SSL_VERIFY",
    "BUNDLE_SSL_CA_CERT", "CODEX_CA_CERTIFICATE",
)  # fmt: skip
# Settings of other programs that name certificates: the files, and the word before the path.
_OTHERS_SETTINGS = (
    (
        (
            *("/etc/gitconfig", "~/.gitconfig", "~/.config/git/config", ".git/config"),
            *("$XDG_CONFIG_HOME/git/config", "$GIT_CONFIG_GLOBAL"),
        ),
        r"sslCA(?:Info|Path)\s*=",
    ),
    (
        (
            *("/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc", "~/.npmrc", ".npmrc"),
            *("$NPM_CONFIG_USERCONFIG", "$npm_config_userconfig"),
        ),
        r"cafile\s*=",
    ),
    (
        ("~/.config/gcloud/configurations/config_*", "$CLOUDSDK_CONFIG/configurations/config_*"),
        r"custom_ca_certs_file\s*=",
    ),
    (("~/.aws/config",), r"ca_bundle\s*="),
    (("~/.condarc", "~/.conda/.condarc", "/etc/conda/.condarc"), r"ssl_verify\s*:"),
    (
        ("$PIP_CONFIG_FILE", "~/.pip/pip.conf", "~/.config/pip/pip.conf", "/etc/pip.conf"),
        r"cert\s*[=:]",
    ),
    (("~/.config/pypoetry/config.toml", "~/.config/pypoetry/auth.toml"), r"cert\s*="),
    (("~/.curlrc",), r"(?:--)?cacert[ \t=]"),
    (("~/.wgetrc", "/etc/wgetrc"), r"ca_certificate\s*="),
)
# What stands before the word: another word, or in git's settings the section in the same line.
_BEFORE = r"(?im)^[ \t]*(?:\[[^]\n]*\])?[ \t\w.-]*"
# The section that has git read another file, and so many of these are read.
_INCLUDE, _MAX_INCLUDED = (
    re.compile(r"(?im)^[ \t]*\[include[^]\n]*\]\s*path\s*=\s*(.+?)[ \t\r]*$"),
    20,
)
# Where people keep the environment of a project, and an environment the drop folders of a package.
_OF_A_PROJECT = (".venv", "venv", "env")
_DROP_FOLDERS = ("certifi_system", "certifi_system_store_wrapper")
_SITE = os.path.join(*(["Lib"] if os.name == "nt" else ["lib", "*"]), "site-packages")
# So many files of one folder are looked at, so many environments, and so many files are tried.
_MAX_FILES, _MAX_ENVIRONMENTS, _MAX_TRIES = 500, 100, 5

# A path, and what to do if the certificate lies there; "" stands for `add`.
Place = Tuple[str, str]


class Found(NamedTuple):
    """A file with the issuer's certificate, proven by a handshake, and what to do with it."""

    path: str
    issuer: Link
    remedy: str


class _Candidate(NamedTuple):
    path: str
    remedy: str
    issuer: Link
    blocks: List[bytes]


def find(view: View) -> Iterator[Found]:
    """Yield the best file that makes the chain verify, if there is one."""
    candidates = sorted(_candidates(view), key=lambda each: len(each.blocks))
    anchors = [anchor.block for anchor in view.built.anchors]
    for one in candidates[:_MAX_TRIES]:
        if view.verifies([*anchors, *one.blocks]):
            adding = drop_folder.remedy(one.path, one.issuer.der, len(one.blocks))
            yield Found(one.path, one.issuer, one.remedy or adding)
            return


def _candidates(view: View) -> Iterator[_Candidate]:
    """Yield each file that holds a certificate with the name and the key of the issuer."""
    if not view.path or not view.path[-1].issuer_der:
        return
    last, reader, seen = view.path[-1], Reader(), set()
    for path, remedy in _places(reader, view):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        # What others may write to is not read, nor are FIFOs and what is too long.
        with suppress(OSError, ValueError):
            found = [each.block for each in reader.parse(path).certificates]
            issuers = map(link, _named(found, last.issuer_der))
            fitting = [one for one in issuers if is_key(one, last)]
            if fitting:
                yield _Candidate(path, remedy, fitting[0], found)


def _named(blocks: Sequence[bytes], subject: bytes) -> Iterator[bytes]:
    for der in map(pem.der_of, blocks):
        with suppress(ValueError, IndexError):
            if x509.subject(der) == subject:
                yield der


def _places(reader: Reader, view: View) -> Iterator[Place]:
    """Yield every file in which the certificate may lie."""
    yield from _in_store(reader)
    yield from _meant(view.settings)
    tried = [root.path for each in view.tried for root in each.trust.roots if root.path]
    for path in (*tried, *_named_by_others()):
        for file in _files(reader, path):
            yield file, ""
    for folder in drop_folders():
        for file in _files(reader, folder):
            is_named = is_certificate_name(os.path.basename(file))
            yield file, "leave python -I out" if is_named else MISNAMED.partition(": ")[2]
    for folder in _others_drop_folders():
        for file in _files(reader, folder):
            yield file, ""


def _in_store(reader: Reader) -> Iterator[Place]:
    """Yield what an administrator put beside the store, and what its tool has not taken from it."""
    run = "update-ca-certificates"
    for path in _files(reader, DEBIAN):
        renamed = "" if path.endswith(_DEBIAN_ENDING) else f"rename it to end in {_DEBIAN_ENDING}, "
        first = _written_as_pem(reader, path) + renamed
        yield path, f"{first}{'and run' if first else 'run'} {run} as root"
    listed = text(DEBIAN_CONF).splitlines()
    for path in _files(reader, DEBIAN_STORE):
        name = os.path.relpath(path, DEBIAN_STORE)
        what = "take the ! off the" if f"!{name}" in listed else "write the"
        line = "" if name in listed else f"{what} line {name} in {DEBIAN_CONF}, and "
        yield path, f"{line}run {run} as root"
    for folder in ANCHORS:
        begins = (command for start, command in _COMMANDS.items() if folder.startswith(start))
        for path in _files(reader, folder):
            yield path, f"run {next(begins, 'update-ca-trust')} as root"


def _written_as_pem(reader: Reader, path: str) -> str:
    """Return the step that the tool needs before, as it takes PEM alone, "" if it is that."""
    with suppress(OSError, ValueError):
        if not pem.has_marker(reader.data(path)):
            return "write it as PEM (`openssl x509 -inform DER`), "
    return ""


def _meant(settings: Settings) -> Iterator[Place]:
    """Yield what a variable of ours names with the wrong separator, or under a wrong name."""
    known = {f"PYTHON_CERTIFI_{field.upper()}" for field in settings._fields}
    for name in variables.ours():
        value = os.environ[name]
        if name == "PYTHON_CERTIFI_CERT_FILES":
            for path in _split(value):
                yield path, f"separate the files in {name} by {os.pathsep!r}, without quotes"
        elif name not in known:
            for path in _split(value):
                yield path, f"name it in PYTHON_CERTIFI_CERT_FILES; nobody reads {name}"


def _split(value: str) -> List[str]:
    """Return the paths in a value, whatever separates them."""
    parts = re.split(rf"[,;\s{re.escape(os.pathsep)}]+", value)
    found = [_expanded(part) for part in (value, *parts)]
    return [path for path in dict.fromkeys(found) if os.path.isfile(path)]


def _expanded(value: str) -> str:
    return os.path.expanduser(os.path.expandvars(value.strip(" \t\"'")))


def _named_by_others() -> Iterator[str]:
    """Yield the files and folders that variables and settings of other programs name."""
    for name in _OTHERS_VARIABLES:
        value = os.environ.get(name, "")
        yield from (_expanded(part) for part in value.split(os.pathsep) if part.strip())
    for paths, word in _OTHERS_SETTINGS:
        for settings in _texts(paths):
            for value in re.findall(rf"{_BEFORE}{word}[ \t]*(.+?)[ \t\r]*$", settings):
                # Some programs take what follows for a comment.
                yield from map(_expanded, dict.fromkeys((value, re.split(r"[ \t][;#]", value)[0])))


def _texts(paths: Sequence[str]) -> Iterator[str]:
    """Yield the text of each settings file, and of those that are to be read with it."""
    pending = [path for pattern in paths for path in _matching(_expanded(pattern))]
    for number, path in enumerate(pending):
        settings = text(path)
        yield settings
        included = _INCLUDE.findall(settings) if number < _MAX_INCLUDED else ()
        pending += [os.path.join(os.path.dirname(path), _expanded(each)) for each in included]


def _matching(pattern: str) -> Iterator[str]:
    folder, name = os.path.split(pattern)
    return iglob(os.path.join(escape(folder), name))


def _others_drop_folders() -> Iterator[str]:
    """Yield the drop folders of this package in other environments."""
    of_tools = [path for path, _ in Places().of_tools()]
    collections = (os.path.dirname(sys.prefix), os.path.expanduser(os.path.join("~", ".venvs")))
    beside = [path for each in collections for path in iglob(f"{escape(each)}/*")]
    given = [*filter(None, [os.environ.get("VIRTUAL_ENV")]), sys.base_prefix, *_OF_A_PROJECT]
    for prefix in islice((*given, *of_tools, *beside), _MAX_ENVIRONMENTS):
        for site in iglob(os.path.join(escape(from_here(prefix)), _SITE)):
            yield from (os.path.join(site, name) for name in _DROP_FOLDERS)


def _files(reader: Reader, path: str) -> Iterator[str]:
    """Yield a file, or those below a folder that may hold certificates."""
    if not os.path.isdir(path):
        yield path
        return
    pending, count = [path], 0
    while pending:
        try:
            entries = reader.entries(pending.pop())
        except OSError:
            continue
        for entry in entries:
            count += 1
            if count > _MAX_FILES:
                return
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif may_hold_certificates(entry.name):
                yield entry.path
