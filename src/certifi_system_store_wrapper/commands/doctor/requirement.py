"""`doctor --require SHA256`: whether one CA is trusted by what certifi answers, for fleets."""

from __future__ import annotations

import hashlib
import os
import re
from typing import List, Optional, Sequence

from ... import api, parsing
from ...machine.files import read_regular
from ...parsing.pem import der_of
from ...settings import USER, from_environment
from .. import describe, status
from ..output import Finding, WrongUsage, problem
from ..trusted_from import NO_SOURCE
from . import strict, usable

_SHA256 = re.compile(r"[0-9a-f]{64}")
# What makes a certificate in the bundle vouch for nobody.
_WORTHLESS = ("expired", "not yet valid", "not a CA")


def finding(text: str, host: Optional[str]) -> Finding:
    """Return whether that CA is trusted here; raises WrongUsage."""
    if host is not None:
        raise WrongUsage("name HOST or --require, not both")
    sha256 = text.replace(":", "").strip().lower()
    if not _SHA256.fullmatch(sha256):
        raise WrongUsage("argument --require: name the 64 digits of a certificate's SHA-256")
    settings = from_environment()
    built = api.build(settings)
    reason = status.why_plain(settings, built)
    if reason:
        message = f"certifi is not answered from the bundle: {reason.what}"
        return problem("require", message, reason.remedy)
    held = {hashlib.sha256(der).hexdigest(): der for der in _certificates(api.where())}
    if sha256 in held:
        return _trusted(held[sha256], list(held.values()))
    for out in map(status.excluded, built.excluded):
        if out["sha256"] == sha256:
            message = f"{out['subject']} is left out: {status.why_left_out(out)}"
            remedy = "`certifi-system-store-wrapper list --excluded` says where it was found"
            return problem("require", message, remedy)
    remedy = f"{NO_SOURCE}: name it there"
    if USER in settings.sources:
        remedy = "`certifi-system-store-wrapper add FILE`"
    return problem("require", f"no certificate with SHA-256 {sha256} is in the bundle", remedy)


def _trusted(der: bytes, all_trusted: Sequence[bytes]) -> Finding:
    told = describe.certificate(der)
    subject = told["subject"]
    faults = [mark for mark in told["marks"] if mark in _WORTHLESS]
    if faults:
        return problem("require", f"{subject} is in the bundle, but it is {' and '.join(faults)}")
    refusal = usable.refusal(der, all_trusted)
    if refusal:
        message = f"{subject} is in the bundle, but {usable.NOBODY}: {refusal}"
        return problem("require", message, usable.REMEDY)
    fault = strict.fault(der) if strict.IS_ON else ""
    if fault:
        message = f"{subject} is in the bundle, but {strict.REFUSED}: {fault}"
        return problem("require", message, strict.REISSUE)
    return Finding("ok", "require", f"certifi answers from the bundle, and {subject} is in it")


def _certificates(path: str) -> List[bytes]:
    """Return the certificates of the file that certifi names, whoever made it."""
    parsed = parsing.parse(read_regular(path, os.stat(path)))
    return [der_of(found.block) for found in parsed.certificates]
