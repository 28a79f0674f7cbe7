"""`shellenv`: the variables that make other tools use the bundle, quoted for a shell."""

from __future__ import annotations

import json
import os
import sys
from typing import List, Tuple

from . import env_files, parent_shell, replaced
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
# What no shell takes for anything but itself.
_HARMLESS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:/._"
# Variables that every process of the user has, and in whose folders the bundle lies.
_PLACES = ("PYTHON_CERTIFI_BUNDLE_DIR", "LOCALAPPDATA", "USERPROFILE", "TEMP", "TMP")


def run(*, shell: str) -> Report:
    """Return the lines that make other tools use the persistent bundle; raises OSError."""
    found, why = ("", "") if shell else parent_shell.find()
    shell = shell or found
    path = persistent_path()
    replaced.tell(VARIABLES, path)
    variables = dict.fromkeys(VARIABLES, path)
    if shell == "json" or shell in env_files.FORMS:
        _refuse_what_is_no_utf_8(path)
    if shell == "json":
        lines = json.dumps(variables, indent=2).splitlines()
    else:
        lines = [comment(shell, f"for {shell}, as {why}; --format names another")] if found else []
        lines += [assignment(shell, name, path) for name in VARIABLES]
    data = {"command": "shellenv", "shell": shell, "variables": variables}
    return Report(data, lines, exact=True)


def named() -> List[str]:
    """Return what these variables name now, for the processes of this user."""
    return [os.environ[name] for name in VARIABLES if os.environ.get(name)]


def comment(shell: str, text: str) -> str:
    """Return a line that does nothing, also where all lines are joined: `eval $(...)`."""
    if shell == "cmd":
        return f"@rem {text}"
    if shell == "powershell":
        return f"<# {text} #>"
    return f"# {text}" if shell == "fish" else f": '{text}';"


def assignment(shell: str, name: str, value: str) -> str:
    """Return the line that sets a variable; raises OSError if the shell cannot quote the value.

    On Windows it is ASCII: nobody knows in which code page a shell reads it.
    """
    if any(character in value for character in "\n\r\0"):
        raise _refused(f"no shell can be told a path with a line break: {value!r}")
    if shell in env_files.FORMS:
        try:
            return env_files.assignment(shell, name, value)
        except ValueError as error:
            raise _refused(f"{value!r}: {error}") from error
    if shell == "powershell":
        return f"$env:{name} = {_for_powershell(value)}"
    if shell == "cmd":
        return f'@set "{name}={_for_cmd(value)}"'
    if sys.platform == "win32" and not value.isascii():
        quoted = f"$({printf(value)})"
        return f"set -gx {name} {quoted[1:]}" if shell == "fish" else f'export {name}="{quoted}"'
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"


def _refused(what: str, folder: str = "another folder") -> OSError:
    return OSError(0, f"{what}; set PYTHON_CERTIFI_BUNDLE_DIR to {folder}")


def _refuse_what_is_no_utf_8(path: str) -> None:
    """Raise OSError for what a shell can be told, and the readers of files and JSON cannot."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused(f"files and JSON are UTF-8, and this path is not: {path!r}") from error


def printf(value: str) -> str:
    """Return the command that prints a text, as sh and fish know it, in ASCII."""
    told = [chr(byte) if byte in _HARMLESS else f"\\{byte:03o}" for byte in value.encode("utf-8")]
    return f"printf '{''.join(told)}'"


def _for_powershell(value: str) -> str:
    """Return an expression: Windows PowerShell reads neither a pipe nor a script as UTF-8."""
    told = []
    for character in value.replace("'", "''"):
        units = character.encode("utf-16-be", "surrogatepass").hex()
        others = [f"' + [char]0x{units[i : i + 4]} + '" for i in range(0, len(units), 4)]
        told.append(character if character.isascii() else "".join(others))
    return f"'{''.join(told)}'"


def _for_cmd(value: str) -> str:
    """Return it for a batch file, where % is doubled (``… > ca.cmd & call ca.cmd``).

    The characters that a code page may lack, a variable stands for: cmd keeps it in UTF-16.
    """
    if '"' in value:
        raise _refused(f"cmd cannot be told a path with a double quote: {value!r}")
    variable, rest = ("", value) if value.isascii() else _from_a_variable(value)
    return variable + rest.replace("%", "%%")


def _from_a_variable(path: str) -> Tuple[str, str]:
    """Return a variable with which the path begins, as cmd writes it, and the rest in ASCII."""
    for name in _PLACES:
        start = os.environ.get(name, "")
        # It may hold the short name of a folder (JRG~1), and the path the long one.
        for form in (start, os.path.realpath(start)) if start else ():
            begins = os.path.normcase(path).startswith(os.path.normcase(form))
            if begins and path[len(form) :].isascii():
                return f"%{name}%", path[len(form) :]
    what = f"cmd reads only ASCII from a file for certain: {path!r}"
    raise _refused(what, "a folder whose name is ASCII")
