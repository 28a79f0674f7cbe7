"""No row of a client stands refused beside an "ok"."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from certifi_system_store_wrapper.bundle import Bundle
from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor import clients, replacing
from certifi_system_store_wrapper.commands.doctor.server import chain, diagnosis
from certifi_system_store_wrapper.commands.doctor.server.handshake import Outcome, Presented
from certifi_system_store_wrapper.commands.doctor.server.target import Target
from certifi_system_store_wrapper.commands.doctor.server.trusts import Tried
from certifi_system_store_wrapper.settings import Settings
from support.minting import mint
from support.trusts import here

PATH = "/no/such.pem"
SETTING = trusts.Setting("REQUESTS_CA_BUNDLE", PATH)
WAYS: Dict[str, Dict[str, Any]] = {
    "by default": {},
    "by a variable": {"settings": (SETTING,)},
    "by a file": {"settings": (SETTING._replace(place="/a.conf", readers="pip reads it"),)},
    "by a proxy of its own": {"proxy": "http://127.0.0.1:1"},
    "for one command": {"only": "for pip download"},
}


@pytest.mark.parametrize("names_ours", [False, True], ids=["", "ours"])
@pytest.mark.parametrize("code", [0, 20, 62, 64, 99])
@pytest.mark.parametrize("way", WAYS)
def test_who_is_refused_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, way: str, code: int, *, names_ours: bool
) -> None:
    """Whatever the reason, and though everybody else is trusted."""
    ours = {PATH: [SETTING.name]} if names_ours else {}
    monkeypatch.setattr(replacing, "_bundles_of_ours", lambda _: ours)
    trust = trusts.Trust((trusts.Root(trusts.FILE, PATH),), clients=("a client 1",), **WAYS[way])
    refused = Tried(trust, Outcome(trusted=False, message="anything", code=code))
    levels = [each.level for each in diagnosis.diagnose(_view(refused))]
    assert "problem" in levels and "ok" not in levels


@pytest.mark.parametrize("name", ["pycurl", "stripe", "requests"])
def test_who_is_given_roots_is_told_not_to_be_tried(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Though it is installed, no row can be its; all others have one."""
    monkeypatch.setattr(clients.trusts, "this", lambda: here({name: "1.0"}))
    told = [each for each in diagnosis.diagnose(_view()) if each.check == "clients"]
    assert [f"{name} 1.0" in each.message for each in told] == [True] * (name != "requests")
    assert all(each.level == "note" for each in told)


def test_a_proxy_that_only_the_strict_checks_refuse() -> None:
    """The server was not reached: whoever runs that has nothing to issue anew."""
    refused = Outcome(trusted=False, message="the proxy", remedy="its CA", refuses_proxy=True)
    view = _view()
    outcomes = {**view.outcomes, chain.STRICT: refused}
    (told,) = (
        e for e in diagnosis.diagnose(view._replace(outcomes=outcomes)) if e.check == "strict"
    )
    assert told.message.endswith("3.13 and later the proxy") and told.remedy == "its CA"


@pytest.mark.parametrize("is_trusted", [False, True])
def test_who_uses_the_defaults_and_more(*, is_trusted: bool) -> None:
    """As pip does, which has the bundle, too: that it is trusted says nothing of the others."""
    roots = trusts.Root(trusts.DEFAULTS), trusts.Root(trusts.BUNDLE)
    outcome = Outcome(trusted=is_trusted, message="refused")
    view = _view(Tried(trusts.Trust(roots, clients=("pip 25",)), outcome))
    refused = Outcome(trusted=False, message="refused", code=20)
    outcomes = {**view.outcomes, diagnosis.DEFAULTS: refused}
    told = [each.check for each in diagnosis.diagnose(view._replace(outcomes=outcomes))]
    assert ("defaults" in told, "client" in told) == (is_trusted, not is_trusted)


def _view(*more: Tried) -> chain.View:
    """Return what was seen of a server that the bundle trusts."""
    fine = Outcome(trusted=True)
    return chain.View(
        Target("localhost", 443),
        None,
        dict.fromkeys(chain.CONTEXTS, fine),
        Presented([]),
        [],
        [chain.link(mint("a server", ca=None, san="localhost"))],
        Bundle((), (), (), ()),
        Settings(),
        [
            Tried(trusts.Trust((trusts.Root(trusts.BUNDLE),)), fine),
            *more,
        ],
        lambda _: False,
    )
