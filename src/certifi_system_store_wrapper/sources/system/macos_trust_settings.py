"""Reads the trust settings that ``security trust-settings-export`` wrote.

Keys and rules are those of Apple's ``SecTrustSettings.h``. Only what holds for every TLS
server counts: settings for one host, one application or another purpose are passed over.
"""

from __future__ import annotations

import os
from typing import Any, Dict

from ...settings import DEBUG
from ..findings import Findings
from .macos_security import Answer

TRUST_ROOT, TRUST_AS_ROOT, DENY, UNSPECIFIED = 1, 2, 3, 4

_RESULT, _ALLOWED_ERROR = "kSecTrustSettingsResult", "kSecTrustSettingsAllowedError"
_POLICY, _POLICY_NAME = "kSecTrustSettingsPolicy", "kSecTrustSettingsPolicyName"
_NARROWING = ("kSecTrustSettingsPolicyString", "kSecTrustSettingsApplication")
_KEY_USAGE, _SIGN_CERTIFICATE = "kSecTrustSettingsKeyUsage", 8
_SSL = (b"\x2a\x86\x48\x86\xf7\x63\x64\x01\x03", "sslServer", "sslClient")
# The exit status: what is printed is translated.
_NO_SETTINGS = 1


def read_settings(findings: Findings, name: str, path: str, answer: Answer) -> Dict[str, int]:
    """Return the verdict on TLS servers for each SHA-1 (upper case) that has settings."""
    if answer.status == _NO_SETTINGS and not os.path.exists(path):
        findings.problem(name, "there are none", DEBUG)
        return {}
    try:
        with open(path, "rb") as file:
            records = _records(file.read())
        return {sha1.upper(): _verdict(findings, name, sha1, records[sha1]) for sha1 in records}
    except Exception as error:  # noqa: BLE001 - plistlib passes on whatever its parts raise
        harm = "certificates that they trust or deny are not known"
        remedy = "export them with `security trust-settings-export` to see why"
        findings.problem(name, f"cannot be read ({error}; {answer}), so {harm}; {remedy}")
        return {}


def _records(data: bytes) -> Dict[str, Dict[str, Any]]:
    """Return the records of an exported XML file, which may hold NULs that XML forbids."""
    import plistlib

    # https://github.com/FiloSottile/mkcert/issues/105
    data = data.replace(b"\0", b"")
    records: Dict[str, Dict[str, Any]] = plistlib.loads(data, fmt=plistlib.FMT_XML)["trustList"]
    return records


def _verdict(findings: Findings, name: str, sha1: str, record: Dict[str, Any]) -> int:
    """Return what one record says, UNSPECIFIED where it is damaged."""
    try:
        return _evaluate(record)
    except (AttributeError, TypeError) as error:
        remedy = "delete that certificate and import it again"
        findings.problem(name, f"the record of {sha1} is damaged ({error}); {remedy}")
        return UNSPECIFIED


def _evaluate(record: Dict[str, Any]) -> int:
    """Return the first decisive result that applies; no settings at all mean full trust."""
    settings = record.get("trustSettings")
    if settings is None or settings == []:
        return TRUST_ROOT
    for setting in settings:
        missing = UNSPECIFIED if _ALLOWED_ERROR in setting else TRUST_ROOT
        result = setting.get(_RESULT, missing)
        if not isinstance(result, int):
            raise TypeError("a result in it is no number")
        if _applies(setting) and result in (TRUST_ROOT, TRUST_AS_ROOT, DENY):
            return int(result)
    return UNSPECIFIED


def _applies(setting: Dict[str, Any]) -> bool:
    """Whether a setting holds for every TLS server and for a CA."""
    if any(key in setting for key in _NARROWING):
        return False
    policies = [setting[key] for key in (_POLICY, _POLICY_NAME) if key in setting]
    if policies and not any(policy in _SSL for policy in policies):
        return False
    return bool(setting.get(_KEY_USAGE, _SIGN_CERTIFICATE) & _SIGN_CERTIFICATE)
