"""`doctor HOST`: what each trust in force says of the server, and what that means."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ....bundle import Bundle
from ....settings import Settings, from_environment
from ... import trusts
from ...output import Finding, problem
from ...status import why_plain
from ...trusts import Checks, Replacement, Root, Trust, look
from .. import replacing, strict
from ..verify_codes import NO_ISSUER, WRONG_NAME
from . import by_itself, contexts, handshake, reasons
from .handshake import Outcome
from .route import Route, reason_of
from .target import OPERATOR, NoConnection, Target, UntrustedProxy, is_ip

# The contexts that connect to every server, as rows name them, whoever uses them.
CERTIFI_ALONE, BUNDLE = Trust((Root(trusts.CERTIFI),)), Trust((Root(trusts.BUNDLE),))
STRICT = BUNDLE._replace(checks=Checks(strict=True))
DEFAULTS = Trust((Root(trusts.DEFAULTS),), Checks(strict=strict.IS_ON))
ALWAYS = (CERTIFI_ALONE, BUNDLE, STRICT, DEFAULTS)
# OpenSSL's verify code (x509_vfy.h).
_NO_ISSUER = 2
_WITHIN_ANOTHER = "pip fails: its truststore cannot work within another one"
_OF_PIP = "set PIP_USE_DEPRECATED=legacy-certs, or uninstall what replaces the contexts"
_ANEW = f"{OPERATOR} has to have its certificate issued anew"
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
        trust = trust._replace(proxy_roots=())
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
    proxy_roots = tuple(own[0] if each in BUNDLE.roots else each for each in trust.proxy_roots)
    return trust._replace(roots=roots or own, proxy_roots=proxy_roots)


def tried(found: Sequence[Trust], route: Route, built: Bundle) -> Iterator[Tried]:
    """Connect once with each trust, whoever set it; raises OSError."""
    pem = contexts.pem_of(built)
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


def with_proxy_told(found: Sequence[Tried], untried: Sequence[str]) -> Iterator[Tried]:
    """Yield them, with what helps those that refuse the proxy, of which none is `untried`.

    Where the bundle trusts the proxy, that is what leads clients to the bundle.
    """
    helps = any(e.trust.unset() == BUNDLE and not e.outcome.refuses_proxy for e in found)
    for each in found:
        trust, outcome = each
        if not outcome.refuses_proxy:
            yield each
            continue
        remedy = outcome.remedy
        if helps and not trust.proxy:
            remedy = _way_to_the_bundle(trust.proxy_roots or trust.roots, remedy)
        yield Tried(_without(untried, trust), outcome._replace(remedy=remedy))


def _has_met(trust: Trust, outcome: Outcome) -> bool:
    """Whether the server has shaken hands with it, up to its certificates."""
    return bool(outcome.code or outcome.trusted) and not trust.checks_nothing


def passable(found: Sequence[Trust], route: Route, built: Bundle) -> Route:
    """Return the way on which the first trust that can verifies its proxy; raises NoConnection.

    Nobody gives the user's password to a proxy that no client here trusts.
    """
    refusal = None
    for way in _verified(found, route, contexts.pem_of(built)) if route.is_by_tls else ():
        try:
            way.connected().close()
        except UntrustedProxy as error:
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
            yield route.trusting(contexts.for_proxy(trust, pem))


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
        context = contexts.for_server(trust, pem)
    except (OSError, ValueError) as error:
        faults = filter(None, map(_fault, trust.roots))
        return Outcome(trusted=False, message=next(faults, reason_of(error)))
    own = by_itself.CHECKS.get(trust.checks.by_itself)
    try:
        way = route.by(trust.proxy) if trust.proxy else route
        way = way.trusting(contexts.for_proxy(trust, pem)) if way.is_by_tls else way
        return handshake.outcome(way, context, own)
    except UntrustedProxy as error:
        return Outcome(trusted=False, message=str(error), remedy=error.remedy, refuses_proxy=True)
    except NoConnection as error:
        # By the other proxy, or by none, there is a way.
        if not trust.proxy:
            raise
        return Outcome(trusted=False, message=str(error), remedy=_OF_PROXY)


def _fault(root: Root) -> str:
    return look.at(root).fault


def by_clients(found: Sequence[Tried]) -> List[Tried]:
    """Return the trusts by which clients here check."""
    return [each for each in found if each.trust.clients and not each.trust.checks_nothing]


def findings(found: Sequence[Tried], built: Bundle, told: Optional[Outcome]) -> Iterator[Finding]:
    """Report the settings; and who is refused, unless it is `told` why everybody is.

    Who lacks the CA is told that, too, where the others are refused for another reason. A file
    that can be used, and only adds to the bundle, is not to blame.
    """
    refused = [each for each in found if not each.outcome.trusted]
    if told:
        lack = not told.trusted and told.code and told.code not in NO_ISSUER
        refused = [each for each in refused if lack and each.outcome.code in NO_ISSUER]
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
    if any(root.kind == trusts.BUNDLE for root in trust.roots) and not outcome.code:
        return reasons.UNKNOWN
    if outcome.code in WRONG_NAME:
        return _ANEW
    return _way_to_the_bundle(trust.roots, _ANEW)


def _way_to_the_bundle(roots: Sequence[Root], otherwise: str) -> str:
    """Return what leads clients with those roots to the bundle; `otherwise` if they have it."""
    kinds = [root.kind for root in roots]
    if trusts.BUNDLE in kinds:
        return otherwise
    if trusts.DEFAULTS in kinds:
        return for_defaults()
    return "for those: the variables that `certifi-system-store-wrapper shellenv` prints"
