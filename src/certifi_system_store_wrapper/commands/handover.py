"""`export` and `shellenv`: the bundle for other programs, by its path, a copy, or variables."""

from __future__ import annotations

import os
import re
import sys

from ..activation import hook
from ..bundle import Bundle
from ..publishing.writing import replace
from .named import WHERE_TO_WRITE
from .output import Report
from .status import is_ours

# Who reads them: OpenSSL's defaults and uv; requests; curl; pip; AWS; Node; git; Cargo; gRPC;
# httplib2; gcloud; Deno; Ruby's Bundler.
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
)
_ELSEWHERE = "set PYTHON_CERTIFI_BUNDLE_DIR to another folder"
_DEVICE = re.compile("/dev/(std|fd/)|/proc/.*/fd/")
_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"


def export(target: str = "") -> Report:
    """Return the path of the persistent bundle, or of a copy at `target`; raises OSError."""
    built = hook.current().build()
    path = _copy(built, target) if target else persistent_path()
    data = {"command": "export", "path": path, "certificates": len(built.anchors)}
    return Report(data, [path], exact=True)


def persistent_path() -> str:
    """Return the path of a bundle that outlives this process; raises OSError."""
    try:
        return hook.current().outlasting()
    except LookupError as error:
        raise OSError(0, f"{error}: unset it") from error
    except OSError as error:
        raise OSError(0, f"{error}; {WHERE_TO_WRITE}") from error


def _copy(built: Bundle, target: str) -> str:
    """Write the bundle to a file, whole or not at all, and return its path."""
    path = os.path.realpath(target)
    if os.path.isdir(path) or not os.path.basename(target):
        raise OSError(0, f"{target}: it is a folder; name a file")
    # Root would replace /dev/null itself, and /dev/stdout may lead to a log.
    if (os.path.exists(path) and not os.path.isfile(path)) or _DEVICE.match(target):
        raise OSError(0, f"{target}: it is not a regular file; name one")
    if is_ours(path):
        raise OSError(0, f"{target}: it is a bundle of ours already; name another file")
    if not built.anchors:
        raise OSError(0, "no source of PYTHON_CERTIFI_SOURCES has a certificate: unset it")
    replace(path, built.body)
    return path


def shellenv(shell: str = "") -> Report:
    """Return the lines that make other tools use the persistent bundle; raises OSError."""
    shell = shell or _default_shell()
    path = persistent_path()
    lines = [assignment(shell, name, path) for name in VARIABLES]
    variables = dict.fromkeys(VARIABLES, path)
    data = {"command": "shellenv", "shell": shell, "variables": variables}
    return Report(data, lines, exact=True)


def assignment(shell: str, name: str, value: str) -> str:
    """Return a line that gives a variable its value; OSError where the shell cannot say it."""
    if any(character in value for character in "\n\r\0"):
        what = f"no shell can be told a path with a line break: {value!r}"
        raise OSError(0, f"{what}; {_ELSEWHERE}")
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


def _cmd_assignment(name: str, value: str) -> str:
    """For a batch file (``… shellenv --shell cmd > ca.cmd & call ca.cmd``), where % is doubled."""
    if '"' in value:
        what = f"cmd cannot be told a path with a double quote: {value!r}"
        raise OSError(0, f"{what}; {_ELSEWHERE}")
    doubled = value.replace("%", "%%")
    return f'set "{name}={doubled}"'


def _default_shell() -> str:
    if sys.platform == "win32":
        return "powershell" if "PSModulePath" in os.environ else "cmd"
    return "fish" if os.path.basename(os.environ.get("SHELL", "")) == "fish" else "sh"
