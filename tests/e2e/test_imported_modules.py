"""What is imported, and when: the guard of speed that needs no clock.

Imports are most of what we cost. What our statements ask for is told exactly, stage by stage,
whoever else has loaded it already; and exactly our own modules come on top of what a bare
environment has loaded once it has been asked for the same.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Dict, List, Set

import pytest

from certifi_system_store_wrapper.settings import STORE
from support import MODULE, Environment, Sandbox
from support.builds import asked

STAGES = ("start", "certifi", "first where()", "later where()")
OURS = {
    "start": {"__init__", "bootstrap"},
    "certifi": {
        *("activation", "activation.answer", "activation.hook", "activation.patch"),
        *("loading", "printable", "record", "reporting", "settings"),
        *("machine", "machine.environment", "machine.files", "machine.inputs"),
        *("machine.ownership", "machine.signals"),
        *("publishing", "publishing.cleanup", "publishing.header", "publishing.hold"),
        *("publishing.stored", "publishing.temporary", "publishing.writing"),
    },
    # What an earlier process has stored is used as it is.
    "first where()": set(),
    # pip may have replaced us since.
    "later where()": set(),
}
PLATFORM = {
    "linux": {"sources.system.unix", "sources.system.unix_local", "parsing.p11_kit"},
    "darwin": {
        "sources.system.macos",
        "sources.system.macos_security",
    },
    "win32": {"sources.system.windows", "sources.system.windows_registry"},
}
# What the first where() needs where nothing is stored.
BUILDING = {
    *("bundle", "machine.hashing", "machine.openssl"),
    *("parsing", "parsing.asn1", "parsing.der", "parsing.loadable", "parsing.lookalikes"),
    *("parsing.pem", "parsing.rfc5280", "parsing.twins", "parsing.x509"),
    *("publishing.building", "publishing.persistent", "publishing.rendering"),
    *("publishing.storing", "reporting.findings"),
    *("sources", "sources.files", "sources.findings", "sources.reader", "sources.system"),
    *PLATFORM.get(sys.platform, PLATFORM["linux"]),
}

ASKED = {
    "certifi": {
        *("__future__", "_imp", "_signal", "atexit", "codecs", "contextlib", "errno"),
        *("functools", "importlib", "importlib.machinery", "importlib.util", "io", "mmap"),
        *("operator", "os", "stat", "sys", "threading", "time", "types", "typing", "wrapt"),
        "zlib",
    },
    "first where()": set(),
    "later where()": set(),
}
ASKED_TO_BUILD = {"_ssl", "binascii", "hashlib", "itertools", "re"}
if sys.platform == "win32":
    # Its stores are asked each time.
    OURS["first where()"] = {"machine.windows_stores"}
    ASKED["first where()"] = {"__future__", "_ssl", "hashlib", "importlib", "os", "typing"}
    ASKED_TO_BUILD |= {"wincertstore"}
else:
    ASKED["certifi"] |= {"fcntl", "posix"}
if sys.platform == "darwin":
    ASKED_TO_BUILD |= {"plistlib", "selectors", "subprocess", "tempfile", "xml.parsers.expat"}
# What Python itself loads to read a start-up file, beside built-in modules: each in its own way.
READING = {
    "_bootlocale": "3.8 and 3.9",
    "encodings.cp1252": "Windows",
    "encodings.utf_8_sig": "3.12.4 and later",
    "importlib.machinery": "3.15, for pkgutil",
    "pkgutil": "3.15",
}

PROGRAM = """
import logging, sys
told = [sorted(sys.modules)]
{before}
import certifi
told.append(sorted(sys.modules))
certifi.where()
told.append(sorted(sys.modules))
certifi.where()
told.append(sorted(sys.modules))
import json
print(json.dumps(told))
"""
# Each import statement of ours notes what it asks for, at which stage.
TRACED = """
import builtins, sys
{before}
asked, original = [], builtins.__import__

