"""What is said of the certificate of a proxy."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone

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


RENEW = "whoever runs the proxy has to have its certificate, or that of its CA, issued anew"


def test_a_proxy_whose_certificate_has_expired(private_ca: trustme.CA) -> None:
    """The clock comes first, as with the certificate of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ago = datetime.now(timezone.utc) - timedelta(days=1)
    private_ca.issue_cert("localhost", not_after=ago).configure_cert(context)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    private_ca.configure_trust(trust)
    with serving(Echo, context) as server:
        proxy = read(f"https://localhost:{server.port}", "a test")
        route = Route(Target("server.example", 443), proxy).trusting(trust)
        with pytest.raises(UntrustedProxy) as raised:
            route.connected()
    assert raised.value.remedy == f"check this machine's clock; if it is right, {RENEW}"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (18, "`add` its certificate"),
        (27, "`add` its CA"),
        (28, "ask your administrator"),
        (66, RENEW),
        # CERT_E_UNTRUSTEDROOT of Windows, as truststore gives it.
        (-2146762487, f"`add` its CA if nobody trusts that; else {RENEW}"),
    ],
)
def test_other_verdicts(code: int, remedy: str) -> None:
    """Each has its own remedy; a number that is not OpenSSL's may be of an unknown CA."""

    class Refusing(ssl.SSLContext):
        def wrap_socket(self, *_: object, **__: object) -> ssl.SSLSocket:
            error = ssl.SSLCertVerificationError("refused")
            error.verify_code, error.verify_message = code, "refused"
            raise error

    with serving(Echo) as server:
        proxy = read(f"https://localhost:{server.port}", "a test")
        trust = Refusing(ssl.PROTOCOL_TLS_CLIENT)
        route = Route(Target("server.example", 443), proxy).trusting(trust)
        with pytest.raises(UntrustedProxy) as raised:
            route.connected()
    assert raised.value.remedy == remedy
