"""What is said of the certificate of a proxy."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from typing import Optional

import pytest
import trustme

from certifi_system_store_wrapper.commands.doctor.server.proxy import read
from certifi_system_store_wrapper.commands.doctor.server.route import Route
from certifi_system_store_wrapper.commands.doctor.server.target import Target, UntrustedProxy
from support.servers import Echo, serving


def remedy_of(trust: ssl.SSLContext, context: Optional[ssl.SSLContext] = None) -> str:
    """Return what is said to help against the certificate of a proxy that has that context."""
    with serving(Echo, context) as server:
        proxy = read(f"https://localhost:{server.port}", "a test")
        route = Route(Target("server.example", 443), proxy).trusting(trust)
        with pytest.raises(UntrustedProxy) as raised:
            route.connected()
    return raised.value.remedy


RENEW = "whoever runs the proxy has to have its certificate, or that of its CA, issued anew"


@pytest.mark.parametrize(
    ("is_trusted", "name", "days", "remedy"),
    [
        (False, "localhost", 1, "`add` its CA"),
        (True, "other.example", 1, "name the proxy as its certificate does"),
        (True, "localhost", -1, f"check this machine's clock; if it is right, {RENEW}"),
    ],
    ids=["root", "name", "expired"],
)
def test_what_helps(
    private_ca: trustme.CA, name: str, days: int, remedy: str, *, is_trusted: bool
) -> None:
    """A root that is not trusted is added; against another name or time that does not help."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    private_ca.issue_cert(name, not_after=ends).configure_cert(context)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if is_trusted:
        private_ca.configure_trust(trust)
    assert remedy_of(trust, context) == remedy


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

    assert remedy_of(Refusing(ssl.PROTOCOL_TLS_CLIENT)) == remedy
