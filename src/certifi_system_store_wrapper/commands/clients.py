"""Which well-known distributions ask certifi, and what helps the others."""

from __future__ import annotations

from importlib import metadata
from typing import Dict, List

ASKS = "asks certifi"
DEFAULTS = "uses OpenSSL's defaults"
OWN = "brings its own roots"
HELP = {
    ASKS: "helped by installing",
    DEFAULTS: "not helped by itself: set PYTHON_CERTIFI_SSL_DEFAULTS=1, or use shellenv",
    OWN: "not helped: use the variables that shellenv prints",
}
# From the releases of 2026; the README's table of clients is made by running them.
_KNOWN = {
    ASKS: (
        "botocore elastic-transport google-auth httplib2 httpx minio opensearch-py "
        "pyproj requests selenium sentry-sdk yt-dlp"
    ),
    DEFAULTS: (
        "aiohttp aiosmtplib httpx2 kubernetes niquests paho-mqtt psycopg pycurl pymongo redis "
        "tornado truststore urllib3 websocket-client websockets"
    ),
    OWN: "curl-cffi grpcio stripe",
}


def installed() -> List[Dict[str, str]]:
    """Return the installed ones of those that are known here, with what helps each."""
    kinds = {name: kind for kind, names in _KNOWN.items() for name in names.split()}
    found: Dict[str, Dict[str, str]] = {}
    for distribution in metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if name in kinds:
            told = {"name": name, "version": distribution.version, "kind": kinds[name]}
            found.setdefault(name, {**told, "help": HELP[kinds[name]]})
    return [found[name] for name in sorted(found)]
