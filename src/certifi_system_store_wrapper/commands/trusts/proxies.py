"""The variables of proxies that httpx and httpx2 cannot use: both fail before they connect.

They prepare for every proxy that is named, also for those that the host does not go by.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv6Address
from typing import Dict

from .here import Here
from .trust import Setting, Trust

_SOCKS = ("socks5", "socks5h")
_READERS = "httpx and httpx2 read it"
# What both read as an address: [USER[:PASSWORD]@]HOST[:PORT], and anything behind that.
_ADDRESS = re.compile(r"(?s)(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:@]*)(?::\d*)?(?:[/?#].*)?")


def refused(here: Here, trust: Trust, *, reads_ipv6: bool) -> Trust:
    """Return that trust, or that no variable of a proxy lets the client use it.

    Without `reads_ipv6` an IPv6 network or a bracket in NO_PROXY makes it fail, too.
    """
    given = _given(here)
    excepted = given.pop("no_proxy", Setting("", ""))
    items = [item.strip() for item in excepted.value.split(",")]
    if "*" in items:
        return trust
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        # A blank around it is told for every client.
        value = given.get(name, Setting("", "")).value.strip()
        scheme, mark, address = value.partition("://")
        if not _is_readable(address if mark else value):
            what = "it cannot read that: write http://HOST:PORT, others in a password as %XX"
            return _fault(given[name], what)
        if mark and scheme.lower() not in ("http", "https", *_SOCKS):
            return _fault(given[name], "that is no proxy for it: name socks5:// or http://")
        if scheme.lower() in _SOCKS and not here.has("socksio"):
            return _fault(given[name], "it needs socksio: pip install httpx[socks]")
    wrong = [] if reads_ipv6 else [item for item in items if _is_unreadable(item)]
    return _fault(excepted, f"it cannot read {wrong[0]}: leave that out") if wrong else trust


def _fault(setting: Setting, what: str) -> Trust:
    # A blank in a password would hide from printable() where that ends.
    shown = setting._replace(value=re.sub(r"(?s)(?<=://).*@", "***@", setting.value))
    return Trust((), settings=(shown,), fault=f"the client fails before it connects: {what}")


def _given(here: Here) -> Dict[str, Setting]:
    """Return each variable of a proxy by its small name; one in small letters counts before."""
    names = [name for name in here.environ if name.lower().endswith("_proxy")]
    return {
        name.lower(): Setting(name, here.environ[name], readers=_READERS)
        for name in sorted(names, key=str.islower)
    }


def _is_readable(address: str) -> bool:
    found = _ADDRESS.fullmatch(address)
    host = found[1] if found else ""
    # Of other characters than ASCII a name has letters and digits alone.
    return bool(found) and (host.isascii() or host.replace("-", "").replace(".", "").isalnum())


def _is_unreadable(item: str) -> bool:
    """Whether httpx takes it for a name with a port, or for an address, that it is not."""
    if not item.isascii() or item.startswith("["):
        return True
    with suppress(ValueError):
        IPv6Address(item.partition("/")[0].partition("%")[0])
        return "/" in item
    return not _is_readable(item.partition("://")[2] if "://" in item else item)
