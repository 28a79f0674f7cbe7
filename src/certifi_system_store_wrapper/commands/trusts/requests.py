"""The rule of requests; twine, and pip with its copy of requests, follow it, too."""

from __future__ import annotations

from typing import Tuple

from . import urllib3
from .environment import lax, place, variable
from .here import Here, Version
from .trust import BUNDLE, DEFAULTS, Checks, Root, Trust


def trust(here: Here, *own: str) -> Trust:
    """Return the trust of requests, or of who gives it what variables of its `own` name."""
    setting = variable(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", *own)
    if setting:
        checks = urllib3.checks(here, here.version("urllib3"))
        return Trust((place(setting.value),), checks, settings=(setting,))
    version = here.version("requests")
    roots, checks = (Root(BUNDLE),), _checks(here, version)
    return lax(here, version) or Trust(roots, checks, proxy_roots=proxy_roots(version))


def _checks(here: Here, requests: Version) -> Checks:
    """Return how it checks where it is told no file."""
    version = here.version("urllib3")
    found = urllib3.checks(here, version)
    if _has_own_context(requests) and urllib3.is_future(version):
        return found._replace(ciphers=urllib3.CIPHERS_OF_FUTURE)
    return found


def proxy_roots(requests: Version) -> Tuple[Root, ...]:
    """Return what verifies a proxy of https:// where it is told no file; (): as for a server."""
    return (Root(DEFAULTS),) if _has_own_context(requests) else ()


def _has_own_context(requests: Version) -> bool:
    """Whether it makes a context for all servers; urllib3 makes another for a proxy then."""
    return (2, 32) <= requests < (2, 32, 5)