def noting(name, globals=None, locals=None, fromlist=(), level=0):
    asking = (globals or {{}}).get("__name__", "")
    if asking.startswith({module!r}) and not level:
        asked[-1].append(name)
    return original(name, globals, locals, fromlist, level)

builtins.__import__ = noting
asked.append([])
import certifi
asked.append([])
certifi.where()
asked.append([])
certifi.where()
builtins.__import__ = original
import json
print(json.dumps(asked))
"""


@pytest.fixture(params=["stored", "built"])
def is_built(request: pytest.FixtureRequest, sandbox: Sandbox) -> bool:
    """Return whether the processes of the test build the bundle; else it is stored."""
    if request.param == "stored":
        if not STORE:
            pytest.skip("this system stores nothing by default")
        # The sandbox itself is new, and what is new is not stored.
        for _ in range(20):
            if asked(sandbox, {})[0] == 0:
                break
            time.sleep(0.5)
    return str(request.param) == "built"


def variables(*, is_built: bool) -> Dict[str, str]:
    """Return what has the bundle built."""
    return {"PYTHON_CERTIFI_STORE": "0"} if is_built else {}


def asked_by_us(sandbox: Sandbox, before: str, *, is_built: bool) -> Dict[str, Set[str]]:
    """Return what our import statements ask for, stage by stage; the start has ended before."""
    code = TRACED.format(module=MODULE, before=before)
    done = sandbox.run_code(code, env=variables(is_built=is_built))
    assert (done.returncode, done.stderr) == (0, "")
    stages = json.loads(done.stdout)
    found = {stage: set(names) for stage, names in zip(STAGES[1:], stages)}
    if is_built:
        # Whatever was asked for before may be asked for again.
        again = ASKED["certifi"] | ASKED["first where()"]
        assert ASKED_TO_BUILD <= found["first where()"] <= ASKED_TO_BUILD | again
        found["first where()"] = ASKED["first where()"]
    return found


def loaded(sandbox: Sandbox, before: str, *, is_built: bool) -> List[Set[str]]:
    """Return what is loaded after each stage."""
    done = sandbox.run_code(PROGRAM.format(before=before), env=variables(is_built=is_built))
    assert (done.returncode, done.stderr) == (0, "")
    return [set(names) for names in json.loads(done.stdout)]


def test_what_our_statements_ask_for(sandbox: Sandbox, is_built: bool) -> None:
    """Nothing but this is imported by us, and nothing at all once where() has answered."""
    assert asked_by_us(sandbox, "import logging", is_built=is_built) == ASKED


def test_logging_waits_for_something_to_say(sandbox: Sandbox, is_built: bool) -> None:
    """Where the program has no use for logging, neither have we."""
    hidden = "import wrapt; sys.modules.pop('logging', None)"
    assert asked_by_us(sandbox, hidden, is_built=is_built) == ASKED


def test_exactly_our_modules_are_loaded(
    sandbox: Sandbox, bare: Environment, is_built: bool
) -> None:
    """At each stage these modules come on top of what a bare environment has loaded."""
    with_us = loaded(sandbox, "", is_built=is_built)
    others = sorted(set().union(*ASKED.values(), ASKED_TO_BUILD))  # what these load is known, too
    plain = Sandbox(sandbox.work, bare)
    start, certifi, *_ = loaded(plain, f"import {', '.join(others)}", is_built=is_built)
    start |= set(READING) | set(sys.builtin_module_names)
    seen: Set[str] = set()
    ours = {**OURS, "first where()": OURS["first where()"] | BUILDING} if is_built else OURS
    for stage, loaded_now, plainly in zip(STAGES, with_us, (start, certifi, certifi, certifi)):
        names = {f"{MODULE}.{name}".replace(".__init__", "") for name in ours[stage]}
        assert loaded_now - plainly - seen == names, stage
        seen |= loaded_now
