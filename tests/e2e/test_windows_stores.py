"""The stores of a real Windows: what is an anchor, what is none, and how often they are read."""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from typing import Any, Iterator

import pytest

from support import FETCH_BY_URLLIB, Sandbox, assert_untrusted

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="these are the stores of Windows")

_SYSTEM_STORE, _CURRENT_USER, _X509, _REPLACE = 10, 1 << 16, 1, 3

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


@contextmanager
def kept(store: str, der: bytes) -> Iterator[None]:
    """Keep a certificate in a store of this user while the body runs."""
    crypt32: Any = vars(ctypes)["WinDLL"]("crypt32")
    crypt32.CertOpenStore.restype = ctypes.c_void_p
    opened = ctypes.c_void_p(
        crypt32.CertOpenStore(ctypes.c_void_p(_SYSTEM_STORE), 0, None, _CURRENT_USER, store)
    )
    context = ctypes.c_void_p()
    added = crypt32.CertAddEncodedCertificateToStore(
        opened, _X509, der, len(der), _REPLACE, ctypes.byref(context)
    )
    assert added, vars(ctypes)["GetLastError"]()
    # Wine writes a store when all of its certificates are freed.
    crypt32.CertFreeCertificateContext(context)
    crypt32.CertCloseStore(opened, 0)
    try:
        yield
    finally:
        opened = ctypes.c_void_p(
            crypt32.CertOpenStore(ctypes.c_void_p(_SYSTEM_STORE), 0, None, _CURRENT_USER, store)
        )
        find = crypt32.CertCreateCertificateContext
        find.restype = ctypes.c_void_p
        wanted = find(_X509, der, len(der))
        crypt32.CertFindCertificateInStore.restype = ctypes.c_void_p
        found = crypt32.CertFindCertificateInStore(
            opened, _X509, 0, 13 << 16, ctypes.c_void_p(wanted), None
        )
        crypt32.CertDeleteCertificateFromStore(ctypes.c_void_p(found))
        crypt32.CertFreeCertificateContext(ctypes.c_void_p(wanted))
        crypt32.CertCloseStore(opened, 0)


def test_a_self_signed_ca_of_the_ca_store_is_no_anchor(
    sandbox: Sandbox, url: str, private_der: bytes
) -> None:
    """Windows does not trust it either: every Windows has a CA there whose key is public."""
    with kept("CA", private_der):
        assert_untrusted(sandbox.run_code(FETCH_BY_URLLIB.format(url=url)))


@pytest.mark.skipif(
    sys.platform == "win32" and not hasattr(ctypes.WinDLL("ntdll"), "wine_get_version"),
    reason="Windows asks a person before it adds a root to a user's store",
)
def test_a_ca_of_the_root_store_is_an_anchor(
    sandbox: Sandbox, url: str, private_der: bytes
) -> None:
    """Without it the same request is refused; distrusted, it is refused as well."""
    code = FETCH_BY_URLLIB.format(url=url)
    assert_untrusted(sandbox.run_code(code))
    with kept("ROOT", private_der):
        done = sandbox.run_code(code)
        assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
        with kept("Disallowed", private_der):
            assert_untrusted(sandbox.run_code(code))


def test_root_is_read_once(sandbox: Sandbox) -> None:
    """And each of its certificates judged once, though two sources have them."""
    done = sandbox.run_code(COUNT)
    assert (done.stdout, done.stderr) == ("Disallowed ROOT\n1 {1}\n", "")
