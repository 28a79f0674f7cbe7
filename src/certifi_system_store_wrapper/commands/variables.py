"""Our variables that cannot be used; variables and pip settings that bypass certifi."""

from __future__ import annotations

import configparser
import os
import re
import stat
import sys
from contextlib import suppress
from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

from .. import parsing
from ..activation import hook
from ..settings import Settings, split_paths
from ..sources import files
from ..sources.reader import read_regular
from .output import Finding, problem, sentence

# Who reads each variable, from the documentation of the clients.
READERS = {
    "REQUESTS_CA_BUNDLE": "requests reads it instead of asking certifi",
    "CURL_CA_BUNDLE": "requests and curl read it instead of asking certifi",
    "AWS_CA_BUNDLE": "boto3 and the AWS CLI read it instead of asking certifi",
    "HTTPLIB2_CA_CERTS": "httplib2 reads it instead of asking certifi",
    "PIP_CERT": "pip reads it instead of what it would trust",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC reads it instead of its own roots",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "gcloud reads it instead of asking certifi",
    "WEBSOCKET_CLIENT_CA_BUNDLE": "websocket-client reads it instead of OpenSSL's defaults",
    "SSL_CERT_FILE": "httpx, aiohttp, urllib and OpenSSL read it instead of their defaults",
    "SSL_CERT_DIR": "httpx and OpenSSL read it instead of their defaults",
}
# These may name a folder of files with hashed names.
_FOLDERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_TEMPORARY = re.compile(r"certifi-system-store-wrapper-\w+[/\\][^/\\]+[/\\]cacert\.pem$")


class Bypass(NamedTuple):
    """A variable or setting that bypasses certifi: who reads it, and what is wrong with it.

    `blocks` are the certificates in the file that it names, None if it names no usable file.
    """

    variable: str
    value: str
    message: str
    fault: str
    blocks: Optional[Set[bytes]]


def ours() -> List[str]:
    """Return the names of this package's variables that are set."""
    return sorted(name for name in os.environ if name.startswith("PYTHON_CERTIFI_"))


def unusable(settings: Settings) -> Iterator[Finding]:
    """Report settings that are not understood, and a log file or folder that cannot be used."""
    for each in settings.problems:
        yield problem("settings", each)
    if settings.log_file:
        yield from _log_file(settings.log_file)
    if settings.bundle_dir and hook.is_active() and settings.sources:
        yield from _bundle_dir()


def _log_file(path: str) -> Iterator[Finding]:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)))
    except (OSError, ValueError) as error:
        yield problem(
            "settings",
            f"the log file of PYTHON_CERTIFI_LOG_FILE cannot be written: {error}",
            "name a file in a folder that you may write to",
        )


def _bundle_dir() -> Iterator[Finding]:
    try:
        # Another finding reports that no source has a certificate.
        with suppress(LookupError):
            hook.current().outlasting()
    except OSError as error:
        message = f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used: {sentence(error)}"
        yield problem("bundle", message)


def bypassing() -> List[Bypass]:
    """Return the clients' variables that are set, who reads them, and what is wrong with them."""
    set_here = [(name, reader) for name, reader in READERS.items() if name in os.environ]
    return [bypass(name, os.environ[name], reader) for name, reader in set_here]


def bypass(variable: str, value: str, reader: str) -> Bypass:
    """Check the value of a variable, or of a setting like it, and the file that it names."""
    fault, blocks = _look(variable, value)
    return Bypass(variable, value, "; ".join(filter(None, [reader, fault])), fault, blocks)


def _look(variable: str, value: str) -> Tuple[str, Optional[Set[bytes]]]:
    """Return what is wrong with the value, "" if nothing is, and the certificates of its file."""
    if not value:
        return "it is empty", None
    if variable == "SSL_CERT_DIR":
        missing = [item for item in split_paths(value) if item and not os.path.isdir(item)]
        return (f"there is no folder {missing[0]}" if missing else ""), None
    try:
        status = os.stat(value)
    except (OSError, ValueError):
        ended = "; it was the temporary bundle of a process that has ended"
        return f"that file does not exist{ended if _TEMPORARY.search(value) else ''}", None
    if stat.S_ISDIR(status.st_mode) and variable in _FOLDERS:
        return "", None
    if not stat.S_ISREG(status.st_mode):
        return "that is no file", None
    # Not through a source: those do not read a bundle of ours.
    try:
        parsed = parsing.parse(read_regular(value, status))
    except (OSError, ValueError) as error:
        return f"it cannot be read: {files.reason_of(error)}", None
    if not parsed.certificates:
        key = ", but a private key" if parsed.private_keys else ""
        return f"there is no certificate in it{key}", None
    return "", {found.block for found in parsed.certificates}


def waits(path: str) -> bool:
    """Whether opening the path may block, as it does for a FIFO that nobody writes to."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def key_log_problem() -> str:
    """Return why SSLKEYLOGFILE makes clients fail, or ""; virus scanners set it, too."""
    path = os.environ.get("SSLKEYLOGFILE")
    if not path:
        return ""
    there = path if os.path.exists(path) else os.path.dirname(os.path.abspath(path))
    if os.access(there, os.W_OK) and not os.path.isdir(path):
        return ""
    return f"SSLKEYLOGFILE={path}: it cannot be written, so urllib, urllib3 and requests fail"


def pip_settings() -> Iterator[Tuple[str, str]]:
    """Yield each file of pip's settings that has `cert`, and its value."""
    for path in _pip_files():
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string(read_regular(path, os.stat(path)).decode("utf-8"))
        except (configparser.Error, OSError, ValueError):
            continue
        for section in parser.sections():
            value = parser.get(section, "cert", fallback="").strip()
            if value:
                yield path, value


def _pip_files() -> List[str]:
    """Return the files that `pip config debug` lists; they need not exist."""
    given = os.environ.get("PIP_CONFIG_FILE", "")
    if given == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    folders = [*_pip_folders(os.path.expanduser("~")), sys.prefix]
    return [*(os.path.join(folder, name) for folder in folders), given]


def _pip_folders(home: str) -> List[str]:
    """Return the folders of the machine and of the user (pip's "Configuration", "Location")."""
    if sys.platform == "win32":
        bases = [os.environ.get("PROGRAMDATA", ""), os.environ.get("APPDATA", ""), home]
        return [os.path.join(base, "pip") for base in bases if base]
    legacy, config = os.path.join(home, ".pip"), os.path.join(home, ".config")
    if sys.platform == "darwin":
        shared = "/Library/Application Support/pip"
        own = home + shared if os.path.isdir(home + shared) else os.path.join(config, "pip")
        return [shared, legacy, own]
    bases = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    bases.append(os.environ.get("XDG_CONFIG_HOME") or config)
    return ["/etc", legacy, *(os.path.join(base, "pip") for base in bases)]
