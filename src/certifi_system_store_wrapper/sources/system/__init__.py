"""What the operating system trusts and distrusts. One file per platform, one contract.

It is loaded with certifi, not with the first question: pip may have replaced us by then.
A platform's ``collect`` fills the findings and never raises.
"""

from __future__ import annotations

import sys

from ...reporting.findings import Findings
from ..reader import Reader

if sys.platform == "win32":
    from . import windows
elif sys.platform == "darwin":
    from . import macos
else:
    from . import unix

# Whether every change of the store shows in a file that Reader.inputs remembers: keychains,
# trust settings and the registry do not.
IS_FILES = sys.platform not in ("darwin", "win32")


def collect(findings: Findings, reader: Reader) -> None:
    """Add the store of the platform that this interpreter runs on."""
    if sys.platform == "win32":
        windows.collect(findings)
    elif sys.platform == "darwin":
        macos.collect(findings)
    else:
        unix.collect(findings, reader)
