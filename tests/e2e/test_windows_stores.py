"""The stores of a real Windows: how often they are read."""

from __future__ import annotations

import sys

import pytest

from support import Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="these are the stores of Windows")

# Which stores are opened while the bundle is built, and how often a certificate is judged (the
# order of twins is another matter).
COUNT = """
import collections, sys
import certifi, wincertstore, certifi_system_store_wrapper as ours
opened, judged = [], collections.Counter()
def seen(frame, event, what):
    if event != "call":
        return
    name = frame.f_globals.get("__name__", "") + "." + frame.f_code.co_name
    if name == "wincertstore.__init__" and "storename" in frame.f_locals:
        opened.append(frame.f_locals["storename"])
    if name.endswith("parsing.x509.facts") and "twins" not in frame.f_back.f_globals["__name__"]:
        judged[bytes(frame.f_locals["der"])] += 1
sys.setprofile(seen)
built = ours.build()
sys.setprofile(None)
held = [anchor for anchor in built.anchors if any(o.source == "system" for o in anchor.origins)]
print(*sorted(opened))
print(max(judged.values()), {judged[anchor.der] for anchor in held})
"""


def test_root_is_read_once(sandbox: Sandbox) -> None:
    """And each of its certificates judged once, though two sources have them."""
    done = sandbox.run_code(COUNT)
    assert (done.stdout, done.stderr) == ("Disallowed ROOT\n1 {1}\n", "")
