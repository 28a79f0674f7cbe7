"""Runs windows.py over the fake crypt32, in a process of its own; JSON in, JSON out.

In: ``function`` (one or several), ``stores`` (name -> list of [der in base64, usage, encoding,
extension]), ``failing`` (name -> error), ``source``, ``registry`` (key -> names of its subkeys),
``denied`` (a key that may not be opened), ``without_wincertstore``, ``another_wincertstore`` (an
empty module), ``is_windows`` (what ssl believes).
Out: the findings, the stores asked for, how many certificates were judged, what was left open.
"""

from __future__ import annotations

import _ssl
import base64
import importlib
import json
import sys
from types import ModuleType
from typing import Any, Dict

from fakes import winreg
from fakes.crypt32 import Crypt32, Held, enum_certificates, install

from certifi_system_store_wrapper.parsing import pem, x509
from certifi_system_store_wrapper.sources.findings import Findings
from certifi_system_store_wrapper.sources.system import windows


def main() -> None:
    """Do what standard input asks for."""
    order: Dict[str, Any] = json.load(sys.stdin)
    stores = {
        name: [Held(base64.b64decode(held[0]), *held[1:]) for held in content]
        for name, content in order["stores"].items()
    }
    library = Crypt32(stores, order.get("failing", {}))
    install(library)
    if "registry" in order:
        winreg.install(order["registry"], order.get("denied", ""))
    vars(_ssl)["enum_certificates"] = enum_certificates(library)
    if order.get("is_windows"):
        # wincertstore needs it, and since Python 3.12 it needs what only a real Windows has.
        importlib.import_module("shutil")
        sys.platform = "win32"
    if order.get("without_wincertstore"):
        vars(sys)["modules"]["wincertstore"] = None
    if order.get("another_wincertstore"):
        vars(sys)["modules"]["wincertstore"] = ModuleType("wincertstore")
    findings = Findings(order.get("source", "system"))
    judge, judged = x509.facts, []
    vars(pem)["facts"] = lambda der, *more: (judged.append(der), judge(der, *more))[1]
    for function in order["function"].split():
        getattr(windows, function)(findings)
    answer = {
        "trusted": [(t.block.decode(), t.origin.path, t.standing) for t in findings.trusted],
        "distrusted": [(b.decode(), o.path) for b, o in findings.distrusted.items()],
        "refused": [
            (e.block.decode(), e.origin.path, e.reason, e.detail, e.level) for e in findings.refused
        ],
        "problems": [(p.path, p.message, p.level) for p in findings.problems],
        "asked": library.asked,
        "judged": len(judged),
        "open": len(library.open_stores) + len(library.alive),
        "imported": "wincertstore" in sys.modules,
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
