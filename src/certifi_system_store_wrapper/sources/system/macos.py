"""What macOS trusts and distrusts: the certificates of its keychains and the trust settings.

A keychain only holds certificates. Apple's own roots are trusted unless the trust settings deny
them. Other certificates are trusted only if the trust settings of the administrator or the user
say so; they name a certificate by its SHA-1. A denial by either is final: Apple's header and
Apple's code do not agree on which of the two overrules the other.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Sequence

from ... import parsing
from ...machine.inputs import look
from ...parsing import pem, x509
from ...reporting.findings import MALFORMED, NOT_TRUSTED
from ...settings import DEBUG, INFO, LOCAL, WARNING
from ..files import report_unreadable, report_untrusted
from ..findings import Findings, sha1_of
from ..reader import Untrusted
from . import macos_security
from .macos_security import Answer

SYSTEM_ROOTS = "/System/Library/Keychains/SystemRootCertificates.keychain"
SYSTEM = "/Library/Keychains/System.keychain"
LOGIN = ("~/Library/Keychains/login.keychain-db", "~/Library/Keychains/login.keychain")
# What is believed to change with every keychain and every trust setting. Nobody has shown it yet,
# so a bundle is stored only where PYTHON_CERTIFI_STORE=1 asks for it.
SHOWN_BY = (
    *(SYSTEM_ROOTS, SYSTEM, *LOGIN),
    *("/Library/Security/Trust Settings", "/Library/Security/Trust Settings/Admin.plist"),
)
# The options of `security trust-settings-export`; the administrator's settings come first.
DOMAINS = {"admin": ["-d"], "user": []}

# errSecItemNotFound as an exit status.
_FOUND_NOTHING = 44
_END = pem.END.rstrip()

# Keys and rules of the trust settings are those of Apple's SecTrustSettings.h. Only what holds for
# every TLS server counts: settings for one host, one application or another purpose do not.
TRUST_ROOT, TRUST_AS_ROOT, DENY, UNSPECIFIED = 1, 2, 3, 4

_RESULT, _ALLOWED_ERROR = "kSecTrustSettingsResult", "kSecTrustSettingsAllowedError"
_POLICY, _POLICY_NAME = "kSecTrustSettingsPolicy", "kSecTrustSettingsPolicyName"
_NARROWING = ("kSecTrustSettingsPolicyString", "kSecTrustSettingsApplication")
_KEY_USAGE, _SIGN_CERTIFICATE = "kSecTrustSettingsKeyUsage", 8
# The policy is an OID as DER; its text in settings that come from newer releases.
_SSL_OID = (b"\x2a\x86\x48\x86\xf7\x63\x64\x01\x03", "1.2.840.113635.100.1.3")
_SSL = (*_SSL_OID, "sslServer", "sslClient")
# The exit status tells this; the text that is printed is translated.
_NO_SETTINGS = 1


def collect(findings: Findings) -> None:
    """Add the certificates in the keychains of the system and of this user."""
    from tempfile import TemporaryDirectory

    try:
        with TemporaryDirectory(prefix="certifi-system-store-wrapper-") as folder:
            _collect(findings, folder)
    except OSError as error:
        message = f"failed ({error}), so certificates of macOS are missing"
        remedy = "allow this program to run it and to write temporary files"
        findings.problem(macos_security.SECURITY, f"{message}; {remedy}")


def _collect(findings: Findings, folder: str) -> None:
    findings.reader.inputs += look(map(os.path.expanduser, SHOWN_BY))
    keychains = [SYSTEM, *_login_keychain(findings)]
    if findings.source != LOCAL:
        keychains.insert(0, SYSTEM_ROOTS)
    plists = {domain: os.path.join(folder, domain + ".plist") for domain in DOMAINS}
    commands = [["find-certificate", "-a", "-p", keychain] for keychain in keychains]
    commands += [["trust-settings-export", *DOMAINS[d], plist] for d, plist in plists.items()]
    answers = macos_security.run_all(commands)
    held: Dict[bytes, str] = {}
    for keychain, answer in zip(keychains, answers):
        for block in _blocks(findings, keychain, answer):
            held.setdefault(block, keychain)
    settings: List[Dict[str, int]] = []
    for domain, answer in zip(DOMAINS, answers[len(keychains) :]):
        name = f"{domain} trust settings"
        verdicts = _read_settings(findings, name, plists[domain], answer)
        settings.append(verdicts)
        # No keychain need hold a certificate any more that is denied here.
        for sha1 in [sha1 for sha1, verdict in verdicts.items() if verdict == DENY]:
            findings.distrust_sha1(sha1, name)
    for block, keychain in held.items():
        _judge(findings, block, keychain, settings)


def _login_keychain(findings: Findings) -> List[str]:
    """Return the user's keychain if there is one; newer releases add "-db" to its name."""
    for path in map(os.path.expanduser, () if findings.reader.isolated else LOGIN):
        try:
            fault = findings.reader.fault(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            report_unreadable(findings, path, error, named=False)
            return []
        if fault is None:
            return [path]
        report_untrusted(findings, Untrusted(fault, path))
        return []
    return []


def _blocks(findings: Findings, keychain: str, answer: Answer) -> Iterator[bytes]:
    """Yield the blocks that were printed whole: `security` may fail in the middle of one."""
    remedy = f"run `security find-certificate -a -p {keychain}` to see why"
    complete, end, _ = answer.output.rpartition(_END)
    parsed = parsing.parse(complete + end)
    if answer.status not in (0, _FOUND_NOTHING):
        count = len(parsed.certificates)
        message = f"not read to its end ({answer}), only {count} certificates are known"
        findings.problem(keychain, f"{message}; {remedy}")
    elif keychain == SYSTEM_ROOTS and not parsed.certificates:
        level = WARNING if answer.output else INFO
        findings.problem(keychain, f"it holds no certificate; {remedy}", level)
    if parsed.damage:
        first, count = parsed.damage[0], len(parsed.damage)
        message = f"line {first.line}: {first.message} (one of {count}); {remedy}"
        findings.problem(keychain, message)
    for certificate in parsed.certificates:
        yield certificate.block


def _judge(
    findings: Findings, block: bytes, keychain: str, settings: Sequence[Dict[str, int]]
) -> None:
    """Trust, distrust or leave out one certificate; `settings` has the domains in order."""
    der = pem.der_of(block)
    sha1 = sha1_of(der)
    verdicts = [verdict_of[sha1] for verdict_of in settings if sha1 in verdict_of]
    if DENY in verdicts:
        findings.distrust(block, keychain)
        findings.refuse(block, keychain, NOT_TRUSTED, "its trust settings")
    elif keychain == SYSTEM_ROOTS:
        findings.trust(block, keychain)
    elif not verdicts:
        findings.refuse(block, keychain, NOT_TRUSTED, "no trust settings")
    else:
        _judge_by_settings(findings, block, keychain, verdicts[0])


def _judge_by_settings(findings: Findings, block: bytes, keychain: str, verdict: int) -> None:
    """Follow SecTrustSettings.h: one result trusts roots, another one trusts other certificates."""
    try:
        self_issued = x509.facts(pem.der_of(block)).self_issued
    except ValueError as error:
        findings.refuse(block, keychain, MALFORMED, str(error), WARNING)
        message = f"a certificate in it is not used: {MALFORMED} ({error})"
        findings.problem(keychain, message + "; delete it in Keychain Access")
        return
    if verdict == (TRUST_ROOT if self_issued else TRUST_AS_ROOT):
        findings.trust(block, keychain)
    else:
        findings.refuse(block, keychain, NOT_TRUSTED, "its trust settings")


def _read_settings(findings: Findings, name: str, path: str, answer: Answer) -> Dict[str, int]:
    """Return what the settings say for TLS servers, by SHA-1 (upper case)."""
    import plistlib
    from xml.parsers.expat import ExpatError

    if answer.status == _NO_SETTINGS and not os.path.exists(path):
        findings.problem(name, "there are none", DEBUG)
        return {}
    try:
        with open(path, "rb") as file:
            # It may hold NULs, which XML forbids: https://github.com/FiloSottile/mkcert/issues/105
            data = file.read().replace(b"\0", b"")
        records = plistlib.loads(data, fmt=plistlib.FMT_XML)["trustList"]
        return {sha1.upper(): _verdict(findings, name, sha1, records[sha1]) for sha1 in records}
    except (ExpatError, OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        # plistlib passes on what its parts raise. The last three: it is no dictionary of records.
        harm = "certificates that they trust or deny are not known"
        remedy = "export them with `security trust-settings-export` to see why"
        findings.problem(name, f"cannot be read ({error}; {answer}), so {harm}; {remedy}")
        return {}


def _verdict(findings: Findings, name: str, sha1: str, record: Dict[str, Any]) -> int:
    """Return what one record says; UNSPECIFIED if it is damaged."""
    try:
        return _evaluate(record)
    except (AttributeError, TypeError) as error:
        remedy = "delete that certificate and import it again"
        findings.problem(name, f"the record of {sha1} is damaged ({error}); {remedy}")
        return UNSPECIFIED


def _evaluate(record: Dict[str, Any]) -> int:
    """Return the first decisive result that applies. No settings at all mean full trust."""
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
