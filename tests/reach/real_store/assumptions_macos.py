"""Prints what the fakes assume of macOS' `security`, and what it really does: a line for each.

    python tests/reach/real_store/assumptions_macos.py

Nothing is changed but a keychain in a temporary folder; with CI set also the trust settings, to see
which files show that. It always succeeds: a line that begins
with DIFFERENT is for whoever reads the log, and becomes a case of the tests.
"""

from __future__ import annotations

import os
import platform
import plistlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Set

from certifi_system_store_wrapper.machine.inputs import look
from certifi_system_store_wrapper.sources.system import macos

SECURITY = "/usr/bin/security"


def tell(what: str, assumed: object, found: object) -> None:
    """Print one assumption."""
    word = "same" if assumed == found else "DIFFERENT"
    print(f"{word:9}  {what}: assumed {assumed!r}, found {found!r}")


def security(*arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run it, in the language of the environment."""
    return subprocess.run(
        [SECURITY, *arguments],
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def keychains(folder: Path) -> None:
    """What is printed of keychains: one with roots, none, an empty one."""
    done = security("find-certificate", "-a", "-p", macos.SYSTEM_ROOTS)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    tell("status where there are roots", 0, done.returncode)
    tell("stderr there", b"", done.stderr)
    tell("first line", "-----BEGIN CERTIFICATE-----", (lines or [""])[0])
    tell("last line", "-----END CERTIFICATE-----", (lines or [""])[-1])
    tell("longest line", 64, max(map(len, lines), default=0))
    tell("more than 100 roots", True, lines.count("-----END CERTIFICATE-----") > 100)
    done = security("find-certificate", "-a", "-p", str(folder / "none.keychain"))
    tell("status for a keychain that is not there", 50, done.returncode)
    print(f"           it says {done.stderr!r}")
    empty = str(folder / "empty.keychain-db")
    security("create-keychain", "-p", "", empty)
    done = security("find-certificate", "-a", "-p", empty)
    tell("status for an empty keychain is 0 or 44", True, done.returncode in (0, 44))
    print(f"           it is {done.returncode} and says {done.stderr!r}")
    security("delete-keychain", empty)
    tell("the login keychain's name is known", True, any(map(_is_there, macos.LOGIN)))


def _is_there(path: str) -> bool:
    return os.path.exists(os.path.expanduser(path))


def settings(folder: Path) -> None:
    """What is exported of each domain, Apple's own included, in two languages."""
    for domain, options in {**macos.DOMAINS, "system": ["-s"]}.items():
        path = folder / f"{domain}.plist"
        done = security("trust-settings-export", *options, str(path))
        print(
            f"{domain} trust settings: status {done.returncode}, {done.stdout!r}, {done.stderr!r}"
        )
        tell(f"a file is written ({domain})", done.returncode == 0, path.exists())
        if path.exists():
            _tell_plist(domain, path.read_bytes())
        else:
            tell(f"status without settings ({domain})", 1, done.returncode)
    done = security("trust-settings-export", str(folder / "de.plist"), LANG="de_DE.UTF-8")
    print(f"in German: status {done.returncode}, {done.stderr!r}")


def _tell_plist(domain: str, data: bytes) -> None:
    tell(f"it is XML ({domain})", b"<?xml", data[:5])
    tell(f"without a NUL ({domain})", False, b"\0" in data)
    exported: Dict[str, Any] = plistlib.loads(data.replace(b"\0", b""))
    tell(f"its keys ({domain})", {"trustList", "trustVersion"}, set(exported))
    records = exported["trustList"]
    found = [one for record in records.values() for one in record.get("trustSettings", [])]
    tell(f"names are SHA-1 in upper case ({domain})", set(), _odd(list(records)))
    known = {f"kSecTrustSettings{name}" for name in (
        "Policy", "PolicyName", "PolicyString", "Application", "KeyUsage", "AllowedError", "Result",
        "ModifyDate",
    )}  # fmt: skip
    tell(
        f"unknown keys of settings ({domain})", set(), {key for one in found for key in one} - known
    )
    policies = {
        type(one["kSecTrustSettingsPolicy"]).__name__
        for one in found
        if "kSecTrustSettingsPolicy" in one
    }
    tell(f"types of policies ({domain})", True, policies <= {"bytes", "str"})
    print(
        f"           {len(records)} records, {len(found)} settings, policies as {policies or None}"
    )
    names = {str(one.get("kSecTrustSettingsPolicyName")) for one in found}
    print(f"           names of policies: {sorted(names)}")


def _odd(names: List[str]) -> Set[str]:
    return {name for name in names if len(name) != 40 or set(name) - set("0123456789ABCDEF")}


def changes(folder: Path) -> None:
    """Whether what a stored bundle looks at shows each change: on a machine that is thrown away."""
    certificate, key = folder / "ca.pem", folder / "key.pem"
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=Shown"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["/usr/bin/openssl", *new, *files], check=True, capture_output=True)
    for domain, options, prefix in (
        ("admin", ["-d", "-k", macos.SYSTEM], ["sudo"]),
        ("user", [], []),
    ):
        steps = {
            "trust": ["add-trusted-cert", *options, "-r", "trustRoot"],
            "deny": ["add-trusted-cert", *options, "-r", "deny"],
            "remove": ["remove-trusted-cert", *options[:1]],
        }
        for name, command in steps.items():
            before = look(map(os.path.expanduser, macos.SHOWN_BY))
            try:
                status = subprocess.run(
                    [*prefix, SECURITY, *command, str(certificate)],
                    stdin=subprocess.DEVNULL,
                    timeout=60,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                print(f"{name} ({domain}): it asks a person, and nobody is there")
                continue
            after = look(map(os.path.expanduser, macos.SHOWN_BY))
            shown = [path for (path, was), (_, now) in zip(before, after) if was != now]
            tell(f"{name} ({domain}) is shown by an input", status == 0, bool(shown))
            print(f"           status {status}, changed: {shown}")


def main() -> None:
    """Print everything; where there is no macOS, say so."""
    if sys.platform != "darwin":
        print("this is no macOS: nothing is compared")
        return
    print(f"macOS {platform.mac_ver()[0]} {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        keychains(Path(folder))
        settings(Path(folder))
        if "CI" in os.environ:
            changes(Path(folder))


if __name__ == "__main__":
    main()
