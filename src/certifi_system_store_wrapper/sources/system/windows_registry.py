"""Which roots of Windows were added, and which its vendor sent: the stores that ROOT is made of.

They are keys of the registry. Each of their subkeys has the SHA-1 of a certificate for its name.
Source: "System Store Locations" in Microsoft's reference of CertOpenStore().
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Dict, Iterator, Set

from ..findings import Findings

_MACHINE, _USER = "HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"
# What administrators and users add to, and what it is called.
ADDED = {
    (_MACHINE, r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root"): "group policy",
    (_USER, r"SOFTWARE\Policies\Microsoft\SystemCertificates\Root"): "group policy of the user",
    (_MACHINE, r"SOFTWARE\Microsoft\EnterpriseCertificates\Root"): "enterprise",
    (_USER, r"SOFTWARE\Microsoft\SystemCertificates\Root"): "current user",
}
# What Windows itself fills with the roots of others. Its maker's own roots lie in the machine's
# ROOT, where administrators add theirs, too: nothing tells these apart.
AUTH_ROOT = (_MACHINE, r"SOFTWARE\Microsoft\SystemCertificates\AuthRoot")


def added(findings: Findings) -> Dict[str, str]:
    """Return the SHA-1 (upper case) of each root that was added, and where, for people."""
    return {
        sha1: f"ROOT ({name})"
        for (hive, key), name in ADDED.items()
        for sha1 in _thumbprints(findings, hive, key)
    }


def vendors(findings: Findings) -> Set[str]:
    """Return the SHA-1 (upper case) of each root that Windows fetched from its vendor's list."""
    return set(_thumbprints(findings, *AUTH_ROOT))


def _thumbprints(findings: Findings, hive: str, key: str) -> Iterator[str]:
    path = f"{key}\\Certificates"
    try:
        # Its names exist for type checkers on Windows only.
        winreg: Dict[str, Any] = vars(import_module("winreg"))
        with winreg["OpenKey"](winreg[hive], path) as opened:
            for index in range(winreg["QueryInfoKey"](opened)[0]):
                yield winreg["EnumKey"](opened, index).upper()
    except FileNotFoundError:
        # Nothing was ever put there.
        return
    except (ImportError, OSError) as error:
        message = f"cannot be read ({error}), so what was added there is not known"
        findings.problem(f"{hive}\\{path}", f"{message}; let this user read it")
