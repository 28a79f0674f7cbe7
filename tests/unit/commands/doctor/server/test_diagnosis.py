"""No row of a client stands refused beside an "ok"."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from certifi_system_store_wrapper.bundle import Bundle
from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor import replacing
from certifi_system_store_wrapper.commands.doctor.server import chain, diagnosis
from certifi_system_store_wrapper.commands.doctor.server.handshake import Outcome, Presented
from certifi_system_store_wrapper.commands.doctor.server.target import Target
from certifi_system_store_wrapper.commands.doctor.server.trusts import Tried
from certifi_system_store_wrapper.settings import Settings
from support.minting import mint

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
    fine = Outcome(trusted=True)
    view = chain.View(
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
            Tried(trust, Outcome(trusted=False, message="anything", code=code)),
        ],
        lambda _: False,
    )
    levels = [each.level for each in diagnosis.diagnose(view)]
    assert "problem" in levels and "ok" not in levels
