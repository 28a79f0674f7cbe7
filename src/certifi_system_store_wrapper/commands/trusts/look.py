"""What is wrong with a file or folder that a client is to take its roots from."""

from __future__ import annotations

import os
import re
import stat
from typing import Callable, List, NamedTuple, Optional, Set

from ... import parsing
from ...machine import openssl
from ...machine.files import read_regular
from ...settings import split_paths
from ...sources import files
from .trust import FILE, FOLDER, OWN_TLS, OWN_TLS_FOLDERS, Root
from .truststore import hashed

_TEMPORARY = re.compile(r"certifi-system-store-wrapper-\w+[/\\][^/\\]+[/\\]cacert\.pem$")


class Look(NamedTuple):
    """What a look has found: a fault, "" if none, and how many certificates there are.

    `blocks` are the certificates of a file, or of folders that another TLS reads; None for a folder
    of hashed names and where there is a fault.
    """

    fault: str
    certificates: int = 0
    blocks: Optional[Set[bytes]] = None


def at(root: Root) -> Look:
    """Look at the file or folder of a root."""
    if root.kind in _INSIDE:
        return _at_folders(root.path, _INSIDE[root.kind])
    return _at_file(root.path) if root.kind in (FILE, OWN_TLS) else Look("")


def waiting(root: Root) -> List[str]:
    """Return what OpenSSL may wait at, as at a FIFO that nobody writes to; /dev/null is empty."""
    paths = _by_name(root) if root.kind == FOLDER else [root.path]
    others = (p for p in paths if not (os.path.isfile(p) or os.path.isdir(p)))
    return [p for p in others if os.path.exists(p) and not os.path.samefile(p, os.devnull)]


def hashed_files(root: Root) -> List[str]:
    """Return the files of its folders that OpenSSL finds by their names."""
    return list(filter(os.path.isfile, _by_name(root)))


def _by_name(root: Root) -> List[str]:
    return [path for folder in split_paths(root.path) for path in hashed(folder)]


def _at_folders(paths: str, inside: Callable[[str], Look]) -> Look:
    """Look at a list of folders, which OpenSSL splits; one that serves is enough."""
    looks = [_at_folder(item, inside) for item in split_paths(paths) if item]
    count = sum(each.certificates for each in looks)
    blocks = {block for each in looks for block in each.blocks or ()}
    fault = "" if count else next((each.fault for each in looks), "it names no folder")
    return Look(fault, count, blocks or None)


def _at_folder(folder: str, inside: Callable[[str], Look]) -> Look:
    try:
        # What is in it is to be opened, too, and so it asks for both rights.
        os.listdir(os.path.join(folder, os.curdir))
    except PermissionError as error:
        return _unreadable(folder, error)
    except (OSError, ValueError):
        return Look(f"there is no folder {folder}")
    return inside(folder)


def _by_hashes(folder: str) -> Look:
    """Look at the files whose names are hashes, as OpenSSL does."""
    waits = waiting(Root(FOLDER, folder))
    if waits:
        return Look(f"{waits[0]} is no file, and who looks for a CA of that name waits: remove it")
    count = sum(map(os.path.isfile, hashed(folder)))
    name = "no file in it has a name that OpenSSL looks for: run `openssl rehash` on it"
    return Look("" if count else name, count)


def _every_file(folder: str) -> Look:
    """Look at all files, as another TLS does."""
    looks = [_at_file(os.path.join(folder, name)) for name in os.listdir(folder)]
    blocks = {block for each in looks for block in each.blocks or ()}
    return Look("" if blocks else "no file in it holds a certificate", len(blocks), blocks or None)


_INSIDE = {FOLDER: _by_hashes, OWN_TLS_FOLDERS: _every_file}


def _at_file(path: str) -> Look:
    try:
        status = os.stat(path)
    except PermissionError as error:
        return _unreadable(path, error)
    except (OSError, ValueError):
        ended = "; it was the temporary bundle of a process that has ended"
        return Look(f"that file does not exist{ended if _TEMPORARY.search(path) else ''}")
    if not stat.S_ISREG(status.st_mode):
        return Look("that is no file")
    # Not through a source: those do not read a bundle of ours.
    try:
        parsed = parsing.parse(read_regular(path, status))
    except (OSError, ValueError) as error:
        return _unreadable(path, error)
    if not parsed.certificates:
        key = ", but a private key" if parsed.private_keys else ""
        return Look(f"there is no certificate in it{key}")
    # We take certificates out of what OpenSSL cannot make out, and clients leave that to OpenSSL.
    refusal = openssl.refusal(path)
    if refusal:
        return Look(f"there are certificates in it, but OpenSSL cannot load that file: {refusal}")
    blocks = {found.block for found in parsed.certificates}
    return Look("", len(blocks), blocks)


def _unreadable(path: str, error: Exception) -> Look:
    """Say why, and for want of a right who may give it, to what."""
    closed = f"; as who owns it: chmod go+rX {files.first_visible(path)}"
    remedy = closed if isinstance(error, PermissionError) else ""
    return Look(f"it cannot be read: {files.reason_of(error)}{remedy}")
