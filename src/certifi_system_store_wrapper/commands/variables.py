"""The environment variables that make a client pass certifi by, or that name other trust."""

from __future__ import annotations

import os
import stat
from typing import Dict, List

from ..printable import without_userinfo

# What the client does with it, from the clients' own documentation.
READERS = {
    "REQUESTS_CA_BUNDLE": "requests reads it instead of asking certifi",
    "CURL_CA_BUNDLE": "requests and curl read it instead of asking certifi",
    "AWS_CA_BUNDLE": "boto3 and the AWS CLI read it instead of asking certifi",
    "HTTPLIB2_CA_CERTS": "httplib2 reads it instead of asking certifi",
    "PIP_CERT": "pip reads it instead of what it would trust",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC reads it instead of its own roots",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "gcloud reads it instead of asking certifi",
    "WEBSOCKET_CLIENT_CA_BUNDLE": "websocket-client reads it instead of OpenSSL's defaults",
    "SSL_CERT_FILE": "httpx, aiohttp, urllib and OpenSSL read it instead of their defaults",
    "SSL_CERT_DIR": "httpx and OpenSSL read it instead of their defaults",
}


def bypassing() -> List[Dict[str, str]]:
    """Return those that are set, with what reads them and what is wrong with their value."""
    found = []
    for variable, reader in READERS.items():
        value = os.environ.get(variable)
        if value is not None:
            message = "; ".join(filter(None, [reader, problem(variable, value)]))
            found.append(
                {"variable": variable, "value": without_userinfo(value), "message": message}
            )
    return found


def problem(variable: str, value: str) -> str:
    """Return what is wrong with the value, "" where it names what it should."""
    if not value:
        return "it is empty"
    if variable == "SSL_CERT_DIR":
        missing = [item for item in value.split(os.pathsep) if item and not os.path.isdir(item)]
        return f"there is no folder {missing[0]}" if missing else ""
    try:
        mode = os.stat(value).st_mode
    except (OSError, ValueError):
        return "that file does not exist"
    if stat.S_ISDIR(mode) and variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        return ""
    return "" if stat.S_ISREG(mode) else "that is no file"
