"""Who reads a common name is what the rules of the clients say, in the versions that are here."""

from __future__ import annotations

from typing import Dict, List

import pytest

from certifi_system_store_wrapper.bundle import Bundle
from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor.server import common_name
from certifi_system_store_wrapper.commands.doctor.server.chain import View
from certifi_system_store_wrapper.commands.doctor.server.handshake import Outcome, Presented
from certifi_system_store_wrapper.commands.doctor.server.target import Target
from certifi_system_store_wrapper.commands.doctor.server.trusts import Tried
from certifi_system_store_wrapper.settings import Settings


def seen(versions: Dict[str, str]) -> View:
    """Return what is seen where these are installed, and everybody trusts the root."""
    here = trusts.Here(versions, {"PIP_CONFIG_FILE": "/dev/null"}, (3, 12), {}, "/no/such/prefix")
    tried = [
        Tried(each, Outcome(trusted=each.checks.common_name, code=62))
        for each in trusts.in_force(here)
    ]
    where, nothing = Target("localhost", 443), Bundle((), (), (), ())
    return View(where, None, {}, Presented([]), [], [], nothing, Settings(), tried, lambda _: False)


@pytest.mark.parametrize(
    ("versions", "reading", "refusing"),
    [
        ({"requests": "2.34.2", "urllib3": "2.0.0"}, [], ["requests 2.34.2"]),
        ({"requests": "2.27.1", "urllib3": "1.26.20"}, ["requests 2.27.1"], []),
        ({"httpx": "0.28.0"}, ["httpx 0.28.0"], []),
        ({"httpx": "0.27.2"}, [], ["httpx 0.27.2"]),
    ],
)
def test_by_version(versions: Dict[str, str], reading: List[str], refusing: List[str]) -> None:
    """It is a problem where one that is installed refuses such a certificate."""
    told = common_name.read_by_some(seen(versions))
    reads, _, refuses = told.message.partition("and so ")[2].partition(", but not ")
    assert reads.split(", ")[1:] == reading
    assert [each for each in refuses.split(", ") if each] == refusing
    assert told.level == ("problem" if refusing else "note")
