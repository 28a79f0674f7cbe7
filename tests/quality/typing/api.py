"""The public API as the type checker of a user sees it; mypy reads this, nobody runs it."""

from __future__ import annotations

from typing import Any, Dict, Optional

from typing_extensions import assert_type

import certifi_system_store_wrapper as ours
from certifi_system_store_wrapper import (
    __version__,
    activate,
    build,
    contents,
    deactivate,
    refresh,
    where,
)
from certifi_system_store_wrapper.bundle import Bundle
from certifi_system_store_wrapper.settings import Settings, from_environment

assert_type(__version__, str)
assert_type(where(), str)
assert_type(contents(), str)
assert_type(refresh(), str)
assert_type(build(), Bundle)
assert_type(ours.build(), Bundle)


def reconfigured(settings: Optional[Settings]) -> Bundle:
    """Settings of one's own are an argument like any other."""
    return build(settings)


def switched() -> None:
    """What only does something returns nothing."""
    activate()
    deactivate()


def provenance(bundle: Bundle) -> Dict[str, Any]:
    """What a bundle tells has types all the way down."""
    return {
        "files": [origin.path.lower() for anchor in bundle.anchors for origin in anchor.origins],
        "problems": [problem.message.lower() for problem in bundle.problems],
        "excluded": [each.reason.lower() for each in bundle.excluded],
    }


reconfigured(from_environment())
