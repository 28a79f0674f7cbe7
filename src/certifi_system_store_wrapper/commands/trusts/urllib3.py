"""How the contexts check that urllib3 makes by itself."""

from __future__ import annotations

from .here import Here, Version
from .trust import BY_URLLIB3, Checks

# Before 2, and in botocore's contexts always, urllib3 compares names by itself.
COMPARING_NAMES = Checks(by_itself=BY_URLLIB3)


def checks(here: Here, version: Version) -> Checks:
    """Return how those of that version of urllib3 check."""
    if version < (2,):
        return COMPARING_NAMES
    return Checks(strict=here.python >= (3, 13) and version >= (2, 4), common_name=False)
