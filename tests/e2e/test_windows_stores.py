"""The stores of a real Windows: how often they are read, and that each change of them counts."""

from __future__ import annotations

import json
import ssl
import sys
import time
from textwrap import dedent
from typing import TYPE_CHECKING, Callable, List, Tuple

import pytest

from support import Sandbox
from support.builds import ASKS, asked

if TYPE_CHECKING:
    from support.windows_stores import Stores

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


# Seconds until every change of what a test has just installed would show in a time.
SETTLING = 2.2


@pytest.mark.parametrize("kind", ["stored", "persistent"])
def test_what_was_built_is_used_until_a_store_changes(
    sandbox: Sandbox, stores: Stores, private_der: bytes, kind: str
) -> None:
    """A root that comes, is limited to mail, is distrusted, goes: the next process knows it."""
    env = {"PYTHON_CERTIFI_BUNDLE_DIR": str(sandbox.work / "kept")} if kind == "persistent" else {}
    pem = ssl.DER_cert_to_PEM_cert(private_der)
    time.sleep(SETTLING)
    first = asked(sandbox, env)
    assert first[0] == 1 and pem not in first[1]
    assert asked(sandbox, env) == (0, first[1])
    steps: List[Tuple[Callable[[], None], bool]] = [
        (lambda: stores.add("ROOT", private_der), True),
        (lambda: stores.remove("ROOT", private_der), False),
        (lambda: stores.add("ROOT", private_der, usage=["1.3.6.1.5.5.7.3.4"]), False),
        (lambda: stores.remove("ROOT", private_der), False),
        (lambda: stores.add("ROOT", private_der), True),
        (lambda: stores.add("Disallowed", private_der), False),
        (lambda: stores.remove("Disallowed", private_der), True),
        (lambda: stores.remove("ROOT", private_der), False),
    ]
    for change, is_trusted in steps:
        change()
        built, text = asked(sandbox, env)
        assert (built, pem in text) == (1, is_trusted)
        assert asked(sandbox, env) == (0, text)
    assert text == first[1]


def test_where_a_store_cannot_be_read_nothing_is_believed(sandbox: Sandbox) -> None:
    """Nobody knows what it holds."""
    time.sleep(SETTLING)
    assert asked(sandbox, {})[0] == 1
    broken = "import _ssl; _ssl.enum_certificates = lambda store: open('/no/such/file')\n"
    done = sandbox.run_code(broken + dedent(ASKS))
    assert json.loads(done.stdout)[0] == 1
