"""`shellenv`: the variables that make other tools use the bundle, quoted for a shell."""

from __future__ import annotations

import json
import os
import sys

from . import env_files
from .export import persistent_path
from .output import Report

# In this order the readers are: OpenSSL's defaults and uv; requests; curl; pip; AWS; Node; git;
# Cargo; gRPC; httplib2; gcloud; Deno; Ruby's Bundler; npm; Nix; websocket-client; Codex.
VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HTTPLIB2_CA_CERTS",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "DENO_CERT",
    "BUNDLE_SSL_CA_CERT",
    "NPM_CONFIG_CAFILE",
    "NIX_SSL_CERT_FILE",
    "WEBSOCKET_CLIENT_CA_BUNDLE",
    "CODEX_CA_CERTIFICATE",
)
_ELSEWHERE = "set PYTHON_CERTIFI_BUNDLE_DIR to another folder"
_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"


def run(*, shell: str) -> Report:
    """Return the lines that make other tools use the persistent bundle; raises OSError."""
    shell = shell or _default_shell()
    path = persistent_path()
    variables = dict.fromkeys(VARIABLES, path)
    if shell == "json":
        lines = json.dumps(variables, indent=2).splitlines()
    else:
        lines = [assignment(shell, name, path) for name in VARIABLES]
    data = {"command": "shellenv", "shell": shell, "variables": variables}
    return Report(data, lines, exact=True)


def assignment(shell: str, name: str, value: str) -> str:
    """Return the line that sets a variable; raises OSError if the shell cannot quote the value."""
    if any(character in value for character in "\n\r\0"):
        what = f"no shell can be told a path with a line break: {value!r}"
        raise OSError(0, f"{what}; {_ELSEWHERE}")
    if shell in env_files.FORMS:
        return _in_a_file(shell, name, value)
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "powershell":
        doubled = "".join(c * 2 if c in _POWERSHELL_QUOTES else c for c in value)
        return f"$env:{name} = '{doubled}'"
    if shell == "cmd":
        return _cmd_assignment(name, value)
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _in_a_file(form: str, name: str, value: str) -> str:
    try:
        return env_files.assignment(form, name, value)
    except ValueError as error:
        raise OSError(0, f"{value!r}: {error}; {_ELSEWHERE}") from error


def _cmd_assignment(name: str, value: str) -> str:
    """Return the line for a batch file, where % is doubled (``… > ca.cmd & call ca.cmd``)."""
    if '"' in value:
        what = f"cmd cannot be told a path with a double quote: {value!r}"
        raise OSError(0, f"{what}; {_ELSEWHERE}")
    doubled = value.replace("%", "%%")
    return f'set "{name}={doubled}"'


def _default_shell() -> str:
    if sys.platform == "win32":
        return "powershell" if "PSModulePath" in os.environ else "cmd"
    return "fish" if os.path.basename(os.environ.get("SHELL", "")) == "fish" else "sh"
