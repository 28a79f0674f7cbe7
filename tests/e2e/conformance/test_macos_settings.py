"""What macOS really writes into trust settings, as reports and programs of others show it.

Each case was seen in public: in issues of Go and mkcert, in osquery, in profiles for many Macs, and
in programs that write or check such settings. They are told in our own words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Union

import pytest

from certifi_system_store_wrapper.settings import SYSTEM, WARNING
from certifi_system_store_wrapper.sources.findings import Findings
from certifi_system_store_wrapper.sources.system import macos
from certifi_system_store_wrapper.sources.system.macos_security import Answer

SHA1 = "0123456789ABCDEF0123456789ABCDEF01234567"
SSL, BASIC, SMIME, EAP = ("KoZIhvdjZAED", "KoZIhvdjZAEC", "KoZIhvdjZAEI", "KoZIhvdjZAEJ")
# Errors of CSSM that Keychain Access has a person allow: expired, the name of another host.
EXPIRED, OTHER_HOST = -2147409654, -2147408896
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" \
"http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
\t<key>trustList</key>
\t<dict>
"""
TAIL = """\t</dict>
\t<key>trustVersion</key>
\t<integer>1</integer>
</dict>
</plist>
"""
NAMES = {
    "policy": "Policy",
    "name": "PolicyName",
    "host": "PolicyString",
    "error": "AllowedError",
    "usage": "KeyUsage",
    "result": "Result",
}


def setting(**keys: Union[int, str]) -> str:
    """Return one setting as `security` writes it; `policy` is base64, or an OID in dots."""
    lines = ["<dict>"]
    for key, value in keys.items():
        lines.append(f"\t<key>kSecTrustSettings{NAMES[key]}</key>")
        if isinstance(value, int):
            lines.append(f"\t<integer>{value}</integer>")
        elif key == "policy" and "." not in value:
            lines += ["\t<data>", f"\t{value}", "\t</data>"]
        else:
            lines.append(f"\t<string>{value}</string>")
    return "".join(f"\t\t\t\t{line}\n" for line in [*lines, "</dict>"])


def record(*settings: str) -> str:
    """Return the record of one certificate with these settings."""
    return (
        f"\t\t<key>{SHA1}</key>\n\t\t<dict>\n\t\t\t<key>issuerName</key>\n\t\t\t<data>\n"
        "\t\t\tMA4xDDAKBgNVBAMMA1RPUA==\n\t\t\t</data>\n\t\t\t<key>modDate</key>\n"
        "\t\t\t<date>2025-09-25T12:12:12Z</date>\n\t\t\t<key>serialNumber</key>\n"
        "\t\t\t<data>\n\t\t\tAQ==\n\t\t\t</data>\n\t\t\t<key>trustSettings</key>\n"
        f"\t\t\t<array>\n{''.join(settings)}\t\t\t</array>\n\t\t</dict>\n"
    )


