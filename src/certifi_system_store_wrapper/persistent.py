"""The persistent bundle: ``cacert.pem`` at a stable path, for programs that outlive us.

Replaced atomically, and only when its content differs. Its first line carries length and
SHA-256 of the body and a fingerprint of everything that was looked at, so that unchanged
inputs are not parsed again; it is believed only in a folder that nobody else can write to and
while the checksum holds. What stands behind the body was appended by a person: it is a user
source, kept at every rewrite.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from typing import Iterator, List, NamedTuple, Optional, Tuple

from . import bundle, certificates, ownership
from .bundle import Anchor, Bundle
from .findings import NAMED, USER, WARNING, Findings, Origin, Problem
from .places import APPLICATION, cache_folder, temporary_places
from .reader import MARK, Input, Reader
from .settings import Settings

NAME = "cacert.pem"
_LOOK = b"# looked at: "


class Header(NamedTuple):
    """What the first lines of a persistent bundle say."""

    length: int
    sha256: str
    fingerprint: str
    paths: Tuple[str, ...]
    size: int  # of the header itself


class PersistentBundle:
    """A bundle at a stable path."""

    def __init__(self, path: str) -> None:
        """Describe the bundle at `path` as it is now."""
        self.path = path
        self._seen = _signature(path)

    def intact(self) -> bool:
        """Whether nobody has touched the file since."""
        return _signature(self.path) == self._seen

    def heal(self) -> bool:
        """Return False: it is published again, which reads what stands there first."""
        return False


def folders(settings: Settings) -> Iterator[str]:
    """Yield where the persistent bundle may lie: the folder asked for, else the user's cache."""
    if settings.bundle_dir:
        yield settings.bundle_dir
        return
    name = _environment_name(settings)
    if cache_folder():
        yield os.path.join(cache_folder(), APPLICATION, name)
    for place in temporary_places():
        if ownership.is_safe_path(place):
            user = os.geteuid() if hasattr(os, "geteuid") else "user"
            yield os.path.join(place, f"{APPLICATION}-{user}", f"persistent-{name}")


def publish(
    folder: str, settings: Settings, certifi_file: str, built: List[Bundle]
) -> PersistentBundle:
    """Return the bundle in `folder`, written anew if anything has changed; raises OSError."""
    _make_folder(folder)
    path = os.path.join(folder, NAME)
    old = _read(path)
    header = parse_header(old)
    appended = old[header.size + header.length :] if header else b""
    salt = _salt(settings, certifi_file)
    if header and not appended and _fingerprint(_look(header.paths), salt) == header.fingerprint:
        return PersistentBundle(path)
    new = bundle.build(settings, certifi_file)
    built[:] = [_with_appended(new, appended, path)]
    if not built[0].anchors:
        message = "no source has a certificate"
        raise OSError(message)
    text = _render(new, salt) + _tail(built[0], new)
    if text != old:
        _replace(path, text, unless_body=_body_with_tail(old, header), ours=new.body)
    return PersistentBundle(path)


def _with_appended(new: Bundle, appended: bytes, path: str) -> Bundle:
    """Return the bundle with the certificates that a person appended to the file."""
    if not appended.strip():
        return new
    parsed = certificates.parse(appended)
    findings = Findings(USER)
    for certificate in parsed.certificates:
        findings.trust(certificate.block, path, NAMED)
    for damage in parsed.damage:
        findings.problem(path, f"appended: {damage.message}", WARNING)
    return bundle.extend(new, findings)


def _tail(complete: Bundle, new: Bundle) -> bytes:
    return b"".join(anchor.block for anchor in complete.anchors[len(new.anchors) :])


def _body_with_tail(old: bytes, header: Optional[Header]) -> bytes:
    return old[header.size :] if header else b""


def _render(new: Bundle, salt: bytes) -> bytes:
    """Return header and body."""
    body = new.body
    paths = sorted({path for path, _, _ in new.inputs})
    fingerprint = _fingerprint(_look(tuple(paths)), salt)
    first = f"length={len(body)} sha256={sha256(body).hexdigest()} inputs={fingerprint}"
    look = b"\t".join(_escaped(path) for path in paths)
    return b"%bpersistent bundle %b\n%b%b\n%b" % (MARK, first.encode("ascii"), _LOOK, look, body)


def parse_header(data: bytes) -> Optional[Header]:
    """Return the header of a bundle that is whole, None for anything else."""
    first, _, rest = data.partition(b"\n")
    second, _, _ = rest.partition(b"\n")
    if not first.startswith(MARK + b"persistent") or not second.startswith(_LOOK):
        return None
    try:
        fields = dict(word.split("=", 1) for word in first.decode("ascii").split() if "=" in word)
        size = len(first) + len(second) + 2
        length = int(fields["length"])
        paths = tuple(_unescaped(item) for item in second[len(_LOOK) :].split(b"\t"))
        header = Header(length, fields["sha256"], fields["inputs"], paths, size)
    except (KeyError, ValueError):
        return None
    body = data[size : size + length]
    whole = len(body) == length and sha256(body).hexdigest() == header.sha256
    return header if whole else None


def _escaped(path: str) -> bytes:
    return path.encode("unicode_escape").replace(b"\t", b"\\t")


def _unescaped(item: bytes) -> str:
    return item.decode("unicode_escape")


def _look(paths: Tuple[str, ...]) -> List[Input]:
    reader = Reader()
    for path in paths:
        try:
            reader.stat(path)
        except (OSError, ValueError):
            continue
    return reader.inputs


def _fingerprint(inputs: List[Input], salt: bytes) -> str:
    return sha256(salt + repr(inputs).encode("utf-8", "surrogatepass")).hexdigest()


def _salt(settings: Settings, certifi_file: str) -> bytes:
    """Return whatever else decides what is in the bundle."""
    from . import __version__

    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE")
    variables = [os.environ.get(name) for name in names]
    told = (settings.cert_files, settings.sources, settings.isolated, variables)
    return repr((__version__, certifi_file, sys.version, told)).encode("utf-8", "surrogatepass")


def _environment_name(settings: Settings) -> str:
    """Return the folder's name: one per environment and way of asking."""
    told = (sys.prefix, settings.cert_files, settings.sources, settings.isolated)
    return sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _make_folder(folder: str) -> None:
    """Make the folder, or take one that nobody else can write to; raises OSError."""
    os.makedirs(folder, 0o755, exist_ok=True)
    if not ownership.is_safe_path(folder):
        raise PermissionError(1, "others may write to it or rename it", folder)


def _read(path: str) -> bytes:
    """Return what stands at `path` if it is a file that nobody else could have written."""
    try:
        status = os.lstat(path)
        import stat

        if not stat.S_ISREG(status.st_mode) or not ownership.is_safe(status):
            return b""
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _replace(path: str, text: bytes, *, unless_body: bytes, ours: bytes) -> None:
    """Write the new text under another name and give it its own at once; raises OSError."""
    folder = os.path.dirname(path)
    unfinished = os.path.join(folder, f".{NAME}.{os.urandom(6).hex()}")
    try:
        _write(unfinished, text)
        os.replace(unfinished, path)
    except OSError:
        if unless_body != ours:
            raise  # else only the header would change: what stands there is good (read-only image)
    finally:
        if os.path.lexists(unfinished):
            os.unlink(unfinished)


def _write(path: str, text: bytes) -> None:
    from .bundle_file import _O_NEW, _write_all

    descriptor = os.open(path, _O_NEW, 0o644)
    try:
        _write_all(descriptor, text)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _signature(path: str) -> Tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


_UNUSED = (Anchor, Origin, Problem)
