"""`doctor HOST`: what each trust in force says of the server, and what that means."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ....bundle import Bundle
from ....machine import openssl
from ....settings import CERTIFI as OWN
from ....settings import Settings, from_environment
from ... import trusts
from ...output import Finding, problem
from ...status import why_plain
from ...trusts import Checks, Replacement, Root, Trust, look
from .. import replacing, strict
from . import by_itself, handshake, reasons
from .handshake import Outcome
from .route import Route, reason_of
from .target import OPERATOR, Refused, Target, Untrusted, is_ip

# The contexts that connect to every server, as rows name them, whoever uses them.
CERTIFI_ALONE, BUNDLE = Trust((Root(trusts.CERTIFI),)), Trust((Root(trusts.BUNDLE),))
STRICT = BUNDLE._replace(checks=Checks(strict=True))
DEFAULTS = Trust((Root(trusts.DEFAULTS),), Checks(strict=strict.IS_ON))
ALWAYS = (CERTIFI_ALONE, BUNDLE, STRICT, DEFAULTS)
# OpenSSL's verify code (x509_vfy.h).
_NO_ISSUER = 2
_WITHIN_ANOTHER = "pip fails: its truststore cannot work within another one"
_OF_PIP = "set PIP_USE_DEPRECATED=legacy-certs, or uninstall what replaces the contexts"
# What helps clients with a proxy of their own.
_OF_PROXY = "take the proxy out of their settings (`proxy`, PIP_PROXY)"


class Tried(NamedTuple):
    """A trust in force, and its verdict on the server."""

    trust: Trust
    outcome: Outcome

    def told(self) -> Dict[str, Any]:
        """Return it as data."""
        return {
            "name": self.trust.name,
            "clients": list(self.trust.clients),
            "settings": [each._asdict() for each in self.trust.settings],
            "only": self.trust.only,
            **self.outcome._asdict(),
        }


def in_force(
    built: Bundle,
    settings: Settings,
    where: Target,
    other: Optional[Replacement] = None,
    *,
    by_proxy: bool = False,
) -> List[Trust]:
    """Return the trusts that are to be tried with that server: those of ALWAYS, and all in force.

    Where certifi does not answer from the bundle, whoever asks it gets its own list, and httpx2 is
    given nothing. Where all contexts of Python are of an `other` class, clients use that one, and
    the bundle is tried by it, too.
    """
    named = ("", where.host, f"[{where.host}]", str(where))
    every = [each for each in trusts.in_force(trusts.this()) if each.host in named]
    lax = [each for each in every if each.checks_nothing and not each.only]
    found = [
        _used(each, where, by_proxy=by_proxy)._replace(host="", clients=_using(each, lax))
        for each in every
    ]
    found = [each for each in found if each.clients or each.settings]
    if why_plain(settings, built):
        found = list(map(_without_bundle, found))
    if other:
        found = [_by(other, each) for each in (BUNDLE, *found)]
    return trusts.merged([*ALWAYS, *found])


def _by(other: Replacement, trust: Trust) -> Trust:
    checks = trust.checks
    return trust if checks.own_tls else trust._replace(checks=checks._replace(replacement=other))


def _used(trust: Trust, where: Target, *, by_proxy: bool) -> Trust:
    """Return the trust as it counts for that host, on that way."""
    if not (by_proxy or trust.proxy):
        trust = trust._replace(at_proxy=())
    elif trust.by_proxy:
        trust = trust._replace(roots=trust.by_proxy[0], checks=trust.by_proxy[1])
    needs_name = trust.checks.needs_name and is_ip(where.host)
    return trust._replace(checks=trust.checks._replace(needs_name=needs_name), by_proxy=None)


def _using(trust: Trust, lax: Sequence[Trust]) -> Tuple[str, ...]:
    """Return the clients of a trust; those of the `lax` ones check nothing and use no other."""
    elsewhere = {client for each in lax for client in each.clients if trust not in lax}
    return tuple(each for each in trust.clients if each not in elsewhere)


def _without_bundle(trust: Trust) -> Trust:
    own = CERTIFI_ALONE.roots
    roots = tuple(each for each in trust.roots if each not in BUNDLE.roots)
    at_proxy = tuple(own[0] if each in BUNDLE.roots else each for each in trust.at_proxy)
    return trust._replace(roots=roots or own, at_proxy=at_proxy)


def tried(found: Sequence[Trust], route: Route, built: Bundle) -> Iterator[Tried]:
    """Connect once with each trust, whoever set it; raises OSError."""
    pem = _pem(built)
    outcomes: Dict[Trust, Outcome] = {}
    for trust in found:
        alike = trust.unset()
        if alike not in outcomes:
            try:
                outcomes[alike] = _outcome(alike, route, pem)
            except handshake.HANG_UPS as error:
                served = [each for each, o in outcomes.items() if _has_met(each, o)]
                # Raises if the server hangs up on that one, too, by now.
                for each in served[:1]:
                    _outcome(each, route, pem)
                outcomes[alike] = Outcome(trusted=False, message=reason_of(error))
        yield Tried(trust, outcomes[alike])


def at_proxy(found: Sequence[Tried], untried: Sequence[str]) -> Iterator[Tried]:
    """Return them; whom the proxy is refused by is none whose way is `untried`.

    Where the bundle trusts the proxy, what leads clients to the bundle helps them.
    """
    helps = any(each.trust.unset() == BUNDLE and not each.outcome.at_proxy for each in found)
    for each in found:
        trust, outcome = each
        if outcome.at_proxy:
            remedy = "" if helps else outcome.remedy
            yield Tried(_without(untried, trust), outcome._replace(remedy=remedy))
        else:
            yield each


def _has_met(trust: Trust, outcome: Outcome) -> bool:
    """Whether the server has shaken hands with it, up to its certificates."""
    return bool(outcome.code or outcome.trusted) and not trust.checks_nothing


def _pem(built: Bundle) -> Dict[str, str]:
    own = [a.block for a in built.anchors if any(o.source == OWN for o in a.origins)]
    return {
        trusts.CERTIFI: b"".join(own).decode("ascii"),
        trusts.BUNDLE: built.body.decode("ascii"),
    }


def passable(found: Sequence[Trust], route: Route, built: Bundle) -> Route:
    """Return the way on which the first trust that can verifies its proxy; raises Refused.

    Nobody gives the user's password to a proxy that no client here trusts.
    """
    refusal = None
    for way in _verified(found, route, _pem(built)) if route.is_by_tls else ():
        try:
            way.connected().close()
        except Untrusted as error:
            refusal = refusal or error
        else:
            return way
    if refusal:
        raise refusal
    return route


def _verified(found: Sequence[Trust], route: Route, pem: Dict[str, str]) -> Iterator[Route]:
    """Yield the way by each trust that can be used; the row of any other says why it cannot."""
    for trust in dict.fromkeys([BUNDLE, *found]):
        with suppress(OSError, ValueError):
            yield route.trusting(_at_proxy(trust, pem))


def rows(found: Sequence[Tried], untried: Sequence[str]) -> List[Tried]:
    """Return what is shown of them: one row for all that are the same, whoever set them.

    It names no client whose way is `untried`.
    """
    outcomes = {each.trust.unset(): each.outcome for each in found}
    known = (_without(untried, each.trust) for each in found)
    shown = trusts.merged(known, whoever_set_it=True)
    return [Tried(trust, outcomes[trust.unset()]) for trust in shown]


def _without(untried: Sequence[str], trust: Trust) -> Trust:
    if trust.proxy or trust.checks_nothing:
        return trust
    return trust._replace(clients=tuple(each for each in trust.clients if each not in untried))


def replaced(found: Sequence[Tried]) -> Dict[str, Outcome]:
    """Return how the bundle fares by the class that has replaced Python's own, by its name."""
    others = [(each, each.trust.checks.replacement) for each in found]
    return {
        each.trust.name: each.outcome
        for each, other in others
        if other and each.trust.unset() == _by(other, BUNDLE)
    }


