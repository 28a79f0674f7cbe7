"""What the operating system trusts and distrusts. One file per platform, one contract.

A platform's ``collect`` fills the findings and never raises.
"""

from __future__ import annotations

import sys

from ..findings import Findings
from ..reader import Reader


def collect(findings: Findings, reader: Reader) -> None:
    """Add the store of the platform that this interpreter runs on."""
    if sys.platform == "win32":
        from . import windows

        windows.collect(findings)
    elif sys.platform == "darwin":
        from . import macos

        macos.collect(findings)
    else:
        from . import unix

        unix.collect(findings, reader)
