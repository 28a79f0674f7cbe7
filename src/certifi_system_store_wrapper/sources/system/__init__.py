"""What the operating system trusts and distrusts: one file per platform.

Each has a function `collect` that fills the findings of the caller. For the source LOCAL that is
only what an administrator or a user added, without the vendor's list, and all that is distrusted.
What only LOCAL needs is imported when that is asked for: few do, and all would pay for it.
"""

from __future__ import annotations

import sys
from typing import Tuple

# The paths of the system's store, where it is files.
STORES: Tuple[str, ...] = ()
if sys.platform == "win32":
    from .windows import collect
elif sys.platform == "darwin":
    from .macos import collect
else:
    from .unix import STORES, collect

__all__ = ["STORES", "collect"]
