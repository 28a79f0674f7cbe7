"""The header of `status` and `doctor`: which version runs where, for whoever is asked for help."""

from __future__ import annotations

import os
import platform
import ssl
import sys
from typing import Dict, List

from .. import __version__
from . import environment, interpreters
from .environment import NAME
from .output import row


def facts() -> Dict[str, str]:
    """Return version, interpreter, environment, OpenSSL, operating system, user and home."""
    python = sys.executable or "unknown"
    try:
        kind = environment.read(python).kind
    except OSError:
        kind = "embedded"
    return {
        "version": __version__,
        "python": python,
        "python_version": f"{platform.python_implementation()} {platform.python_version()}",
        "environment": sys.prefix,
        "kind": kind,
        "openssl": ssl.OPENSSL_VERSION,
        "system": _system(),
        "user": _user(),
        "home": os.path.expanduser("~"),
    }


def lines(told: Dict[str, str]) -> List[str]:
    """Return that as text."""
    return [
        f"{NAME} {told['version']}",
        row("python", f"{told['python']} ({told['python_version']}, {told['openssl']})"),
        row("in", f"{told['environment']} ({told['kind']})"),
        row("on", told["system"]),
        row("user", f"{told['user']}, home {told['home']}"),
    ]


def _system() -> str:
    """Return the operating system; platform.platform() would start a program."""
    if sys.platform == "win32":
        found = sys.getwindowsversion()
        return f"Windows {found.major}.{found.minor}.{found.build}"
    name = os.uname()
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]} {name.machine}"
    pairs = (line.partition("=") for line in interpreters.text("/etc/os-release").splitlines())
    called = {key: value.strip("\"'") for key, _, value in pairs}.get("PRETTY_NAME")
    kernel = f"{name.sysname} {name.release} {name.machine}"
    return f"{called} ({kernel})" if called else kernel


def _user() -> str:
    """Return the user that this process acts for, which is not who logged in."""
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "unknown")
    import pwd

    try:
        return f"{pwd.getpwuid(os.geteuid()).pw_name} (uid {os.geteuid()})"
    except KeyError:
        return f"uid {os.geteuid()}"
