"""How the contexts check that urllib3 makes by itself."""

from __future__ import annotations

from .here import Here, Version
from .trust import Checks


def checks(here: Here, version: Version) -> Checks:
    """Return how those of that version of urllib3 check."""
    return Checks(strict=here.python >= (3, 13) and version >= (2, 4), common_name=version < (2,))
