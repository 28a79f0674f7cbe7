"""The trusts in force here: which roots each installed client would use, and who set them.

in_force() reads variables, settings files and the metadata of distributions; no client is imported.
`doctor HOST` tries each trust that it returns.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

# The kinds of a Root. FILE and FOLDER have a path.
CERTIFI, BUNDLE, DEFAULTS = "certifi alone", "the bundle", "ssl defaults"
FILE, FOLDER = "file", "folder"


class Root(NamedTuple):
    """Where roots come from: certifi's own list, the bundle, OpenSSL's defaults, a file, a folder.

    A folder is one of files with hashed names, as OpenSSL reads it.
    """

    kind: str
    path: str = ""


class Setting(NamedTuple):
    """What somebody set to replace the roots of a client.

    `name` is what to unset or to change (REQUESTS_CA_BUNDLE, ca_bundle of [profile x]), `place` the
    file that has it, "" for the environment. `path` is what the clients make of `value`. `fault`
    says what is wrong with it, whoever connects where; "" if nothing is.
    """

    name: str
    place: str
    value: str
    path: str
    readers: str
    fault: str = ""


class Checks(NamedTuple):
    """How a client checks: as Python 3.13 does (`strict`), and if it reads common names."""

    strict: bool = False
    common_name: bool = True


class Trust(NamedTuple):
    """One trust in force: its roots, how they are used, by whom, and who set them.

    `clients` are the installed distributions that use it ("requests 2.34.2"); `settings` have led
    them there, none where they do as they do by default. Where `checks_nothing`, they trust
    everybody.
    """

    roots: Tuple[Root, ...]
    checks: Checks = Checks()
    clients: Tuple[str, ...] = ()
    settings: Tuple[Setting, ...] = ()
    checks_nothing: bool = False

    @property
    def name(self) -> str:
        """Return how a row calls it: REQUESTS_CA_BUNDLE, or the bundle, strict."""
        set_by = {each.path: each.name for each in self.settings}
        named = [set_by.get(root.path, root.path) or root.kind for root in self.roots]
        checks = [", strict"] if self.checks.strict else []
        checks += [] if self.checks.common_name else [", no common names"]
        return " and ".join(named or ["nothing"]) + "".join(checks)

    @property
    def fault(self) -> str:
        """Return what is wrong with the settings, "" if nothing is."""
        return "; ".join(each.fault for each in self.settings if each.fault)
