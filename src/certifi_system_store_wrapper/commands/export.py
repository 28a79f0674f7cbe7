"""`export`: the path of a bundle for other programs, or a copy of it."""

from __future__ import annotations

import os
import re
from typing import Optional

from .. import api
from ..activation import hook
from ..bundle import Bundle
from ..machine import ownership
from ..machine.files import is_ours
from ..publishing import NoPlace
from ..publishing.writing import replace
from .output import Report, WrongUsage

_DEVICE = re.compile("/dev/(std|fd/)|/proc/.*/fd/")


def run(*, output: Optional[str]) -> Report:
    """Return the path of the persistent bundle, or of a copy at `output`; raises OSError."""
    copy = None if output is None else place(output, "-o/--output")
    built = api.build()
    path = _copy(built, copy) if copy else persistent_path(take_over=True)
    data = {"command": "export", "path": path, "certificates": len(built.anchors)}
    return Report(data, [path], exact=True)


def persistent_path(*, take_over: bool = False) -> str:
    """Return the path of a bundle that outlives this process; raises OSError.

    With `take_over` it is that of PYTHON_CERTIFI_BUNDLE_DIR, whoever made the bundle there.
    """
    try:
        return hook.current().outlasting(take_over=take_over)
    except LookupError as error:
        raise OSError(0, str(error)) from error
    except NoPlace as error:
        raise OSError(0, f"{error}; {error.remedy}") from error


def place(target: str, option: str) -> str:
    """Return the path that an option names for a file; raises OSError, WrongUsage."""
    # "" comes from a shell variable that is not set; other tools take "-" for standard output.
    if target in ("", "-"):
        raise WrongUsage(f"argument {option}: name a file")
    try:
        # Who made a link in a shared folder could have this user write over any file.
        path = ownership.Check().followed(target)
    except PermissionError as error:
        raise OSError(0, f"{target}: {error.strerror}; name another file") from error
    if os.path.isdir(path) or not os.path.basename(target):
        raise OSError(0, f"{target}: it is a folder; name a file")
    # Root would replace /dev/null itself, and /dev/stdout may be a log file.
    if (os.path.exists(path) and not os.path.isfile(path)) or _DEVICE.match(target):
        raise OSError(0, f"{target}: it is not a regular file; name one")
    if is_ours(path):
        raise OSError(0, f"{target}: it is a bundle of ours already; name another file")
    return path


def _copy(built: Bundle, path: str) -> str:
    """Write the bundle to a file, whole or not at all, and return its path."""
    if built.failure:
        raise OSError(0, built.failure)
    if not built.anchors:
        raise OSError(0, "no source of PYTHON_CERTIFI_SOURCES has a certificate: unset it")
    replace(path, built.body)
    return path