def read(folder: Path, text: str) -> Dict[str, int]:
    """Return what is read of exported settings; nothing about them is a problem."""
    plist = folder / "admin.plist"
    plist.write_bytes(text.encode("utf-8"))
    findings = Findings(SYSTEM)
    done = Answer(b"...Trust Settings exported successfully.\n", b"", 0)
    read_settings = macos._read_settings
    verdicts = read_settings(findings, "admin trust settings", str(plist), done)
    assert [str(each) for each in findings.problems if each.level >= WARNING] == []
    return verdicts


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        # `add-trusted-cert -d`, and what mkcert and others import after it.
        ([setting(policy=SSL, name="sslServer", result=1)], macos.TRUST_ROOT),
        (
            [
                setting(policy=SSL, name="sslServer", result=1),
                setting(policy=BASIC, name="basicX509", result=1),
            ],
            macos.TRUST_ROOT,
        ),
        # "Always Trust" in Keychain Access: each policy once more for each error that is allowed.
        (
            [
                setting(error=EXPIRED, policy=SSL, name="sslServer", result=1),
                setting(error=OTHER_HOST, policy=SSL, name="sslServer", result=1),
                setting(error=EXPIRED, policy=SMIME, name="SMIME", result=1),
                setting(error=EXPIRED, policy=BASIC, name="basicX509", result=1),
                setting(error=EXPIRED, result=1),
            ],
            macos.TRUST_ROOT,
        ),
        # The same for a certificate that is no root.
        (
            [
                setting(error=OTHER_HOST, policy=SSL, name="sslServer", result=2),
                setting(error=EXPIRED, policy=BASIC, name="basicX509", result=2),
            ],
            macos.TRUST_AS_ROOT,
        ),
        # "Never Trust", as releases before 10.11 wrote it, without the names of policies.
        (
            [
                setting(error=EXPIRED, policy=SSL, result=3),
                setting(error=OTHER_HOST, policy=SSL, result=3),
                setting(error=EXPIRED, policy=BASIC, result=3),
                setting(error=EXPIRED, result=3),
            ],
            macos.DENY,
        ),
        # Always trusted, but never for TLS.
        (
            [
                setting(policy=BASIC, name="basicX509", result=1),
                setting(policy=SSL, name="sslServer", result=3),
            ],
            macos.DENY,
        ),
        # A page that a person has visited in spite of Safari's warning: this one host.
        (
            [
                setting(host="185.0.2.15", error=EXPIRED, policy=SSL, result=2),
                setting(host="185.0.2.15", error=OTHER_HOST, policy=SSL, result=2),
                setting(error=EXPIRED, policy=BASIC, result=2),
            ],
            macos.UNSPECIFIED,
        ),
        # An account for wireless networks.
        (
            [
                setting(error=EXPIRED, policy=EAP, name="eapServer", result=2),
                setting(error=EXPIRED, policy=BASIC, name="basicX509", result=2),
            ],
            macos.UNSPECIFIED,
        ),
        # A profile of a mobile device management, for everything.
        ([setting(error=OTHER_HOST, result=1)], macos.TRUST_ROOT),
        # Newer releases may write the policy's OID as text.
        ([setting(policy="1.2.840.113635.100.1.3", result=3)], macos.DENY),
        ([setting(policy="1.2.840.113635.100.1.3", result=1)], macos.TRUST_ROOT),
        ([setting(policy="1.2.840.113635.100.1.16", name="CodeSigning")], macos.UNSPECIFIED),
        # Every use of the key, by the two ways to write that number; to sign alone, not for a CA.
        ([setting(policy=SSL, name="sslServer", usage=-1, result=1)], macos.TRUST_ROOT),
        ([setting(policy=SSL, name="sslServer", usage=4294967295, result=1)], macos.TRUST_ROOT),
        ([setting(policy=SSL, name="sslServer", usage=1, result=1)], macos.UNSPECIFIED),
        # An error is allowed, and nothing said of trust.
        ([setting(error=EXPIRED, policy=SSL, name="sslServer")], macos.UNSPECIFIED),
        # One empty setting: for everything.
        ([setting()], macos.TRUST_ROOT),
    ],
)
def test_a_sample(tmp_path: Path, settings: List[str], verdict: int) -> None:
    """It is read as macOS means it, for TLS servers."""
    assert read(tmp_path, HEAD + record(*settings) + TAIL) == {SHA1: verdict}


def test_nobody_has_settings(tmp_path: Path) -> None:
    """An export may succeed and hold none; the list is written as one element then."""
    text = HEAD + TAIL
    assert read(tmp_path, text) == {}
    assert read(tmp_path, text.replace("\t<dict>\n\t</dict>\n", "\t<dict/>\n")) == {}


def test_the_name_of_a_host_that_ends_with_a_nul(tmp_path: Path) -> None:
    """As a chat program's settings had it, which no reader of XML takes (mkcert's issue 105)."""
    other = setting(host="chat.example\0", error=OTHER_HOST, policy=SSL, result=1)
    text = HEAD + record(other, setting(policy=SSL, name="sslServer", result=3)) + TAIL
    assert read(tmp_path, text) == {SHA1: macos.DENY}
