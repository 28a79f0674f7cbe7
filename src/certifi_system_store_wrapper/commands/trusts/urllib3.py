"""How the contexts check that urllib3 makes by itself."""

from __future__ import annotations

from .here import Here, Version
from .trust import BY_URLLIB3, Checks

# Before 2, and in botocore's contexts always, urllib3 compares names by itself.
COMPARING_NAMES = Checks(by_itself=BY_URLLIB3, offers_http1=True)


def checks(here: Here, version: Version) -> Checks:
    """Return how those of that version of urllib3 check."""
    if version < (2,):
        return COMPARING_NAMES._replace(offers_http1=version >= (1, 26))
    is_strict = here.python >= (3, 13) and version >= (2, 4)
    return Checks(strict=is_strict, common_name=False, offers_http1=True)
