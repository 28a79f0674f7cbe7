"""What programs write into a temporary bundle goes with it: people are told, and how to keep it."""

from __future__ import annotations

from typing import Sequence

from .. import parsing, reporting
from ..parsing import pem, x509
from ..settings import WARNING


def warn(ours: bytes, found: Sequence[bytes]) -> None:
    """Keep a WARNING for tell() if the texts that were found hold certificates beside `ours`."""
    written = b"\n".join([text for text in found if text != ours])
    known = {each.block for each in parsing.parse(ours).certificates}
    found_now = dict.fromkeys(each.block for each in parsing.parse(written).certificates)
    new = [block for block in found_now if block not in known]
    if new:
        more = f" and {len(new) - 1} more were" if len(new) > 1 else " was"
        message = (
            f"{_subject_of(new[0])}{more} written into the file that certifi.where() names. It "
            "is temporary, so no other process trusts it: `certifi-system-store-wrapper add FILE` "
            "keeps a certificate, where FILE holds it"
        )
        reporting.later(reporting.say_once, WARNING, message)


def _subject_of(block: bytes) -> str:
    try:
        return x509.name_of(x509.facts(pem.der_of(block)).subject)
    except ValueError:
        return "a certificate"