def _outcome(trust: Trust, route: Route, pem: Dict[str, str]) -> Outcome:
    if trust.checks_nothing:
        return Outcome(trusted=True)
    if trust.fault:
        return Outcome(trusted=False, message=trust.fault)
    if trust.checks.needs_name:
        message = "the client fails with an address: check_hostname requires server_hostname"
        return Outcome(trusted=False, message=message, remedy="name the host by a DNS name")
    other = trust.checks.replacement
    if trust.checks.is_pips_truststore and other and not other.is_pips:
        return Outcome(trusted=False, message=_WITHIN_ANOTHER, remedy=_OF_PIP)
    try:
        context = _context(trust, pem)
    except (OSError, ValueError) as error:
        faults = filter(None, map(_fault, trust.roots))
        return Outcome(trusted=False, message=next(faults, reason_of(error)))
    own = by_itself.CHECKS.get(trust.checks.by_itself)
    try:
        way = route.by(trust.proxy) if trust.proxy else route
        way = way.trusting(_at_proxy(trust, pem)) if way.is_by_tls else way
        return handshake.outcome(way, context, own)
    except Untrusted as error:
        return Outcome(trusted=False, message=str(error), remedy=error.remedy, at_proxy=True)
    except Refused as error:
        # By the other proxy, or by none, there is a way.
        if not trust.proxy:
            raise
        return Outcome(trusted=False, message=str(error), remedy=_OF_PROXY)


