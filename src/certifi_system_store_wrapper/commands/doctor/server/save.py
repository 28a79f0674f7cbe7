"""`doctor HOST --save FILE`: the certificate that would have to be trusted, for people to compare.

It came over the connection that is in doubt, so that saving it says nothing for it.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Dict, Optional, Sequence, Tuple

from ....machine.ownership import Check
from ....parsing.pem import block_of
from ....publishing.writing import replace
from ...drop_folder import adding
from ...output import Finding, note, problem, sentence
from . import chain, handshake
from .chain import Link

_COMPARE = (
    "compare that with the SHA-256 that your IT department publishes, got by another way, before"
)

# What is told, and the same as data, None where nothing is saved.
Saved = Tuple[Finding, Optional[Dict[str, str]]]


def to(file: str, path: Sequence[Link]) -> Saved:
    """Write the topmost CA of a chain, or what vouches for itself, to a new file."""
    found = next((one for one in reversed(path) if _may_be_trusted(one)), None)
    if found is None:
        return note("save", f"nothing is saved: {_why_nothing(path)}"), None
    fault = _fault_of_writing(file, found.der)
    if fault:
        return problem("save", f"nothing is saved: {fault}"), None
    digest = sha256(found.der).hexdigest()
    below = "" if found.is_self_issued else f" (no root: its issuer {found.issuer} is not sent)"
    what = f"{found.subject}{below} is saved in {file}, and not trusted by that"
    told = {"path": file, "subject": found.subject, "sha256": digest}
    return note("save", f"{what}; its SHA-256 is {digest}", f"{_COMPARE} `{adding(file)}`"), told


def _may_be_trusted(one: Link) -> bool:
    return one.is_ca or (one.is_self_issued and chain.is_key(one, one))


def _fault_of_writing(file: str, der: bytes) -> str:
    """Write a new file, or return why not."""
    if os.path.lexists(file):
        return f"{file} exists, and is left as it is; name another file"
    try:
        # Who made a link in a shared folder could have this user write anywhere.
        replace(Check().followed(file), block_of(der))
    except OSError as error:
        return sentence(error)
    return ""


def _why_nothing(path: Sequence[Link]) -> str:
    if not path:
        return "no certificate was presented"
    if not handshake.sees_chain():
        return (
            "this Python shows only the server's own certificate, and that is no CA's: use CPython"
        )
    return f"no CA's certificate was presented; get that of {path[-1].issuer}"
