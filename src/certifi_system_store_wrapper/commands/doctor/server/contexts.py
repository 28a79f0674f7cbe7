"""The context of ssl that trusts and checks as clients with one trust do."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from typing import Dict

from .... import api
from ....bundle import Bundle
from ....machine import openssl
from ....settings import CERTIFI as OWN
from ....settings import from_environment
from ... import trusts
from ...trusts import Checks, Root, Trust, look
from . import handshake


def pem_of(built: Bundle) -> Dict[str, str]:
    """Return certifi's own list and the bundle as PEM, by the kinds of their roots."""
    # Whatever the sources are: it answers where the bundle does not.
    own = api.build(from_environment()._replace(sources=(OWN,)))
    pem = {trusts.CERTIFI: own, trusts.BUNDLE: built}
    return {kind: each.body.decode("ascii") for kind, each in pem.items()}


def for_proxy(trust: Trust, pem: Dict[str, str]) -> ssl.SSLContext:
    """Return the context by which those clients verify a proxy, its name by OpenSSL's rules."""
    checks = trust.checks._replace(by_itself="")
    return for_server(trust._replace(roots=trust.proxy_roots or trust.roots, checks=checks), pem)


def for_server(trust: Trust, pem: Dict[str, str]) -> ssl.SSLContext:
    """Return a context that trusts and checks as those clients do; raises OSError.

    It writes no SSLKEYLOGFILE, and waits for no FIFO.
    """
    context = _checking(trust.checks)
    own = [root for root in trust.roots if root.kind in trusts.READ_PAST_SSL]
    if own:
        # Raises if none of them has any.
        blocks = [block for root in own for block in look.at(root).blocks or ()]
        context.load_verify_locations(cadata=b"".join(blocks).decode("ascii"))
    for root in (each for each in trust.roots if each not in own):
        if root.kind in (trusts.FILE, trusts.FOLDER):
            _load(context, root)
        elif root.kind == trusts.DEFAULTS:
            _load_defaults(context, pem)
        # It refuses to load nothing.
        elif pem[root.kind]:
            context.load_verify_locations(cadata=pem[root.kind])
    return context


def _load(context: ssl.SSLContext, root: Root) -> None:
    waits = look.waiting(root)
    if root.kind == trusts.FILE:
        if waits:
            raise _waits(root.path)
        context.load_verify_locations(cafile=root.path)
    elif not waits:
        context.load_verify_locations(capath=root.path)
    else:
        # OpenSSL opens each only when it looks for a CA of that name; a FIFO may be one of them.
        for path in look.hashed_files(root):
            with suppress(OSError):
                context.load_verify_locations(cafile=path)


def _waits(path: str) -> OSError:
    return OSError(f"{path} is no file, and who reads it waits")


def _load_defaults(context: ssl.SSLContext, pem: Dict[str, str]) -> None:
    """Load what OpenSSL's variables name, its own defaults where those are not set."""
    file, folder = openssl.default_paths()
    roots = (
        Root(trusts.FILE, os.environ.get("SSL_CERT_FILE", file)),
        Root(trusts.FOLDER, os.environ.get("SSL_CERT_DIR", folder)),
    )
    if not any(map(look.waiting, roots)):
        context.load_default_certs()
        return
    if look.waiting(roots[0]):
        raise _waits(roots[0].path)
    for root in roots:
        # OpenSSL passes over what it cannot read.
        with suppress(OSError):
            _load(context, root)
    if from_environment().ssl_defaults and pem[trusts.BUNDLE]:
        # As what replaces load_default_certs() does.
        context.load_verify_locations(cadata=pem[trusts.BUNDLE])


def _checking(checks: Checks) -> ssl.SSLContext:
    made = checks.replacement.context if checks.replacement else None
    context = handshake.context_of("", made, strict=checks.strict)
    # LibreSSL and OpenSSL 1.0.2 do not let that be chosen.
    if ssl.HAS_NEVER_CHECK_COMMON_NAME:
        context.hostname_checks_common_name = checks.common_name
    context.check_hostname = checks.by_itself not in (trusts.BY_URLLIB3, trusts.BY_URLLIB3_2)
    if checks.ciphers:
        context.set_ciphers(checks.ciphers)
    if checks.from_1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    if checks.offers_http1:
        context.set_alpn_protocols(["http/1.1"])
    return context
