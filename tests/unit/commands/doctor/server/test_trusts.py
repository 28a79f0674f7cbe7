"""The contexts with which `doctor HOST` asks."""

from __future__ import annotations

import ssl

import pytest
import trustme

from certifi_system_store_wrapper.commands import trusts
from certifi_system_store_wrapper.commands.doctor.server import trusts as asked


def test_where_common_names_are_always_checked(
    monkeypatch: pytest.MonkeyPatch, private_ca: trustme.CA
) -> None:
    """LibreSSL, and OpenSSL 1.0.2: Python has a property there that cannot be set."""
    monkeypatch.setattr(ssl, "HAS_NEVER_CHECK_COMMON_NAME", False)
    fixed = property(lambda _: True)
    monkeypatch.setattr(ssl.SSLContext, "hostname_checks_common_name", fixed)
    pem = {trusts.BUNDLE: private_ca.cert_pem.bytes().decode("ascii")}
    context = asked._context(asked.BUNDLE, pem)
    assert len(context.get_ca_certs()) == 1
