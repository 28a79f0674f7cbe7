"""`doctor HOST`: where clients reach a host in different ways, so that one verdict is not for all.

While one of these notes stands, nothing is said to be ok.
"""

from __future__ import annotations

import sys
from typing import Iterator, List

from ...output import Finding, note, problem
from ...trusts import by_own_rules, not_as_written, not_by_tls, past_proxies, this
from .chain import View
from .proxy import is_in_doubt, named
from .route import Route
from .target import NoConnection


def untried(route: Route) -> List[str]:
    """Return the clients of here that may meet something else than was tried."""
    here = this()
    if is_in_doubt(route.where):
        return [here.called(name) for name in here.versions]
    past = [*past_proxies(here), *not_as_written(here, named())] if route.proxy else []
    return [*by_own_rules(here), *past, *(not_by_tls(here) if route.is_by_tls else [])]


def findings(view: View) -> Iterator[Finding]:
    """Report each way on which a client of here may be, and nothing was tried."""
    if view.proxy:
        yield from _past_the_proxy(view)
        yield from _not_as_written()
        yield from _not_by_tls(view)
        yield from _by_its_login(view)
        yield from _by_http_1_0(view)
    clients = by_own_rules(this())
    if clients:
        yield note(
            "proxy",
            "these read the variables of proxies by rules of their own, so that their way has not "
            f"been tried: {', '.join(clients)}",
            "set the same proxy in small letters and in capitals, and hosts alone in NO_PROXY",
        )
    if is_in_doubt(view.where):
        yield note(
            "proxy",
            f"NO_PROXY excepts {view.where.host} for some clients only, as requests, httpx and "
            "urllib read it by different rules: one of both ways has not been tried",
            f"name the host itself in NO_PROXY, without port or dot: {view.where.host}",
        )
    if view.where.is_absolute:
        yield note(
            "name",
            f"{view.where.host}. ends with a dot, which urllib3 2 leaves out; others, as httpx and "
            "pip, look for a name with it, which no certificate has",
            f"name {view.where.host} without it",
        )


def _past_the_proxy(view: View) -> Iterator[Finding]:
    clients = past_proxies(this())
    if clients:
        yield note(
            "proxy",
            "these pass over the variables of proxies unless their programs say otherwise, so "
            f"what they meet has not been tried: {', '.join(clients)}",
            f"to try it: NO_PROXY={view.where.host} certifi-system-store-wrapper doctor "
            f"{view.where}",
        )


def _not_as_written() -> Iterator[Finding]:
    here = this()
    past = past_proxies(here)
    clients = [each for each in not_as_written(here, named()) if each not in past]
    if clients:
        yield problem(
            "client",
            f"{', '.join(clients)}: these do not understand the variable of the proxy as it is "
            "written, so that they fail before they connect",
            "begin it with http:// (https:// where one speaks TLS to the proxy), in small letters",
        )


def _not_by_tls(view: View) -> Iterator[Finding]:
    here = this()
    clients = not_by_tls(here) if view.route and view.route.is_by_tls else []
    clients = [each for each in clients if each not in past_proxies(here)]
    if clients:
        yield problem(
            "client",
            f"{', '.join(clients)}: these speak no TLS to a proxy, and this one is https://",
            "name an http:// proxy, or for httpx and requests upgrade httpcore to 0.18 and urllib3 "
            "to 1.26",
        )


def _by_its_login(view: View) -> Iterator[Finding]:
    if view.proxy and view.proxy.has_odd_login:
        yield note(
            "proxy",
            "clients send the user of that proxy in different ways, or not at all, where it has no "
            "password, or other characters than ASCII: this was tried with UTF-8 alone",
            "give that user a password of ASCII",
        )


def _by_http_1_0(view: View) -> Iterator[Finding]:
    if view.route and sys.version_info < (3, 12):
        try:
            view.route.by_http_1_0().connected().close()
        except NoConnection as error:
            yield note(
                "proxy",
                "before Python 3.12 requests, pip and urllib ask a proxy by HTTP/1.0, without a "
                f"Host: {error}",
                "a newer Python asks by HTTP/1.1, as httpx does",
            )
