"""A system store that answers what was found before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from certifi_system_store_wrapper.sources.findings import Findings


def replay(found: Findings) -> Callable[[Findings], None]:
    """Return a collect() that finds this."""

    def collect(findings: Findings) -> None:
        findings.__dict__.update({**found.__dict__, "reader": findings.reader})

    return collect