def _fault(root: Root) -> str:
    return look.at(root).fault


def _at_proxy(trust: Trust, pem: Dict[str, str]) -> ssl.SSLContext:
    """Return the context by which those clients verify a proxy, its name by OpenSSL's rules."""
    checks = trust.checks._replace(by_itself="")
    return _context(trust._replace(roots=trust.at_proxy or trust.roots, checks=checks), pem)


def _context(trust: Trust, pem: Dict[str, str]) -> ssl.SSLContext:
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
            _load_defaults(context)
        else:
            context.load_verify_locations(cadata=pem[root.kind])
    return context


def _load(context: ssl.SSLContext, root: Root) -> None:
    waits = look.waiting(root)
    if root.kind == trusts.FILE:
        if waits:
            raise OSError(f"{waits[0]} is no file, and who reads it waits")
        context.load_verify_locations(cafile=root.path)
    elif not waits:
        context.load_verify_locations(capath=root.path)
    else:
        # OpenSSL opens each only when it looks for a CA of that name; a FIFO may be one of them.
        for path in look.hashed_files(root):
            with suppress(OSError):
                context.load_verify_locations(cafile=path)


def _load_defaults(context: ssl.SSLContext) -> None:
    """Load what OpenSSL's variables name, and its own defaults where they name nothing."""
    file, folder = openssl.default_paths()
    roots = (
        Root(trusts.FILE, os.environ.get("SSL_CERT_FILE", file)),
        Root(trusts.FOLDER, os.environ.get("SSL_CERT_DIR", folder)),
    )
    if not any(map(look.waiting, roots)):
        context.load_default_certs()
        return
    for root in roots:
        # OpenSSL passes over what is not there.
        with suppress(FileNotFoundError, ssl.SSLError):
            _load(context, root)


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


def by_clients(found: Sequence[Tried]) -> List[Tried]:
    """Return the trusts by which clients here check."""
    return [each for each in found if each.trust.clients and not each.trust.checks_nothing]


def findings(found: Sequence[Tried], built: Bundle, *, is_told: bool) -> Iterator[Finding]:
    """Report the settings; and who is refused, unless it `is_told` why everybody is.

    A file that can be used, and only adds to the bundle, is not to blame.
    """
    refused = [] if is_told else [each for each in found if not each.outcome.trusted]
    said = {
        setting: f"it refuses this server: {_why(outcome)}"
        for trust, outcome in refused
        for setting in trust.settings
        if not (outcome.code and Root(trusts.BUNDLE) in trust.roots)
        # Else it is the client's own proxy that does not serve, or pip's truststore.
        if outcome.message not in reasons.KNOWN and outcome.remedy not in (_OF_PROXY, _OF_PIP)
    }
    yield from replacing.findings([each.trust for each in found], built, said)
    yield from refusals(each for each in refused if said.keys().isdisjoint(each.trust.settings))


def refusals(found: Iterable[Tried]) -> Iterator[Finding]:
    """Report each client that is refused, and once what many of them meet."""
    told: Dict[Tuple[str, str], List[str]] = {}
    for trust, outcome in found:
        if trust.clients and not outcome.trusted:
            refusal = f"{trust.name} refuses this server: {_why(outcome)}", _help(trust, outcome)
            who = told.setdefault(reasons.KNOWN.get(outcome.message, refusal), [])
            who += filter(None, [*trust.clients, trust.only])
    for (what, remedy), who in told.items():
        yield problem("client", f"{', '.join(who)}: {what}", remedy)


def for_defaults() -> str:
    """Return what helps clients that use OpenSSL's defaults."""
    variables = "the variables of shellenv"
    is_on = from_environment().ssl_defaults
    return f"for those: {variables if is_on else f'PYTHON_CERTIFI_SSL_DEFAULTS=1, or {variables}'}"


def _why(outcome: Outcome) -> str:
    return f"{outcome.message} ({outcome.code})" if outcome.code else outcome.message


def _help(trust: Trust, outcome: Outcome) -> str:
    """Return what helps clients that nobody led away from certifi."""
    if outcome.remedy:
        return outcome.remedy
    if trust.proxy:
        return f"`add` the CA of that proxy, or {_OF_PROXY}"
    if outcome.code == _NO_ISSUER:
        return "what is trusted there is no root: `add` the certificate of its issuer, too"
    is_bundle = any(root.kind == trusts.BUNDLE for root in trust.roots)
    if is_bundle and not outcome.code:
        return reasons.UNKNOWN
    if is_bundle or outcome.code in handshake.WRONG_NAME:
        return f"{OPERATOR} has to have its certificate issued anew"
    if any(root.kind == trusts.DEFAULTS for root in trust.roots):
        return for_defaults()
    return "for those: the variables that `certifi-system-store-wrapper shellenv` prints"
