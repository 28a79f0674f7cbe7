"""environment: which variables count in a program that has more rights than its caller."""

from __future__ import annotations

import os
import struct
import sys
from typing import Dict, Optional

import pytest

from certifi_system_store_wrapper import machine
from certifi_system_store_wrapper.machine import environment
from certifi_system_store_wrapper.settings import Settings, from_environment

posix = pytest.mark.posix("there are no such programs on Windows")
SECURE = struct.pack("@6L", 6, 4096, 23, 1, 0, 0)
ORDINARY = struct.pack("@6L", 6, 4096, 23, 0, 0, 0)
POWERFUL = b"Uid:\t1000\t1000\nCapPrm:\t0000000000000400\n"
POWERLESS = b"Uid:\t1000\t1000\nCapPrm:\t0000000000000000\n"


@posix
@pytest.mark.parametrize(
    ("auxv", "status", "real", "effective", "wanted"),
    [
        (SECURE, None, 1000, 1000, True),
        (ORDINARY, POWERFUL, 1000, 0, False),
        (None, POWERFUL, 1000, 1000, True),  # a program with file capabilities cannot read it
        (None, POWERLESS, 1000, 1000, False),  # nor can one that has given up root
        (None, POWERFUL, 0, 1000, False),
        (None, POWERLESS, 1000, 2000, True),
        (None, None, 1000, 0, True),  # without /proc
        (None, None, 0, 1000, False),
        (None, None, 1000, 1000, False),
    ],
)
def test_more_rights_than_the_caller(
    monkeypatch: pytest.MonkeyPatch,
    auxv: Optional[bytes],
    status: Optional[bytes],
    real: int,
    effective: int,
    wanted: bool,
) -> None:
    """The kernel says it; where it does not, the ids and capabilities do."""
    files = {"/proc/self/auxv": auxv, "/proc/self/status": status}
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(environment, "_read", files.get)
    for name, number in (("getuid", real), ("geteuid", effective)):
        monkeypatch.setattr(os, name, lambda number=number: number)
    assert environment._is_privileged() is wanted


@posix
def test_this_process_is_as_any_other() -> None:
    """Whoever runs the tests has started it with their own rights."""
    assert not environment.IS_PRIVILEGED
    assert environment.environ() is os.environ


def test_nothing_of_the_caller_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither settings nor home, and one sentence names each variable that is ignored."""
    variables: Dict[str, str] = {
        "PYTHON_CERTIFI_DISABLE": "1",
        "PYTHON_CERTIFI_LOG_LEVEL": "no level",
        "SSL_CERT_FILE": "/x",
        "TMPDIR": os.path.abspath("/x"),
        "XDG_CACHE_HOME": os.path.abspath("/x"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(environment, "IS_PRIVILEGED", True)
    settings = from_environment()
    (problem,) = settings.problems
    assert settings == Settings(isolated=True, problems=(problem,))
    assert problem.startswith("PYTHON_CERTIFI_DISABLE, PYTHON_CERTIFI_LOG_LEVEL, SSL_CERT_FILE and")
    assert machine.cache_folder() == ""
    assert os.path.abspath("/x") not in machine.temporary_places()
    for name in variables:
        monkeypatch.delenv(name)
    assert from_environment().problems == ()
