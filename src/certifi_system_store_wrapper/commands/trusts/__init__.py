"""The trusts in force here: which roots each installed client would use, and who set them.

in_force() reads variables, settings files and the metadata of distributions; no client is imported.
`doctor HOST` tries each trust that it returns.
"""

from __future__ import annotations

from typing import Dict, Iterable, List

from . import aws, clients, conda, environment, look, own_tls, pip, poetry
from .clients import by_own_rules, not_as_written, not_by_tls, past_proxies
from .here import Here, this
from .trust import (
    BUNDLE,
    BY_BORINGSSL,
    BY_URLLIB3,
    BY_URLLIB3_2,
    BY_WEBPKI,
    CERTIFI,
    DEFAULTS,
    FILE,
    FOLDER,
    NO_COMMON_NAMES,
    OWN_TLS,
    OWN_TLS_FOLDERS,
    READ_PAST_SSL,
    Checks,
    Replacement,
    Root,
    Setting,
    Trust,
)

__all__ = [
    "BUNDLE",
    "BY_BORINGSSL",
    "BY_URLLIB3",
    "BY_URLLIB3_2",
    "BY_WEBPKI",
    "CERTIFI",
    "DEFAULTS",
    "FILE",
    "FOLDER",
    "NO_COMMON_NAMES",
    "OWN_TLS",
    "OWN_TLS_FOLDERS",
    "READ_PAST_SSL",
    "Checks",
    "Here",
    "Replacement",
    "Root",
    "Setting",
    "Trust",
    "by_own_rules",
    "environment",
    "in_force",
    "look",
    "merged",
    "not_as_written",
    "not_by_tls",
    "past_proxies",
    "this",
]


def in_force(here: Here) -> List[Trust]:
    """Return each trust in force once, with all who use it; that of the installed clients first."""
    found = [*clients.trusts(here), *aws.of_other_profiles(here)]
    found += [*pip.of_each_command(here), *pip.unchecked(here)]
    found += [*own_tls.of_uv_tool(here), *own_tls.unchecked_by_uv(here)]
    found += [*conda.trusts(here), *poetry.trusts(here)]
    # OpenSSL may read other files of the folder that a variable names than a TLS of its own does.
    used = {each for trust in found if not trust.checks.own_tls for each in trust.settings}
    found += [environment.trust(each) for each in environment.every(here) if each not in used]
    return merged(found)


def merged(trusts: Iterable[Trust], *, whoever_set_it: bool = False) -> List[Trust]:
    """Return the trusts, one for all that have the same roots and check them in the same way.

    Those that are set by different settings stay apart, so that each setting keeps its own clients,
    unless it does not matter `whoever_set_it`.
    """
    merged: Dict[Trust, Trust] = {}
    for each in trusts:
        key = each.unset() if whoever_set_it else each._replace(clients=())
        known = merged.get(key, key)
        merged[key] = known._replace(
            clients=tuple(dict.fromkeys((*known.clients, *each.clients))),
            settings=tuple(dict.fromkeys((*known.settings, *each.settings))),
        )
    return list(merged.values())
