"""The variables that lead clients past certifi, and who reads them."""

from __future__ import annotations

import os
from typing import Iterator, Optional

from .here import Here, Version
from .trust import FILE, FOLDER, Root, Setting, Trust

# Who reads each variable, from the documentation of the clients.
READERS = {
    "REQUESTS_CA_BUNDLE": "requests reads it instead of asking certifi",
    "CURL_CA_BUNDLE": "requests and curl read it instead of asking certifi",
    "AWS_CA_BUNDLE": "boto3 and the AWS CLI read it instead of asking certifi",
    "HTTPLIB2_CA_CERTS": "httplib2 reads it instead of asking certifi",
    "PIP_CERT": "pip reads it instead of what it would trust",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC reads it instead of its own roots",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "gcloud reads it instead of asking certifi",
    "TWINE_CERT": "twine reads it instead of asking certifi",
    "WEBSOCKET_CLIENT_CA_BUNDLE": "websocket-client reads it instead of OpenSSL's defaults",
    "SSL_CERT_FILE": "httpx, aiohttp, urllib and OpenSSL read it instead of their defaults",
    "SSL_CERT_DIR": "httpx and OpenSSL read it instead of their defaults",
}
# These may name a folder of files with hashed names.
_FOLDERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TWINE_CERT", "WEBSOCKET_CLIENT_CA_BUNDLE")
# Whoever reads these replaces a ~ in them; no other reader does.
_HOME = ("AWS_CA_BUNDLE", "PIP_CERT")


def variable(here: Here, *names: str) -> Optional[Setting]:
    """Return the first of these variables that is set to anything."""
    for name in names:
        value = here.environ.get(name)
        if value:
            return Setting(name, value, readers=READERS.get(name, ""))
    return None


def lax(here: Here, requests: Version) -> Optional[Trust]:
    """Return that this requests checks nothing: before 2.28 an empty variable was a verify=""."""
    is_empty = here.environ.get("CURL_CA_BUNDLE") == "" and () < requests < (2, 28)
    if not is_empty or here.environ.get("REQUESTS_CA_BUNDLE"):
        return None
    readers = "requests before 2.28 takes an empty one for no check at all"
    setting = Setting("CURL_CA_BUNDLE", "", readers=readers)
    return Trust((), checks_nothing=True, settings=(setting,))


def every(here: Here) -> Iterator[Setting]:
    """Yield each variable that is set to anything.

    Beside a file that OpenSSL takes its roots from, a folder only adds to them.
    """
    has_file = os.path.isfile(here.environ.get("SSL_CERT_FILE", ""))
    names = [name for name in READERS if not (has_file and name == "SSL_CERT_DIR")]
    yield from filter(None, (variable(here, name) for name in names))


def trust(setting: Setting) -> Trust:
    """Return the trust of programs that are not installed here, as curl, and read that variable."""
    if setting.name == "SSL_CERT_DIR":
        return Trust((Root(FOLDER, setting.value),), settings=(setting,))
    path = os.path.expanduser(setting.value) if setting.name in _HOME else setting.value
    root = place(path) if setting.name in _FOLDERS else Root(FILE, path)
    return Trust((root,), settings=(setting,))


def place(path: str) -> Root:
    """Return the roots of a path that may be a file or a folder."""
    return Root(FOLDER if os.path.isdir(path) else FILE, path)
