"""An environment as the rules of the clients see it, and what they say of one client."""

from __future__ import annotations

import os
from typing import Dict, List, Optional, Tuple

from certifi_system_store_wrapper.commands.trusts import Here, Trust

NO_FILES = {"PIP_CONFIG_FILE": os.devnull, "CONDA_ROOT": "/no/such/root"}


def here(
    versions: Dict[str, str],
    environ: Optional[Dict[str, str]] = None,
    python: Tuple[int, int] = (3, 12),
    urllib3: str = "1.26.20",
) -> Here:
    """Return an environment with these distributions and variables."""
    return Here(versions, environ or {}, python, {"urllib3": urllib3}, "/no/such/prefix")


def of(client: str, found: List[Trust]) -> Trust:
    """Return the one trust of a client."""
    (trust,) = [t for t in found if any(c.split()[0] == client for c in t.clients)]
    return trust


def set_by_a_file(found: List[Trust], path: Optional[str], fault: str) -> None:
    """There is one trust, of this path or with this fault; none if the path is None."""
    if path is None:
        assert found == []
        return
    (trust,) = found
    assert fault in trust.fault
    assert [root.path for root in trust.roots] == ([path] if path else [])
