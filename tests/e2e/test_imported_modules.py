"""What is imported, and when: the guard of speed that needs no clock.

Imports are most of what we cost. What our statements ask for is told exactly, stage by stage,
whoever else has loaded it already; and exactly our own modules come on top of what a bare
environment has loaded once it has been asked for the same.
"""

from __future__ import annotations

import json
import sys
from typing import Dict, List, Set

from support import MODULE, Environment, Sandbox

STAGES = ("start", "certifi", "first where()", "later where()")
OURS = {
    "start": {"__init__", "bootstrap"},
    "certifi": {
        *("activation", "activation.answer", "activation.hook", "activation.patch", "bundle"),
        *(
            "machine",
            "machine.environment",
            "machine.openssl",
            "machine.ownership",
            "machine.signals",
        ),
        *("parsing", "parsing.asn1", "parsing.der", "parsing.loadable"),
        *("parsing.pem", "parsing.x509"),
        *("publishing", "publishing.cleanup", "publishing.hold", "publishing.persistent"),
        *("publishing.stored", "publishing.temporary", "publishing.writing"),
        *("printable", "record", "settings"),
        *("reporting", "reporting.findings", "reporting.log_handlers"),
        *("sources", "sources.files", "sources.findings", "sources.reader", "sources.system"),
    },
    "first where()": set(),  # pip may have replaced us since
    "later where()": set(),
}
PLATFORM = {
    "linux": {"sources.system.unix", "parsing.p11_kit"},
    "darwin": {
        "sources.system.macos",
        "sources.system.macos_security",
    },
    "win32": {"sources.system.windows"},
}
OURS["certifi"] |= PLATFORM.get(sys.platform, PLATFORM["linux"])

ASKED = {
    "certifi": {
        *(
            "__future__",
            "_imp",
            "_signal",
            "_ssl",
            "_thread",
            "atexit",
            "binascii",
            "codecs",
            "contextlib",
            "errno",
            "functools",
            "hashlib",
        ),
        *("importlib.machinery", "importlib.util", "io", "itertools", "logging", "mmap"),
        *("operator", "os", "re"),
        *("stat", "sys", "threading", "time", "types", "typing", "wrapt"),
    },
    "first where()": {"hashlib"},
    "later where()": set(),
}
if sys.platform == "win32":
    ASKED["first where()"] |= {"ssl", "wincertstore"}
else:
    ASKED["certifi"] |= {"fcntl", "posix"}
if sys.platform == "darwin":
    ASKED["first where()"] |= {"plistlib", "selectors", "subprocess", "tempfile"}
    ASKED["first where()"].add("xml.parsers.expat")
# What other Pythons than CPython need beside that for the first where().
ELSEWHERE = {"pypy": {"ssl"}}
# What is loaded where the machine has roots that share a name, as Debian has.
OF_TWINS = {f"{MODULE}.parsing.{name}" for name in ("rfc5280", "twins")}
# What Python itself loads to read a start-up file, beside built-in modules: each in its own way.
READING = {
    "_bootlocale": "3.8 and 3.9",
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
    if asking.startswith({module!r}) and asking not in {of_twins} and not level:
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
print(json.dumps([sys.implementation.name, asked]))
"""


def asked_by_us(sandbox: Sandbox, before: str) -> Dict[str, Set[str]]:
    """Return what our import statements ask for, stage by stage; the start has ended before."""
    done = sandbox.run_code(TRACED.format(module=MODULE, of_twins=OF_TWINS, before=before))
    assert (done.returncode, done.stderr) == (0, "")
    implementation, stages = json.loads(done.stdout)
    asked = {stage: set(names) for stage, names in zip(STAGES[1:], stages)}
    asked["first where()"] -= ELSEWHERE.get(implementation, set())
    return asked


def loaded(sandbox: Sandbox, before: str) -> List[Set[str]]:
    """Return what is loaded after each stage."""
    done = sandbox.run_code(PROGRAM.format(before=before))
    assert (done.returncode, done.stderr) == (0, "")
    return [set(names) for names in json.loads(done.stdout)]


def test_what_our_statements_ask_for(sandbox: Sandbox) -> None:
    """Nothing but this is imported by us, and nothing at all once where() has answered."""
    assert asked_by_us(sandbox, "import logging") == ASKED


def test_logging_waits_for_something_to_say(sandbox: Sandbox) -> None:
    """Where the program has no use for logging, neither have we."""
    hidden = "import wrapt; sys.modules.pop('logging', None)"
    asked = asked_by_us(sandbox, hidden)
    assert asked == {**ASKED, "certifi": ASKED["certifi"] - {"logging"}}


def test_exactly_our_modules_are_loaded(sandbox: Sandbox, bare: Environment) -> None:
    """At each stage these modules come on top of what a bare environment has loaded."""
    with_us = loaded(sandbox, "")
    others = sorted(set().union(*ASKED.values()))  # whatever these load is known, too
    start, certifi, *_ = loaded(Sandbox(sandbox.work, bare), f"import {', '.join(others)}")
    start |= set(READING) | set(sys.builtin_module_names)
    seen: Set[str] = set()
    for stage, ours, plainly in zip(STAGES, with_us, (start, certifi, certifi, certifi)):
        names = {f"{MODULE}.{name}".replace(".__init__", "") for name in OURS[stage]}
        assert ours - plainly - seen - OF_TWINS == names, stage
        seen |= ours
