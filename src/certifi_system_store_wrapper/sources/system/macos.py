"""What macOS trusts and distrusts: its keychains, joined with the trust settings by SHA-1.

A keychain merely holds certificates. Apple's own roots are trusted unless somebody denied
them; anything else only where the administrator or the user says so in the trust settings.
A denial in either domain is final: Apple's header and Apple's code do not agree on which
domain overrules the other, and distrust must not depend on that.
"""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, Sequence

from ... import parsing
from ...parsing import pem, x509
from ...reporting.findings import MALFORMED, NOT_TRUSTED
from ...settings import INFO, WARNING
from ..findings import Findings, sha1_of
from . import macos_security
from .macos_security import Answer
from .macos_trust_settings import DENY, TRUST_AS_ROOT, TRUST_ROOT, read_settings

SYSTEM_ROOTS = "/System/Library/Keychains/SystemRootCertificates.keychain"
SYSTEM = "/Library/Keychains/System.keychain"
LOGIN = ("~/Library/Keychains/login.keychain-db", "~/Library/Keychains/login.keychain")
DOMAINS = {"admin": ["-d"], "user": []}  # the administrator's word comes first

_FOUND_NOTHING = 44  # how errSecItemNotFound arrives as an exit status
_END = pem.END.rstrip()


def collect(findings: Findings) -> None:
    """Add the keychains of the system and of this user, as the trust settings judge them."""
    import shutil
    import tempfile

    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix="certifi-system-store-wrapper-")
        _collect(findings, folder)
    except OSError as error:
        message = f"failed ({error}), so certificates of macOS are missing"
        remedy = "allow this program to run it and to write temporary files"
        findings.problem(macos_security.SECURITY, f"{message}; {remedy}")
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _collect(findings: Findings, folder: str) -> None:
    keychains = [SYSTEM_ROOTS, SYSTEM, *_login_keychain()]
    plists = {domain: os.path.join(folder, domain + ".plist") for domain in DOMAINS}
    commands = [["find-certificate", "-a", "-p", keychain] for keychain in keychains]
    for domain, plist in plists.items():
        commands.append(["trust-settings-export", *DOMAINS[domain], plist])
    answers = macos_security.run_all(commands)
    held: Dict[bytes, str] = {}
    for keychain, answer in zip(keychains, answers):
        for block in _blocks(findings, keychain, answer):
            held.setdefault(block, keychain)
    settings = {}
    for domain, answer in zip(DOMAINS, answers[len(keychains) :]):
        name = f"{domain} trust settings"
        settings[name] = read_settings(findings, name, plists[domain], answer)
    for block, keychain in held.items():
        _judge(findings, block, keychain, list(settings.values()))
    _distrust_denied(findings, settings)


def _login_keychain() -> List[str]:
    """Return the user's keychain if there is one; newer releases add "-db" to its name."""
    paths = [os.path.expanduser(path) for path in LOGIN]
    return [path for path in paths if os.path.exists(path)][:1]


def _blocks(findings: Findings, keychain: str, answer: Answer) -> Iterator[bytes]:
    """Yield what was printed completely: it may fail in the middle of a block."""
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
    """Follow SecTrustSettings.h: a root is trusted by one word, anything else by the other."""
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


def _distrust_denied(findings: Findings, settings: Dict[str, Dict[str, int]]) -> None:
    """Distrust by SHA-1 what was denied: no keychain need hold it any more."""
    for name, verdicts in settings.items():
        for sha1, verdict in verdicts.items():
            if verdict == DENY:
                findings.distrust_sha1(sha1, name)
