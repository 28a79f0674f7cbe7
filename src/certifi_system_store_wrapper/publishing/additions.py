"""What programs write into a temporary bundle, as they do with certifi's own file.

``open(certifi.where(), "ab").write(...)`` in a set-up script counts in this process, as it would
with certifi's own file, and goes with the bundle. People must be told: they expect it to stay.
"""

from __future__ import annotations

from .. import parsing, reporting
from ..parsing import pem, x509
from ..settings import WARNING
from ..sources.reader import MARK


def warn(ours: bytes, *found: bytes) -> None:
    """Keep a WARNING for tell() if the texts that were found hold certificates beside `ours`."""
    # Somebody wrote over it from its beginning.
    ours = ours if ours.startswith(MARK) else b""
    written = b"\n".join([text for text in found if text != ours])
    if not written:
        return
    known = {each.block for each in parsing.parse(ours).certificates}
    found_now = dict.fromkeys(each.block for each in parsing.parse(written).certificates)
    new = [block for block in found_now if block not in known]
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        message = (
            f"{_subject(new[0])}{more} was written into the file that certifi.where() names, which "
            "is temporary here, so other processes do not trust it: keep it with "
            "`certifi-system-store-wrapper add FILE`, where FILE holds that certificate"
        )
        reporting.later(reporting.say_once, WARNING, message)


def _subject(block: bytes) -> str:
    try:
        return x509.name_of(x509.facts(pem.der_of(block)).subject)
    except ValueError:
        return "a certificate"
