"""What is said of the certificate of a proxy."""

from __future__ import annotations

import ssl

import pytest
import trustme

from certifi_system_store_wrapper.commands.doctor.server.proxy import read
from certifi_system_store_wrapper.commands.doctor.server.route import Route
from certifi_system_store_wrapper.commands.doctor.server.target import Target, UntrustedProxy
from support.servers import Echo, serving


@pytest.mark.parametrize(
    ("is_trusted", "name", "remedy"),
    [
        (False, "localhost", "`add` its CA"),
        (True, "other.example", "name the proxy as its certificate does"),
    ],
)
def test_what_helps(private_ca: trustme.CA, name: str, remedy: str, *, is_trusted: bool) -> None:
    """A root that is not trusted is added; against another name that does not help."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert(name).configure_cert(context)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if is_trusted:
        private_ca.configure_trust(trust)
    with serving(Echo, context) as server:
        proxy = read(f"https://localhost:{server.port}", "a test")
        route = Route(Target("server.example", 443), proxy).trusting(trust)
        with pytest.raises(UntrustedProxy) as raised:
            route.connected()
    assert raised.value.remedy == remedy
