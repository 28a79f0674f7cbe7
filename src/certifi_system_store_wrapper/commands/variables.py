"""Our variables that cannot be used, and a variable of others that breaks every client."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from typing import Iterator, List

from ..activation import hook
from ..bundle import Bundle
from ..machine import ownership
from ..publishing import NoPlace
from ..publishing.stored import differing
from ..settings import Settings
from .output import Finding, note, problem

# The variables of proxies, in small letters.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def ours() -> List[str]:
    """Return the names of this package's variables that are set."""
    return sorted(name for name in os.environ if name.startswith("PYTHON_CERTIFI_"))


def unusable(settings: Settings) -> Iterator[Finding]:
    """Report settings that are not understood, and a log file or folder that cannot be used."""
    for each in settings.problems:
        yield problem("settings", each)
    if settings.log_file:
        yield from _log_file(settings.log_file)
    if settings.bundle_dir and hook.is_active() and settings.sources:
        yield from _bundle_dir()


def stored(settings: Settings, built: Bundle) -> Iterator[Finding]:
    """Report a stored bundle that is used, and is not what would be built now."""
    path = differing(settings, hook.current().certifi_file(), built.text)
    if path:
        message = f"certifi answers from {path}, which is not what would be built now"
        yield problem("stored", message, "remove that file")


def _log_file(path: str) -> Iterator[Finding]:
    try:
        ownership.Check().followed(path)
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)))
    except (OSError, ValueError) as error:
        yield problem(
            "settings",
            f"the log file of PYTHON_CERTIFI_LOG_FILE cannot be written: {error}",
            "name a file in a folder that you may write to",
        )


def _bundle_dir() -> Iterator[Finding]:
    try:
        # Another finding reports that no source has a certificate.
        with suppress(LookupError):
            hook.current().outlasting()
    except NoPlace as error:
        message = f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used: {error}"
        yield problem("bundle", message, error.remedy)


def breaking() -> Iterator[Finding]:
    """Report variables of others that make every client fail, whatever it trusts."""
    yield from _key_log()
    yield from _openssl_conf()
    for name, value in os.environ.items():
        if name.lower() in _PROXIES and value != value.strip():
            yield problem(
                "variable",
                # Not its value: a blank in a password hides from us where that ends.
                f"{name} begins or ends with a blank, so that clients cannot read it",
                f"set {name} without it",
            )


def _key_log() -> Iterator[Finding]:
    """Report an SSLKEYLOGFILE that cannot be opened; virus scanners set it, too."""
    path = os.environ.get("SSLKEYLOGFILE")
    fault = _fault_of_log(path) if path else ""
    if fault:
        what = f"SSLKEYLOGFILE={path}: it cannot be written, so urllib, urllib3 and requests fail"
        yield problem("variable", f"{what}: {fault}", "unset SSLKEYLOGFILE")


def _fault_of_log(path: str) -> str:
    """Return why a client cannot append to a file, "" if it can; nothing is made for that."""
    try:
        # Without O_NONBLOCK a FIFO that nobody reads would hang us, as it hangs clients.
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
        os.close(os.open(path, flags))
    except FileNotFoundError:
        folder = os.path.dirname(os.path.realpath(path))
        can_make = os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
        return "" if can_make else f"no file can be made in {folder}"
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _openssl_conf() -> Iterator[Finding]:
    """Report an OPENSSL_CONF that breaks OpenSSL.

    From 1.1.1 to 3.6 it does without one that it cannot open or make out, and says nothing.
    """
    path = os.environ.get("OPENSSL_CONF")
    if not path:
        return
    remedy = "unset OPENSSL_CONF, or let it name a file that OpenSSL can use"
    if not os.access(path, os.R_OK):
        yield note("variable", f"OPENSSL_CONF={path}: OpenSSL cannot read it, and does without")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except ssl.SSLError as error:
        message = f"OPENSSL_CONF={path}: with it, no client can use TLS: {error.reason or error}"
        yield problem("variable", message, remedy)
