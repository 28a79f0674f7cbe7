"""What a trust in force is: where its roots come from, how they are used, by whom, who set it."""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple, Optional, Tuple, Type

# The kinds of a Root. FILE, FOLDER, OWN_TLS and OWN_TLS_FOLDERS have a path.
CERTIFI, BUNDLE, DEFAULTS = "certifi alone", "the bundle", "ssl defaults"
FILE, FOLDER = "file", "folder"
# What is read past Python's contexts, to which PYTHON_CERTIFI_SSL_DEFAULTS may add: a file, and
# folders all of whose files are read.
OWN_TLS, OWN_TLS_FOLDERS = "file of another TLS", "folders of another TLS"
READ_PAST_SSL = (OWN_TLS, OWN_TLS_FOLDERS)
NO_COMMON_NAMES = ", no common names"
# What a client checks by itself: names by urllib3's rules, or as webpki or BoringSSL do.
BY_URLLIB3, BY_URLLIB3_2, BY_WEBPKI = "urllib3", "urllib3 2", "webpki"
BY_BORINGSSL = "BoringSSL"


class Root(NamedTuple):
    """Where roots come from: certifi's own list, the bundle, OpenSSL's defaults, a file, a folder.

    A folder is one of files with hashed names, as OpenSSL reads it.
    """

    kind: str
    path: str = ""


class Setting(NamedTuple):
    """What somebody set to replace the roots of a client.

    `name` is what to unset or to change (REQUESTS_CA_BUNDLE, ca_bundle of [profile x]), `place` the
    file that has it, "" for the environment. `readers` tells who reads it instead of what.
    """

    name: str
    value: str
    place: str = ""
    readers: str = ""

    def names(self, root: Root) -> bool:
        """Whether it names that file or folder; some clients replace a ~ in it."""
        return bool(root.path) and root.path in (self.value, os.path.expanduser(self.value))


class Replacement(NamedTuple):
    """The class of contexts that has replaced Python's own, and how a row calls it."""

    context: Type[ssl.SSLContext]
    called: str

    @property
    def is_pips(self) -> bool:
        """Whether it is the truststore that pip has."""
        return self.context.__module__.startswith("pip.")


class Checks(NamedTuple):
    """How a client checks: as Python 3.13 does (`strict`), and whether it takes a common name.

    `by_itself` says what it checks without OpenSSL, "" if nothing. `offers_http1` says that its
    handshake offers HTTP/1.1 and no other protocol (ALPN): some servers refuse that. `needs_name`
    says that it fails with an address. `ciphers` are what it chooses for TLS 1.2, "" for Python's
    own choice; `from_1_2` says that it takes no older version, whatever OpenSSL is told. It uses
    Python's contexts, or those that have taken their place (`replacement`), or has its `own_tls`.
    Where it `is_pips_truststore`, it fails within the truststore of anybody else.
    """

    strict: bool = False
    common_name: bool = True
    by_itself: str = ""
    offers_http1: bool = False
    needs_name: bool = False
    ciphers: str = ""
    from_1_2: bool = False
    own_tls: bool = False
    is_pips_truststore: bool = False
    replacement: Optional[Replacement] = None


class Trust(NamedTuple):
    """One trust in force: its roots, how they are used, by whom, and who set them.

    `clients` are the installed distributions that use it ("requests 2.34.2"); `settings` have led
    them there, none where they do as they do by default. Where `checks_nothing`, they trust
    everybody. `fault` says why they can use none of it, "" if they can. `only` says when it counts,
    if it does not always: for one repository or command, or with one profile. `host` is the one for
    which it counts, as HOST or HOST:PORT, "" if that is not known, or it counts for all. `proxy` is
    one that they were given past the variables, which may have a password in it. By `proxy_roots`
    they verify a proxy of https://, () if by the same. `by_proxy` are the roots and checks for a
    server behind a proxy, None if they are the same.
    """

    roots: Tuple[Root, ...]
    checks: Checks = Checks()
    clients: Tuple[str, ...] = ()
    settings: Tuple[Setting, ...] = ()
    checks_nothing: bool = False
    fault: str = ""
    only: str = ""
    host: str = ""
    proxy: str = ""
    proxy_roots: Tuple[Root, ...] = ()
    by_proxy: Optional[Tuple[Tuple[Root, ...], Checks]] = None

    def unset(self) -> Trust:
        """Return what of it decides the verdict: it without who uses it, and who set it."""
        return self._replace(clients=(), settings=())

    @property
    def name(self) -> str:
        """Return how a row calls it: REQUESTS_CA_BUNDLE, or the bundle, strict."""
        if self.checks_nothing:
            return "no check at all"
        named = [self._called(root) for root in self.roots]
        checks = [", strict"] if self.checks.strict else []
        checks += [] if self.checks.common_name else [NO_COMMON_NAMES]
        checks += [f", {self.checks.replacement.called}"] if self.checks.replacement else []
        by = " by its own proxy" if self.proxy else ""
        return " and ".join(named or ["nothing"]) + "".join(checks) + by

    def _called(self, root: Root) -> str:
        setting = next((each.name for each in self.settings if each.names(root)), "")
        return setting or root.path or root.kind
