"""Which well-known distributions ask certifi, and what helps the others."""

from __future__ import annotations

from contextlib import suppress
from importlib import metadata
from typing import Dict, Iterator

from ...settings import Settings
from ..output import Finding

ASKS = "asks certifi"
DEFAULTS = "uses OpenSSL's defaults"
VARIABLES = "reads only variables"
OWN = "must be given its roots"
HELP = {
    ASKS: "helped by installing",
    DEFAULTS: "not helped by itself: set PYTHON_CERTIFI_SSL_DEFAULTS=1, or use shellenv",
    VARIABLES: "not helped by itself: use the variables that shellenv prints",
    OWN: "not helped: have the program give it certifi.where()",
}
# The table in docs/clients.md is made by running them; a test compares it with this one.
_KNOWN = {
    ASKS: (
        "boto3 botocore docker elastic-transport google-auth httplib2 httpx minio opensearch-py "
        "pygithub pyproj requests selenium sentry-sdk twine yt-dlp"
    ),
    DEFAULTS: (
        "aiohttp aiosmtplib clickhouse-connect kubernetes paho-mqtt redis tornado truststore "
        "urllib3 websocket-client websockets"
    ),
    VARIABLES: "curl-cffi geventhttpclient grpcio httpx2 niquests openai psycopg treq",
    OWN: "pycurl stripe",
}


def findings(settings: Settings) -> Iterator[Finding]:
    """Report which clients are installed, and what helps each kind."""
    here = _installed()
    for kind, names in _KNOWN.items():
        found = [f"{name} {here[name]}" for name in names.split() if name in here]
        helped = kind == DEFAULTS and settings.ssl_defaults
        advice = "helped by PYTHON_CERTIFI_SSL_DEFAULTS" if helped else HELP[kind]
        if found:
            yield Finding("ok", "clients", f"{kind}: {', '.join(found)}", advice)


def known() -> Dict[str, str]:
    """Return the kind of each distribution that is known here."""
    return {name: kind for kind, names in _KNOWN.items() for name in names.split()}


def _installed() -> Dict[str, str]:
    """Return the version of each installed distribution."""
    found: Dict[str, str] = {}
    for distribution in metadata.distributions():
        # Since Python 3.15 a distribution with incomplete metadata raises LookupError.
        with suppress(OSError, LookupError):
            name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
            found.setdefault(name, distribution.version)
    return found
