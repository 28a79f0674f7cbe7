"""What the operating system trusts and distrusts. One file per platform, one contract.

It is loaded with certifi, not with the first question: pip may have replaced us by then.
A platform's ``collect`` fills the findings that it is handed.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from .windows import collect
elif sys.platform == "darwin":
    from .macos import collect
else:
    from .unix import collect

__all__ = ["IS_FILES", "collect"]

# Whether every change of the store shows in a file that Reader.inputs remembers: keychains,
# trust settings and the registry do not.
IS_FILES = sys.platform not in ("darwin", "win32")
