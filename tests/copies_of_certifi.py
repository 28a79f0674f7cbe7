"""The table of copies of certifi in docs/clients.md: lists of roots in other people's packages.

`python tests/copies_of_certifi.py` has pip download the newest release of each package below, looks
into it and writes the table. What a package does with its list was read in its code: the line on
which that rests has to be there still, or the script says which package is to be read again.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple

from support import CHECKOUT
from support.tables import markdown, put_between

PAGE, TABLE = CHECKOUT / "docs" / "clients.md", "copies"
HEAD = ("package", "version", "roots in", "whom it asks")
BEGIN = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n")
# Of documentation and examples each file has a few.
LEAST = 10


class Copy(NamedTuple):
    """What a package does with its list, and a line of its code that says so."""

    asks: str
    file: str
    line: str


_OURS = "this copy, which answers from our bundle, but not on Windows"
_CERTIFI_FIRST = "certifi where it is installed, else its own file"
COPIES: Dict[str, Copy] = {
    "pip": Copy(_OURS, "pip/_vendor/requests/certs.py", "from pip._vendor.certifi import where"),
    "botocore": Copy(_CERTIFI_FIRST, "botocore/httpsession.py", "from certifi import where"),
    "virtualenv": Copy(
        "nobody: pip's wheels, for the environments that it makes",
        "virtualenv/seed/wheels/embed/__init__.py",
        '"pip": "pip-',
    ),
    "grpcio": Copy(
        "its own file, or `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`",
        "grpc/_cython/cygrpc.*",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ),
    "awscli": Copy(_CERTIFI_FIRST, "awscli/botocore/httpsession.py", "from certifi import where"),
    "httplib2": Copy(
        f"`HTTPLIB2_CA_CERTS`, {_CERTIFI_FIRST}",
        "httplib2/certs.py",
        "from certifi import where as certifi_where",
    ),
    "stripe": Copy(
        "its own file, or `stripe.ca_bundle_path`",
        "stripe/_http_client.py",
        'kwargs["verify"] = stripe.ca_bundle_path',
    ),
    "pipenv": Copy(
        _OURS,
        "pipenv/patched/pip/_vendor/requests/certs.py",
        "from pipenv.patched.pip._vendor.certifi import where",
    ),
    "aliyun-python-sdk-core": Copy(
        "its own file, or `ALIBABA_CLOUD_CA_BUNDLE`",
        "aliyunsdkcore/http/http_response.py",
        "os.environ.get('ALIBABA_CLOUD_CA_BUNDLE', True)",
    ),
    "boto": Copy(
        "its own file, or `ca_certificates_file` in its settings",
        "boto/connection.py",
        "'Boto', 'ca_certificates_file', DEFAULT_CA_CERTS_FILE)",
    ),
    "pusher": Copy(
        "its own file alone", "pusher/requests.py", "self.options.update({'verify': CERT_PATH})"
    ),
    "braintree": Copy(
        "its own file alone, for its own servers",
        "braintree/util/http.py",
        "verify = self.environment.ssl_certificate",
    ),
    "couchbase": Copy(
        "its own list, or a `cert_path`",
        "couchbase/auth.py",
        "d['trust_store_path'] = self._cert_path",
    ),
    "requests<2.16": Copy(_CERTIFI_FIRST, "requests/certs.py", "from certifi import where"),
    "razorpay": Copy(
        "its own file, or `client.cert_path`", "razorpay/client.py", "verify=self.cert_path"
    ),
}
# It asks itself: what it brings is what everybody else means.
_CERTIFI = "certifi"
MOST_DOWNLOADED = (CHECKOUT / "tests" / "most_downloaded.txt").read_text("ascii").splitlines()[1:]
# They had a list once, or are said to have one.
NONE = ("requests", "websocket-client", "docker", "tornado", "oci", "twilio", "dropbox", "newrelic")


def download(project: str, folder: Path) -> Path:
    """Return the newest wheel of a project, as pip chooses it for this Python."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download")
    options = ("--no-deps", "--only-binary", ":all:", "-d", str(folder))
    subprocess.run([*pip, *options, project], check=True)
    (wheel,) = folder.iterdir()
    return wheel


def files(wheel: bytes) -> Iterator[Tuple[str, bytes]]:
    """Yield the files in a wheel, and those in the wheels in it."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith(".whl"):
                yield from ((f"{name}/{inner}", each) for inner, each in files(data))
            else:
                yield name, data


def lists(wheel: bytes) -> Dict[str, int]:
    """Return where roots lie in a wheel, as PEM, and how many."""
    counted = {name: len(BEGIN.findall(data)) for name, data in files(wheel)}
    return {name: count for name, count in counted.items() if count >= LEAST}


def says(wheel: bytes, copy: Copy) -> bool:
    """Whether the line of code is there still."""
    pattern = re.escape(copy.file).replace(r"\.\*", ".*")
    return any(re.fullmatch(pattern, n) and copy.line.encode() in d for n, d in files(wheel))


def row(project: str) -> Tuple[str, ...]:
    """Return the row of a project; exits where it does not do any more what is said of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = download(project, Path(folder))
        wheel, version = path.read_bytes(), path.name.split("-")[1]
    found, copy = lists(wheel), COPIES.get(project)
    if bool(found) != bool(copy) or (copy and not says(wheel, copy)):
        raise SystemExit(f"{project} {version} has changed: read its code again")
    where = "; ".join(f"`{name}`: {count}" for name, count in found.items())
    return project, version, where or "none", copy.asks if copy else ""


if __name__ == "__main__":
    put_between(PAGE, TABLE, markdown(HEAD, map(row, (*COPIES, *NONE))))
    for project in MOST_DOWNLOADED:
        if project not in (_CERTIFI, *COPIES, *NONE):
            row(project)
