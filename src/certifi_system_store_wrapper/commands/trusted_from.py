"""From where a certificate is trusted, and what takes it away there."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence

from .. import api
from ..bundle import Anchor
from ..machine.environment import NAMING
from ..machine.files import named_by
from ..parsing import pem
from ..settings import CERTIFI, LOCAL, SSL, SYSTEM, USER, from_environment, split_paths
from . import describe, trusts

_OF_SYSTEM = "remove it from the system's store, with the system's own tool"
_REMEDIES = {
    CERTIFI: "that is certifi's own list: have the system's store distrust it",
    SYSTEM: _OF_SYSTEM,
    LOCAL: _OF_SYSTEM,
    SSL: _OF_SYSTEM,
    USER: "delete it there",
}
NO_SOURCE = "PYTHON_CERTIFI_SOURCES leaves out the user source"
_NAMED = ", or name that path no more in PYTHON_CERTIFI_CERT_FILES"


def anchors() -> Sequence[Anchor]:
    """Return what is trusted now; nothing where there is no certifi that could answer."""
    try:
        return api.build().anchors
    except ImportError:
        return ()


def why_not(blocks: Sequence[bytes]) -> Dict[bytes, str]:
    """Return which of the user's certificates are not trusted now, and why.

    `python -I` has none of them, and decides nothing for the programs that they were added for.
    """
    try:
        built = api.build(from_environment()._replace(isolated=False))
    except ImportError:
        return {}
    trusted = {anchor.block for anchor in built.anchors}
    left_out = {out.block: f"{out.reason} ({out.detail or out.places})" for out in built.excluded}
    reasons = {each: left_out.get(each, NO_SOURCE) for each in blocks if each not in trusted}
    return {block: f"it is not trusted all the same: {why}" for block, why in reasons.items()}


def places(anchor: Anchor) -> List[Dict[str, Any]]:
    """Return each place that has the certificate, with what takes it away there."""
    return [
        {**_called(anchor.der), "source": source, "path": path, "remedy": _remedy(source, path)}
        for source, path in anchor.origins
    ]


def by_variables(blocks: Sequence[bytes]) -> List[Dict[str, Any]]:
    """Return each file with one of these certificates that a variable gives to clients."""
    told = []
    for setting in trusts.environment.every(trusts.this()):
        (root,) = trusts.environment.trust(setting).roots
        held = trusts.look.at(root).blocks or ()
        remedy = f"write that file anew, or unset {setting.name}"
        told += [
            {
                **_called(pem.der_of(each)),
                "source": setting.name,
                "path": root.path,
                "remedy": remedy,
            }
            for each in blocks
            if each in held
        ]
    return told


def _called(der: bytes) -> Dict[str, Any]:
    told = describe.certificate(der)
    return {"sha256": told["sha256"], "subject": told["subject"] or told["sha256"]}


def _remedy(source: str, path: str) -> str:
    for variable in NAMING:
        named = split_paths(named_by(variable) or "")
        if source in (SYSTEM, SSL) and {path, os.path.dirname(path)} & {*named}:
            return f"delete it there, or unset {variable}"
    is_named = source == USER and from_environment().cert_files
    return _REMEDIES[source] + (_NAMED if is_named else "")


def sentence(place: Dict[str, Any]) -> str:
    """Return one place for people."""
    return f"{place['path']} (source {place['source']}) has it: {place['remedy']}"
